/** Keeping and forgetting with a real node and a real Orthanc: retention, verify, and a restore after which nothing is sent twice. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import type { DeliveryView, RunView, StudyView } from '../../src/api/views.js';
import { parseInstance } from '../../src/dicom/element/parse.js';
import { TAG } from '../../src/dicom/element/tags.js';
import type { VerifyReport } from '../../src/keeping/verify.js';
import { lungsSeg, makeChestStudy, sendTo, type ChestStudy } from '../support/chest-study.js';
import { describeWith } from '../support/data.js';
import { addModel, rulesFor } from '../support/model-package.js';
import { missingForNode, prepareNode, type TestNode } from '../support/node.js';
import { missingForOrthanc, startOrthanc, type Orthanc } from '../support/orthanc.js';
import { tempFolder } from '../support/temp.js';
import { until } from '../support/until.js';

const RETENTION = { minAgeH: 0, everyS: 0.2, workDays: 0 };

/** A model that knows its studies: it leaves the truth about the one whose instances it is given. */
function knowingModel(studies: readonly ChestStudy[]): string {
  const folder = tempFolder('model');
  const card = JSON.parse(readFileSync('deploy/models/lungs/meta.json', 'utf8')) as Record<string, unknown>;
  writeFileSync(join(folder, 'meta.json'), JSON.stringify({ ...card, name: 'lungs' }));
  for (const study of studies) writeFileSync(join(folder, `${sopOf(study)}.seg`), lungsSeg(study));
  const script = `for f in "$ANTEROOM_INPUT_DIR"/*.dcm; do s="${resolve(folder)}/$(basename "$f" .dcm).seg"; [ -e "$s" ] && cp "$s" "$ANTEROOM_OUTPUT_DIR/seg.dcm"; done; exit 0`;
  writeFileSync(join(folder, 'model.yaml'), stringify({ runtime: 'process', command: ['sh', '-c', script], memoryMb: 512 }));
  return folder;
}

/** The SOPInstanceUID of its first instance, which the node names the model's input by. */
function sopOf(study: ChestStudy): string {
  return parseInstance(study.phantom.files[0].bytes).dataset.uid(TAG.SOPInstanceUID) as string;
}

const missing = [...missingForNode(), ...missingForOrthanc()];

describeWith('keeping and forgetting', missing, () => {
  const studies = ['one', 'two', 'three'].map((name) => makeChestStudy(`keeping ${name}`));
  let pacs: Orthanc;
  let node: TestNode;

  beforeAll(async () => {
    pacs = await startOrthanc();
    node = await prepareNode({
      rules: rulesFor(['lungs']),
      settings: {
        retention: RETENTION,
        destinations: { pacs: { kind: 'stow', url: pacs.dicomWebUrl, retry: { firstDelayS: 0.2, maxDelayS: 0.5 } } },
      },
    });
    await node.start();
    await addModel(node, knowingModel(studies));
  }, 90_000);
  afterAll(async () => {
    await node.remove();
    await pacs.remove();
  }, 60_000);

  const deliveriesOf = ({ studyInstanceUid }: ChestStudy) => node.admin.get<DeliveryView[]>(`/deliveries?study=${studyInstanceUid}`);

  async function delivered(study: ChestStudy): Promise<DeliveryView> {
    return until('the study to be delivered', async () => {
      const all = await deliveriesOf(study);
      return all.length === 2 && all.every(({ state }) => state === 'delivered') && all.find(({ destination }) => destination === 'pacs');
    });
  }

  async function viewOf({ studyInstanceUid }: ChestStudy): Promise<StudyView | undefined> {
    return (await node.admin.get<StudyView[]>('/studies')).find((view) => view.studyInstanceUid === studyInstanceUid);
  }

  async function verified(): Promise<VerifyReport> {
    const { stdout, exitCode } = await node.command('verify', '--json');
    const report = JSON.parse(stdout) as VerifyReport;
    expect({ exitCode, findings: report.findings }).toEqual({ exitCode: 0, findings: [] });
    return report;
  }

  /** Every store that Orthanc has seen, also those of what it held already. */
  async function storesSeen(): Promise<string[]> {
    const answer = (await (await fetch(`${pacs.url}/changes?limit=1000`)).json()) as { Changes: { ChangeType: string; ID: string }[] };
    return answer.Changes.filter(({ ChangeType }) => ChangeType === 'NewInstance').map(({ ID }) => ID);
  }

  it('after an older backup is restored, nothing is sent twice and nothing is lost', async () => {
    const [first, second, third] = studies;
    await sendTo(node, first.files);
    const atFirst = await delivered(first);
    const backups = join(node.folder, 'backups');
    expect(await node.command('backup', backups)).toMatchObject({ exitCode: 0, stderr: '' });
    await sendTo(node, second.files);
    const atSecond = await delivered(second);
    await sendTo(node, third.files);
    const atThird = await delivered(third);
    expect(await storesSeen()).toHaveLength(3);

    await node.kill();
    const refused = await node.command('restore', backups);
    expect(refused).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('holds') as string });
    // Of the third study the old archive is lost too: its scanner sends it again.
    rmSync(join(node.dataDir, 'archive', third.studyInstanceUid), { recursive: true });
    const restored = await node.command('restore', backups, '--force', '--reconcile', node.dataDir, '--json');
    expect(JSON.parse(restored.stdout)).toMatchObject({
      files: first.files.length + 2,
      later: second.files.length,
      laterResults: 1,
      faults: [],
      rules: 'same',
    });
    await verified();

    await node.start();
    await sendTo(node, third.files);
    expect(await delivered(second)).toMatchObject({ sopInstanceUid: atSecond.sopInstanceUid, attempts: 0, receipt: 'found by QIDO-RS' });
    expect(await delivered(third)).toMatchObject({ sopInstanceUid: atThird.sopInstanceUid, attempts: 0 });
    expect(await delivered(first)).toMatchObject({ sopInstanceUid: atFirst.sopInstanceUid, deliveredAt: atFirst.deliveredAt });
    expect(await storesSeen()).toHaveLength(3);
    expect(readdirSync(join(node.dataDir, 'take-in'))).toEqual([]);
    for (const study of studies) expect(await viewOf(study)).toMatchObject({ instances: study.files.length });
    const { files } = await verified();
    expect(files).toBe(studies.reduce((sum, study) => sum + study.files.length + 2, 0));
  }, 120_000);

  it('purges by hand what is done, says why not, and takes the study again without running it again', async () => {
    const [first] = studies;
    const { studyInstanceUid } = first;
    await node.command('keep', studyInstanceUid, '--reason', 'teaching');
    expect(await node.command('purge', studyInstanceUid)).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('it is kept: person: teaching') as string,
    });
    await node.command('unkeep', studyInstanceUid);
    const runs = await node.admin.get<RunView[]>(`/runs?study=${studyInstanceUid}`);
    expect(await node.command('purge', studyInstanceUid)).toMatchObject({ exitCode: 0, stderr: '' });
    expect(existsSync(join(node.dataDir, 'archive', studyInstanceUid))).toBe(false);
    expect((await node.command('studies')).stdout).toMatch(/purged \d{4}-\d\d-\d\d \(by-hand\)/);
    expect((await node.command('explain', studyInstanceUid)).stdout).toContain('chest-ct-lungs');
    expect((await node.command('run', 'lungs', studyInstanceUid)).stderr).toContain('were purged');
    await verified();

    await sendTo(node, first.files);
    await until('the study to settle', async () => (await viewOf(first))?.state === 'settled');
    expect((await viewOf(first))?.versions).toHaveLength(1);
    expect(await node.admin.get(`/runs?study=${studyInstanceUid}`)).toHaveLength(runs.length);
    await verified();
  }, 60_000);

  it.each([['retention.marked'], ['retention.deleting']])(
    'killed at %s, the next start finishes the purge',
    async (failpoint) => {
      const study = failpoint === 'retention.marked' ? studies[1] : studies[2];
      await node.stop();
      await node.start({ failpoint });
      await node.command('purge', study.studyInstanceUid);
      expect(await node.ended()).toBe('SIGKILL');
      const killed = await node.command('verify');
      expect(killed.exitCode).toBe(0);
      await node.start();
      await until('its files to be gone', () => !existsSync(join(node.dataDir, 'archive', study.studyInstanceUid)));
      expect(await viewOf(study)).toMatchObject({ state: 'purged' });
      await verified();
    },
    60_000,
  );

  it('a backup that is killed leaves the one before it, and doctor says what will be deleted', async () => {
    const backups = join(node.folder, 'backups');
    const snapshots = () => readdirSync(backups).filter((name) => /^\d{4}-/.test(name));
    const before = snapshots();
    const preload = fileURLToPath(new URL('../support/failpoints.mjs', import.meta.url));
    const args = [
      '--import',
      preload,
      resolve('dist/anteroom.cjs'),
      'backup',
      backups,
      '--config',
      node.settingsFile,
      '--data',
      node.dataDir,
    ];
    const killed = spawnSync(process.execPath, args, { env: { ...process.env, ANTEROOM_FAILPOINT: 'backup.copied' } });
    expect(killed.signal).toBe('SIGKILL');
    expect(snapshots()).toEqual(before);
    expect(await node.command('backup', backups, '--keep', '1')).toMatchObject({ exitCode: 0 });
    expect(snapshots()).toHaveLength(1);
    expect(readdirSync(backups).map((name) => basename(name))).not.toContainEqual(expect.stringMatching(/^\.partial/));
    expect((await node.command('doctor')).stdout).toMatch(
      /! retention: off: no study is ever deleted; below 1 MB free nothing is received/,
    );
  }, 60_000);
});
