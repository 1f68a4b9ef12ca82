import { decodePixels } from '../../../src/dicom/codec/pixels.js';
import { encodedFrames } from '../../../src/dicom/codec/frames.js';
import { rescale } from '../../../src/dicom/codec/rescale.js';
import { parseInstance } from '../../../src/dicom/element/parse.js';
import { TRANSFER_SYNTAX } from '../../../src/dicom/element/uids.js';
import { encodeDataSet, fileMeta } from '../../../src/dicom/element/write.js';
import { ctSlice, header, type Attributes } from '../../support/synthetic-image.js';

const words = (...values: number[]) => new Uint8Array(Uint16Array.from(values).buffer);
const native = (attributes: Attributes) => ctSlice(['0', '0', '0'], { Rows: [1], Columns: [2], ...attributes });

describe('decodePixels on native pixel data', () => {
  it('extends the sign of the highest stored bit and drops what lies above', async () => {
    const stored = { BitsStored: [12], HighBit: [11], PixelData: words(0xf7ff, 0x0800) };
    expect((await decodePixels(native({ ...stored, PixelRepresentation: [1] }))).data).toEqual(Int16Array.of(2047, -2048));
    expect((await decodePixels(native({ ...stored, PixelRepresentation: [0] }))).data).toEqual(Uint16Array.of(0x7ff, 0x800));
    expect((await decodePixels(native({ ...stored, HighBit: [15], PixelRepresentation: [0] }))).data).toEqual(Uint16Array.of(0xf7f, 0x080));
  });

  it('reads 8-bit pixels', async () => {
    const { data } = await decodePixels(
      native({ BitsAllocated: [8], BitsStored: [8], HighBit: [7], PixelRepresentation: [1], PixelData: Uint8Array.of(1, 255) }),
    );
    expect(data).toEqual(Int8Array.of(1, -1));
  });

  it('turns colour by plane into colour by pixel', async () => {
    const { data, samplesPerPixel } = await decodePixels(
      native({
        SamplesPerPixel: [3],
        PlanarConfiguration: [1],
        BitsAllocated: [8],
        BitsStored: [8],
        HighBit: [7],
        PixelData: Uint8Array.of(1, 2, 3, 4, 5, 6),
      }),
    );
    expect([samplesPerPixel, data]).toEqual([3, Uint8Array.of(1, 3, 5, 2, 4, 6)]);
  });

  it('leaves the bytes that were parsed as they are', async () => {
    const instance = native({ BitsStored: [12], HighBit: [11], PixelData: words(0xffff, 0xffff) });
    await decodePixels(instance);
    expect((await decodePixels(instance)).data).toEqual(Uint16Array.of(0xfff, 0xfff));
    expect(instance.dataset.bytesOf(0x7fe00010)).toEqual(words(0xffff, 0xffff));
  });

  it('knows lossy images', async () => {
    expect((await decodePixels(native({ PixelData: words(1, 2) }))).lossy).toBe(false);
    expect((await decodePixels(native({ PixelData: words(1, 2), LossyImageCompression: ['01'] }))).lossy).toBe(true);
  });

  it.each<[string, Attributes, RegExp]>([
    ['too few bytes', { PixelData: words(1) }, /PixelData has 2 bytes where 4 are needed/],
    ['no pixel data', { PixelData: null }, /no native PixelData/],
    ['1-bit pixels', { BitsAllocated: [1], BitsStored: [1] }, /1 bits are allocated/],
    ['32-bit pixels', { BitsAllocated: [32], BitsStored: [32] }, /32 bits are allocated/],
    ['more bits stored than allocated', { BitsStored: [17] }, /17 of 16 bits are stored/],
    ['a frame of gigabytes', { Rows: [65535], Columns: [65535] }, /frames of 8589672450 bytes/],
    ['a number of frames that is none', { NumberOfFrames: [-1] }, /-1 frames/],
    ['a missing size', { Rows: null }, /Rows is missing/],
  ])('refuses %s', async (_, attributes, message) => {
    await expect(decodePixels(native(attributes))).rejects.toThrow(message);
    await expect(decodePixels(native(attributes))).rejects.toThrow(/^The pixel data cannot be decoded/);
  });
});

describe('decodePixels on damaged compressed pixel data', () => {
  /** A 2 × 2 image whose only fragment is `fragment`. */
  const encapsulated = (transferSyntaxUid: string, fragment: Uint8Array, attributes: Attributes = {}) => {
    const image = header({
      Rows: [2],
      Columns: [2],
      SamplesPerPixel: [1],
      BitsAllocated: [8],
      BitsStored: [8],
      HighBit: [7],
      PixelRepresentation: [0],
      PhotometricInterpretation: ['MONOCHROME2'],
      ...attributes,
    });
    const item = (bytes: Uint8Array) =>
      Buffer.concat([Buffer.from([0xfe, 0xff, 0x00, 0xe0]), Buffer.from(Uint32Array.of(bytes.length).buffer), bytes]);
    const pixelData = Buffer.concat([
      Buffer.from([0xe0, 0x7f, 0x10, 0x00, 0x4f, 0x42, 0, 0, 0xff, 0xff, 0xff, 0xff]),
      item(new Uint8Array()),
      item(fragment),
      Buffer.from([0xfe, 0xff, 0xdd, 0xe0, 0, 0, 0, 0]),
    ]);
    return parseInstance(
      Buffer.concat([fileMeta({ sopClassUid: '1.2', sopInstanceUid: '1.3', transferSyntaxUid }), encodeDataSet(image), pixelData]),
    );
  };
  const rle = Uint8Array.from([1, 0, 0, 0, 64, 0, 0, 0, ...new Array<number>(56).fill(0), 3, 1, 2, 3, 4, 0]);

  it.each(['RLELossless', 'JPEGBaseline8Bit', 'JPEGLosslessSV1', 'JPEGLSLossless', 'JPEG2000Lossless'] as const)(
    'refuses rubbish in %s and still decodes the next image',
    async (name) => {
      const rubbish = encapsulated(TRANSFER_SYNTAX[name], new Uint8Array(64).fill(0x5a));
      await expect(decodePixels(rubbish)).rejects.toThrow(/^The pixel data cannot be decoded/);
      expect((await decodePixels(encapsulated(TRANSFER_SYNTAX.RLELossless, rle))).data).toEqual(Uint8Array.of(1, 2, 3, 4));
    },
  );

  it('refuses a transfer syntax that it does not decode', async () => {
    await expect(decodePixels(encapsulated(TRANSFER_SYNTAX.MPEG4HP41, rle))).rejects.toThrow(
      /transfer syntax 1\.2\.840\.10008\.1\.2\.4\.102/,
    );
  });

  it('refuses more frames than there are fragments', async () => {
    await expect(decodePixels(encapsulated(TRANSFER_SYNTAX.RLELossless, rle, { NumberOfFrames: [1000] }))).rejects.toThrow(
      /1 fragments for 1000 frames/,
    );
  });
});

describe('encodedFrames', () => {
  const fragments = [Uint8Array.of(1, 2), Uint8Array.of(3, 4), Uint8Array.of(5, 6)];
  const { dataset } = ctSlice(['0', '0', '0']);

  it('joins fragments by the offset table', () => {
    expect(encodedFrames(dataset, { basicOffsets: [0, 20], fragments }, 2).map((frame) => [...frame])).toEqual([
      [1, 2, 3, 4],
      [5, 6],
    ]);
    expect(encodedFrames(dataset, { basicOffsets: [], fragments }, 1).map((frame) => [...frame])).toEqual([[1, 2, 3, 4, 5, 6]]);
  });

  it('refuses to guess', () => {
    expect(() => encodedFrames(dataset, { basicOffsets: [], fragments }, 2)).toThrow(/3 fragments for 2 frames and no offset table/);
    expect(() => encodedFrames(dataset, { basicOffsets: [0, 7], fragments }, 2)).toThrow(/does not point at fragments/);
  });
});

describe('rescale', () => {
  it('keeps whole numbers that fit in 16 bits and else gives floating point', () => {
    expect(rescale(Uint16Array.of(0, 24), { slope: 2, intercept: -1024 })).toEqual(Int16Array.of(-1024, -976));
    expect(rescale(Uint16Array.of(1), { slope: 0.5, intercept: 0 })).toEqual(Float32Array.of(0.5));
    expect(rescale(Uint16Array.of(40000), { slope: 1, intercept: 0 })).toEqual(Float32Array.of(40000));
  });
});
