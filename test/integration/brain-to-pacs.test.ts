/**
 * Networks for the brain, each a package without code: packed → a rule for each → C-STORE of one study → containers → Orthanc. Judged by the label
 * maps that the same networks gave elsewhere (data/expected), pydicom, dciodvfy and the table of structures. Where there is no such map, another
 * implementation, which is held against those that there are first, is the judge. The slow ones run with ANTEROOM_LONG=1.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parse, stringify } from 'yaml';
import { structureById } from '../../src/dicom/structures/table.js';
import { SIZE, expectedMap, gridOfExpected, labelsOfMap, mapsByOthers } from '../support/brain-networks.js';
import { sendTo } from '../support/chest-study.js';
import { describeWith, testData } from '../support/data.js';
import { engineSocket, missingForDocker } from '../support/docker.js';
import { diceOf, imageOf, missingForOnnx, nrrdIn, onnxPackage, structuresOf } from '../support/kit.js';
import { missingForNode, startNode, type TestNode } from '../support/node.js';
import { missingForOrthanc, startOrthanc, type Orthanc } from '../support/orthanc.js';
import { allEqual, reproducedIn } from '../support/reproduced.js';
import { PYTHON, dciodvfyErrors } from '../support/seg.js';
import { arrived, dicomFiles, endedRun, segmentsOf, segsIn } from '../support/study-to-pacs.js';
import { tempFolder } from '../support/temp.js';
import { missingTools } from '../support/tools.js';

const LONG = process.env.ANTEROOM_LONG === '1';
const RUN_MS = 1_900_000;
const STUDY = '1.2.826.0.1.3680043.2.1143.2592092611698916978113112155415165916';
const LEAST_DICE = 0.99;
/** The segment on the grid of the series, sampled back on the grid of the network: the finest structures lose most by being sampled twice. */
const LEAST_DICE_OF_SEGMENT = 0.97;

/** `expected`: the map that the network gave elsewhere. */
const ALL = [
  { name: 'brainchop_model5_gw_ae', expected: 'forrest.model5_gw_ae.lia256' },
  { name: 'brainchop_model11_gw_ae', expected: undefined },
  { name: 'brainchop_model18cls', expected: 'forrest.model18cls.lia256' },
] as const;
const NETWORKS = LONG ? ALL : ALL.slice(0, 1);

const missing = [
  ...missingForNode(),
  ...missingForOrthanc(),
  ...missingForDocker('anteroom/base'),
  ...missingForOnnx(),
  ...missingTools('dciodvfy', 'python3-pydicom', ...(LONG ? ['gdcmconv'] : [])),
  ...['mr-brain-t1-forrest', 'expected'].filter((name) => testData(name) === undefined).map((name) => `data ${name}`),
];

describeWith('the networks for the brain', missing, () => {
  const work = tempFolder('brain');
  const series = dicomFiles(testData('mr-brain-t1-forrest') ?? '');
  let byOthers = new Map<string, string>();
  let pacs: Orthanc;
  let node: TestNode;

  beforeAll(async () => {
    pacs = await startOrthanc();
    node = await startNode({
      rules: brainRules(),
      settings: {
        docker: { socket: engineSocket() },
        settle: { quietS: 5 },
        runs: { concurrency: 1 },
        destinations: { pacs: { kind: 'stow', url: pacs.dicomWebUrl } },
      },
    });
    for (const { name } of NETWORKS) {
      const packed = await node.command('models', 'pack', onnxPackage(name), '--activate', '--reason', 'test');
      expect(packed).toMatchObject({ exitCode: 0, stderr: '' });
    }
    // Before the node begins: two networks at once would be in each other's way.
    if (LONG)
      byOthers = mapsByOthers(
        NETWORKS.map(({ name }) => name),
        dirname(series[0]),
      );
    // every element of these files has the VR UN, which dcmtk does not send
    await sendTo(node, series);
  }, RUN_MS);

  afterAll(async () => {
    await node.remove();
    await pacs.remove();
    const images = NETWORKS.map(({ name }) => imageOf(name));
    spawnSync('docker', ['-H', `unix://${engineSocket()}`, 'rmi', '-f', ...images]);
  }, 60_000);

  /** The map that a network is held against. */
  const truthOf = ({ name, expected }: (typeof ALL)[number]) =>
    expected === undefined ? (byOthers.get(name) ?? '') : expectedMap(expected);
  const diceOfAll = (name: string, labels: Uint8Array, truth: string) => {
    const wanted = labelsOfMap(truth);
    return structuresOf(name).map((id, n) => [id, diceOf(labels, wanted, n + 1)] as const);
  };

  if (LONG)
    it.each(ALL.filter(({ expected }) => expected !== undefined))(
      'the other implementation gives what is expected of $name: it may judge where no map is there',
      (network) => {
        const dice = diceOfAll(network.name, labelsOfMap(byOthers.get(network.name) ?? ''), truthOf(network));
        say(`${network.name} by others: ${JSON.stringify(Object.fromEntries(dice))}`);
        expect(dice.filter(([, value]) => !(value >= LEAST_DICE))).toEqual([]);
      },
      120_000,
    );

  it.each(NETWORKS)(
    '$name ends, and gave what is expected on its own grid',
    async (network) => {
      const { name } = network;
      const run = await endedRun(node, STUDY, name, RUN_MS);
      expect(run).toMatchObject({ state: 'done', reason: null });
      const attempt = join(node.dataDir, 'runs', String(run.run), '1');
      const cost = /OnnxRunner: .*; ([\d.]+ s, at most \d+ MB)/.exec(readFileSync(join(attempt, 'log.txt'), 'utf8'))?.[1];
      const { labels, columns, rows, slices, header } = nrrdIn(join(attempt, 'out'), '.raw.nrrd');
      expect([columns, rows, slices]).toEqual(SIZE);
      expect(header).toContain('space directions: (1,0,0) (0,0,-1) (0,-1,0)');
      const origin = (/space origin: \((.*)\)/.exec(header)?.[1] ?? '').split(',').map((mm) => Number(mm).toFixed(3));
      expect(origin).toEqual(['-124.588', '108.389', '98.820']);
      const dice = diceOfAll(name, labels, truthOf(network));
      say(`${name}: ${cost ?? ''}; Dice ${JSON.stringify(Object.fromEntries(dice))}`);
      expect(dice.filter(([, value]) => !(value >= LEAST_DICE))).toEqual([]);
    },
    RUN_MS,
  );

  it.each(NETWORKS)(
    '$name is in the PACS with its names, codes and colours, each segment where it belongs',
    async (network) => {
      const { name } = network;
      await arrived(node, STUDY, NETWORKS.length);
      const ids = structuresOf(name);
      const file = (await segsIn(pacs, STUDY)).find((seg) => seg.includes(name));
      if (file === undefined) throw new Error(`no segmentation of ${name}`);
      expect(segmentsOf(file)).toEqual(ids.map((id) => ({ id, label: structureById(id)?.name, colour: structureById(id)?.colour })));
      const path = join(work, `${name}.dcm`);
      writeFileSync(path, file);
      expect(dciodvfyErrors(path)).toEqual([]);
      const onGrid = segmentsOnGrid(path, truthOf(network));
      say(`${name} in the PACS: ${JSON.stringify(onGrid)}`);
      expect(onGrid.filter(({ dice }) => !(dice >= LEAST_DICE_OF_SEGMENT))).toEqual([]);
    },
    300_000,
  );

  it(
    'and each segmentation that the PACS holds comes out again with equal voxels',
    async () => expect(await reproducedIn(pacs, node)).toEqual(allEqual(NETWORKS.length)),
    RUN_MS,
  );
});

/** Figures that are looked at beside the verdict. */
function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** The shipped rule for white and grey matter, once for each network. */
function brainRules(): Record<string, string> {
  const { rules, ...file } = parse(readFileSync('routing-rules/brain-t1-tissue.yaml', 'utf8')) as { rules: Record<string, unknown>[] };
  const all = NETWORKS.map(({ name }) => ({ ...rules[0], name: name.replaceAll('_', '-'), model: name, destinations: ['pacs'] }));
  return {
    'rules.yaml': stringify({ ...file, rules: all }),
    'shared/conditions.yaml': readFileSync('routing-rules/shared/conditions.yaml', 'utf8'),
  };
}

/** Each segment as pydicom reads it, sampled on the grid of a map, with the Dice of both. */
function segmentsOnGrid(seg: string, truth: string): { label: string; voxels: number; dice: number }[] {
  const output = execFileSync(PYTHON, ['test/support/seg-on-grid.py', seg, truth, gridOfExpected()], { encoding: 'utf8' });
  return output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { label: string; voxels: number; dice: number });
}
