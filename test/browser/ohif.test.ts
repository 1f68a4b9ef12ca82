/**
 * What a radiologist sees: OHIF in headless Chromium, with nothing behind it but the node's own archive. The CT came in by storescu and
 * its segmentation by a rule and a model; voxels that the viewer holds are compared with what pydicom reads, names and colours with the table of
 * structures. Some archives take label maps, others BINARY.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { stringify } from 'yaml';
import type { DeliveryView } from '../../src/api/views.js';
import { firstText } from '../../src/dicom/header.js';
import { masksOfLabels } from '../../src/dicom/seg/mask.js';
import { writeSeg } from '../../src/dicom/seg/write.js';
import { CONCEPT } from '../../src/dicom/sr/concepts.js';
import type { MeasurementReport } from '../../src/dicom/sr/measurement-report.js';
import { writeReport } from '../../src/dicom/sr/write.js';
import { structureById, type Structure } from '../../src/dicom/structures/table.js';
import { searchInstances } from '../../src/dicomweb/client/qido.js';
import { newUid } from '../../src/foundation/ids.js';
import { makeChestStudy, sendTo, type ChestStudy } from '../support/chest-study.js';
import { describeWith, testData } from '../support/data.js';
import { dcmtk } from '../support/dcmtk.js';
import { structuresOf } from '../support/kit.js';
import { addModel } from '../support/model-package.js';
import { missingForNode, startNode, type TestNode } from '../support/node.js';
import { missingForOhif, serveViewer, startBrowser } from '../support/ohif.js';
import { part10Files, type Part10File } from '../support/part10.js';
import { CONTENT, reportInput } from '../support/report.js';
import { ellipsoid, labelMapOf, PYTHON, segInput, segmentOf, sourceOfFolder } from '../support/seg.js';
import { shownInViewer, turnToMiddle, type Shown } from '../support/shown-in-viewer.mjs';
import { tempFolder } from '../support/temp.js';
import { missingTools } from '../support/tools.js';
import { until } from '../support/until.js';

const LUNGS = ['RIGHT_LUNG', 'LEFT_LUNG'];
/** What a network of the brain tells apart. */
const BRAIN = structuresOf('brainchop_model18cls');
/** The viewer reads CIELab with another white point than DICOM's, which turns colours a little. */
const COLOUR_TOLERANCE = 40;
/** A browser that draws in software, beside everything else, on two cores. */
const TEST_MS = 240_000;
const PICTURES = '.cache/viewer-tests';

interface Slice {
  readonly counts: readonly number[];
  readonly sha256: string;
}

interface Truth {
  readonly labels: Readonly<Record<string, Slice>>;
  readonly mirrored: Readonly<Record<string, string>>;
  readonly hounsfield: Readonly<Record<string, string>>;
}

/** What the viewer shows of a study, and what it must show. */
interface Seen {
  readonly truth: Truth;
  readonly shown: Shown;
  readonly complaints: readonly string[];
}

const real = testData('ct-chest-a0001');
const missing = [...missingForOhif(), ...missingForNode(), ...missingTools('storescu', 'python3-pydicom', 'gdcmconv')];

describeWith('the viewer', missing, () => {
  const closing: (() => Promise<void>)[] = [];
  const brains = tempFolder('brains');
  let browser: Browser;
  let lungsNode: TestNode;
  let brainNode: TestNode;
  let labelMapNode: TestNode;

  async function nodeWith(model: string, folder: string, segmentation: 'binary' | 'labelmap', ...options: string[]): Promise<TestNode> {
    const rules = `rules:\n  - { name: every-ct, when: [{ tag: Modality, equals: CT }], model: ${model}, destinations: [archive] }\n`;
    const settings = { destinations: { archive: { kind: 'archive', segmentation } } };
    const node = await startNode({ rules: { 'rules.yaml': rules }, settings });
    closing.push(() => node.remove());
    await addModel(node, folder, ...options);
    return node;
  }

  beforeAll(async () => {
    writeBrainModel(brains);
    lungsNode = await nodeWith('lungs', 'deploy/models/lungs', 'binary', '--model-file', 'model.process.yaml');
    brainNode = await nodeWith('brain_drawn', brains, 'binary');
    labelMapNode = await nodeWith('brain_drawn', brains, 'labelmap');
    browser = await startBrowser();
    closing.push(() => browser.close());
  }, TEST_MS);

  afterAll(async () => {
    for (const close of closing.reverse()) await close();
  }, TEST_MS);

  /** Sends the study of a folder, and looks at it with its segmentation. */
  async function seenAt(node: TestNode, folder: string, name: string): Promise<Seen> {
    const files = part10Files(folder);
    const seg = await segmentedByRule(node, files);
    const truth = truthOf(
      seg.path,
      [0, files.length >> 1, files.length - 1].map((n) => files[n]),
    );
    const viewer = await serveViewer(node);
    const page = await browser.newPage({ viewport: { width: 1400, height: 900 } });
    const complaints: string[] = [];
    page.on('response', (answer) => {
      if (answer.status() >= 400) complaints.push(`${answer.status()} ${answer.url()}`);
    });
    await page.goto(
      `${viewer.url}/viewer?StudyInstanceUIDs=${files[0].studyInstanceUid}&initialSeriesInstanceUID=${seg.seriesInstanceUid}`,
    );
    const pixelUids = Object.keys(truth.hounsfield);
    const shown = await until('the viewer shows the segmentation', () => page.evaluate(shownInViewer, pixelUids), 60_000);
    await picture(page, name);
    complaints.push(...(await page.locator('[data-sonner-toast]').allInnerTexts()));
    await page.close();
    await viewer.close();
    return { truth, shown, complaints };
  }

  /** Every voxel, name and colour is there, and nothing was refused. */
  function expectRight({ truth, shown, complaints }: Seen, structures: readonly string[]): void {
    expect(shown.labels).toEqual(truth.labels);
    expect(shown.hounsfield).toEqual(truth.hounsfield);
    expectNamesAndColours(shown, structures);
    // The comparison tells a mirror image: no slice with a segment in it would pass for its own.
    const confusable = Object.entries(truth.mirrored).filter(([uid, hash]) => shown.labels[uid]?.sha256 === hash);
    expect(confusable).toEqual([]);
    expect(complaints).toEqual([]);
  }

  const studies = [
    { name: 'a phantom', folder: () => makeChestStudy('viewer phantom', { spacingMm: [1.5, 1.5, 8] }).folder },
    ...(real === undefined ? [] : [{ name: 'a real chest in JPEG-LS', folder: () => join(real, 'B-jpegls') }]),
  ];

  it.each(studies)(
    'shows $name and its segmentation, voxel by voxel',
    async ({ name, folder }) => expectRight(await seenAt(lungsNode, folder(), name), LUNGS),
    TEST_MS,
  );

  it(
    'shows many structures, each in its own colour and under its own name',
    async () => expectRight(await seenAt(brainNode, brainStudy(brains, 'many structures', 128), 'many structures'), BRAIN),
    TEST_MS,
  );

  it(
    'shows them as a label map, of frames that do not end on a byte',
    async () => expectRight(await seenAt(labelMapNode, brainStudy(brains, 'odd frames', 129), 'label map of odd frames'), BRAIN),
    TEST_MS,
  );

  it(
    'shows the same frames as BINARY shifted: a limit of OHIF 3.13, which the result has a note of',
    async () => {
      const { truth, shown, complaints } = await seenAt(brainNode, brainStudy(brains, 'odd frames', 129), 'odd frames');
      expect(shown.labels).not.toEqual(truth.labels);
      expectNamesAndColours(shown, BRAIN);
      expect(complaints).toEqual([]);
      const [run] = await brainNode.admin.get<{ results: unknown }[]>('/runs');
      expect(JSON.stringify(run.results)).toContain('do not end on a byte');
    },
    TEST_MS,
  );

  it.each<[string, Pick<MeasurementReport, 'groups' | 'evaluations'>, RegExp]>([
    ['of numbers', { groups: CONTENT.groups.slice(0, 1), evaluations: [] }, /41\.25/],
    [
      'that nothing was found',
      { groups: [], evaluations: [{ name: CONCEPT.comment, value: 'Lung: analysed, none segmented' }] },
      /analysed, none segmented/,
    ],
  ])(
    'shows a report %s as text',
    async (name, said, text) => {
      const study = makeChestStudy(`viewer report ${name}`, { spacingMm: [12, 12, 24] });
      const series = await reportOn(lungsNode, study, said);
      const viewer = await serveViewer(lungsNode);
      const page = await browser.newPage({ viewport: { width: 1400, height: 900 } });
      await page.goto(`${viewer.url}/viewer?StudyInstanceUIDs=${study.studyInstanceUid}&initialSeriesInstanceUID=${series}`);
      const end = page.getByText(text).or(page.getByText('Something went wrong')).first();
      await end.waitFor({ timeout: 60_000 });
      mkdirSync(PICTURES, { recursive: true });
      await page.screenshot({ path: join(PICTURES, `report-${name.replaceAll(' ', '-')}.png`) });
      expect(await page.getByText('Something went wrong').count()).toBe(0);
      await page.close();
      await viewer.close();
    },
    TEST_MS,
  );
});

function expectNamesAndColours({ segments }: Shown, structures: readonly string[]): void {
  const expected = structures.map((id) => structureById(id) as Structure);
  expect(segments.map(({ label }) => label)).toEqual(expected.map(({ name }) => name));
  for (const [n, { colour }] of expected.entries()) expect(distance(segments[n].color, colour)).toBeLessThan(COLOUR_TOLERANCE);
}

/** A model that has an answer for each study of `brainStudy`, at once. */
function writeBrainModel(folder: string): void {
  const [chest, brain] = ['deploy/models/lungs', 'test/models/brainchop_model18cls'].map((from) => readCard(join(from, 'meta.json')));
  const card = { ...chest, name: 'brain_drawn', summary: { ...chest.summary, outputs: brain.summary.outputs } };
  writeFileSync(join(folder, 'meta.json'), JSON.stringify(card));
  const copy = `for f in "$ANTEROOM_INPUT_DIR"/*.dcm; do [ ! -e "${folder}/$(basename "$f")" ] || cp "${folder}/$(basename "$f")" "$ANTEROOM_OUTPUT_DIR/seg.dcm"; done`;
  writeFileSync(join(folder, 'model.yaml'), stringify({ runtime: 'process', command: ['sh', '-c', copy], memoryMb: 512 }));
}

function readCard(file: string): { readonly summary: Readonly<Record<string, unknown>> } {
  return JSON.parse(readFileSync(file, 'utf8')) as { summary: Record<string, unknown> };
}

/** A study of so many columns, and what the model says of it: structures that touch, in the white matter around all of them. */
function brainStudy(model: string, name: string, columns: number): string {
  const study = makeChestStudy(name, { columns, rows: 103, spacingMm: [3, 3, 8], slices: 30 });
  const source = sourceOfFolder(study.folder);
  const { grid } = source;
  const within = BRAIN.slice(1).map((_, n) =>
    ellipsoid(grid, [0.3 + 0.09 * (n % 5), 0.35 + 0.1 * Math.floor(n / 5), 0.4 + 0.06 * (n % 4)], 0.08),
  );
  const labels = labelMapOf(grid, [ellipsoid(grid, [0.48, 0.52, 0.5], 0.35), ...within]);
  const masks = masksOfLabels(
    labels,
    BRAIN.map((_, n) => n + 1),
  );
  const segments = BRAIN.map((id, n) => segmentOf(id, masks[n]));
  writeFileSync(join(model, `${source.slices[0].sopInstanceUid}.dcm`), writeSeg(segInput(source, segments)).bytes);
  return study.folder;
}

/** Sends a study with a report of ours on it to the node's archive; returns the series of the report. */
async function reportOn(node: TestNode, study: ChestStudy, said: Pick<MeasurementReport, 'groups' | 'evaluations'>): Promise<string> {
  const source = sourceOfFolder(study.folder);
  const instances = source.slices.map(({ sopClassUid, sopInstanceUid }) => ({ sopClassUid, sopInstanceUid }));
  const content = { ...CONTENT, ...said, series: [{ seriesInstanceUid: study.seriesInstanceUid, modality: 'CT', instances }] };
  const { identity, ...input } = reportInput(content);
  const own = { sopInstanceUid: newUid(), seriesInstanceUid: newUid() };
  const bytes = writeReport({
    ...input,
    source: source.header,
    identity: { ...identity, ...own, studyInstanceUid: study.studyInstanceUid },
  });
  const path = join(tempFolder('viewer-report'), 'sr.dcm');
  writeFileSync(path, bytes);
  await sendTo(node, [...study.files, path]);
  return own.seriesInstanceUid;
}

/** Sends a study and waits for its segmentation in the node's archive. */
async function segmentedByRule(node: TestNode, files: readonly Part10File[]): Promise<{ seriesInstanceUid: string; path: string }> {
  const { studyInstanceUid } = files[0];
  const target = ['-aec', 'ANTEROOM', '127.0.0.1', String(node.dicomPort)];
  expect(await dcmtk('storescu', '-xt', '-R', ...target, ...files.map(({ path }) => path))).toMatchObject({ code: 0 });
  await until(
    'the segmentation is in the archive',
    async () => (await node.admin.get<DeliveryView[]>(`/deliveries?study=${studyInstanceUid}`)).some(({ state }) => state === 'delivered'),
    120_000,
  );
  const url = `http://127.0.0.1:${node.httpPort}/dicom-web`;
  const [found] = await searchInstances({ url, timeoutMs: 20_000 }, { studyInstanceUid, matches: { Modality: 'SEG' } });
  const [seriesInstanceUid, sopInstanceUid] = ['0020000E', '00080018'].map((key) => firstText(found ?? {}, key) ?? '');
  const answer = await fetch(`${url}/studies/${studyInstanceUid}/series/${seriesInstanceUid}/instances/${sopInstanceUid}`, {
    headers: { accept: 'application/dicom' },
  });
  const path = join(tempFolder('viewer-seg'), 'seg.dcm');
  writeFileSync(path, Buffer.from(await answer.arrayBuffer()));
  return { seriesInstanceUid, path };
}

/** What pydicom reads of the segmentation and of some slices, which gdcm has decompressed. */
function truthOf(seg: string, slices: readonly Part10File[]): Truth {
  const folder = tempFolder('viewer-ct');
  const raw = slices.map(({ path }) => {
    const into = join(folder, basename(path));
    execFileSync('gdcmconv', ['--raw', path, into]);
    return into;
  });
  return JSON.parse(execFileSync(PYTHON, ['test/support/viewer-truth.py', seg, ...raw], { encoding: 'utf8' })) as Truth;
}

const distance = (a: readonly number[], b: readonly number[]) => Math.max(...a.map((value, n) => Math.abs(value - b[n])));

/** What a person would see in the middle of the stack, kept for people to look at. */
async function picture(page: Page, name: string): Promise<void> {
  await page.getByText('Skip all').click();
  await page.evaluate(turnToMiddle);
  mkdirSync(PICTURES, { recursive: true });
  await page.screenshot({ path: join(PICTURES, `${name.replaceAll(' ', '-')}.png`) });
}
