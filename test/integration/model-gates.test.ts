/** The gates of a model, as an administrator meets them: its licence, its test, and what somebody allows for a time. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { stringify } from 'yaml';
import type { ModelStanding } from '../../src/api/model-standing.js';
import type { DeliveryView, ModelView, ResultView, RunView } from '../../src/api/views.js';
import { lungsSeg, makeChestStudy, sendTo } from '../support/chest-study.js';
import { describeWith } from '../support/data.js';
import { lungsRules } from '../support/lungs-rules.js';
import { missingForNode, startNode, type TestNode } from '../support/node.js';
import { tempFolder } from '../support/temp.js';
import { until } from '../support/until.js';

type Run = RunView & { results: ResultView[] };
const ENDED = ['done', 'failed', 'rejected', 'cancelled'];
const TIMEOUT_MS = 60_000;

describeWith('the gates of a model', missingForNode(), () => {
  const study = makeChestStudy('gates');
  const folder = tempFolder('gated');
  let node: TestNode;

  beforeAll(async () => {
    const card = JSON.parse(readFileSync('deploy/models/lungs/meta.json', 'utf8')) as { details: object };
    const license = { code: 'Apache 2.0', weights: 'CC BY-NC 4.0' };
    writeFileSync(join(folder, 'meta.json'), JSON.stringify({ ...card, details: { ...card.details, license } }));
    writeFileSync(join(folder, 'answer.dcm'), lungsSeg(study));
    const script = `cp ${resolve(folder, 'answer.dcm')} "$ANTEROOM_OUTPUT_DIR/"`;
    writeFileSync(join(folder, 'model.yaml'), stringify({ runtime: 'process', command: ['sh', '-c', script], memoryMb: 512 }));
    // Two seconds after a test that was passed the next one is due.
    const modelTests = { everyDays: 2 / 86_400, window: { from: '00:00', to: '23:59' } };
    node = await startNode({ rules: lungsRules('archive'), settings: { modelTests } });
  }, TIMEOUT_MS);
  afterAll(() => node.remove());

  const command = (...args: string[]) => node.command(...args);
  const lastRun = async () => (await node.admin.get<Run[]>('/runs'))[0];
  const ended = (id?: number) =>
    until(
      'the run to end',
      async () => {
        const run = await lastRun();
        return run !== undefined && (id === undefined || run.run === id) && ENDED.includes(run.state) && run;
      },
      TIMEOUT_MS,
    );

  it(
    'is not used before it has passed a test, unless somebody answers for it',
    async () => {
      const refused = await command('models', 'add', folder, '--activate');
      expect(refused).toMatchObject({ exitCode: 1, stdout: '' });
      expect(refused.stderr).toContain('no test of it was told of; expected a passed one, or a name and a reason');
      const added = await command('models', 'add', folder, '--activate', '--by', 'Dr. Chen', '--reason', 'compared by eye');
      expect(added.stdout).toContain('used without a passed test, by Dr. Chen: compared by eye');
      expect((await command('doctor')).stdout).toContain('! model lungs: used without a passed test, by Dr. Chen: compared by eye');
    },
    TIMEOUT_MS,
  );

  it(
    'does not run for patients where its licences allow research only: rules check, the run, doctor and show say so',
    async () => {
      expect((await command('rules', 'check')).stdout).toMatch(
        /warning: its runs are refused: of model lungs, its licences allow no commercial use.*let the rule say `shadow: true`, or mark archive with `research: true`/,
      );
      await sendTo(node, study.files);
      const run = await ended();
      expect(run).toMatchObject({ state: 'cancelled', failureCode: 'USE_NOT_PERMITTED' });
      expect(run.reason).toContain('archive is not marked research');
      expect((await command('doctor')).stdout).toContain('! model lungs: only in shadow, or for destinations marked research');
      expect((await command('doctor')).stdout).toContain('1 runs refused, as their model may not be used');
      expect((await command('account')).exitCode).toBe(0);
    },
    TIMEOUT_MS,
  );

  it(
    'runs while somebody allows it, its results say RESEARCH, and the gate closes again',
    async () => {
      expect((await command('models', 'allow', 'lungs', '--by', 'ann', '--reason', 'x', '--until', '2020-01-01')).stderr).toContain(
        'expected a time from now on, at most 366 days away',
      );
      const soon = new Date(Date.now() + 5 * 86_400_000);
      const lastDay = `${soon.getFullYear()}-${String(soon.getMonth() + 1).padStart(2, '0')}-${String(soon.getDate()).padStart(2, '0')}`;
      const allowed = await command('models', 'allow', 'lungs', '--by', 'Dr. Chen', '--reason', 'study 17', '--until', lastDay);
      expect(allowed.stdout).toMatch(/allowed by Dr\. Chen until .*: study 17/);
      expect(allowed.stdout).toMatch(/1 run\(s\) of it were refused: `anteroom retry --run \d+` runs them now/);
      // It ends soon, which is told before it does.
      expect((await command('doctor')).stdout).toMatch(/! model lungs: allowed by Dr\. Chen until .*: study 17/);
      expect((await command('models', 'show', 'lungs')).stdout).toMatch(/use here +.*allowed by Dr\. Chen until .*: study 17/);

      const { run: id } = await lastRun();
      expect(await command('retry', '--run', String(id))).toMatchObject({ exitCode: 0 });
      const run = await ended(id);
      expect(run).toMatchObject({ state: 'done', reason: null });
      const delivered = await untilDelivered(node);
      const series = (await (
        await fetch(`http://127.0.0.1:${node.httpPort}/dicom-web/series?SeriesInstanceUID=${delivered.seriesInstanceUid}&includefield=all`)
      ).json()) as Record<string, { Value?: string[] }>[];
      expect(series[0]['0008103E'].Value).toEqual(['RESEARCH Lungs 1.0.0']);

      expect((await command('models', 'allow', 'lungs', '--by', 'ann', '--end')).stdout).toContain('only in shadow');
      await node.admin.post('/runs', { model: 'lungs', study: study.studyInstanceUid, again: true });
      expect(await ended(id + 1)).toMatchObject({ state: 'cancelled', failureCode: 'USE_NOT_PERMITTED' });
    },
    TIMEOUT_MS,
  );

  it(
    'is suspended when its test, which it had passed, fails without its digest having changed, and somebody is told',
    async () => {
      const [sample, reference, out] = [study.folder, join(tempFolder('gates'), 'reference'), tempFolder('gates-out')];
      const test = (...args: string[]) =>
        command('models', 'test', folder, '--sample', sample, '--reference', reference, '--out', out, ...args);
      const standing = async () => (await node.admin.get<(ModelView & ModelStanding)[]>('/models'))[0];
      // What has been compared with itself says nothing.
      expect(await test('--record')).toMatchObject({
        exitCode: 0,
        stdout: expect.stringContaining('run it again without --record') as string,
      });
      expect(await standing()).toMatchObject({ test: { last: null } });
      expect(await test()).toMatchObject({ exitCode: 0 });
      expect(await standing()).toMatchObject({ state: 'active', overrideReason: null, test: { passed: true } });
      await until('a test that the node makes by itself', async () => (await standing()).test.last?.cause === 'schedule');

      // Somebody has changed what is behind the model: both lungs are exchanged.
      writeFileSync(
        join(folder, 'answer.dcm'),
        lungsSeg(study, (source) => source, ['LEFT_LUNG', 'RIGHT_LUNG']),
      );
      await until('the drift', async () => (await standing()).state === 'suspended');
      const told = await command('doctor');
      expect(told).toMatchObject({ exitCode: 1 });
      expect(told.stdout).toMatch(
        /✗ model lungs: suspended, \d+ run\(s\) wait: its test, which it passed at .*, fails now: Segment Swapped/,
      );
      expect(node.log.find(({ message }) => message?.startsWith('a model has drifted and is suspended') === true)).toMatchObject({
        level: 'error',
        model: 'lungs',
      });
      expect((await command('resume', 'model', 'lungs')).stderr).toContain('expected a test passed since, or a name and a reason');
      expect(await command('resume', 'model', 'lungs', '--reason', 'a change that was wanted')).toMatchObject({ exitCode: 0 });
      expect(await standing()).toMatchObject({ state: 'active', overrideReason: 'a change that was wanted' });
    },
    2 * TIMEOUT_MS,
  );
});

function untilDelivered(node: TestNode): Promise<DeliveryView> {
  return until('the delivery', async () =>
    (await node.admin.get<DeliveryView[]>('/deliveries')).find(({ state }) => state === 'delivered'),
  );
}
