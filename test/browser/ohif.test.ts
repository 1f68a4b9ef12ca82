/**
 * What a radiologist sees: OHIF in headless Chromium, with nothing behind it but the node's own archive. The CT came in by storescu and
 * its segmentation by the rule and the lungs model; the voxels that the viewer holds are compared with what pydicom reads.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import type { DeliveryView } from '../../src/api/views.js';
import { firstText } from '../../src/dicom/header.js';
import { searchInstances } from '../../src/dicomweb/client/qido.js';
import { makeChestStudy } from '../support/chest-study.js';
import { describeWith, testData } from '../support/data.js';
import { dcmtk } from '../support/dcmtk.js';
import { addModel } from '../support/model-package.js';
import { missingForNode, startNode, type TestNode } from '../support/node.js';
import { missingForOhif, serveViewer, startBrowser, type ViewerServer } from '../support/ohif.js';
import { part10Files, type Part10File } from '../support/part10.js';
import { PYTHON } from '../support/seg.js';
import { shownInViewer, turnToMiddle } from '../support/shown-in-viewer.mjs';
import { tempFolder } from '../support/temp.js';
import { missingTools } from '../support/tools.js';
import { until } from '../support/until.js';

const RULES = `
rules:
  - name: chest-ct-lungs
    when: [{ tag: Modality, equals: CT }]
    model: lungs
    destinations: [archive]
`;
/** Red, green and blue of dicom/structures; the viewer reads CIELab with another white point than DICOM's, which turns them a little. */
const SEGMENTS = [
  { label: 'Right lung', color: [74, 160, 200] },
  { label: 'Left lung', color: [230, 159, 70] },
];
const COLOUR_TOLERANCE = 30;
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

const real = testData('ct-chest-a0001');

describeWith('the viewer', [...missingForOhif(), ...missingForNode(), ...missingTools('storescu', 'python3-pydicom', 'gdcmconv')], () => {
  let node: TestNode;
  let viewer: ViewerServer;
  let browser: Browser;

  beforeAll(async () => {
    node = await startNode({ rules: { 'rules.yaml': RULES } });
    await addModel(node, 'deploy/models/lungs', '--model-file', 'model.process.yaml');
    viewer = await serveViewer(node);
    browser = await startBrowser();
  }, TEST_MS);

  afterAll(async () => {
    await browser.close();
    await viewer.close();
    await node.remove();
  }, TEST_MS);

  const phantom = (): string => makeChestStudy('viewer phantom', { spacingMm: [1.5, 1.5, 8] }).folder;
  const studies = [
    { name: 'a phantom', folder: phantom },
    ...(real === undefined ? [] : [{ name: 'a real chest in JPEG-LS', folder: () => join(real, 'B-jpegls') }]),
  ];

  it.each(studies)(
    'shows $name and its segmentation, voxel by voxel',
    async ({ name, folder }) => {
      const files = part10Files(folder());
      const seg = await segmentedByRule(node, files);
      const truth = truthOf(
        seg.path,
        [0, files.length >> 1, files.length - 1].map((n) => files[n]),
      );

      const page = await browser.newPage({ viewport: { width: 1400, height: 900 } });
      const refused: string[] = [];
      page.on('response', (answer) => {
        if (answer.status() >= 400) refused.push(`${answer.status()} ${answer.url()}`);
      });
      await page.goto(
        `${viewer.url}/viewer?StudyInstanceUIDs=${files[0].studyInstanceUid}&initialSeriesInstanceUID=${seg.seriesInstanceUid}`,
      );
      const pixelUids = Object.keys(truth.hounsfield);
      const shown = await until('the viewer shows the segmentation', () => page.evaluate(shownInViewer, pixelUids), 60_000);
      await picture(page, name);

      expect(shown.labels).toEqual(truth.labels);
      expect(shown.hounsfield).toEqual(truth.hounsfield);
      expect(shown.segments.map(({ label }) => label)).toEqual(SEGMENTS.map(({ label }) => label));
      for (const [n, { color }] of SEGMENTS.entries()) expect(distance(shown.segments[n].color, color)).toBeLessThan(COLOUR_TOLERANCE);
      // The comparison tells a mirror image: no slice with lungs in it would pass for its own.
      const confusable = Object.entries(truth.mirrored).filter(([uid, hash]) => shown.labels[uid]?.sha256 === hash);
      expect(confusable).toEqual([]);
      expect(await page.locator('[data-sonner-toast]').allInnerTexts()).toEqual([]);
      expect(refused).toEqual([]);
      await page.close();
    },
    TEST_MS,
  );
});

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
