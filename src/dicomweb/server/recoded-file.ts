/** A stored instance as a file in Explicit VR Little Endian, decoded where its pixels are compressed (PS3.18 8.7.3.5.2). */
import { canDecode, isLossy } from '../../dicom/codec/pixels.js';
import type { DataSet } from '../../dicom/element/parse.js';
import { recodedHeader } from '../../dicom/element/recode.js';
import { TAG } from '../../dicom/element/tags.js';
import { TRANSFER_SYNTAX } from '../../dicom/element/uids.js';
import { explicitHead, fileMeta, type WritableElement } from '../../dicom/element/write.js';
import { decodedFrames, type FrameBytes } from './frame-bytes.js';
import { PixelFile, readHead } from './pixel-file.js';
import type { StoredInstance } from './port.js';

/** What colour is called after it has been decoded (PS3.3 C.7.6.3.1.2). */
const DECODED_COLOUR: Readonly<Record<string, string>> = {
  YBR_FULL_422: 'YBR_FULL',
  YBR_PARTIAL_422: 'YBR_FULL',
  YBR_RCT: 'RGB',
  YBR_ICT: 'RGB',
};

export interface RecodedFile {
  readonly lengthBytes: number;
  read(): AsyncGenerator<Uint8Array, void, undefined>;
  close(): Promise<void>;
}

/** True where an instance in this transfer syntax can be given in Explicit VR Little Endian. */
export function canRecode(transferSyntaxUid: string): boolean {
  return canDecode(transferSyntaxUid) && transferSyntaxUid !== TRANSFER_SYNTAX.ExplicitVRBigEndian;
}

/**
 * Opens an instance; whoever does closes it. Memory holds its header and one frame.
 * @throws AnteroomError PIXELS_UNSUPPORTED and what reading a file throws
 */
export async function recodedFile(instance: StoredInstance): Promise<RecodedFile> {
  const { dataset } = await readHead(instance.path);
  if (dataset.number(TAG.Rows) === undefined) return withoutPixels(instance, dataset);
  const file = await PixelFile.open(instance.path);
  try {
    const native = file.native;
    const frames: FrameBytes[] = native
      ? [{ lengthBytes: native.lengthBytes, read: () => file.stream([native]) }]
      : await Promise.all(Array.from({ length: file.frameCount }, (_, n) => n + 1).map(await decodedFrames(file)));
    const header = [meta(instance), ...recodedHeader(file.dataset, native ? {} : { replaced: decodedAttributes(file) })];
    return { ...joined(header, frames, (file.dataset.number(TAG.BitsAllocated) ?? 16) > 8 ? 'OW' : 'OB'), close: () => file.close() };
  } catch (error) {
    await file.close();
    throw error;
  }
}

function withoutPixels(instance: StoredInstance, dataset: DataSet): RecodedFile {
  const pieces = [meta(instance), ...recodedHeader(dataset)];
  const read = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
    yield await Promise.resolve(Buffer.concat(pieces));
  };
  return { lengthBytes: totalBytes(pieces), read, close: () => Promise.resolve() };
}

function meta({ sopClassUid, sopInstanceUid }: StoredInstance): Uint8Array {
  return fileMeta({ sopClassUid, sopInstanceUid, transferSyntaxUid: TRANSFER_SYNTAX.ExplicitVRLittleEndian });
}

/** What decoding changes of the Image Pixel module. */
function decodedAttributes({ head, dataset }: PixelFile): ReadonlyMap<number, WritableElement> {
  const photometric = dataset.text(TAG.PhotometricInterpretation) ?? '';
  const replaced = new Map<number, WritableElement>([
    [TAG.PhotometricInterpretation, { vr: 'CS', Value: [DECODED_COLOUR[photometric] ?? photometric] }],
    [TAG.HighBit, { vr: 'US', Value: [(dataset.number(TAG.BitsStored) ?? 16) - 1] }],
  ]);
  if ((dataset.number(TAG.SamplesPerPixel) ?? 1) > 1) replaced.set(TAG.PlanarConfiguration, { vr: 'US', Value: [0] });
  if (isLossy(head)) replaced.set(TAG.LossyImageCompression, { vr: 'CS', Value: ['01'] });
  return replaced;
}

function joined(header: readonly Uint8Array[], frames: readonly FrameBytes[], vr: 'OB' | 'OW'): Omit<RecodedFile, 'close'> {
  const pixelBytes = frames.reduce((sum, frame) => sum + frame.lengthBytes, 0);
  const padding = new Uint8Array(pixelBytes % 2);
  const before = Buffer.concat([...header, explicitHead(TAG.PixelData, vr, pixelBytes + padding.length)]);
  return {
    lengthBytes: before.length + pixelBytes + padding.length,
    async *read() {
      yield before;
      for (const frame of frames) yield* frame.read();
      yield padding;
    },
  };
}

function totalBytes(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((sum, { byteLength }) => sum + byteLength, 0);
}
