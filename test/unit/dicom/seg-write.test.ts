import { parseInstance } from '../../../src/dicom/element/parse.js';
import { TAG } from '../../../src/dicom/element/tags.js';
import type { SegInput, SegSource } from '../../../src/dicom/seg/input.js';
import { maskOfSlices, masksOfLabels } from '../../../src/dicom/seg/mask.js';
import { readSeg } from '../../../src/dicom/seg/read.js';
import { encodeSeg, writeSeg } from '../../../src/dicom/seg/write.js';
import { writeLabelMap } from '../../../src/dicom/seg/write-label-map.js';
import { structureByCodes } from '../../../src/dicom/structures/table.js';
import { ellipsoid, labelMapOf, madeUpSource, segInput, segmentOf } from '../../support/seg.js';

const source = madeUpSource();
const heart = ellipsoid(source.grid, [0.4, 0.5, 0.5], 0.3);
const aorta = ellipsoid(source.grid, [0.6, 0.5, 0.5], 0.25);
const nothing = maskOfSlices(new Map());

const read = (input: SegInput) => readSeg(parseInstance(writeSeg(input).bytes));
const dataset = (input: SegInput) => parseInstance(writeSeg(input).bytes).dataset;

function maskWhere(labels: Uint8Array | Uint16Array, { rows, columns }: SegSource['grid'], k: number, value: number): Uint8Array {
  return Uint8Array.from(labels.subarray(k * rows * columns, (k + 1) * rows * columns), (label) => (label === value ? 1 : 0));
}

describe('a written segmentation', () => {
  it('is read back voxel for voxel, on the slices and with the codes it was given', () => {
    const input = segInput(source, [segmentOf('HEART', heart), segmentOf('LEFT_LUNG+NODULE', aorta)]);
    const seen = read(input);
    expect(seen.segments.map((segment) => structureByCodes(segment.codes)?.id)).toEqual(['HEART', 'LEFT_LUNG+NODULE']);
    expect(seen.frames.map((frame) => [frame.segmentNumber, frame.sourceSopInstanceUids])).toEqual(
      input.segments.flatMap(({ mask }, index) => mask.slices.map((k) => [index + 1, [source.slices[k].sopInstanceUid]])),
    );
    const ks = input.segments.flatMap(({ mask }) => mask.slices.map((k) => ({ mask, k })));
    seen.frames.forEach((frame, n) => expect(frame.unpack()).toEqual(ks[n].mask.slice(ks[n].k)));
  });

  it('is the same bytes for the same input', () => {
    const input = segInput(source, [segmentOf('HEART', heart), segmentOf('AORTA', aorta)]);
    expect(Buffer.compare(writeSeg(input).bytes, writeSeg(input).bytes)).toBe(0);
    const file = encodeSeg(input);
    for (let time = 1; time <= 2; time++) {
      const chunks = Array.from(file.chunks(), (chunk) => Buffer.from(chunk));
      expect(Buffer.concat(chunks).equals(writeSeg(input).bytes)).toBe(true);
      expect(Buffer.concat(chunks)).toHaveLength(file.sizeBytes);
    }
  });

  it.each([
    ['bytes', {}, Uint8Array],
    ['rows of odd length', { rows: 23, columns: 37 }, Uint8Array],
    ['16-bit labels', { rows: 23, columns: 37 }, Uint16Array],
  ] as const)('is the same whether the runs of the segments are known or not: %s', (_, options, Labels) => {
    const drawn = madeUpSource(options);
    const shapes = [0.1, 0.25, 0.9].map((radius) => ellipsoid(drawn.grid, [0.6, 0.4, 0.5], radius)).reverse();
    const { grid, labels } = labelMapOf(drawn.grid, shapes);
    const masks = masksOfLabels({ grid, labels: Labels.from(labels) }, [1, 2, 3, 4]);
    const segments = ['LUNG', 'HEART', 'AORTA', 'LIVER'].map((id, n) => segmentOf(id, masks[n]));
    const everywhere = segments.map((segment) => ({ ...segment, mask: { ...segment.mask, runs: undefined } }));
    expect(masks.map(({ slices }) => slices.length > 0)).toEqual([true, true, true, false]);
    expect(Buffer.from(writeSeg(segInput(drawn, segments)).bytes).equals(writeSeg(segInput(drawn, everywhere)).bytes)).toBe(true);
    expect(read(segInput(drawn, segments)).frames.map((frame) => frame.unpack())).toEqual(
      masks.flatMap((mask, n) => mask.slices.map((k) => maskWhere(labels, grid, k, n + 1))),
    );
  });

  it('carries patient, study, issuers and frame of reference over', () => {
    const seen = dataset(segInput(source, [segmentOf('HEART', heart)]));
    expect(seen.texts(TAG.PatientName)).toEqual(['Müller^Jürgen=山田^太郎']);
    expect(seen.text(TAG.PatientID)).toBe('PAT-1');
    expect(seen.text(TAG.IssuerOfPatientID)).toBe('ISSUER');
    expect(seen.items(TAG.IssuerOfAccessionNumberSequence)[0]?.text(TAG.LocalNamespaceEntityID)).toBe('HOSPITAL');
    expect(seen.uid(TAG.StudyInstanceUID)).toBe('1.2.3.4.10');
    expect(seen.uid(TAG.FrameOfReferenceUID)).toBe('1.2.3.4.99');
    expect(seen.texts(TAG.SpecificCharacterSet)).toEqual(['ISO_IR 192']);
    expect(seen.isEmpty(TAG.PatientBirthDate) && seen.has(TAG.PatientBirthDate)).toBe(true);
  });

  it('names all instances of its source, also those without a frame', () => {
    const seen = read(segInput(source, [segmentOf('HEART', heart)]));
    expect(seen.referencedSeries).toEqual([
      { seriesInstanceUid: '1.2.3.4.20', sopInstanceUids: source.slices.map((slice) => slice.sopInstanceUid) },
    ]);
    expect(seen.frames.length).toBeLessThan(source.slices.length);
  });

  it('names the frames of a source that is one multi-frame instance, and the instance once', () => {
    const slices = source.slices.map((slice, k) => ({ ...slice, sopInstanceUid: '1.2.3.4.20.1', frameNumber: k + 1 }));
    const input = segInput({ ...source, slices }, [segmentOf('HEART', heart)]);
    expect(read(input).referencedSeries[0].sopInstanceUids).toEqual(['1.2.3.4.20.1']);
    const [frame] = dataset(input).items(TAG.PerFrameFunctionalGroupsSequence);
    const [image] = frame.items(TAG.DerivationImageSequence)[0].items(TAG.SourceImageSequence);
    expect(image.numbers(TAG.ReferencedFrameNumber)).toEqual([heart.slices[0] + 1]);
  });

  it('keeps the position strings of the source', () => {
    const slices = source.slices.map((slice, k) => ({ ...slice, imagePosition: ['-103.250', '-87.5E0', `+${12.125 + 2.5 * k}`] as const }));
    const seen = dataset(segInput({ ...source, slices }, [segmentOf('HEART', heart)]));
    const [frame] = seen.items(TAG.PerFrameFunctionalGroupsSequence);
    const position = frame.items(TAG.PlanePositionSequence)[0].texts(TAG.ImagePositionPatient);
    expect(position).toEqual(slices[heart.slices[0]].imagePosition);
  });

  it('shortens a decimal string that DS does not allow', () => {
    const slices = source.slices.map((slice) => ({
      ...slice,
      imagePosition: ['-103.24999999999999999', '-87.5', '0.66666666666666666'] as const,
    }));
    const seen = dataset(segInput({ ...source, slices }, [segmentOf('HEART', heart)]));
    const [frame] = seen.items(TAG.PerFrameFunctionalGroupsSequence);
    expect(frame.items(TAG.PlanePositionSequence)[0].texts(TAG.ImagePositionPatient)).toEqual(['-103.25', '-87.5', '0.66666666666667']);
  });

  it('indexes its frames by segment and by position', () => {
    const seen = dataset(segInput(source, [segmentOf('HEART', heart), segmentOf('AORTA', aorta)]));
    const indices = seen
      .items(TAG.PerFrameFunctionalGroupsSequence)
      .map((frame) => frame.items(TAG.FrameContentSequence)[0].numbers(TAG.DimensionIndexValues));
    const occupied = [...new Set([...heart.slices, ...aorta.slices])].sort((a, b) => a - b);
    expect(indices).toEqual([
      ...heart.slices.map((k) => [1, occupied.indexOf(k) + 1]),
      ...aorta.slices.map((k) => [2, occupied.indexOf(k) + 1]),
    ]);
  });

  it('says whether its segments overlap', () => {
    expect(dataset(segInput(source, [segmentOf('HEART', heart), segmentOf('AORTA', aorta)])).text(TAG.SegmentsOverlap)).toBe('YES');
    const apart = masksOfLabels(labelMapOf(source.grid, [heart, aorta]), [1, 2]);
    expect(dataset(segInput(source, [segmentOf('HEART', apart[0]), segmentOf('AORTA', apart[1])])).text(TAG.SegmentsOverlap)).toBe('NO');
  });

  it('keeps a segment without voxels as a segment without frames', () => {
    const seen = read(segInput(source, [segmentOf('HEART', heart), segmentOf('NODULE', nothing)]));
    expect(seen.segments.map((segment) => segment.number)).toEqual([1, 2]);
    expect(seen.frames.every((frame) => frame.segmentNumber === 1)).toBe(true);
  });

  it('is refused where no segment has a voxel', () => {
    expect(() => writeSeg(segInput(source, [segmentOf('NODULE', nothing)]))).toThrow(/needs a frame/);
  });

  it('is refused where a mask has another size than the source', () => {
    const wrong = { slices: [3], slice: () => new Uint8Array(7) };
    expect(() => writeSeg(segInput(source, [segmentOf('HEART', wrong)]))).toThrow(/7 voxels, expected 384/);
  });

  it('notes frames that do not end on a byte', () => {
    const odd = madeUpSource({ rows: 23, columns: 37 });
    const input = segInput(odd, [segmentOf('HEART', ellipsoid(odd.grid, [0.5, 0.5, 0.5], 0.3))]);
    expect(writeSeg(input).notes.map((note) => note.code)).toEqual(['FRAMES_NOT_BYTE_ALIGNED']);
    expect(encodeSeg(segInput(source, [segmentOf('HEART', heart)])).notes).toEqual([]);
  });

  it.each([
    ['BINARY', writeSeg],
    ['LABELMAP', writeLabelMap],
  ])('says that its source was compressed with loss: %s', (_, write) => {
    const lossy = { ...source, lossy: { ratios: ['8.5'], methods: ['ISO_10918_1'] } };
    const seen = (from: SegSource) => parseInstance(write(segInput(from, [segmentOf('HEART', heart)])).bytes).dataset;
    expect(seen(lossy).text(TAG.LossyImageCompression)).toBe('01');
    expect(seen(lossy).texts(TAG.LossyImageCompressionMethod)).toEqual(['ISO_10918_1']);
    expect(seen(source).text(TAG.LossyImageCompression)).toBe('00');
  });

  it('pads its pixels to an even length', () => {
    const odd = madeUpSource({ rows: 3, columns: 3 });
    const input = segInput(odd, [segmentOf('HEART', maskOfSlices(new Map([[2, new Uint8Array(9).fill(1)]])))]);
    const { bytes } = writeSeg(input);
    expect(parseInstance(bytes).dataset.bytesOf(TAG.PixelData)).toEqual(Buffer.from([0xff, 0x01]));
    const alone = segInput(madeUpSource({ rows: 2, columns: 2 }), [
      segmentOf('HEART', maskOfSlices(new Map([[2, Uint8Array.of(1, 0, 0, 1)]]))),
    ]);
    expect(parseInstance(writeSeg(alone).bytes).dataset.bytesOf(TAG.PixelData)).toEqual(Buffer.from([0b1001, 0]));
  });

  it('has at most as many frames as can be read again', () => {
    const tall = madeUpSource({ rows: 1, columns: 8, slices: 1000 });
    const slices = tall.slices.keys();
    const mask = { slices: [...slices], slice: () => Uint8Array.of(0, 1, 0, 0, 0, 0, 0, 0) };
    const full = Array.from({ length: 34 }, () => segmentOf('HEART', mask));
    expect(dataset(segInput(tall, full)).items(TAG.PerFrameFunctionalGroupsSequence)).toHaveLength(34_000);
    const more = [...full, segmentOf('AORTA', { ...mask, slices: [0] })];
    expect(() => encodeSeg(segInput(tall, more))).toThrow(/34001 frames with voxels, expected at most 34000 in one segmentation/);
  });

  it('cuts texts to what their VR holds', () => {
    const segment = {
      ...segmentOf('HEART', heart),
      label: 'ä'.repeat(70),
      algorithm: { type: 'AUTOMATIC', name: 'a\\b', version: '1' } as const,
    };
    const [item] = dataset(segInput(source, [segment])).items(TAG.SegmentSequence);
    expect(item.text(TAG.SegmentLabel)).toBe('ä'.repeat(64));
    expect(item.texts(TAG.SegmentAlgorithmName)).toEqual(['a/b']);
  });
});
