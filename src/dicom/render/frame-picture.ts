/** A decoded frame as a picture: grey by its window, colour as it is, a segmentation in its segments' colours. Pure. */
import { AnteroomError } from '../../foundation/errors.js';
import type { FrameValues, StoredValues } from '../codec/pixels.js';
import type { DataSet } from '../element/parse.js';
import { TAG } from '../element/tags.js';
import { rgbFromLab, type DicomLab, type Rgb } from '../structures/cielab.js';
import type { Picture } from './picture.js';
import { brightness, fullWindow, rescaleOf, windowOf, type Window } from './voi.js';

type Shape = Pick<FrameValues, 'rows' | 'columns'>;

const WHITE: Rgb = [255, 255, 255];

/**
 * A frame (from 1) of an image. `window` takes the place of the header's; without either everything from the darkest to the brightest
 * value is shown.
 * @throws {AnteroomError} PIXELS_UNSUPPORTED for photometric interpretations that are not drawn.
 */
export function imagePicture(dataset: DataSet, frame: number, values: StoredValues, shape: Shape, window?: Window): Picture {
  const photometric = dataset.text(TAG.PhotometricInterpretation) ?? 'MONOCHROME2';
  if (photometric.startsWith('MONOCHROME')) return greyPicture(dataset, frame, values, shape, photometric === 'MONOCHROME1', window);
  const size = { width: shape.columns, height: shape.rows, channels: 3 } as const;
  if (photometric === 'PALETTE COLOR') return { ...size, data: fromPalette(dataset, values) };
  const shift = Math.max(0, (dataset.number(TAG.BitsStored) ?? 8) - 8);
  const data = Uint8Array.from(values, (value) => value >> shift);
  // The JPEG 2000 decoder undoes its own colour transformations, YBR_RCT and YBR_ICT.
  if (['RGB', 'YBR_RCT', 'YBR_ICT'].includes(photometric)) return { ...size, data };
  if (photometric === 'YBR_FULL' || photometric === 'YBR_FULL_422') return { ...size, data: rgbFromYbr(data) };
  throw new AnteroomError('PIXELS_UNSUPPORTED', `PhotometricInterpretation is ${photometric}, which is not drawn`);
}

/** A frame (from 1) of a segmentation: values are 0 and 1, or fractions up to MaximumFractionalValue, or labels. Black where nothing is. */
export function segmentationPicture(dataset: DataSet, frame: number, values: ArrayLike<number>, { rows, columns }: Shape): Picture {
  const colours = new Map(dataset.items(TAG.SegmentSequence).map((segment) => [segment.number(TAG.SegmentNumber) ?? 0, colourOf(segment)]));
  const type = dataset.text(TAG.SegmentationType);
  const scale = type === 'FRACTIONAL' ? 1 / (dataset.number(TAG.MaximumFractionalValue) ?? 255) : 1;
  const ofFrame = colours.get(segmentNumberOf(dataset, frame)) ?? WHITE;
  const data = new Uint8Array(rows * columns * 3);
  for (let pixel = 0; pixel < rows * columns; pixel++) {
    const value = values[pixel];
    if (value === 0) continue;
    const colour = type === 'LABELMAP' ? (colours.get(value) ?? WHITE) : ofFrame;
    for (let channel = 0; channel < 3; channel++) data[pixel * 3 + channel] = colour[channel] * (type === 'LABELMAP' ? 1 : value * scale);
  }
  return { width: columns, height: rows, channels: 3, data };
}

function segmentNumberOf(dataset: DataSet, frame: number): number {
  const own = dataset.items(TAG.PerFrameFunctionalGroupsSequence)[frame - 1];
  const shared = dataset.items(TAG.SharedFunctionalGroupsSequence)[0];
  const identifications = [own, shared].flatMap((group) => group?.items(TAG.SegmentIdentificationSequence) ?? []);
  return identifications[0]?.number(TAG.ReferencedSegmentNumber) ?? 0;
}

function colourOf(segment: DataSet): Rgb {
  const lab = segment.numbers(TAG.RecommendedDisplayCIELabValue);
  return lab.length === 3 ? rgbFromLab(lab as unknown as DicomLab) : WHITE;
}

function greyPicture(dataset: DataSet, frame: number, values: StoredValues, shape: Shape, inverse: boolean, window?: Window): Picture {
  const rescale = rescaleOf(dataset, frame);
  const seen = window ?? windowOf(dataset, frame) ?? fullWindow(values, paddingOf(dataset, values), rescale);
  // Values have 16 bits at most: each is worked out once.
  const table = new Int16Array(0x10000).fill(-1);
  const data = new Uint8Array(values.length);
  for (let n = 0; n < values.length; n++) {
    const place = values[n] & 0xffff;
    if (table[place] < 0) {
      const grey = brightness(values[n] * rescale.slope + rescale.intercept, seen);
      table[place] = inverse ? 255 - grey : grey;
    }
    data[n] = table[place];
  }
  return { width: shape.columns, height: shape.rows, channels: 1, data };
}

/** Its VR follows PixelRepresentation, but Implicit VR writers get that wrong. */
function paddingOf(dataset: DataSet, values: StoredValues): number | undefined {
  const padding = dataset.number(TAG.PixelPaddingValue);
  return padding !== undefined && values instanceof Int16Array ? (padding << 16) >> 16 : padding;
}

/** PS3.3 C.7.6.3.1.2: YBR_FULL, interleaved. */
function rgbFromYbr(ybr: Uint8Array): Uint8Array {
  const rgb = new Uint8ClampedArray(ybr.length);
  for (let n = 0; n < ybr.length; n += 3) {
    const [y, b, r] = [ybr[n], ybr[n + 1] - 128, ybr[n + 2] - 128];
    rgb[n] = y + 1.402 * r;
    rgb[n + 1] = y - 0.344136 * b - 0.714136 * r;
    rgb[n + 2] = y + 1.772 * b;
  }
  return new Uint8Array(rgb.buffer);
}

/** Palette Color Lookup Tables (PS3.3 C.7.6.3.1.5, C.7.6.3.1.6), whose entries have 16 bits, 8 of them used by some writers. */
function fromPalette(dataset: DataSet, values: StoredValues): Uint8Array {
  const tables = [
    [TAG.RedPaletteColorLookupTableDescriptor, TAG.RedPaletteColorLookupTableData],
    [TAG.GreenPaletteColorLookupTableDescriptor, TAG.GreenPaletteColorLookupTableData],
    [TAG.BluePaletteColorLookupTableDescriptor, TAG.BluePaletteColorLookupTableData],
  ].map(([descriptor, data]) => paletteOf(dataset, descriptor, data));
  const rgb = new Uint8Array(values.length * 3);
  for (let n = 0; n < values.length; n++) tables.forEach((colourAt, channel) => (rgb[n * 3 + channel] = colourAt(values[n])));
  return rgb;
}

function paletteOf(dataset: DataSet, descriptor: number, data: number): (value: number) => number {
  const [count, first = 0, bits = 16] = dataset.numbers(descriptor);
  const bytes = dataset.bytesOf(data);
  if (count === undefined || bytes === undefined || bytes.length === 0)
    throw new AnteroomError('PIXELS_UNSUPPORTED', 'the palette has no descriptor or no data; segmented palettes are not drawn');
  const entries = count === 0 ? 65536 : count;
  const byteEntries = bytes.length < entries * 2;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const last = (byteEntries ? bytes.length : bytes.length >> 1) - 1;
  return (value) => {
    const index = Math.min(Math.max(value - first, 0), entries - 1, last);
    if (byteEntries) return bytes[index];
    return bits > 8 ? view.getUint16(index * 2, dataset.littleEndian) >> 8 : view.getUint16(index * 2, dataset.littleEndian) & 0xff;
  };
}
