/** Reports as results: of an answer by its mapping, and of an answer that found nothing. */
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseInstance } from '../../../src/dicom/element/parse.js';
import { SOP_CLASS } from '../../../src/dicom/element/uids.js';
import { chestPhantom } from '../../../src/dicom/phantom/chest.js';
import type { SegSource } from '../../../src/dicom/seg/input.js';
import { writeSeg } from '../../../src/dicom/seg/write.js';
import type { ContentItem } from '../../../src/dicom/sr/content-item.js';
import { readReport, type StructuredReport } from '../../../src/dicom/sr/read.js';
import { encodeNrrd } from '../../../src/kit/nrrd.js';
import type { ResultRow } from '../../../src/ledger/results.js';
import { provenSuccessors } from '../../../src/ledger/withdrawals.js';
import { modelYamlSchema } from '../../../src/models/model-yaml.js';
import { lungsOn, ResultStage } from '../../support/result-stage.js';
import { labelMapOf } from '../../support/seg.js';

const SLICES = chestPhantom({ name: 'reports', spacingMm: [24, 24, 24] })
  .files.slice(4, 10)
  .map(({ bytes }) => bytes);

const PREDICTION = [{ type: 'Prediction', label: 'cancer', valueType: 'Likelihood' }];
const MAPPING = {
  file: '*.json',
  groups: [{ values: [{ path: 'likelihood', name: 'Probability of cancer', unit: '%', factor: 100, range: [0, 1] }] }],
};

const packageWith = (outputs: object) => modelYamlSchema.parse({ runtime: 'process', command: ['x'], outputs });
const text = (content: string) => Buffer.from(content);
type Outputs = (source: SegSource) => Readonly<Record<string, Uint8Array>>;

/** A stage whose first run has left these files. */
async function ended(stage: ResultStage, outputs: Outputs, slices = SLICES) {
  await stage.receive(...slices);
  const run = stage.settle();
  await stage.produce(run, outputs);
  await stage.makeResults();
  return { run: stage.run(run), results: stage.results() };
}

function bytesOf({ folders }: ResultStage, { path }: ResultRow): Uint8Array {
  return readFileSync(join(folders.results, path ?? ''));
}

const reportOf = (stage: ResultStage, row: ResultRow): StructuredReport => readReport(parseInstance(bytesOf(stage, row)).dataset);

/** `concept = value` of every item that says something. */
function said(item: ContentItem): string[] {
  const { concept, value, children } = item;
  const name = concept?.meaning ?? value.type;
  const own =
    value.type === 'NUM' && 'value' in value
      ? [`${name} = ${value.value} ${value.unit.value}`]
      : value.type === 'TEXT'
        ? [`${name} = ${value.text}`]
        : [];
  return [...own, ...children.flatMap(said)];
}

function uidsIn({ concept, value, children }: ContentItem, name: string): string[] {
  return [
    ...(value.type === 'UIDREF' && concept?.meaning === name ? [value.uid] : []),
    ...children.flatMap((child) => uidsIn(child, name)),
  ];
}

/** A label map of the lungs, with or without a voxel. */
const labelMap = (source: SegSource, drawn: boolean) =>
  encodeNrrd(labelMapOf(source.grid, drawn ? lungsOn(source).segments.map(({ mask }) => mask) : []));

describe('an answer in JSON', () => {
  const stage = () => new ResultStage(packageWith({ reports: [MAPPING] }), PREDICTION);

  it('becomes a report by its mapping, of all images of the series, and is delivered', async () => {
    const node = stage();
    const { run, results } = await ended(node, () => ({ 'a.json': text('{"likelihood": 0.29}') }));
    expect(run).toMatchObject({ state: 'done', reason: null });
    const [result] = results;
    expect(result).toMatchObject({ state: 'passed', sop_class_uid: SOP_CLASS.ComprehensiveSRStorage });
    expect(node.deliveries()).toMatchObject([{ result_id: result.id, destination: 'pacs' }]);
    const seen = reportOf(node, result);
    expect(seen.sopInstanceUid).toBe(result.sop_instance_uid);
    expect(said(seen.root)).toEqual(
      expect.arrayContaining([
        'Probability of cancer = 29 %',
        'Device Observer Model Name = lungs',
        'Device Observer Serial Number = sha256:0',
        'Algorithm Parameters = image sha256:0',
      ]),
    );
    expect(seen.evidence.flatMap(({ sopInstanceUids }) => sopInstanceUids)).toHaveLength(SLICES.length);
    expect(JSON.parse(result.summary ?? '')).toEqual({ notes: [], measures: ['Answer: Probability of cancer: 29 %'] });
  });

  it('has the title that the package names', async () => {
    const node = new ResultStage(
      packageWith({ reports: [MAPPING], reportTitle: { code: 'AI', scheme: '99SITE', meaning: 'AI measurements' } }),
      PREDICTION,
    );
    const { results } = await ended(node, () => ({ 'a.json': text('{"likelihood": 0.29}') }));
    expect(reportOf(node, results[0]).root.concept).toEqual({ value: 'AI', scheme: '99SITE', meaning: 'AI measurements' });
  });

  it('is the same bytes when it is made again', async () => {
    const bytes = async () => {
      const node = stage();
      const { results } = await ended(node, () => ({ 'a.json': text('{"likelihood": 0.29}') }));
      return bytesOf(node, results[0]);
    };
    expect(await bytes()).toEqual(await bytes());
  });

  it.each<[string, Readonly<Record<string, string>>, string]>([
    ['out of its range', { 'a.json': '{"likelihood": 29}' }, 'format: 29 at likelihood, expected a number from 0 to 1'],
    [
      'without the key',
      { 'a.json': '{"probability": 0.2}' },
      'format: nothing at likelihood, expected a value: model.yaml does not say that it is optional',
    ],
    ['cut off', { 'a.json': '{"likelihood": 0.' }, 'format: no JSON, or half of it, expected JSON from its beginning to its end'],
    [
      'under another name',
      { 'a.csv': 'x\n1\n' },
      'no file *.json among the outputs, of which model.yaml makes a report; expected one of each',
    ],
  ])('%s is rejected, which says why', async (_name, files, reason) => {
    const left = Object.fromEntries(Object.entries(files).map(([name, content]) => [name, text(content)]));
    const node = stage();
    const { run } = await ended(node, () => left);
    expect(run).toMatchObject({ state: 'rejected', failure_code: 'GATE_REJECTED', reason });
    expect(node.deliveries()).toEqual([]);
  });

  it('leaves beside the segmentation of the same run', async () => {
    const node = new ResultStage(packageWith({ reports: [MAPPING] }));
    const { results } = await ended(node, (source) => ({ 'a.json': text('{"likelihood": 1}'), 'b.dcm': writeSeg(lungsOn(source)).bytes }));
    expect(results.map(({ state, sop_class_uid }) => [state, sop_class_uid])).toEqual([
      ['passed', SOP_CLASS.ComprehensiveSRStorage],
      ['passed', SOP_CLASS.SegmentationStorage],
    ]);
    expect(node.deliveries()).toHaveLength(2);
  });

  it('must be there beside a segmentation, and each of several', async () => {
    const segmentation: Outputs = (source) => ({ 'b.dcm': writeSeg(lungsOn(source)).bytes });
    const beside = await ended(new ResultStage(packageWith({ reports: [MAPPING] })), segmentation);
    expect(beside.run).toMatchObject({ state: 'rejected', reason: expect.stringContaining('no file *.json among') as string });
    const two = packageWith({
      reports: [
        { ...MAPPING, file: 'a.json' },
        { ...MAPPING, file: 'b.json' },
      ],
    });
    const one = await ended(new ResultStage(two, PREDICTION), () => ({ 'a.json': text('{"likelihood": 1}') }));
    expect(one.run).toMatchObject({ state: 'rejected', reason: expect.stringContaining('no file b.json among') as string });
  });

  it('tells of other things than another file, and the same as a later one of its name', async () => {
    const answers = () => ({ 'x/a.json': text('{"likelihood": 1}'), 'y/a.json': text('{"likelihood": 0}') });
    const tracked = async () => {
      const node = stage();
      const { results } = await ended(node, answers);
      return results.map((row) => uidsIn(reportOf(node, row).root, 'Tracking Unique Identifier').join());
    };
    const [one, other] = await tracked();
    expect(one).not.toBe(other);
    expect(await tracked()).toEqual([one, other]);
  });

  it('about an input that the run does not have is rejected', async () => {
    const node = new ResultStage(packageWith({ reports: [{ ...MAPPING, on: 'pet' }] }), PREDICTION);
    const { run } = await ended(node, () => ({ 'a.json': text('{"likelihood": 1}') }));
    expect(run).toMatchObject({
      state: 'rejected',
      reason: expect.stringMatching(/^reference: no input pet, .* expected one of /) as string,
    });
  });

  it('is no answer where the card promises a segmentation', async () => {
    const node = new ResultStage(packageWith({ reports: [MAPPING] }));
    const { run } = await ended(node, () => ({ 'a.json': text('{"likelihood": 1}') }));
    expect(run).toMatchObject({ state: 'rejected', reason: expect.stringContaining('no DICOM-SEG among the outputs') as string });
  });
});

describe('a model that may find nothing, and has found nothing', () => {
  const stage = (more: object = {}) =>
    new ResultStage(
      packageWith({ allowEmpty: true, labelMaps: [{ file: '*.nrrd', labels: { 1: 'RIGHT_LUNG', 2: 'LEFT_LUNG' } }], ...more }),
      [{ type: 'Segmentation', classes: ['RIGHT_LUNG', 'LEFT_LUNG', 'BACKGROUND'] }],
    );
  const nothing: Outputs = (source) => ({ 'a.nrrd': labelMap(source, false) });

  it('leaves a report that says so of each structure of the card, and nothing that reads as negative', async () => {
    const node = stage();
    const { run, results } = await ended(node, nothing);
    expect(run).toMatchObject({ state: 'done', reason: 'analysed, nothing segmented: a report says so' });
    expect(results.map(({ state, sop_class_uid }) => [state, sop_class_uid])).toEqual([
      ['rejected', SOP_CLASS.SegmentationStorage],
      ['passed', SOP_CLASS.ComprehensiveSRStorage],
    ]);
    expect(node.deliveries()).toMatchObject([{ result_id: results[1].id }]);
    const { root, evidence } = reportOf(node, results[1]);
    const lines = said(root).filter((line) => !/Device|Algorithm/.test(line));
    expect(lines).toEqual([
      'Lung = Right lung: analysed, none segmented',
      'Lung = Left lung: analysed, none segmented',
      'Comment = The model drew nothing of what is named here, in the images named here. This says what a program did, not what the images show.',
    ]);
    expect(lines.join()).not.toMatch(/negative|normal|unremarkable|no evidence|absent|free of/i);
    expect(evidence.flatMap(({ sopInstanceUids }) => sopInstanceUids)).toHaveLength(SLICES.length);
  });

  it('leaves the same bytes when it is made again, also where the disk failed in between', async () => {
    const first = stage();
    const { results } = await ended(first, nothing);
    const second = stage();
    await second.receive(...SLICES);
    const run = second.settle();
    await second.produce(run, nothing);
    rmSync(second.folders.results, { recursive: true });
    await second.makeResults();
    expect(second.run(run).state).toBe('produced');
    mkdirSync(second.folders.results);
    await second.makeResults();
    expect(second.run(run).state).toBe('done');
    const again = second.results();
    expect(again).toHaveLength(2);
    expect(bytesOf(second, again[1])).toEqual(bytesOf(first, results[1]));
  });

  it('leaves nothing where the package wants it so', async () => {
    const node = stage({ emptyAnswer: 'none' });
    const { run, results } = await ended(node, nothing);
    expect(run).toMatchObject({ state: 'done', reason: 'analysed, nothing segmented: no object is written' });
    expect(results).toMatchObject([{ state: 'rejected' }]);
  });

  it('takes the place of what it drew in an earlier version, which may be withdrawn as soon as the report has arrived', async () => {
    const node = stage();
    await ended(node, (source) => ({ 'a.nrrd': labelMap(source, true) }), SLICES.slice(1));
    await ended(node, nothing, SLICES.slice(0, 1));
    const [seg, , report] = node.results();
    expect(seg).toMatchObject({ state: 'superseded', superseded_by: report.id, sop_class_uid: SOP_CLASS.SegmentationStorage });
    expect(provenSuccessors(node.db, seg.id, 'pacs')).toEqual([]);
    const delivery = node.deliveries().find(({ result_id }) => result_id === report.id);
    node.db.move('deliveries', delivery!.id, 'sending', { at: node.now });
    node.db.move('deliveries', delivery!.id, 'delivered', { at: node.now });
    expect(provenSuccessors(node.db, seg.id, 'pacs')).toMatchObject([{ result_id: report.id }]);
  });
});
