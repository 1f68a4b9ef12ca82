import { parseInstance } from '../../../src/dicom/element/parse.js';
import { TAG } from '../../../src/dicom/element/tags.js';
import { SOP_CLASS, TRANSFER_SYNTAX } from '../../../src/dicom/element/uids.js';
import type { SegInput } from '../../../src/dicom/seg/input.js';
import { maskOfSlices, masksOfLabels, type SegmentMask } from '../../../src/dicom/seg/mask.js';
import { readSeg } from '../../../src/dicom/seg/read.js';
import { writeSeg } from '../../../src/dicom/seg/write.js';
import { encodeLabelMap, writeLabelMap } from '../../../src/dicom/seg/write-label-map.js';
import { BACKGROUND } from '../../../src/dicom/structures/code.js';
import { ellipsoid, labelMapOf, madeUpSource, segInput, segmentOf } from '../../support/seg.js';

const source = madeUpSource();
const heart = ellipsoid(source.grid, [0.4, 0.5, 0.5], 0.3);
const aorta = ellipsoid(source.grid, [0.6, 0.5, 0.5], 0.25);
const [apart, beside] = masksOfLabels(labelMapOf(source.grid, [heart, aorta]), [1, 2]);
const input = segInput(source, [segmentOf('HEART', apart), segmentOf('AORTA', beside)]);

const parsed = (one: SegInput) => parseInstance(writeLabelMap(one).bytes);

/** Voxels of each segment on each slice, by the source instance. */
function voxelsOf(bytes: Uint8Array): Map<string, Uint8Array> {
  const frames = readSeg(parseInstance(bytes)).frames.map(
    (frame) => [`${frame.segmentNumber} on ${frame.sourceSopInstanceUids.join()}`, frame.unpack()] as const,
  );
  return new Map(frames.sort(([a], [b]) => a.localeCompare(b)));
}

describe('a segmentation written as a label map', () => {
  it('has the same voxels, codes and slices as the BINARY one', () => {
    expect(voxelsOf(writeLabelMap(input).bytes)).toEqual(voxelsOf(writeSeg(input).bytes));
    const [labelMap, binary] = [writeLabelMap(input), writeSeg(input)].map(({ bytes }) => readSeg(parseInstance(bytes)));
    expect(labelMap.segments).toEqual(binary.segments);
    expect({ ...labelMap, type: 'BINARY', frames: [] }).toEqual({ ...binary, frames: [] });
  });

  it('has one frame for each slice with a voxel, its background as padding, and says that nothing overlaps', () => {
    const { dataset, transferSyntaxUid } = parsed(input);
    expect(transferSyntaxUid).toBe(TRANSFER_SYNTAX.DeflatedExplicitVRLittleEndian);
    expect(dataset.uid(TAG.SOPClassUID)).toBe(SOP_CLASS.LabelMapSegmentationStorage);
    expect(dataset.text(TAG.SegmentsOverlap)).toBe('NO');
    expect(dataset.number(TAG.PixelPaddingValue)).toBe(0);
    expect(dataset.items(TAG.SegmentSequence).map((segment) => segment.number(TAG.SegmentNumber))).toEqual([1, 2]);
    const slices = new Set([...apart.slices, ...beside.slices]);
    expect(dataset.number(TAG.NumberOfFrames)).toBe(slices.size);
    const indices = dataset
      .items(TAG.PerFrameFunctionalGroupsSequence)
      .map((frame) => frame.items(TAG.FrameContentSequence)[0].numbers(TAG.DimensionIndexValues));
    expect(indices).toEqual(Array.from(slices, (_, n) => [n + 1]));
  });

  it('takes 16 bits where there are more than 255 segments, and is of even length whatever its size', () => {
    const odd = madeUpSource({ rows: 3, columns: 3, slices: 300 });
    const one = (k: number) => maskOfSlices(new Map([[k, Uint8Array.of(0, 1, 0, 0, 0, 0, 0, 0, 1)]]));
    const many = segInput(
      odd,
      Array.from({ length: 299 }, (_, k) => segmentOf('HEART', one(k))),
    );
    const { dataset } = parsed(many);
    expect(dataset.number(TAG.BitsAllocated)).toBe(16);
    expect(voxelsOf(writeLabelMap(many).bytes)).toEqual(voxelsOf(writeSeg(many).bytes));
    const few = segInput(odd, [segmentOf('HEART', one(7))]);
    expect(writeLabelMap(few).bytes.length % 2).toBe(0);
    expect(parsed(few).dataset.bytesOf(TAG.PixelData)).toHaveLength(10);
  });

  it('is refused where segments overlap, as it could not say so', () => {
    expect(() => writeLabelMap(segInput(source, [segmentOf('HEART', heart), segmentOf('AORTA', aorta)]))).toThrow(/segments overlap/);
  });

  it('is refused where a segment is coded as background, which readers of label maps leave out', () => {
    const segments = [...input.segments, { ...segmentOf('AORTA', beside), meaning: { ...input.segments[0].meaning, type: BACKGROUND } }];
    expect(() => writeLabelMap({ ...input, segments })).toThrow(/segment 3 is coded as background/);
  });

  it('is refused before anything of its size is allocated where it would be larger than is read again', () => {
    const wide = madeUpSource({ rows: 60_000, columns: 60_000, slices: 4 });
    const corner: SegmentMask = { slices: [0, 1, 2, 3], slice: () => new Uint8Array(0), runs: (_, take) => take(0, 1) };
    const large = { ...segInput(wide, [segmentOf('HEART', corner)]), segmentsOverlap: false };
    expect(() => writeLabelMap(large)).toThrow(/the label map takes 14400000000 bytes, expected at most/);
  });

  it('is an error of ours where a run goes beyond its slice: the next slice would have its voxels', () => {
    const beyond: SegmentMask = { slices: [2], slice: () => new Uint8Array(0), runs: (_, take) => take(380, 385) };
    const wrong = { ...segInput(source, [segmentOf('HEART', beyond)]), segmentsOverlap: false };
    expect(() => writeLabelMap(wrong)).toThrow(/a run up to voxel 385 of 384/);
  });

  it('is the same bytes where other work goes on meanwhile', async () => {
    let [others, ended] = [0, false];
    const work = () => {
      others++;
      if (!ended) setImmediate(work);
    };
    setImmediate(work);
    const file = await encodeLabelMap(input);
    ended = true;
    expect(others).toBeGreaterThanOrEqual(input.segments.length);
    expect(Buffer.concat([...file.chunks()]).equals(writeLabelMap(input).bytes)).toBe(true);
  });

  it('is refused where no segment has a voxel', () => {
    expect(() => writeLabelMap(segInput(source, [segmentOf('NODULE', maskOfSlices(new Map()))]))).toThrow(/needs a frame/);
  });

  it('is the same bytes for the same input', () => {
    expect(Buffer.from(writeLabelMap(input).bytes).equals(writeLabelMap(input).bytes)).toBe(true);
  });
});
