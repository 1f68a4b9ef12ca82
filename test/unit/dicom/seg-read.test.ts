import { tagKey, TAG } from '../../../src/dicom/element/tags.js';
import { parseInstance } from '../../../src/dicom/element/parse.js';
import { SOP_CLASS, TRANSFER_SYNTAX } from '../../../src/dicom/element/uids.js';
import { encodeDataSet } from '../../../src/dicom/element/write.js';
import { codeItem, headerOf } from '../../../src/dicom/compose.js';
import type { Attributes } from '../../../src/dicom/compose.js';
import { readSeg, type SegLimits } from '../../../src/dicom/seg/read.js';
import { BACKGROUND, CATEGORY, sct } from '../../../src/dicom/structures/code.js';

const UNLIMITED: SegLimits = { segments: Infinity, frames: Infinity, headerBytes: Infinity };
const LIVER = sct('10200004', 'Liver');

const segment = (number: number, type = LIVER) =>
  headerOf({
    SegmentNumber: number,
    SegmentLabel: `S${number}`,
    SegmentedPropertyCategoryCodeSequence: [codeItem(CATEGORY.anatomy)],
    SegmentedPropertyTypeCodeSequence: [codeItem(type)],
  });

const frame = (segmentNumber?: number) =>
  headerOf({
    PlanePositionSequence: [headerOf({ ImagePositionPatient: [1, 2, 3] })],
    ...(segmentNumber === undefined ? {} : { SegmentIdentificationSequence: [headerOf({ ReferencedSegmentNumber: segmentNumber })] }),
  });

/** A segmentation of two columns and two rows, as some program might have written it. */
function object(attributes: Attributes, pixels?: readonly number[]) {
  const header = {
    ...headerOf({
      SOPClassUID: SOP_CLASS.SegmentationStorage,
      SegmentationType: 'BINARY',
      Rows: 2,
      Columns: 2,
      BitsAllocated: 1,
      NumberOfFrames: 1,
      SegmentSequence: [segment(1)],
      PerFrameFunctionalGroupsSequence: [frame(1)],
      ...attributes,
    }),
    ...(pixels === undefined ? {} : { [tagKey(TAG.PixelData)]: { vr: 'OB', bytes: Uint8Array.from(pixels) } }),
  };
  return parseInstance(encodeDataSet(header), { transferSyntaxUid: TRANSFER_SYNTAX.ExplicitVRLittleEndian });
}

const masks = (...given: Parameters<typeof object>) =>
  readSeg(object(...given)).frames.map((one) => [one.segmentNumber, [...one.unpack()]]);

const labelMap: Attributes = {
  SOPClassUID: SOP_CLASS.LabelMapSegmentationStorage,
  SegmentationType: 'LABELMAP',
  BitsAllocated: 8,
  PerFrameFunctionalGroupsSequence: [frame()],
};

describe('reading segmentations', () => {
  it('takes frames of an odd number of bits from between the bytes', () => {
    const attributes = { Rows: 1, Columns: 3, NumberOfFrames: 3, PerFrameFunctionalGroupsSequence: [frame(1), frame(1), frame(1)] };
    expect(masks(attributes, [0b11010100, 0b00000001])).toEqual([
      [1, [0, 0, 1]],
      [1, [0, 1, 0]],
      [1, [1, 1, 1]],
    ]);
  });

  it('counts a fraction as inside from half of the greatest on', () => {
    const fractional = { SegmentationType: 'FRACTIONAL', BitsAllocated: 8, MaximumFractionalValue: 100 };
    expect(masks(fractional, [0, 49, 50, 100])).toEqual([[1, [0, 0, 1, 1]]]);
  });

  it('gives the mask of a segment numbered 0 that is no background', () => {
    const segments = { SegmentSequence: [segment(0), segment(1)], PixelPaddingValue: 9 };
    expect(masks({ ...labelMap, ...segments }, [0, 1, 9, 0])).toEqual([
      [0, [1, 0, 0, 1]],
      [1, [0, 1, 0, 0]],
    ]);
  });

  it('tells the runs of what it unpacks, of bits and of labels', () => {
    const twoSegments = { ...labelMap, SegmentSequence: [segment(1), segment(2)] };
    const runs = (...given: Parameters<typeof object>) =>
      readSeg(object(...given)).frames.map((one) => {
        const told: number[][] = [];
        one.runs?.((from, to) => told.push([from, to]));
        return told;
      });
    expect(runs({}, [0b1101])).toEqual([
      [
        [0, 1],
        [2, 4],
      ],
    ]);
    expect(runs(twoSegments, [2, 1, 2, 2])).toEqual([
      [[1, 2]],
      [
        [0, 1],
        [2, 4],
      ],
    ]);
  });

  it('gives one mask for each segment of a label map, and none for its background', () => {
    const segments = { SegmentSequence: [segment(0, BACKGROUND), segment(1), segment(2)] };
    expect(masks({ ...labelMap, ...segments }, [0, 1, 2, 1])).toEqual([
      [1, [0, 1, 0, 1]],
      [2, [0, 0, 1, 0]],
    ]);
    expect(readSeg(object({ ...labelMap, ...segments }, [0, 1, 2, 1])).segments.map((one) => one.number)).toEqual([1, 2]);
  });

  it('takes the padding of a label map for background', () => {
    expect(masks({ ...labelMap, PixelPaddingValue: 7 }, [7, 1, 7, 1])).toEqual([[1, [0, 1, 0, 1]]]);
  });

  it('reads label maps of 16 bits', () => {
    expect(masks({ ...labelMap, BitsAllocated: 16, SegmentSequence: [segment(300)] }, [0, 0, 44, 1, 0, 0, 44, 1])).toEqual([
      [300, [0, 1, 0, 1]],
    ]);
  });

  it('finds functional groups that all frames share', () => {
    const shared = { SharedFunctionalGroupsSequence: [frame(1)], PerFrameFunctionalGroupsSequence: [headerOf({})] };
    expect(readSeg(object(shared, [0b0001])).frames[0]).toMatchObject({ segmentNumber: 1, positionMm: [1, 2, 3] });
  });

  it('tolerates what does not touch the pixels', () => {
    const seen = readSeg(object({ SegmentSequence: [headerOf({ SegmentNumber: 1 })] }, [0b0001]));
    expect(seen.segments[0]).toMatchObject({ label: '', codes: { typeModifiers: [], regions: [] } });
    expect(seen.frameOfReferenceUid).toBe('');
  });

  it.each<[string, Partial<SegLimits>, Attributes, RegExp]>([
    ['segments', { segments: 2 }, { SegmentSequence: [segment(1), segment(2), segment(3)] }, /: 3 segments, expected at most 2/],
    ['frames', { frames: 1 }, { PerFrameFunctionalGroupsSequence: [frame(1), frame(1)] }, /: 2 frames, expected at most 1/],
    ['bytes', { headerBytes: 100 }, {}, /: \d{3} bytes beside PixelData, expected at most 100/],
  ])('refuses more %s than it may have before it looks at the pixels, of which there are too few', (_, limit, attributes, reason) => {
    const given = object({ NumberOfFrames: 99, ...attributes }, [1]);
    expect(() => readSeg(given)).toThrow(/PixelData has/);
    expect(() => readSeg(given, { ...UNLIMITED, ...limit })).toThrow(reason);
  });

  it('does not count pixels among the bytes beside them', () => {
    const large = { Rows: 64, Columns: 64, BitsAllocated: 8, SegmentationType: 'FRACTIONAL' };
    const pixels = Array<number>(4096).fill(255);
    expect(readSeg(object(large, pixels), { ...UNLIMITED, headerBytes: 1000 }).frames).toHaveLength(1);
  });

  it('refuses a label map with more segments on its frames than it may have', () => {
    const given = {
      ...labelMap,
      NumberOfFrames: 2,
      SegmentSequence: [segment(1), segment(2)],
      PerFrameFunctionalGroupsSequence: [frame(), frame()],
    };
    const read = (frames: number) => readSeg(object(given, [1, 2, 2, 0, 1, 1, 1, 2]), { ...UNLIMITED, frames }).frames;
    expect(read(5)).toHaveLength(4);
    expect(() => read(4)).toThrow(/5 segments on frames, expected at most 4/);
  });

  it.each<[string, Attributes, number[] | undefined, RegExp]>([
    ['another kind of object', { SOPClassUID: SOP_CLASS.CTImageStorage }, [1], /SOPClassUID is 1\.2\.840\.10008\.5\.1\.4\.1\.1\.2,/],
    ['an unknown kind of segmentation', { SegmentationType: 'SURFACE' }, [1], /SegmentationType is SURFACE/],
    ['no segments', { SegmentSequence: [] }, [1], /SegmentSequence has no item/],
    ['no pixels', {}, undefined, /no PixelData/],
    [
      'too few pixels',
      { NumberOfFrames: 9, PerFrameFunctionalGroupsSequence: Array(9).fill(frame(1)) as never },
      [1, 1],
      /PixelData has 2 bytes, expected 5 for 9 frames/,
    ],
    ['fewer descriptions than frames', { NumberOfFrames: 2 }, [1], /1 items, expected one for each of 2 frames/],
    ['a frame of an unknown segment', { PerFrameFunctionalGroupsSequence: [frame(2)] }, [1], /frame 1 is of segment 2/],
    ['a frame of no segment', { PerFrameFunctionalGroupsSequence: [frame()] }, [1], /no ReferencedSegmentNumber/],
    ['a label that no segment describes', labelMap, [0, 1, 9, 1], /frame 1 is of segment 9/],
    ['rows that are none', { Rows: 0 }, [1], /Rows is 0/],
    ['a depth that fits no kind', { BitsAllocated: 16 }, [1], /BitsAllocated is 16 in a BINARY/],
  ])('refuses %s', (_, attributes, pixels, reason) => {
    expect(() => readSeg(object(attributes, pixels))).toThrow(reason);
  });
});
