import { parseInstance } from '../../../src/dicom/element/parse.js';
import { voxelCount } from '../../../src/dicom/seg/mask.js';
import { readSeg } from '../../../src/dicom/seg/read.js';
import type { SegFrame, Segmentation } from '../../../src/dicom/seg/segmentation.js';
import { writeSeg } from '../../../src/dicom/seg/write.js';
import { writeLabelMap } from '../../../src/dicom/seg/write-label-map.js';
import { LATERALITY } from '../../../src/dicom/structures/code.js';
import { judgeSegmentation } from '../../../src/results/gate.js';
import { rejectionText } from '../../../src/results/verdict.js';
import { ellipsoid, madeUpHeader, madeUpSource, segInput, segmentOf } from '../../support/seg.js';
import { turnsDuring } from '../../support/turns.js';

const source = madeUpSource();
const right = ellipsoid(source.grid, [0.3, 0.5, 0.5], 0.2);
const left = ellipsoid(source.grid, [0.7, 0.45, 0.6], 0.2);

const lungs = segInput(source, [segmentOf('RIGHT_LUNG', right), segmentOf('LEFT_LUNG', left)]);
const output = (input = lungs): Segmentation => readSeg(parseInstance(writeSeg(input).bytes));

async function judge(seg: Segmentation, onto = source) {
  const verdict = await judgeSegmentation(seg, onto, false);
  return verdict.passed ? 'passed' : rejectionText(verdict);
}

/** Other voxels for a frame. */
const drawnAs = (unpack: SegFrame['unpack']): Partial<SegFrame> => ({ unpack, runs: undefined });

const withFrames = (change: (frame: SegFrame, n: number) => Partial<SegFrame>): Segmentation => {
  const seg = output();
  return { ...seg, frames: seg.frames.map((frame, n) => ({ ...frame, ...change(frame, n) })) };
};

describe('the gate', () => {
  it.each([
    ['BINARY', writeSeg],
    ['LABELMAP, deflated', writeLabelMap],
  ])('lets a good segmentation through, with its masks on the source: %s', async (_, write) => {
    const verdict = await judgeSegmentation(readSeg(parseInstance(write(lungs).bytes)), source, false);
    if (!verdict.passed) throw new Error(rejectionText(verdict));
    expect(verdict.segments.map(({ structure }) => structure?.id)).toEqual(['RIGHT_LUNG', 'LEFT_LUNG']);
    expect(verdict.segments.map((segment) => segment.mask.slices)).toEqual([right.slices, left.slices]);
    for (const k of left.slices) expect(verdict.segments[1].mask.slice(k)).toEqual(left.slice(k));
    expect(verdict.segments[0].volumeMl).toBeCloseTo((voxelCount(right) * 0.75 * 1.5 * 2.5) / 1000, 9);
    expect(verdict).toMatchObject({ empty: false, notes: [] });
  });

  it.each([
    ['another patient', { '00100020': { vr: 'LO', Value: ['PAT-2'] } }, /^patient: another PatientID/],
    ['a patient of another issuer', { '00100021': { vr: 'LO', Value: ['OTHER'] } }, /^patient: another IssuerOfPatientID/],
    ['another study', { '0020000D': { vr: 'UI', Value: ['1.2.3.4.11'] } }, /^study: 1\.2\.3\.4\.11, expected 1\.2\.3\.4\.10$/],
  ])('rejects %s', async (_, change, reason) => {
    const other = { ...source, header: { ...madeUpHeader(), ...change } };
    const text = await judge(output(segInput(other, lungs.segments)));
    expect(text).toMatch(reason);
    expect(text).not.toContain('PAT-');
  });

  it('rejects more segments than any model has, and what is refused anyway, without a look at a frame', async () => {
    const unread = withFrames(() =>
      drawnAs(() => {
        throw new Error('unpacked');
      }),
    );
    const [segment] = unread.segments;
    const segments = Array.from({ length: 60_000 }, (_, n) => ({ ...segment, number: n + 1 }));
    expect(await judge({ ...unread, segments })).toBe('numbering: 60000 segments, expected at most 1000');
    expect(await judge({ ...unread, frameOfReferenceUid: '1.2.9' })).toBe('frame of reference: 1.2.9, expected 1.2.3.4.99');
  });

  it('rejects another or no frame of reference', async () => {
    expect(await judge({ ...output(), frameOfReferenceUid: '1.2.9' })).toBe('frame of reference: 1.2.9, expected 1.2.3.4.99');
    expect(await judge({ ...output(), frameOfReferenceUid: '' })).toBe('frame of reference: none, expected 1.2.3.4.99');
  });

  it('rejects a segmentation of another series', async () => {
    expect(await judge({ ...output(), referencedSeries: [{ seriesInstanceUid: '1.2.9', sopInstanceUids: [] }] })).toMatch(
      /^reference: 1\.2\.9/,
    );
  });

  it('rejects frames that lie off the grid, and names only the first of them', async () => {
    const text = await judge(
      withFrames((frame) => ({ positionMm: [frame.positionMm![0] + 3.1, frame.positionMm![1], frame.positionMm![2]] })),
    );
    expect(text).toMatch(/^geometry: frame 1: a frame 0\.13 columns and 0\.00 rows off the voxels/);
    expect(text.split('; ')).toHaveLength(4);
    expect(text).toMatch(/6 of 6 frames off the grid in all/);
  });

  it('rejects a frame that names another slice than the one on which it lies: a segmentation mirrored along z', async () => {
    const seg = output();
    const last = source.slices.length - 1;
    const mirrored = withFrames((frame) => {
      const k = source.slices.findIndex((slice) => frame.sourceSopInstanceUids.includes(slice.sopInstanceUid));
      return { sourceSopInstanceUids: [source.slices[last - k].sopInstanceUid] };
    });
    expect(await judge({ ...seg, frames: mirrored.frames })).toMatch(
      /derived from slice \d+ but lying on slice \d+, expected the same slice/,
    );
  });

  it('rejects frames derived from instances outside of the series', async () => {
    expect(await judge(withFrames(() => ({ sourceSopInstanceUids: ['1.2.9.9'] })))).toMatch(
      /derived from 1\.2\.9\.9, which is not in the source series/,
    );
  });

  it('places by position alone where no source instance is named', async () => {
    expect(await judge(withFrames(() => ({ sourceSopInstanceUids: [] })))).toBe('passed');
  });

  it('rejects two frames of one segment on one slice', async () => {
    const seg = output();
    expect(await judge({ ...seg, frames: [...seg.frames, seg.frames[0]] })).toMatch(/a second frame of segment 1/);
  });

  it('realigns a mirrored plane and says so', async () => {
    const { grid } = source;
    const flipped = withFrames((frame) => ({
      positionMm: [frame.positionMm![0] + (grid.columns - 1) * grid.spacingMm[0], frame.positionMm![1], frame.positionMm![2]],
      rowDirection: [-1, 0, 0],
      ...drawnAs(() =>
        Uint8Array.from(
          { length: grid.rows * grid.columns },
          (_, n) => frame.unpack()[n - (n % grid.columns) + (grid.columns - 1 - (n % grid.columns))],
        ),
      ),
    }));
    const verdict = await judgeSegmentation(flipped, source, false);
    if (!verdict.passed) throw new Error(rejectionText(verdict));
    for (const k of left.slices) expect(verdict.segments[1].mask.slice(k)).toEqual(left.slice(k));
    expect(verdict.notes).toEqual(['6 of 6 frames were realigned to the rows and columns of the source']);
  });

  it('rejects segments without codes and numbers that come twice', async () => {
    const seg = output();
    const [first, second] = seg.segments as [Segmentation['segments'][0], Segmentation['segments'][0]];
    const uncoded = { ...first, codes: { typeModifiers: [], regions: [], regionModifiers: [] } };
    expect(await judge({ ...seg, segments: [uncoded, second] })).toBe(
      'codes: segment 1 without a code for category and type, expected both coded',
    );
    expect(await judge({ ...seg, segments: [first, { ...second, number: 1 }] })).toMatch(/^numbering: segment number 1 twice/);
  });

  it('rejects a segment whose label and codes name different sides', async () => {
    const seg = output();
    const swapped = { ...seg.segments[0], codes: { ...seg.segments[0].codes, typeModifiers: [LATERALITY.left] } };
    expect(await judge({ ...seg, segments: [swapped, seg.segments[1]] })).toMatch(/labelled as RIGHT_LUNG and coded as LEFT_LUNG/);
  });

  it('keeps a place that the table does not know', async () => {
    const tonsil = { value: '181226008', scheme: 'SCT', meaning: 'Adenoid' };
    const nodule = segmentOf('NODULE', right);
    const seg = output(segInput(source, [{ ...nodule, meaning: { ...nodule.meaning, regions: [tonsil] } }]));
    const verdict = await judgeSegmentation(seg, source, false);
    expect(verdict.passed && verdict.segments[0].meaning).toMatchObject({ type: { value: '27925004' }, regions: [tonsil] });
  });

  it('lets gaps in the numbers through', async () => {
    const seg = output();
    const moved = {
      ...seg,
      segments: [seg.segments[0], { ...seg.segments[1], number: 9 }],
      frames: seg.frames.map((frame) => ({ ...frame, segmentNumber: frame.segmentNumber === 2 ? 9 : 1 })),
    };
    expect(await judge(moved)).toBe('passed');
  });

  it('rejects an empty segmentation unless that is a valid answer', async () => {
    const seg = output();
    const empty = { ...seg, frames: seg.frames.map((frame) => ({ ...frame, ...drawnAs(() => new Uint8Array(frame.unpack().length)) })) };
    expect(await judge(empty)).toBe('empty: no voxel in any of 2 segments, expected some');
    expect(await judgeSegmentation(empty, source, true)).toMatchObject({ passed: true, empty: true });
  });

  it('lets other work go on after each frame', async () => {
    const seg = output();
    expect(await turnsDuring(() => judge(seg))).toBeGreaterThanOrEqual(seg.frames.length);
  });

  it('does not look through all frames for each segment', async () => {
    let reads = 0;
    const seg = output();
    const counted = (frame: SegFrame): SegFrame => {
      const { segmentNumber } = frame;
      return Object.defineProperty({ ...frame }, 'segmentNumber', { get: () => (reads++, segmentNumber) });
    };
    const frames = seg.frames.map(counted);
    const more = Array.from({ length: 500 }, (_, n) => ({ ...seg.segments[0], number: n + 3 }));
    expect(await judge({ ...seg, segments: [...seg.segments, ...more], frames })).toBe('passed');
    expect(reads).toBeLessThan(10 * frames.length);
  });

  it('names all reasons at once', async () => {
    const text = await judge({ ...output(), frameOfReferenceUid: '1.2.9', studyInstanceUid: '1.2.8' });
    expect(text).toMatch(/study: 1\.2\.8.*; frame of reference: 1\.2\.9/);
  });
});
