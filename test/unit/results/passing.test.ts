/** RTSTRUCTs of models, which leave as they are: which do, under which UIDs, and why others are refused. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { headerOf, type Attributes } from '../../../src/dicom/compose.js';
import { parseInstance, type DataSet } from '../../../src/dicom/element/parse.js';
import { TAG } from '../../../src/dicom/element/tags.js';
import { SOP_CLASS } from '../../../src/dicom/element/uids.js';
import { chestPhantom } from '../../../src/dicom/phantom/chest.js';
import { writeStructureSet } from '../../../src/dicom/rtstruct/write.js';
import type { SegInput, SegSource } from '../../../src/dicom/seg/input.js';
import { writeSeg } from '../../../src/dicom/seg/write.js';
import { changed } from '../../support/changed-object.js';
import { lungsOn, ResultStage } from '../../support/result-stage.js';

const STUDY = chestPhantom({ name: 'passing', spacingMm: [24, 24, 24] }).files.map(({ bytes }) => bytes);

const structureSet = (source: SegSource) => writeStructureSet(lungsOn(source));

/** A run that ends with these files, after its results are made. */
async function ended(outputs: (source: SegSource) => Readonly<Record<string, Uint8Array>>, yaml: object = {}) {
  const stage = new ResultStage(yaml);
  await stage.receive(...STUDY);
  const run = stage.settle();
  await stage.produce(run, outputs);
  await stage.makeResults();
  return { stage, run: stage.run(run), results: stage.results() };
}

function written({ folders }: ResultStage, path: string | null): DataSet {
  return parseInstance(readFileSync(join(folders.results, path ?? ''))).dataset;
}

describe('an RTSTRUCT that a model left', () => {
  it('is delivered as it is, under UIDs of the node, and says which model, image and rule it comes from', async () => {
    let left: DataSet | undefined;
    const { stage, run, results } = await ended((source) => {
      const file = structureSet(source);
      left = parseInstance(file).dataset;
      return { 'lungs.rts.dcm': file };
    });
    expect(run).toMatchObject({ state: 'done', reason: null });
    const [result] = results;
    expect(result).toMatchObject({ state: 'passed', sop_class_uid: SOP_CLASS.RTStructureSetStorage });
    expect(stage.deliveries()).toMatchObject([{ result_id: result.id }]);
    const seen = written(stage, result.path);
    expect(seen.uid(TAG.SOPInstanceUID)).toBe(result.sop_instance_uid);
    expect(seen.uid(TAG.SeriesInstanceUID)).toBe(result.series_instance_uid);
    expect(contourTexts(seen)).toEqual(contourTexts(left!));
    const contributor = seen.items(TAG.ContributingEquipmentSequence).at(-1);
    expect(contributor?.text(TAG.ContributionDescription)).toBe('image sha256:0; rule chest, revision x');
    expect((JSON.parse(result.summary ?? '') as { segments: unknown }).segments).toMatchObject([
      { label: 'Right lung', structure: 'RIGHT_LUNG' },
      { label: 'Left lung', structure: 'LEFT_LUNG' },
    ]);
  });

  it('says RESEARCH where its model is not for use on patients, whatever it says itself', async () => {
    const own = (source: SegSource) => changed(structureSet(source), { SeriesDescription: 'Contours of both lungs' });
    const { stage, results } = await ended((source) => ({ 'a.dcm': own(source) }), { status: 'research' });
    expect(written(stage, results[0].path).text(TAG.SeriesDescription)).toBe('RESEARCH Contours of both lungs');
  });

  it('has found something where it has a point, and is delivered', async () => {
    const point = headerOf({ ContourGeometricType: 'POINT', NumberOfContourPoints: 1, ContourData: [0, 0, 0] });
    const regions = [1, 2].map((n) => headerOf({ ReferencedROINumber: n, ContourSequence: [point] }));
    const { run, results } = await ended((source) => ({ 'a.dcm': changed(structureSet(source), { ROIContourSequence: regions }) }), {
      outputs: { mustExist: 'card', allowEmpty: true },
    });
    expect(run).toMatchObject({ state: 'done', reason: null });
    expect(results).toMatchObject([{ state: 'passed' }]);
  });

  it('is the same object when it is made again', async () => {
    const bytes = async () => {
      const { stage, results } = await ended((source) => ({ 'a.dcm': structureSet(source) }));
      return readFileSync(join(stage.folders.results, results[0].path ?? ''));
    };
    expect(Buffer.compare(await bytes(), await bytes())).toBe(0);
  });

  it('refers to the result that is made of another output, not to that output', async () => {
    const { stage, results } = await ended((source) => {
      const seg = writeSeg(lungsOn(source)).bytes;
      const reference = headerOf({ ReferencedSOPClassUID: SOP_CLASS.SegmentationStorage, ReferencedSOPInstanceUID: '1.2.3.4.77.1' });
      return { 'seg.dcm': seg, 'set.dcm': changed(withUids(lungsOn(source)), { ReferencedImageSequence: [reference] }) };
    });
    const [seg, set] = results;
    const [reference] = written(stage, set.path).items(TAG.ReferencedImageSequence);
    expect(reference.uid(TAG.ReferencedSOPInstanceUID)).toBe(seg.sop_instance_uid);
  });

  const image = (source: SegSource) => source.slices[0].sopInstanceUid;
  it.each<readonly [string, (source: SegSource) => Uint8Array, RegExp]>([
    ['another patient', (s) => changed(structureSet(s), { PatientID: 'somebody else' }), /patient: another PatientID/],
    ['another study', (s) => changed(structureSet(s), { StudyInstanceUID: '1.2.3' }), /study: 1\.2\.3, expected/],
    ['an image’s UID as its own', (s) => changed(structureSet(s), { SOPInstanceUID: image(s) }), /uids: SOPInstanceUID .* is an input's/],
    ['another frame of reference', (s) => writeStructureSet(onFrame(s, '1.2.3')), /frame of reference: 1\.2\.3, expected/],
    ['images of another series', (s) => writeStructureSet(onImages(s, '9.9')), /reference: \d+ images such as 9\.9\.0, expected/],
    ['contours beside the images', (s) => writeStructureSet(shifted(s, 500)), /geometry: ROI 1: contour 1 lies .* beyond the last slice/],
    [
      'a person’s approval',
      (s) => changed(structureSet(s), { ApprovalStatus: 'APPROVED' }),
      /format: ApprovalStatus APPROVED, expected UNAPP/,
    ],
    [
      'another frame of reference of its own',
      (s) => changed(structureSet(s), { FrameOfReferenceUID: '1.2.3' }),
      /frame of reference: 1\.2\.3, expected/,
    ],
    [
      'another frame of reference beside that of its images',
      (s) => changed(structureSet(s), { ReferencedFrameOfReferenceSequence: framesBeside(s, { RelatedFrameOfReferenceUID: '1.2.3' }) }),
      /frame of reference: 1\.2\.3, expected/,
    ],
    [
      'images that are not there, beside its contours',
      (s) => changed(structureSet(s), { ReferencedInstanceSequence: [headerOf({ ReferencedSOPInstanceUID: '1.2.3' })] }),
      /reference: 1\.2\.3, which is neither an input nor an output of the run/,
    ],
    ['another birth date', (s) => changed(structureSet(s), { PatientBirthDate: '19010101' }), /patient: another PatientBirthDate/],
    ['another name', (s) => changed(structureSet(s), { PatientName: 'Nobody^No' }), /patient: another PatientName/],
    [
      'contours that name the images of other slices',
      (s) => writeStructureSet(backwards(s)),
      /ROI 1: contour 1 lies on slice \d+ and names/,
    ],
    ['left where its code says right', (s) => writeStructureSet(misnamed(s)), /codes: ROI 1 named as LEFT_LUNG and coded as RIGHT_LUNG/],
    ['half of the structures', (s) => writeStructureSet(half(s)), /required structure: no voxel of LEFT_LUNG/],
    [
      'more than is read',
      (s) => Buffer.concat([structureSet(s), Buffer.alloc(64 * 1024 * 1024)]),
      /an output of \d+ bytes, expected at most 67108864/,
    ],
    ['nothing in it', (s) => structureSet(s).subarray(0, 2000), /format: .*, expected an RTSTRUCT that can be read/],
  ])('is refused with %s', async (_, make, reason) => {
    const { stage, run, results } = await ended((source) => ({ 'a.dcm': make(source) }));
    expect(run).toMatchObject({ state: 'rejected', failure_code: 'GATE_REJECTED' });
    expect(run.reason).toMatch(reason);
    expect(results).toMatchObject([{ state: 'rejected' }]);
    expect(stage.deliveries()).toEqual([]);
  });
});

/** A frame of reference without images, which says what else it relates to. */
function framesBeside({ grid }: SegSource, attributes: Attributes) {
  return [headerOf({ FrameOfReferenceUID: grid.frameOfReferenceUid, ReferencedImageSequence: [headerOf(attributes)] })];
}

function contourTexts(dataset: DataSet): string[] {
  const contours = dataset.items(TAG.ROIContourSequence).flatMap((item) => item.items(TAG.ContourSequence));
  return contours.map((contour) => contour.texts(TAG.ContourData).join());
}

/** Names in the manner of TG-263, of the other side than the codes. */
function misnamed(source: SegSource): SegInput {
  const input = lungsOn(source);
  return { ...input, segments: input.segments.map((segment, n) => ({ ...segment, label: ['Lung_L', 'Lung_R'][n] })) };
}

/** Another object in a series of its own. */
function withUids(input: SegInput): Uint8Array {
  return writeStructureSet({ ...input, identity: { ...input.identity, sopInstanceUid: '1.2.3.4.78.1', seriesInstanceUid: '1.2.3.4.78' } });
}

function onFrame(source: SegSource, frameOfReferenceUid: string): SegInput {
  return lungsOn({ ...source, grid: { ...source.grid, frameOfReferenceUid } });
}

function onImages(source: SegSource, root: string): SegInput {
  return lungsOn({ ...source, slices: source.slices.map((slice, k) => ({ ...slice, sopInstanceUid: `${root}.${k}` })) });
}

/** Every contour names the image that is as far from the other end. */
function backwards(source: SegSource): SegInput {
  const { slices } = source;
  const named = slices.map((slice, k) => ({ ...slice, sopInstanceUid: slices[slices.length - 1 - k].sopInstanceUid }));
  return lungsOn({ ...source, slices: named });
}

function shifted(source: SegSource, byMm: number): SegInput {
  const [x, y, z] = source.grid.originMm;
  return lungsOn({ ...source, grid: { ...source.grid, originMm: [x, y, z + byMm] } });
}

function half(source: SegSource): SegInput {
  const input = lungsOn(source);
  return { ...input, segments: input.segments.slice(0, 1) };
}
