/**
 * Two models on three patients by one command, which is interrupted, killed together with its node, and given once more: every run is made once,
 * failures stay in the tables, nothing is delivered, and the copies of the cases are gone in the end.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { parse, stringify } from 'yaml';
import type { DeliveryView, ModelView, RunView, StudyView } from '../../src/api/views.js';
import type { RestoreReport } from '../../src/keeping/restore.js';
import { dataFolders } from '../../src/archive/folders.js';
import { Db } from '../../src/ledger/database.js';
import { hasEnded } from '../../src/ledger/states.js';
import type { Summary } from '../../src/evaluation/comparison/summarise.js';
import { csvRows } from '../../src/foundation/csv.js';
import { lungsSeg, makeChestStudy, sendTo } from '../support/chest-study.js';
import { describeWith } from '../support/data.js';
import { missingForKit } from '../support/kit.js';
import { addModel } from '../support/model-package.js';
import { missingForNode, runAnteroom, startNode, type TestNode } from '../support/node.js';
import { tempFolder } from '../support/temp.js';
import { until } from '../support/until.js';

const SPACING = { spacingMm: [6, 6, 10] } as const;
const TIMEOUT_MS = 120_000;
/** Takes what is drawn for one study to every one of them: the gate refuses it wherever it is of another. */
const COPIER = 'copier';

describeWith('a comparison of two models', [...missingForNode(), ...missingForKit()], () => {
  const known = makeChestStudy('a known study', SPACING);
  const [first, second] = [makeChestStudy('first folder', SPACING), makeChestStudy('second folder', SPACING)];
  const work = tempFolder('compare');
  const out = join(work, 'out');
  const backups = join(work, 'backups');
  const cohort = join(work, 'cohort.yaml');
  let node: TestNode;

  const args = (to = out) => [
    'compare',
    '--models',
    `lungs,${COPIER}`,
    '--cohort',
    cohort,
    '--truth',
    join(work, 'truth.dcm'),
    '--out',
    to,
  ];
  const begun = (to = out, asked = args(to)): ChildProcess => {
    const common = ['--config', node.settingsFile, '--data', node.dataDir];
    return spawn(process.execPath, [resolve('dist/anteroom.cjs'), ...asked, ...common], { stdio: 'ignore' });
  };
  const runs = () => node.admin.get<RunView[]>('/runs');
  /** What somebody who restores the backup, and calls the node otherwise from now on, finds in the archive of this one. */
  const laterFiles = async () => {
    const settings = parse(readFileSync(node.settingsFile, 'utf8')) as { dimse: object };
    const renamed = join(work, 'renamed.yaml');
    writeFileSync(renamed, stringify({ ...settings, dimse: { ...settings.dimse, aeTitle: 'RENAMED' } }));
    const folders = ['--config', renamed, '--data', join(tempFolder('restored'), 'data'), '--reconcile', node.dataDir];
    const { stdout } = await runAnteroom('restore', backups, ...folders, '--json');
    const { later, laterCopies } = JSON.parse(stdout) as RestoreReport;
    return { later, laterCopies };
  };
  const scored = () => (existsSync(join(out, 'cases')) ? readdirSync(join(out, 'cases')).filter((name) => name.endsWith('.json')) : []);

  beforeAll(async () => {
    writeFileSync(join(work, 'truth.dcm'), lungsSeg(known));
    writeFileSync(join(work, 'first.dcm'), lungsSeg(first));
    writeFileSync(join(work, 'clinical.csv'), 'PatientID;age\nsomebody;61\n');
    writeFileSync(
      cohort,
      stringify({
        clinical: 'clinical.csv',
        cases: [
          { name: 'known', study: known.studyInstanceUid },
          { name: 'first', folder: first.folder, truth: 'first.dcm' },
          { name: 'second', folder: second.folder },
        ],
      }),
    );
    node = await startNode({ settings: { runs: { concurrency: 1, breaker: { failures: 2 } } } });
    await addModel(node, 'deploy/models/lungs', '--model-file', 'model.process.yaml');
    await addModel(node, copier(lungsSeg(known)));
    await sendTo(node, known.files);
    await until('the study to settle', async () => (await node.admin.get<StudyView[]>('/studies'))[0]?.state === 'settled');
    expect(await node.command('backup', backups)).toMatchObject({ exitCode: 0 });
  }, TIMEOUT_MS);
  afterAll(() => node.remove());

  it(
    'ends on Ctrl-C with what it has, and cancels what has not begun',
    async () => {
      const command = begun();
      await until('both folders to be in the queue', async () => (await runs()).length === 6);
      command.kill('SIGINT');
      const [exitCode] = (await once(command, 'exit')) as [number | null];
      expect(exitCode).toBe(130);
      expect(existsSync(join(out, 'summary.json'))).toBe(true);
      await until('nothing to be queued', async () => (await runs()).every(({ state }) => state !== 'queued'));
      expect((await runs()).filter(({ failureCode }) => failureCode === 'RUN_CANCELLED').length).toBeGreaterThan(0);
    },
    TIMEOUT_MS,
  );

  it(
    'goes on after the command and the node were killed, and runs every model once on every case',
    async () => {
      const command = begun();
      await until('the first case to be scored', () => scored().length > 0);
      command.kill('SIGKILL');
      await once(command, 'exit');
      await node.kill();
      await node.start();
      const { exitCode, stderr, stdout } = await node.command(...args());
      expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: '' });
      expect(stdout).toMatch(/goes on after [12] of 3 cases/);
      expect(stdout).toMatch(/lungs: 3 of 3 cases done, 0 failed\ncopier: 1 of 3 cases done, 2 failed/);
      const all = await runs();
      expect(all.map(({ purpose, priority, attempts }) => ({ purpose, priority, again: attempts > 2 }))).toEqual(
        Array(6).fill({ purpose: 'evaluation', priority: 'evaluation', again: false }),
      );
    },
    TIMEOUT_MS,
  );

  it('tells of every case and failure, holds results against the truth, and models against each other', () => {
    const [head, ...rows] = csvRows(readFileSync(join(out, 'results.csv'), 'utf8'));
    const cell = (cells: readonly string[], name: string) => cells[head.indexOf(name)];
    const dice = (name: string, model: string) =>
      rows
        .filter((cells) => cells[0] === name && cell(cells, 'model') === model)
        .map((cells) => [cell(cells, 'structure'), Number(cell(cells, 'dice'))]);
    for (const name of ['known', 'first']) expect(dice(name, 'lungs').map(([, value]) => Number(value) > 0.9)).toEqual([true, true]);
    expect(dice('known', COPIER)).toEqual([
      ['RIGHT_LUNG', 1],
      ['LEFT_LUNG', 1],
    ]);
    const failed = rows.filter((cells) => cell(cells, 'state') === 'failed').map((cells) => [cells[0], cell(cells, 'failure_code')]);
    // The first has a truth: a row for each structure that was expected of the model.
    expect(failed).toEqual([
      ['first', 'GATE_REJECTED'],
      ['first', 'GATE_REJECTED'],
      ['second', 'GATE_REJECTED'],
    ]);
    const ofLungs = rows.filter((cells) => cell(cells, 'model') === 'lungs');
    expect(ofLungs.every((cells) => Number(cell(cells, 'run_time_s')) > 0)).toBe(true);
    const summary = JSON.parse(readFileSync(join(out, 'summary.json'), 'utf8')) as Summary;
    expect(summary).toMatchObject({ casesIn: 3, casesWithTruth: 2, clinical: { casesJoined: 0, casesWithoutRow: 3 } });
    expect(summary.structures.find(({ model, structure }) => model === COPIER && structure === 'LEFT_LUNG')).toMatchObject({
      n: 2,
      scored: 1,
      failed: 1,
    });
  });

  it('leaves nothing behind in the node: no delivery, no copy, no suspended model', async () => {
    expect(await node.admin.get<DeliveryView[]>('/deliveries')).toEqual([]);
    const studies = await node.admin.get<StudyView[]>('/studies');
    expect(studies.map(({ studyInstanceUid, state }) => [studyInstanceUid === known.studyInstanceUid, state]).sort()).toEqual([
      [false, 'purged'],
      [false, 'purged'],
      [true, 'settled'],
    ]);
    expect((await node.admin.get<ModelView[]>('/models')).map(({ state }) => state)).toEqual(['active', 'active']);
  });

  it('notes in the ledger that somebody asks for it, so that no pause makes it an abandoned one', async () => {
    const { id } = JSON.parse(readFileSync(join(out, 'comparison.json'), 'utf8')) as { id: string };
    const ledger = Db.open(dataFolders(node.dataDir).ledgerFile, { migrate: false });
    ledger.run('UPDATE evaluations SET asked_at = 1 WHERE evaluation = ?', id);
    await node.admin.get(`/evaluations/${id}/runs?case=known`);
    expect(ledger.get('SELECT asked_at > 1 AS now FROM evaluations WHERE evaluation = ?', id)).toEqual({ now: 1 });
    ledger.close();
  });

  const abandoned = join(work, 'abandoned');
  it(
    'of an abandoned one deletes the copies at once, with an event, and cancels its runs',
    async () => {
      const before = Math.max(...(await runs()).map(({ run }) => run));
      const ofCopies = async () =>
        (await runs()).filter(({ run, studyInstanceUid }) => run > before && studyInstanceUid !== known.studyInstanceUid);
      const command = begun(abandoned);
      // Its other run is to come: the case is not scored.
      await until('a model to have run on a copy', async () => (await ofCopies()).some(({ state }) => state === 'done'));
      command.kill('SIGKILL');
      await once(command, 'exit');
      const { later, laterCopies } = await laterFiles();
      expect({ later, copies: laterCopies > 0 }).toEqual({ later: 0, copies: true });
      const { exitCode, stdout } = await node.command('compare', '--forget', abandoned);
      expect({ exitCode, stdout }).toEqual({
        exitCode: 0,
        stdout: expect.stringMatching(/cop(y|ies) of (a case is|cases are) deleted from the node/) as string,
      });
      const studies = await node.admin.get<StudyView[]>('/studies');
      expect(studies.filter(({ state }) => state === 'settled').map(({ studyInstanceUid }) => studyInstanceUid)).toEqual([
        known.studyInstanceUid,
      ]);
      expect((await runs()).every(hasEnded)).toBe(true);
    },
    TIMEOUT_MS,
  );

  it(
    'has the cases run again of which the results were deleted before they were scored',
    async () => {
      const { exitCode, stderr, stdout } = await node.command(...args(abandoned));
      expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: '' });
      expect(stdout).toMatch(/lungs: 3 of 3 cases done, 0 failed\ncopier: 1 of 3 cases done, 2 failed/);
      const { structures } = JSON.parse(readFileSync(join(abandoned, 'summary.json'), 'utf8')) as Summary;
      expect(structures.find(({ model, structure }) => model === 'lungs' && structure === 'LEFT_LUNG')).toMatchObject({
        n: 2,
        scored: 2,
        absent: 0,
      });
    },
    TIMEOUT_MS,
  );

  it.each([['whose copy is still there'], ['whose copy was deleted meanwhile']])(
    'runs a case anew %s, where slices were added before it was scored',
    async (which) => {
      const [folder, cohortOfIt, to] = ['grown', 'grown.yaml', 'of grown'].map((name) => join(work, `${name}, ${which}`));
      mkdirSync(folder);
      const files = second.files.map((file) => [file, join(folder, basename(file))]);
      for (const [file, place] of files.slice(0, files.length / 2)) copyFileSync(file, place);
      writeFileSync(join(work, 'second.dcm'), lungsSeg(second));
      writeFileSync(cohortOfIt, stringify({ cases: [{ name: 'grown', folder, truth: 'second.dcm' }] }));
      const asked = ['compare', '--models', `lungs,${COPIER}`, '--cohort', cohortOfIt, '--out', to];
      const before = Math.max(...(await runs()).map(({ run }) => run));
      const ofCase = async () => (await runs()).filter(({ run }) => run > before);
      const command = begun(to, asked);
      await until('a model to have run on half of it', async () => (await ofCase()).some(({ state }) => state === 'done'));
      command.kill('SIGKILL');
      await once(command, 'exit');
      await until('the other one to have run', async () => (await ofCase()).every(hasEnded));
      expect(existsSync(join(to, 'cases', 'grown.json'))).toBe(false);
      if (which.includes('deleted')) expect(await node.command('compare', '--forget', to)).toMatchObject({ exitCode: 0 });

      for (const [file, place] of files) copyFileSync(file, place);
      expect(await node.command(...asked)).toMatchObject({ exitCode: 1, stderr: '' });
      const { structures } = JSON.parse(readFileSync(join(to, 'summary.json'), 'utf8')) as Summary;
      const lung = structures.find(({ model, structure }) => model === 'lungs' && structure === 'LEFT_LUNG');
      expect(lung).toMatchObject({ n: 1, scored: 1 });
      expect(lung?.metrics.dice?.mean).toBeGreaterThan(0.9);
      expect((await ofCase()).map(({ model, version }) => [model, version]).sort()).toEqual([
        [COPIER, 1],
        [COPIER, 2],
        ['lungs', 1],
        ['lungs', 2],
      ]);
    },
    TIMEOUT_MS,
  );

  it(
    'fails a case whose files contradict each other, and deletes the copy that is held for it',
    async () => {
      const [torn, cohortOfIt, to] = [join(work, 'torn'), join(work, 'torn.yaml'), join(work, 'of torn')];
      mkdirSync(torn);
      const [file] = readdirSync(first.folder);
      const bytes = readFileSync(join(first.folder, file));
      writeFileSync(join(torn, 'a.dcm'), bytes);
      bytes[bytes.length - 2] ^= 1;
      writeFileSync(join(torn, 'b.dcm'), bytes);
      writeFileSync(cohortOfIt, stringify({ cases: [{ name: 'torn', folder: torn }] }));
      const { exitCode, stdout } = await node.command('compare', '--models', 'lungs', '--cohort', cohortOfIt, '--out', to);
      expect(exitCode).toBe(1);
      expect(stdout).toMatch(/lungs failed: INSTANCE_CONFLICT\n.*arrived again with other pixels/);
      const held = async () => (await node.admin.get<StudyView[]>('/studies')).filter(({ state }) => state === 'held');
      expect(await held()).toHaveLength(1);
      expect(await node.command('compare', '--forget', to)).toMatchObject({
        exitCode: 0,
        stdout: expect.stringMatching(/^1 copy of a case is deleted/) as string,
      });
      expect(await held()).toEqual([]);
    },
    TIMEOUT_MS,
  );

  it('forgets nothing that it does not know', async () => {
    const forget = (folder: string, ...more: string[]) => node.command('compare', '--forget', folder, ...more);
    expect(await forget(work)).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('comparison.json is not there; expected the --out folder of a comparison') as string,
    });
    const elsewhere = tempFolder('elsewhere');
    writeFileSync(join(elsewhere, 'comparison.json'), JSON.stringify({ id: 'of-another-node', models: [] }));
    expect(await forget(elsewhere)).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/this node has run nothing of the comparison in .*; expected the node that did/) as string,
    });
    const noNode = await runAnteroom('compare', '--forget', out, '--data', elsewhere);
    expect(noNode).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('anteroom.sock: ENOENT') as string });
  });

  it('refuses other models in the folder of a comparison, and a cohort file with all its faults and lines', async () => {
    const other = await node.command('compare', '--models', 'lungs', '--cohort', cohort, '--out', out);
    expect(other).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/The folder holds another comparison: .*; expected lungs \(/),
    });
    const bad = join(work, 'bad.yaml');
    writeFileSync(bad, 'cases:\n  - folder: gone\n    study: 1.2.3\n  - fodler: here\n  - { study: 1.2.3, name: "a b" }\n');
    const refused = await node.command('compare', '--models', 'lungs', '--cohort', bad, '--out', join(work, 'none'));
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toMatch(/bad\.yaml:2:5 cases\[0\]: must name its images by one of folder, study, query/);
    expect(refused.stderr).toMatch(/bad\.yaml:4:5 cases\[1\]\.fodler: unknown key "fodler" \(did you mean folder\?\)/);
    expect(refused.stderr).toMatch(/bad\.yaml:5:27 cases\[2\]\.name: must be letters, digits/);
    expect(existsSync(join(work, 'none'))).toBe(false);
  });
});

function copier(seg: Uint8Array): string {
  const folder = tempFolder('copier');
  const card = JSON.parse(readFileSync('deploy/models/lungs/meta.json', 'utf8')) as Record<string, unknown>;
  writeFileSync(join(folder, 'meta.json'), JSON.stringify({ ...card, name: COPIER }));
  writeFileSync(join(folder, 'drawn.dcm'), seg);
  writeFileSync(join(folder, 'model.sh'), 'sleep 0.3; cp "$ANTEROOM_MODEL_DIR/drawn.dcm" "$ANTEROOM_OUTPUT_DIR/"\n');
  writeFileSync(join(folder, 'model.yaml'), stringify({ runtime: 'process', command: ['sh', 'model.sh'], memoryMb: 64, cpus: 0.5 }));
  return folder;
}
