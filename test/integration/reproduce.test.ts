/** Every result that a PACS holds comes out again, voxel by voxel; and where image, settings or input are others, that is named. */
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { stringify } from 'yaml';
import type { DeliveryView } from '../../src/api/views.js';
import type { Remark } from '../../src/evaluation/compare/finding.js';
import { makeChestStudy, sendTo } from '../support/chest-study.js';
import { describeWith } from '../support/data.js';
import { missingForKit } from '../support/kit.js';
import { lungsRules } from '../support/lungs-rules.js';
import { missingForNode, startNode, type TestNode } from '../support/node.js';
import { missingForOrthanc, startOrthanc, type Orthanc } from '../support/orthanc.js';
import { storedInstances } from '../support/orthanc-rest.js';
import { tempFolder } from '../support/temp.js';
import { until } from '../support/until.js';

interface Answer {
  readonly sopInstanceUid: string;
  readonly voxelsEqual?: boolean;
  readonly changed: readonly Remark[];
  readonly differences: readonly Remark[];
  readonly otherProgram: string | null;
}

const TIMEOUT_MS = 120_000;

describeWith('results are reproduced', [...missingForNode(), ...missingForKit(), ...missingForOrthanc()], () => {
  const first = makeChestStudy('reproduced 1');
  const second = makeChestStudy('reproduced 2', { touchingLungs: true });
  const folder = tempFolder('package');
  let pacs: Orthanc;
  let node: TestNode;

  beforeAll(async () => {
    cpSync('deploy/models/lungs', folder, { recursive: true });
    const yaml = { runtime: 'process', command: ['node', resolve('dist/kit-bundle/kit.mjs')], memoryMb: 2048 };
    writeFileSync(join(folder, 'model.yaml'), stringify(yaml));
    pacs = await startOrthanc();
    const settings = { destinations: { pacs: { kind: 'stow', url: `http://127.0.0.1:${pacs.httpPort}/dicom-web` } } };
    node = await startNode({ rules: lungsRules('pacs'), settings });
    await node.admin.post('/models', { folder, activate: { by: 'test', reason: 'test' } });
    await sendTo(node, [...first.files.slice(0, -1), ...second.files]);
    await delivered(2);
  }, TIMEOUT_MS);
  afterAll(async () => {
    await node.remove();
    await pacs.remove();
  });

  const delivered = (count: number) =>
    until(`${count} deliveries`, async () => {
      const all = await node.admin.get<DeliveryView[]>('/deliveries');
      return all.length === count && all.every(({ state }) => state === 'delivered') && all;
    });
  const reproduce = async (...args: string[]) => {
    const { stdout, stderr } = await node.command('reproduce', ...args, '--json');
    expect(stderr).toBe('');
    return [JSON.parse(stdout) as Answer | Answer[]].flat();
  };

  it(
    'with equal voxels, each one that is at the PACS',
    async () => {
      const answers = await reproduce('--all');
      const held = (await storedInstances(pacs)).map(({ sopInstanceUid }) => sopInstanceUid);
      expect(answers.map(({ sopInstanceUid }) => sopInstanceUid).sort()).toEqual(held.sort());
      for (const answer of answers) expect(answer).toMatchObject({ voxelsEqual: true, changed: [], differences: [], otherProgram: null });
      // None of them has left the node.
      await delivered(2);
    },
    TIMEOUT_MS,
  );

  it(
    'and what is not as it was then is named: image, settings, input, and the voxels',
    async () => {
      const [{ sopInstanceUid }] = (await delivered(2)).filter(({ studyInstanceUid }) => studyInstanceUid === first.studyInstanceUid);
      const card = join(folder, 'meta.json');
      writeFileSync(card, readFileSync(card, 'utf8').replace('"version": "1.0.0"', '"version": "1.0.1"'));
      // From its row the model is run as it was registered; that its folder holds another one now is told.
      const [then] = await reproduce(sopInstanceUid);
      expect(then).toMatchObject({ voxelsEqual: true, otherProgram: expect.stringMatching(/^sha256:/) as string });

      await node.admin.post('/models', { folder, activate: { by: 'test', reason: 'test' } });
      const rules = join(node.rulesDir, 'rules.yaml');
      writeFileSync(
        rules,
        readFileSync(rules, 'utf8').replace(/^( +)model: lungs.*$/m, '$1model: lungs\n$1settings: { modules.LungSegmenter.closing_mm: 0 }'),
      );
      expect(await node.command('rules', 'reload')).toMatchObject({ exitCode: 0 });
      await sendTo(node, first.files.slice(-1));
      await delivered(3);
      const [now] = await reproduce(sopInstanceUid, '--now');
      expect(now.voxelsEqual).toBe(false);
      expect(now.changed.map(({ label, subpath, description }) => [label, subpath, description])).toEqual([
        ['Image', undefined, expect.stringMatching(/^is sha256:.* \(version 1\.0\.1\), then it was sha256:.* \(version 1\.0\.0\)$/)],
        ['Settings', 'modules.LungSegmenter.closing_mm', 'is 0, then it was not set'],
        ['Input', undefined, `${first.files.length} instances, 1 of them others than the ${first.files.length - 1} of then`],
      ]);
      expect(now.differences).toContainEqual(expect.objectContaining({ label: 'Voxels Differing', subpath: 'LEFT_LUNG' }));
    },
    TIMEOUT_MS,
  );
});
