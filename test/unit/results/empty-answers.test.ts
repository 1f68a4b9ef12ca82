/** Outputs in which nothing was found, beside others and alone: what is said of them, of which structures, and what may refer to them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { headerOf } from '../../../src/dicom/compose.js';
import { parseInstance } from '../../../src/dicom/element/parse.js';
import { TAG } from '../../../src/dicom/element/tags.js';
import { SOP_CLASS } from '../../../src/dicom/element/uids.js';
import { chestPhantom } from '../../../src/dicom/phantom/chest.js';
import { writeStructureSet } from '../../../src/dicom/rtstruct/write.js';
import type { SegInput, SegSource } from '../../../src/dicom/seg/input.js';
import { writeSeg } from '../../../src/dicom/seg/write.js';
import type { ContentItem } from '../../../src/dicom/sr/content-item.js';
import { readReport } from '../../../src/dicom/sr/read.js';
import { writeReport } from '../../../src/dicom/sr/write.js';
import { encodeNrrd } from '../../../src/kit/nrrd.js';
import type { ResultRow } from '../../../src/ledger/results.js';
import { provenSuccessors } from '../../../src/ledger/withdrawals.js';
import { modelYamlSchema } from '../../../src/models/model-yaml.js';
import { changed } from '../../support/changed-object.js';
import { CONTENT, reportInput } from '../../support/report.js';
import { lungsOn, ResultStage } from '../../support/result-stage.js';
import { ellipsoid, labelMapOf, segInput } from '../../support/seg.js';

const SLICES = chestPhantom({ name: 'empty', spacingMm: [24, 24, 24] })
  .files.slice(4, 10)
  .map(({ bytes }) => bytes);
const CARD = [{ type: 'Segmentation', classes: ['RIGHT_LUNG', 'LEFT_LUNG', 'LUNG+NODULE'] }];
const REPORTS = [{ file: '*.json', groups: [{ values: [{ path: 'p', name: 'Probability of cancer', unit: '%' }] }] }];
const LABEL_MAPS = [{ file: '*.nrrd', labels: { 1: 'LUNG+NODULE' } }];
const NONE = 'analysed, none segmented';

type Outputs = (source: SegSource) => Readonly<Record<string, Uint8Array>>;

const stageOf = (outputs: object = {}) => {
  const told = { allowEmpty: true, labelMaps: LABEL_MAPS, ...outputs };
  return new ResultStage(modelYamlSchema.parse({ runtime: 'process', command: ['x'], outputs: told }), CARD);
};

/** A stage whose next run has left these files. */
async function ended(stage: ResultStage, outputs: Outputs, slices = SLICES, workflow: string | null = null) {
  await stage.receive(...slices);
  const run = stage.settle();
  stage.db.run('UPDATE runs SET workflow = ? WHERE id = ?', workflow, run);
  await stage.produce(run, outputs);
  await stage.makeResults();
  return { run: stage.run(run), results: stage.results().filter(({ run_id }) => run_id === run) };
}

const json = (p: number) => Buffer.from(JSON.stringify({ p }));
const nodules = (source: SegSource, drawn: boolean) =>
  encodeNrrd(labelMapOf(source.grid, drawn ? [ellipsoid(source.grid, [0.3, 0.5, 0.5], 0.25)] : []));

function underOtherUids(input: SegInput): SegInput {
  return { ...input, identity: { ...input.identity, sopInstanceUid: '1.2.3.4.79.1', seriesInstanceUid: '1.2.3.4.79' } };
}

function emptySeg(input: SegInput): Uint8Array {
  const bytes = Buffer.from(writeSeg(input).bytes);
  parseInstance(bytes).dataset.bytesOf(TAG.PixelData)?.fill(0);
  return bytes;
}

/** Regions without contours; no regions at all. */
const emptySet = (source: SegSource) => changed(writeStructureSet(lungsOn(source)), { ROIContourSequence: [] });
const bareSet = (source: SegSource) =>
  changed(writeStructureSet(lungsOn(source)), { ROIContourSequence: [], StructureSetROISequence: [], RTROIObservationsSequence: [] });

/** What the reports among these results say in words, but of themselves. */
function textsOf({ folders }: ResultStage, results: readonly ResultRow[]): string[] {
  const written = results.filter(({ state, sop_class_uid }) => state === 'passed' && sop_class_uid === SOP_CLASS.ComprehensiveSRStorage);
  return written.flatMap(({ path }) => textsIn(readReport(parseInstance(readFileSync(join(folders.results, path ?? ''))).dataset).root));
}

function textsIn({ value, relationship, children }: ContentItem): string[] {
  const own = value.type === 'TEXT' && relationship === 'CONTAINS' && value.text.includes(NONE) ? [value.text] : [];
  return [...own, ...children.flatMap(textsIn)];
}

const classesOf = (results: readonly ResultRow[]) => results.filter(({ state }) => state === 'passed').map((row) => row.sop_class_uid);

describe('an output in which nothing was found', () => {
  it.each<[string, Outputs, string[]]>([
    ['a label map', (source) => ({ 'b.nrrd': nodules(source, false) }), [`Nodule in lung: ${NONE}`]],
    ['a DICOM-SEG', (source) => ({ 'b.dcm': emptySeg(lungsOn(source)) }), [`Right lung: ${NONE}`, `Left lung: ${NONE}`]],
    ['an RTSTRUCT', (source) => ({ 'b.dcm': emptySet(source) }), [`Right lung: ${NONE}`, `Left lung: ${NONE}`]],
  ])('is told of beside a report that a mapping makes: %s', async (_name, empty, texts) => {
    const stage = stageOf({ reports: REPORTS });
    const { run, results } = await ended(stage, (source) => ({ 'a.json': json(12), ...empty(source) }));
    expect(run.state).toBe('done');
    expect(run.reason).toMatch(/^analysed, nothing segmented in b\.(nrrd|dcm): a report says so$/);
    expect(classesOf(results)).toEqual([SOP_CLASS.ComprehensiveSRStorage, SOP_CLASS.ComprehensiveSRStorage]);
    expect(textsOf(stage, results)).toEqual(texts);
    expect(stage.deliveries()).toHaveLength(2);
  });

  it('lets what was drawn in an earlier version be withdrawn only when the report that says so has arrived too', async () => {
    const stage = stageOf({ reports: REPORTS });
    const first = await ended(stage, (source) => ({ 'a.json': json(90), 'b.nrrd': nodules(source, true) }), SLICES.slice(1));
    const later = await ended(stage, (source) => ({ 'a.json': json(1), 'b.nrrd': nodules(source, false) }), SLICES.slice(0, 1));
    const seg = first.results[1];
    const said = later.results.filter(({ state }) => state === 'passed');
    expect(said).toHaveLength(2);
    for (const { id } of said) {
      expect(provenSuccessors(stage.db, seg.id, 'pacs')).toEqual([]);
      deliver(stage, id);
    }
    expect(provenSuccessors(stage.db, seg.id, 'pacs').map(({ result_id }) => result_id)).toEqual(said.map(({ id }) => id));
  });

  it('leaves what was drawn in an earlier version where it is, where no report may say so', async () => {
    const stage = stageOf({ reports: REPORTS, emptyAnswer: 'none' });
    const first = await ended(stage, (source) => ({ 'a.json': json(90), 'b.nrrd': nodules(source, true) }), SLICES.slice(1));
    const later = await ended(stage, (source) => ({ 'a.json': json(1), 'b.nrrd': nodules(source, false) }), SLICES.slice(0, 1));
    expect(later.run.reason).toBe('analysed, nothing segmented in b.nrrd: no object is written');
    const [said] = later.results.filter(({ state }) => state === 'passed');
    deliver(stage, said.id);
    const [report, seg] = first.results;
    expect(provenSuccessors(stage.db, report.id, 'pacs')).toMatchObject([{ result_id: said.id }]);
    expect(provenSuccessors(stage.db, seg.id, 'pacs')).toEqual([]);
  });
});

describe('an empty output beside one in which something is drawn', () => {
  const [early, late] = [SLICES.slice(1), SLICES.slice(0, 1)];
  const lungs = (source: SegSource) => writeSeg(lungsOn(source)).bytes;
  /** The successors of each result of the first of two versions, when all of the second one has arrived. */
  async function successors(stage: ResultStage, first: Outputs, second: Outputs) {
    const before = await ended(stage, first, early);
    expect(before.results.map(({ state }) => state)).not.toContain('rejected');
    const after = await ended(stage, second, late);
    for (const { id } of after.results.filter(({ state }) => state === 'passed')) deliver(stage, id);
    return before.results.map(({ id }) => provenSuccessors(stage.db, id, 'pacs').length);
  }

  it('keeps only what was drawn in its own place, where no object may say so', async () => {
    const outputs = (drawn: boolean) => (source: SegSource) => ({ 'lesion.nrrd': nodules(source, drawn), 'organs.dcm': lungs(source) });
    expect(await successors(stageOf({ emptyAnswer: 'none' }), outputs(true), outputs(false))).toEqual([0, 1]);
  });

  it('keeps all of its class where outputs have other names each time', async () => {
    const first: Outputs = (source) => ({ 'lesion-1.nrrd': nodules(source, true) });
    const second: Outputs = (source) => ({ 'lesion-2.nrrd': nodules(source, false), 'organs.dcm': lungs(source) });
    expect(await successors(stageOf({ emptyAnswer: 'none' }), first, second)).toEqual([0]);
  });

  it.each(['report', 'none'])('keeps nothing where the other has drawn all that it names (emptyAnswer: %s)', async (emptyAnswer) => {
    const first: Outputs = (source) => ({ 'a.dcm': lungs(source) });
    const second: Outputs = (source) => ({ 'a.dcm': emptySeg(underOtherUids(lungsOn(source))), 'b.dcm': lungs(source) });
    expect(await successors(stageOf({ emptyAnswer }), first, second)).toEqual([1]);
  });

  it('is not what takes the place of an earlier result: what says so does, or what was drawn', async () => {
    const stage = stageOf();
    const first = await ended(stage, (source) => ({ 'a.nrrd': nodules(source, true), 'b.dcm': lungs(source) }), early);
    const second = await ended(stage, (source) => ({ 'a.nrrd': nodules(source, false), 'b.dcm': lungs(source) }), late);
    const [, seg, report] = second.results;
    expect(report).toMatchObject({ state: 'passed', sop_class_uid: SOP_CLASS.ComprehensiveSRStorage });
    const superseded = stage.results().filter(({ run_id }) => run_id === first.run.id);
    expect(superseded.map(({ superseded_by }) => superseded_by)).toEqual([report.id, seg.id]);
  });
});

it('does not pass for nothing found where it does not lie on the images', async () => {
  const { run } = await ended(stageOf(), ({ grid }) => {
    const half = { ...grid, slices: grid.slices - 1, spacingMm: [grid.spacingMm[0], grid.spacingMm[1], grid.spacingMm[2] / 2] as const };
    return { 'a.nrrd': encodeNrrd(labelMapOf(half, [])) };
  });
  expect(run).toMatchObject({ state: 'rejected', reason: expect.stringMatching(/^geometry: /) as string });
});

describe('the report that nothing was found', () => {
  it('names what was looked for and found nowhere, not what another output has drawn', async () => {
    const stage = stageOf();
    const { run, results } = await ended(stage, (source) => ({
      'a.dcm': writeSeg(lungsOn(source)).bytes,
      'b.nrrd': nodules(source, false),
    }));
    expect(run.reason).toBe('analysed, nothing segmented in b.nrrd: a report says so');
    expect(classesOf(results)).toEqual([SOP_CLASS.SegmentationStorage, SOP_CLASS.ComprehensiveSRStorage]);
    expect(textsOf(stage, results)).toEqual([`Nodule in lung: ${NONE}`]);
  });

  it('is one for several outputs, and names each structure once', async () => {
    const stage = stageOf();
    const { results } = await ended(stage, (source) => ({
      'a.dcm': emptySet(source),
      'b.dcm': emptySeg(lungsOn(source)),
      'c.nrrd': nodules(source, false),
    }));
    expect(textsOf(stage, results)).toEqual([`Right lung: ${NONE}`, `Left lung: ${NONE}`, `Nodule in lung: ${NONE}`]);
    expect(classesOf(results)).toHaveLength(1);
  });

  it('is not written where another output has drawn all of it', async () => {
    const { run, results } = await ended(stageOf(), (source) => ({ 'a.dcm': writeSeg(lungsOn(source)).bytes, 'b.dcm': emptySet(source) }));
    expect(run).toMatchObject({ state: 'done', reason: 'analysed, nothing segmented in b.dcm: no object is written' });
    expect(classesOf(results)).toEqual([SOP_CLASS.SegmentationStorage]);
  });

  it.each([
    ['the card of the usual workflow', null, [`Right lung: ${NONE}`, `Left lung: ${NONE}`, `Nodule in lung: ${NONE}`]],
    ['no structure of another workflow, which may draw fewer', 'lite', [`Segmentation: ${NONE}`]],
  ])('names, of an output without any region, %s', async (_name, workflow, texts) => {
    const stage = stageOf();
    const { results } = await ended(stage, (source) => ({ 'a.dcm': bareSet(source) }), SLICES, workflow);
    expect(textsOf(stage, results)).toEqual(texts);
  });
});

describe('an object that refers to a segmentation in which nothing is drawn', () => {
  const referring = (source: SegSource, uid: string): Uint8Array => {
    const instances = source.slices.map(({ sopClassUid, sopInstanceUid }) => ({ sopClassUid, sopInstanceUid }));
    const series = [{ seriesInstanceUid: source.seriesInstanceUid, modality: 'CT', instances }];
    const input = reportInput({ ...CONTENT, groups: CONTENT.groups.slice(0, 1), series });
    const studyInstanceUid = (source.header['0020000D'].Value as string[])[0];
    const reference = { ReferencedSOPClassUID: SOP_CLASS.SegmentationStorage, ReferencedSOPInstanceUID: uid };
    return changed(writeReport({ ...input, source: source.header, identity: { ...input.identity, studyInstanceUid } }), {
      ReferencedImageSequence: [headerOf(reference)],
    });
  };

  it('is refused, as that segmentation is never written', async () => {
    const stage = stageOf();
    const { run } = await ended(stage, (source) => {
      const input = lungsOn(source);
      return { 'seg.dcm': emptySeg(input), 'sr.dcm': referring(source, input.identity.sopInstanceUid) };
    });
    expect(run).toMatchObject({ state: 'rejected', failure_code: 'GATE_REJECTED' });
    expect(run.reason).toMatch(
      /^reference: sr\.dcm refers to 1\.2\.3\.4\.77\.1, seg\.dcm, in which nothing is drawn, .*, expected references to/,
    );
    expect(stage.results().map(({ state }) => state)).toEqual(['rejected', 'rejected']);
    expect(stage.deliveries()).toEqual([]);
  });

  it('leaves where it refers to another one', async () => {
    const { run } = await ended(stageOf(), (source) => ({
      'a.dcm': writeSeg(lungsOn(source)).bytes,
      'b.nrrd': nodules(source, false),
      'sr.dcm': referring(source, lungsOn(source).identity.sopInstanceUid),
    }));
    expect(run.state).toBe('done');
  });
});

describe('a structure that must be there', () => {
  const right = (source: SegSource) => writeSeg(segInput(source, lungsOn(source).segments.slice(0, 1))).bytes;
  const left = (source: SegSource) => {
    return writeSeg(underOtherUids(segInput(source, lungsOn(source).segments.slice(1)))).bytes;
  };
  const required = (mustExist: string[], more: object = {}) => stageOf({ mustExist, allowEmpty: false, ...more });

  it('may be in any output', async () => {
    const both: Outputs = (source) => ({ 'a.dcm': right(source), 'b.dcm': left(source) });
    expect((await ended(required(['LEFT_LUNG', 'RIGHT_LUNG']), both)).run).toMatchObject({ state: 'done', reason: null });
    expect((await ended(required(['LEFT_LUNG', 'LUNG+NODULE']), both)).run).toMatchObject({
      state: 'rejected',
      reason: 'required structure: no voxel of LUNG+NODULE, expected some: the model card says that it must be there',
    });
  });

  it('may be there as a part of it', async () => {
    expect((await ended(required(['LUNG']), (source) => ({ 'a.dcm': right(source) }))).run.state).toBe('done');
    expect((await ended(required(['LUNG', 'LEFT_LUNG']), (source) => ({ 'a.dcm': right(source) }))).run.reason).toMatch(
      /no voxel of LEFT_LUNG/,
    );
  });

  it('may be known by its label alone', async () => {
    const femur: Outputs = (source) => {
      const [segment] = lungsOn(source).segments;
      const type = { value: '71341001', scheme: 'SCT', meaning: 'Femur' };
      return {
        'a.dcm': writeSeg(segInput(source, [{ ...segment, label: 'Left femur', meaning: { ...segment.meaning, type, typeModifiers: [] } }]))
          .bytes,
      };
    };
    expect((await ended(required(['LEFT_FEMUR']), femur)).run.state).toBe('done');
  });

  it('must be there also where others may be missing', async () => {
    const { run } = await ended(required(['RIGHT_LUNG'], { allowEmpty: true }), (source) => ({
      'a.dcm': left(source),
      'b.nrrd': nodules(source, false),
    }));
    expect(run).toMatchObject({ state: 'rejected', reason: expect.stringContaining('no voxel of RIGHT_LUNG') as string });
  });
});

function deliver({ db, now }: ResultStage, resultId: number): void {
  const row = db.get<{ id: number }>('SELECT id FROM deliveries WHERE result_id = ?', resultId);
  for (const state of ['sending', 'delivered'] as const) db.move('deliveries', row!.id, state, { at: now });
}
