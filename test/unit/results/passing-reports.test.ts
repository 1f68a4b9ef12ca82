/** Structured reports that models wrote, which leave as they are: which do, and why others are refused. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { headerOf, type Attributes } from '../../../src/dicom/compose.js';
import { parseInstance, type DataSet } from '../../../src/dicom/element/parse.js';
import { TAG } from '../../../src/dicom/element/tags.js';
import { SOP_CLASS } from '../../../src/dicom/element/uids.js';
import { encodeElement } from '../../../src/dicom/element/write.js';
import type { Header } from '../../../src/dicom/header.js';
import { chestPhantom } from '../../../src/dicom/phantom/chest.js';
import type { SegInput, SegSource } from '../../../src/dicom/seg/input.js';
import { writeSeg } from '../../../src/dicom/seg/write.js';
import { writeLabelMap } from '../../../src/dicom/seg/write-label-map.js';
import { readReport } from '../../../src/dicom/sr/read.js';
import { writeReport } from '../../../src/dicom/sr/write.js';
import { changed } from '../../support/changed-object.js';
import { CONTENT, reportInput } from '../../support/report.js';
import { lungsOn, ResultStage } from '../../support/result-stage.js';
import { ellipsoid, madeUpHeader, segInput, segmentOf } from '../../support/seg.js';

const SLICES = chestPhantom({ name: 'reports', spacingMm: [24, 24, 24] })
  .files.slice(4, 10)
  .map(({ bytes }) => bytes);
const PREDICTION = [{ type: 'Prediction', label: 'cancer', valueType: 'Likelihood' }];

const studyOf = (source: SegSource) => (source.header['0020000D'].Value as string[])[0];

/** About the run's images, with something changed. */
function report(source: SegSource, change: Partial<typeof CONTENT> = {}): Uint8Array {
  const instances = source.slices.map(({ sopClassUid, sopInstanceUid }) => ({ sopClassUid, sopInstanceUid }));
  const content = {
    ...CONTENT,
    groups: CONTENT.groups.slice(0, 1),
    series: [{ seriesInstanceUid: source.seriesInstanceUid, modality: 'CT', instances }],
    ...change,
  };
  const input = reportInput(content);
  return writeReport({ ...input, source: source.header, identity: { ...input.identity, studyInstanceUid: studyOf(source) } });
}

/** A run that ends with these files, after its results are made. */
async function ended(outputs: (source: SegSource) => Readonly<Record<string, Uint8Array>>, slices = SLICES) {
  const stage = new ResultStage({}, PREDICTION);
  await stage.receive(...slices);
  const run = stage.settle();
  await stage.produce(run, outputs);
  await stage.makeResults();
  return { stage, run: stage.run(run), results: stage.results() };
}

function written({ folders }: ResultStage, path: string | null): DataSet {
  return parseInstance(readFileSync(join(folders.results, path ?? ''))).dataset;
}

/** The report, whose beginning says what it is, and whose end another class. */
function twofold(source: SegSource): Uint8Array {
  const text = encodeElement(TAG.TextValue, { vr: 'UT', Value: ['x'.repeat(100_000)] }, 'implicit');
  const other = encodeElement(TAG.SOPClassUID, { vr: 'UI', Value: [SOP_CLASS.KeyObjectSelectionDocumentStorage] }, 'implicit');
  return Buffer.concat([changed(report(source), {}), ...text, ...other]);
}

/** The segmentation, with its two segments numbered 2 and 3 where asked for: numbers are two bytes, of items and of frames. */
function numbered(file: Uint8Array, anew: boolean): Uint8Array {
  const bytes = Buffer.from(file);
  if (!anew) return bytes;
  for (const tag of [
    [0x62, 0, 0x04, 0],
    [0x62, 0, 0x0b, 0],
  ]) {
    const head = Buffer.from([...tag, ...Buffer.from('US'), 2, 0]);
    for (let at = bytes.indexOf(head); at >= 0; at = bytes.indexOf(head, at + 1)) bytes[at + 8]++;
  }
  return bytes;
}

/** Two lungs that do not overlap, as a label map's must not. */
function lungsApart(source: SegSource): SegInput {
  const [right, left] = [0.3, 0.7].map((centre) => ellipsoid(source.grid, [centre, 0.5, 0.5], 0.15));
  return segInput(source, [segmentOf('RIGHT_LUNG', right), segmentOf('LEFT_LUNG', left)]);
}

/** The label map with its first segment as the background. */
function firstAsBackground(file: Uint8Array): Uint8Array {
  const pixels = encodeElement(TAG.PixelData, { vr: 'OW', bytes: parseInstance(file).dataset.bytesOf(TAG.PixelData) }, 'implicit');
  return Buffer.concat([changed(file, { PixelPaddingValue: 1 }), ...pixels]);
}

/** The report with a reference to parts of another output, outside of its tree. */
function referring(file: Uint8Array, sopInstanceUid: string, part: object, times = 1): Uint8Array {
  const reference = { ReferencedSOPClassUID: SOP_CLASS.SegmentationStorage, ReferencedSOPInstanceUID: sopInstanceUid, ...part };
  return changed(file, { ReferencedImageSequence: Array<Header>(times).fill(headerOf(reference)) });
}

/** By this process so far, as the kernel counts it (proc(5): io). */
function bytesRead(): number {
  return Number(/^rchar: (\d+)/.exec(readFileSync('/proc/self/io', 'utf8'))?.[1]);
}

/** Evidence (PS3.3 table C.17-3) that names the first image of the run, with something changed. */
function evidence(source: SegSource, change: { study?: string; series?: string; sopClassUid?: string; image?: string } = {}) {
  const [{ sopClassUid, sopInstanceUid }] = source.slices;
  const reference = {
    ReferencedSOPClassUID: change.sopClassUid ?? sopClassUid,
    ReferencedSOPInstanceUID: change.image ?? sopInstanceUid,
  };
  const series = {
    SeriesInstanceUID: change.series ?? source.seriesInstanceUid,
    ReferencedSOPSequence: [headerOf(reference)],
  };
  return headerOf({ StudyInstanceUID: change.study ?? studyOf(source), ReferencedSeriesSequence: [headerOf(series)] });
}

const step = (uid: string) => [headerOf({ ReferencedSOPClassUID: '1.2.840.10008.3.1.2.3.3', ReferencedSOPInstanceUID: uid })];

describe('what a report that a model wrote refers to', () => {
  it.each<[string, (source: SegSource) => Attributes, RegExp]>([
    ['evidence', (s) => ({ PertinentOtherEvidenceSequence: [evidence(s, { study: '1.2.9' })] }), /^reference: study 1\.2\.9, expected 2\./],
    [
      'evidence',
      (s) => ({ PertinentOtherEvidenceSequence: [evidence(s, { series: '1.2.9' })] }),
      /reference: series 1\.2\.9, which is of no input, and not of one output alone/,
    ],
    [
      'evidence',
      (s) => ({ PertinentOtherEvidenceSequence: [evidence(s, { image: '1.2.9' })] }),
      /reference: 1\.2\.9, which is neither an input nor an output of the run/,
    ],
    [
      'evidence',
      (s) => ({ PertinentOtherEvidenceSequence: [evidence(s, { sopClassUid: SOP_CLASS.MRImageStorage })] }),
      /reference: .* as of class 1\.2\.840\.10008\.5\.1\.4\.1\.1\.4, expected 1\.2\.840\.10008\.5\.1\.4\.1\.1\.2$/,
    ],
    [
      'a predecessor',
      (s) => ({ PredecessorDocumentsSequence: [evidence(s, { image: '1.2.9', sopClassUid: SOP_CLASS.ComprehensiveSRStorage })] }),
      /reference: 1\.2\.9, which is neither/,
    ],
    ['an image beside its tree', () => ({ ReferencedImageSequence: step('1.2.9') }), /reference: 1\.2\.9, which is neither/],
    ['a procedure step', () => ({ ReferencedPerformedProcedureStepSequence: step('1.2.9') }), /reference: 1\.2\.9, which is neither/],
    ['a study', () => ({ ReferencedStudySequence: step('1.2.9') }), /reference: 1\.2\.9, which is neither/],
    ['a frame of reference', () => ({ FrameOfReferenceUID: '1.2.9' }), /frame of reference: 1\.2\.9, expected 2\./],
    [
      'a frame of reference in its tree',
      () => ({ ContentSequence: [headerOf({ ValueType: 'SCOORD3D', ReferencedFrameOfReferenceUID: '1.2.9' })] }),
      /frame of reference: 1\.2\.9, expected 2\./,
    ],
    ['a series in its tree', () => ({ ContentSequence: [seriesItem('1.2.9')] }), /reference: series 1\.2\.9, which is of no input/],
  ])('must be there: %s, else it is refused (%#)', async (_name, change, reason) => {
    const { stage, run } = await ended((source) => ({ 'a.dcm': changed(report(source), change(source)) }));
    expect(run).toMatchObject({ state: 'rejected', failure_code: 'GATE_REJECTED', reason: expect.stringMatching(reason) as string });
    expect(stage.deliveries()).toEqual([]);
  });

  it('may be all that is there', async () => {
    const { run } = await ended((source) => {
      const own = {
        PertinentOtherEvidenceSequence: [evidence(source)],
        ReferencedStudySequence: step(studyOf(source)),
        FrameOfReferenceUID: source.grid.frameOfReferenceUid,
        ContentSequence: [seriesItem(source.seriesInstanceUid)],
      };
      return { 'a.dcm': changed(report(source), own) };
    });
    expect(run).toMatchObject({ state: 'done', reason: null });
  });

  it.each([0, 3])('may repeat what any image refers to, also where another has arrived first: image %d', async (nth) => {
    const ofSlice = (n: number) => ({ SourceImageSequence: [headerOf({ ReferencedSOPInstanceUID: `1.2.9.${n}` })] });
    const slices = SLICES.map((bytes, n) => changed(bytes, ofSlice(n)));
    const copied = await ended((source) => ({ 'a.dcm': changed(report(source), ofSlice(nth)) }), slices);
    expect(copied.run).toMatchObject({ state: 'done', reason: null });
    const { run } = await ended((source) => ({ 'a.dcm': changed(report(source), ofSlice(SLICES.length)) }), slices);
    expect(run).toMatchObject({ state: 'rejected', reason: expect.stringContaining('1.2.9.6, which is neither') as string });
  });

  it('may be what its images refer to in the same place', async () => {
    const slices = SLICES.map((bytes) => changed(bytes, { ReferencedPerformedProcedureStepSequence: step('1.2.9') }));
    const copied = (source: SegSource) => changed(report(source), { ReferencedPerformedProcedureStepSequence: step('1.2.9') });
    expect((await ended((source) => ({ 'a.dcm': copied(source) }), slices)).run).toMatchObject({ state: 'done', reason: null });
    const elsewhere = (source: SegSource) => changed(report(source), { ReferencedImageSequence: step('1.2.9') });
    expect((await ended((source) => ({ 'a.dcm': elsewhere(source) }), slices)).run.state).toBe('rejected');
  });

  it('is another output in its own series, and not in one that is of several outputs', async () => {
    const both = (seriesInstanceUid: string) => (source: SegSource) => {
      const input = lungsOn(source);
      const other = { ...input, identity: { ...input.identity, sopInstanceUid: '1.2.3.4.79.1', seriesInstanceUid } };
      const { sopInstanceUid: image, seriesInstanceUid: series } = input.identity;
      const named = evidence(source, { image, series, sopClassUid: SOP_CLASS.SegmentationStorage });
      return {
        'a.dcm': writeSeg(input).bytes,
        'b.dcm': writeSeg(other).bytes,
        'c.dcm': changed(report(source), { PertinentOtherEvidenceSequence: [named] }),
      };
    };
    const apart = await ended(both('1.2.3.4.79'));
    expect(apart.run).toMatchObject({ state: 'done', reason: null });
    const [first, , third] = apart.results;
    const seen = readReport(written(apart.stage, third.path)).evidence;
    expect(seen).toContainEqual({ seriesInstanceUid: first.series_instance_uid, sopInstanceUids: [first.sop_instance_uid] });
    expect((await ended(both('1.2.3.4.77'))).run.reason).toMatch(
      /reference: series 1\.2\.3\.4\.77, which is of no input, and not of one output/,
    );
  });
});

const seriesItem = (UID: string) =>
  headerOf({
    RelationshipType: 'CONTAINS',
    ValueType: 'UIDREF',
    UID,
    ConceptNameCodeSequence: [
      headerOf({ CodeValue: '121232', CodingSchemeDesignator: 'DCM', CodeMeaning: 'Source series for segmentation' }),
    ],
  });

describe('a report that a model wrote', () => {
  it('is delivered as it is, item by item, under UIDs of the node', async () => {
    const { stage, run, results } = await ended((source) => ({ 'a.dcm': report(source) }));
    expect(run).toMatchObject({ state: 'done', reason: null });
    expect(results).toMatchObject([{ state: 'passed', sop_class_uid: SOP_CLASS.ComprehensiveSRStorage }]);
    const seen = readReport(written(stage, results[0].path));
    expect(seen.sopInstanceUid).toBe(results[0].sop_instance_uid);
    expect(JSON.stringify(seen.root)).toContain('41.25');
    expect(stage.deliveries()).toMatchObject([{ result_id: results[0].id }]);
  });

  it.each([SOP_CLASS.KeyObjectSelectionDocumentStorage, SOP_CLASS.XRayRadiationDoseSRStorage])(
    'is kept with the run, and not delivered, where a PACS acts upon its class (%s)',
    async (SOPClassUID) => {
      const { stage, run, results } = await ended((source) => ({ 'a.dcm': changed(report(source), { SOPClassUID }) }));
      expect(run).toMatchObject({ state: 'done', reason: expect.stringContaining('nothing is delivered') as string });
      expect(results).toEqual([]);
      expect(stage.deliveries()).toEqual([]);
    },
  );

  it('has no file meta information but that of the node', async () => {
    const { stage, results } = await ended((source) => {
      const own = encodeElement(TAG.MediaStorageSOPInstanceUID, { vr: 'UI', Value: ['1.2.3'] }, 'implicit');
      return { 'a.dcm': Buffer.concat([changed(report(source), {}), ...own]) };
    });
    const [{ path, sop_instance_uid }] = results;
    expect(parseInstance(readFileSync(join(stage.folders.results, path ?? ''))).mediaStorageSopInstanceUid).toBe(sop_instance_uid);
    expect(written(stage, path).has(TAG.MediaStorageSOPInstanceUID)).toBe(false);
  });

  it('leaves the references to images alone where another output has copied their UIDs', async () => {
    const { stage, results } = await ended((source) => {
      const input = lungsOn(source);
      const identity = { ...input.identity, sopInstanceUid: source.slices[0].sopInstanceUid, seriesInstanceUid: source.seriesInstanceUid };
      return { 'seg.dcm': writeSeg({ ...input, identity }).bytes, 'sr.dcm': report(source) };
    });
    const [evidence] = readReport(written(stage, results[1].path)).evidence;
    expect(evidence.seriesInstanceUid).toBe(parseInstance(SLICES[0]).dataset.uid(TAG.SeriesInstanceUID));
    const images = SLICES.map((bytes) => parseInstance(bytes).dataset.uid(TAG.SOPInstanceUID));
    expect([...evidence.sopInstanceUids].sort()).toEqual([...images].sort());
  });

  it.each<[string, object, string, RegExp | undefined]>([
    ['passes', { ReferencedSegmentNumber: [2] }, 'in order', undefined],
    ['is refused', { ReferencedSegmentNumber: [2] }, 'anew', /reference: segments of .*, which are numbered anew/],
    ['is refused', { ReferencedFrameNumber: [2] }, 'in order', /reference: frames of .*, another output/],
  ])('%s with a reference to %j of a segmentation that is numbered %s', async (_name, part, order, reason) => {
    const { run } = await ended((source) => {
      const input = lungsOn(source);
      const seg = numbered(writeSeg(input).bytes, order === 'anew');
      return { 'seg.dcm': seg, 'sr.dcm': referring(report(source), input.identity.sopInstanceUid, part) };
    });
    expect(run.state).toBe(reason === undefined ? 'done' : 'rejected');
    expect(run.reason ?? '').toMatch(reason ?? /^$/);
  });

  it('takes no more than the beginning of a segmentation, and that once, however often it names segments of it', async () => {
    const padding = Buffer.from([0xfc, 0xff, 0xfc, 0xff, ...Buffer.from('OB'), 0, 0, 0, 0, 0, 2]);
    const size = padding.readUInt32LE(8);
    const before = bytesRead();
    const { run } = await ended((source) => {
      const input = lungsOn(source);
      const seg = Buffer.concat([writeSeg(input).bytes, padding, Buffer.alloc(size)]);
      return { 'seg.dcm': seg, 'sr.dcm': referring(report(source), input.identity.sopInstanceUid, { ReferencedSegmentNumber: [2] }, 50) };
    });
    expect(run).toMatchObject({ state: 'done', reason: null });
    // The segmentation itself is judged once as a whole.
    expect((bytesRead() - before) / size).toBeLessThan(2);
  });

  it.each<[object, number, RegExp]>([
    [{ ReferencedFrameNumber: [2] }, 5, /^reference: frames of \S+, another output, expected its segments, or all of it$/],
    [{ ReferencedSegmentNumber: [2] }, 10_001, /^reference: 10001 references to parts of other outputs, expected at most 10000$/],
  ])('is refused with one reason where it refers to %j of another output %d times', async (part, times, reason) => {
    const { run } = await ended((source) => {
      const input = lungsOn(source);
      return { 'seg.dcm': writeSeg(input).bytes, 'sr.dcm': referring(report(source), input.identity.sopInstanceUid, part, times) };
    });
    expect(run).toMatchObject({ state: 'rejected', reason: expect.stringMatching(/^sr\.dcm: /) as string });
    expect(run.reason?.replace('sr.dcm: ', '')).toMatch(reason);
  });

  it('names the class of the result where a label map becomes a BINARY segmentation', async () => {
    const { stage, run, results } = await ended((source) => {
      const input = lungsApart(source);
      const { sopInstanceUid: image, seriesInstanceUid: series } = input.identity;
      const named = evidence(source, { image, series, sopClassUid: SOP_CLASS.LabelMapSegmentationStorage });
      return { 'seg.dcm': writeLabelMap(input).bytes, 'sr.dcm': changed(report(source), { PertinentOtherEvidenceSequence: [named] }) };
    });
    expect(run).toMatchObject({ state: 'done', reason: null });
    const [seg, sr] = results;
    const [reference] = written(stage, sr.path)
      .items(TAG.PertinentOtherEvidenceSequence)[0]
      .items(TAG.ReferencedSeriesSequence)[0]
      .items(TAG.ReferencedSOPSequence);
    expect([seg.sop_class_uid, seg.sop_instance_uid]).toEqual([
      reference.uid(TAG.ReferencedSOPClassUID),
      reference.uid(TAG.ReferencedSOPInstanceUID),
    ]);
    expect(seg.sop_class_uid).toBe(SOP_CLASS.SegmentationStorage);
  });

  it('is refused with segments of a label map whose background is its first one: ours are numbered without it', async () => {
    const { run } = await ended((source) => {
      const input = lungsApart(source);
      const part = { ReferencedSOPClassUID: SOP_CLASS.LabelMapSegmentationStorage, ReferencedSegmentNumber: [2] };
      return {
        'seg.dcm': firstAsBackground(writeLabelMap(input).bytes),
        'sr.dcm': referring(report(source), input.identity.sopInstanceUid, part),
      };
    });
    expect(run).toMatchObject({ state: 'rejected', reason: expect.stringMatching(/segments of .*, which are numbered anew/) as string });
  });

  it.each<[string, (source: SegSource) => Uint8Array, RegExp]>([
    [
      'a person who has looked at it',
      (source) => changed(report(source), { VerifyingObserverSequence: [headerOf({ PatientComments: 'x' })] }),
      /format: a VerifyingObserverSequence, expected none/,
    ],
    [
      'images of another series',
      (source) => report(source, { series: CONTENT.series }),
      /reference: 1\.2\.3\.4\.20\.1, which is neither an input nor an output/,
    ],
    ['another patient', (source) => report({ ...source, header: madeUpHeader() }), /patient: another PatientID/],
    [
      'a person as its author',
      (source) => changed(report(source), { VerificationFlag: 'VERIFIED' }),
      /format: VerificationFlag VERIFIED, expected UNVERIFIED/,
    ],
    ['another class behind its beginning', twofold, /uids: SOPClassUID 1\.2\.840\.10008\.5\.1\.4\.1\.1\.88\.59, expected .*\.88\.33/],
    ['the study as its UID', (s) => changed(report(s), { SOPInstanceUID: studyOf(s) }), /uids: SOPInstanceUID .*, which is an input's/],
    [
      'the study as its series',
      (s) => changed(report(s), { SeriesInstanceUID: studyOf(s) }),
      /uids: SeriesInstanceUID .*, which is an input's/,
    ],
  ])('is refused with %s', async (_name, make, reason) => {
    const { stage, run } = await ended((source) => ({ 'a.dcm': make(source) }));
    expect(run).toMatchObject({ state: 'rejected', failure_code: 'GATE_REJECTED' });
    expect(run.reason).toMatch(reason);
    expect(stage.deliveries()).toEqual([]);
  });
});
