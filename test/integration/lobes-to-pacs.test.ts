/**
 * `lungs` and `lobes` on the same study: storescu → two rules → containers → Orthanc. The lobes are held against the lungs by what the table of
 * structures knows of wholes. A made-up chest; with ANTEROOM_LONG=1 the real ones too.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Segmentation } from '../../src/dicom/seg/segmentation.js';
import { structureById, structureByCodes } from '../../src/dicom/structures/table.js';
import { planWhole } from '../../src/dicom/structures/wholes.js';
import { commonGrid, maskOf } from '../../src/evaluation/compare/common-grid.js';
import { labelComponents } from '../../src/kit/voxels/components.js';
import { makeChestStudy } from '../support/chest-study.js';
import { describeWith, testData } from '../support/data.js';
import { engineSocket, missingForDocker } from '../support/docker.js';
import { missingForKit, runKit } from '../support/kit.js';
import { addModel, rulesFor } from '../support/model-package.js';
import { missingForNode, startNode, type TestNode } from '../support/node.js';
import { missingForOrthanc, startOrthanc, type Orthanc } from '../support/orthanc.js';
import { allEqual, reproducedIn } from '../support/reproduced.js';
import { PYTHON, dciodvfyErrors } from '../support/seg.js';
import { arrived, dicomFiles, endedRun, readSegOf, segmentsOf, segsIn, storescu } from '../support/study-to-pacs.js';
import { tempFolder } from '../support/temp.js';
import { missingTools } from '../support/tools.js';

const LONG = process.env.ANTEROOM_LONG === '1';
const RIGHT = ['RIGHT_UPPER_LUNG_LOBE', 'RIGHT_MIDDLE_LUNG_LOBE', 'RIGHT_LOWER_LUNG_LOBE'];
const LOBES = [...RIGHT, 'LEFT_UPPER_LUNG_LOBE', 'LEFT_LOWER_LUNG_LOBE'];

/** Real studies: the one series that the rule takes is in the folder. */
const REAL = [
  { name: 'ct-chest-a0001', series: '', study: '1.3.6.1.4.1.14519.5.2.1.6655.2359.165554066086145834377508507990' },
  { name: 'ct-chest-a0002', series: 'B40f', study: '1.3.6.1.4.1.14519.5.2.1.6655.2359.104855313699639828167809534834' },
] as const;

const missing = [
  ...missingForNode(),
  ...missingForOrthanc(),
  ...missingForDocker('anteroom/lungs', 'anteroom/lobes'),
  ...missingTools('storescu', 'dciodvfy', 'python3-pydicom'),
  ...(LONG ? REAL.filter(({ name }) => testData(name) === undefined).map(({ name }) => `data ${name}`) : []),
];

describeWith('lungs and lobes', missing, () => {
  const work = tempFolder('lobes');
  let pacs: Orthanc;
  let node: TestNode;

  beforeAll(async () => {
    pacs = await startOrthanc();
    node = await startNode({
      rules: rulesFor(['lungs', 'lobes']),
      settings: {
        docker: { socket: engineSocket() },
        settle: { quietS: 2 },
        destinations: { pacs: { kind: 'stow', url: pacs.dicomWebUrl } },
      },
    });
    for (const model of ['lungs', 'lobes']) await addModel(node, `deploy/models/${model}`, '--reason', 'test');
  }, 60_000);

  afterAll(async () => {
    await node.remove();
    await pacs.remove();
  }, 60_000);

  const studies = [
    { name: 'a made-up chest', files: () => makeChestStudy('lobes-to-pacs') },
    ...(LONG ? REAL : []).map(({ name, series, study }) => ({
      name,
      files: () => ({ folder: join(testData(name) ?? '', series), studyInstanceUid: study }),
    })),
  ];

  it.each(studies)(
    'of $name are in the PACS, five lobes that are together exactly two lungs',
    async ({ files }) => {
      const { folder, studyInstanceUid: study } = files();
      await storescu(node, dicomFiles(folder), '-xt');
      const [lungsRun, lobesRun] = await Promise.all(['lungs', 'lobes'].map((model) => endedRun(node, study, model)));
      expect([lungsRun, lobesRun]).toMatchObject([
        { state: 'done', reason: null },
        { state: 'done', reason: null },
      ]);
      await arrived(node, study, 4);

      const stored = await segsIn(pacs, study);
      expect(stored.map((file) => segmentsOf(file).length).sort()).toEqual([2, 5]);
      const [lungs, lobes] = stored.sort((a, b) => segmentsOf(a).length - segmentsOf(b).length);
      expect(segmentsOf(lobes)).toEqual(
        LOBES.map((id) => ({ id, label: `${structureById(id)?.name} (approximation)`, colour: structureById(id)?.colour })),
      );
      expect(readSegOf(lobes).segments[0].description).toMatch(/not along the fissures: neither its border nor its volume is anatomy/);

      const path = join(work, `${lobesRun.run}.dcm`);
      writeFileSync(path, lobes);
      expect(dciodvfyErrors(path)).toEqual([]);
      const out = join(node.dataDir, 'runs', String(lobesRun.run), '1', 'out');
      const nrrd = readdirSync(out, { recursive: true, encoding: 'utf8' }).find((name) => name.endsWith('.nrrd')) ?? '';
      const compared = execFileSync(PYTHON, ['test/support/compare-seg.py', path, join(out, nrrd), folder], { encoding: 'utf8' });
      expect(JSON.parse(compared)).toMatchObject({ differentVoxels: 0, wrongPositions: 0, studyInstanceUid: study });

      expectLobesOfLungs(readSegOf(lungs), readSegOf(lobes));
    },
    LONG ? 400_000 : 120_000,
  );

  it(
    'and each segmentation that the PACS holds comes out again with equal voxels',
    async () => expect(await reproducedIn(pacs, node)).toEqual(allEqual(2 * studies.length)),
    LONG ? 400_000 : 120_000,
  );
});

/** Voxel for voxel: no lobe overlaps another, each is one piece, and the lobes of a side are the lung of that side. */
function expectLobesOfLungs(lungs: Segmentation, lobes: Segmentation): void {
  const grid = commonGrid(lungs, lobes);
  if ('seen' in grid) throw new Error(grid.seen);
  const masks = (seg: Segmentation) =>
    new Map(seg.segments.map(({ number, codes }) => [structureByCodes(codes)?.id ?? '', maskOf(seg, number, grid)]));
  const [whole, part] = [masks(lungs), masks(lobes)];
  for (const [id, mask] of part) expect([id, labelComponents(mask, grid.extent, 'volume').count]).toEqual([id, 1]);
  for (const [id, lung] of whole) {
    const { state, from } = planWhole(id, new Set(part.keys()));
    expect(state).toBe('complete');
    const sum = new Uint8Array(lung.length);
    for (const lobe of from) part.get(lobe)?.forEach((set, p) => (sum[p] += set));
    expect([id, Buffer.compare(sum, lung)]).toEqual([id, 0]);
  }
}

describeWith('wholes of lobes in a workflow', [...missingForKit(), ...missingTools('dciodvfy', 'python3-pydicom')], () => {
  const { folder } = makeChestStudy('wholes-of-lobes');
  const run = async (keepParts: boolean, steps: readonly string[], ...settings: string[]) => {
    const out = tempFolder('wholes');
    const all = ['DicomImporter', 'LungSegmenter', 'LobeSplitter', ...steps, 'SegmentCombiner', 'DsegConverter', 'DataOrganizer'];
    const combiner = [
      `--config:execute=${JSON.stringify(all)}`,
      '--config:modules.SegmentCombiner.wholes=["RIGHT_LUNG","LEFT_LUNG","LUNG"]',
      `--config:modules.SegmentCombiner.keep_parts=${keepParts}`,
      '--config:modules.DataOrganizer.targets=["dicomseg-->seg.dcm"]',
    ];
    const ended = await runKit(resolve('deploy/models/lobes'), folder, out, ...combiner, ...settings);
    return { ...ended, seg: join(out, 'seg.dcm') };
  };
  const labels = (seg: string) => {
    const script =
      'import pydicom,sys; [print(s.SegmentLabel, s.get("SegmentDescription", ""), sep="; ") for s in pydicom.dcmread(sys.argv[1]).SegmentSequence]';
    return execFileSync(PYTHON, ['-c', script, seg], { encoding: 'utf8' }).trim().split('\n');
  };

  it('lie over their parts in a segmentation that dciodvfy accepts', async () => {
    const { status, seg } = await run(true, []);
    expect(status).toBe(0);
    expect(dciodvfyErrors(seg)).toEqual([]);
    expect(labels(seg).map((text) => text.split(/ \(|;/)[0])).toEqual(
      [...LOBES, 'RIGHT_LUNG', 'LEFT_LUNG', 'LUNG'].map((id) => structureById(id)?.name),
    );
  }, 60_000);

  it('say in label, description and log that they are incomplete where a lobe was not found', async () => {
    const dropped = `--config:modules.LabelMapPostprocessor.steps=[{"drop_below":{"ml":100000,"of":["${RIGHT[1]}"]}}]`;
    const { status, seg, stderr } = await run(false, ['LabelMapPostprocessor'], dropped);
    expect(status).toBe(0);
    expect(dciodvfyErrors(seg)).toEqual([]);
    const text = 'Incomplete: without Right middle lung lobe.';
    expect(labels(seg).sort()).toEqual(['Left lung; ', `Lung (incomplete); ${text}`, `Right lung (incomplete); ${text}`]);
    expect(stderr).toMatch(/WARNING SegmentCombiner: RIGHT_LUNG of .* is incomplete, without Right middle lung lobe/);
  }, 60_000);
});
