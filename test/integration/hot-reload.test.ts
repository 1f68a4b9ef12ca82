/**
 * The rules change every tenth of a second while studies come in and the node is killed: each study is decided once, by one revision
 * that was in force then, and by nothing else. And going back to an earlier revision by the command, killed in the middle.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { RulesStanding } from '../../src/api/rule-views.js';
import type { StudyView } from '../../src/api/views.js';
import { Db } from '../../src/ledger/database.js';
import { listRuleChanges } from '../../src/ledger/revisions.js';
import type { Decision } from '../../src/routing/decision.js';
import { describeWith } from '../support/data.js';
import { dcmtk } from '../support/dcmtk.js';
import { missingForNode, prepareNode, startNode, type TestNode } from '../support/node.js';
import { smallStudy } from '../support/small-study.js';
import { missingTools } from '../support/tools.js';
import { until } from '../support/until.js';

const CHANGE_MS = 100;
const TRAFFIC_MS = 7000;
const KILLED_AT_MS = 3000;
const SENDERS = 2;
const STUDIES_AT_ONCE = 5;
const SETTLING = { quietS: 1, shortQuietS: 0.1, signals: ['association-released'] };

const rule = (name: string, value: string) =>
  `  - { name: ${name}, when: { tag: Modality, equals: CT }, model: nobody, destinations: [archive], settings: { value: ${value} } }\n`;
const FILE_BYTES = 400;
/** All of a size, so that none looks like the half of another. */
const file = (...rules: string[]) => `rules:\n${rules.join('')}`.padEnd(FILE_BYTES - 1, '#') + '\n';

/** What each set of files decides on any CT: rule and the value that it hands to its model. */
const SETS = {
  a: { 'one.yaml': file(rule('both', 'a'), rule('only-a', 'a')), 'two.yaml': file(rule('other', 'a')) },
  b: { 'one.yaml': file(rule('both', 'b')), 'two.yaml': file(rule('other', 'b'), rule('only-b', 'b')) },
  broken: { 'one.yaml': file(rule('both', 'c')), 'two.yaml': file(rule('other', 'c')).replace('when', 'wehn') },
} as const;
const DECIDED = { a: ['both a', 'only-a a', 'other a'], b: ['both b', 'only-b b', 'other b'] } as const;
type SetName = keyof typeof SETS;

describeWith('rules that change while studies come in', [...missingForNode(), ...missingTools('storescu')], () => {
  let node: TestNode;
  beforeAll(async () => {
    node = await prepareNode({ settings: { settle: SETTLING } });
    for (const [name, files] of Object.entries(SETS)) {
      mkdirSync(join(node.rulesDir, `..${name}`));
      for (const [of, text] of Object.entries(files)) writeFileSync(join(node.rulesDir, `..${name}`, of), text);
    }
    for (const of of Object.keys(SETS.a)) symlinkSync(`..data/${of}`, join(node.rulesDir, of));
    swap(node, 'a');
    await node.start();
  }, 60_000);
  afterAll(() => node.remove(), 60_000);

  it('decide each study once, by one revision that was in force then, also over a kill', async () => {
    const endsAt = Date.now() + TRAFFIC_MS;
    const changing = changeUntil(node, endsAt);
    const sending = Promise.all(Array.from({ length: SENDERS }, () => sendUntil(node, endsAt)));
    await setTimeout(KILLED_AT_MS);
    await node.kill();
    await node.start();
    const sent = (await sending).flat();
    await changing;
    await until('every study is decided', async () => {
      const studies = await node.admin.get<StudyView[]>('/studies?limit=10000');
      return studies.length === sent.length && studies.every(({ versions }) => versions.at(-1)?.state === 'decided');
    });
    const seen = decisionsOf(node);
    expect(seen.map(({ study }) => study).sort()).toEqual([...sent].sort());
    expect(sent.length).toBeGreaterThan(20);
    for (const { sets, inForce, decided, runs, times } of seen) {
      expect(times).toBe(1);
      expect(inForce).toBe(true);
      expect([DECIDED.a, DECIDED.b]).toContainEqual(decided);
      expect([runs, sets]).toEqual([decided, decided]);
    }
    expect(new Set(seen.map(({ decided }) => decided[0]))).toEqual(new Set(['both a', 'both b']));
    expect(node.log.filter(({ message }) => message === 'rules in force').length).toBeGreaterThan(4);
    expect(node.log.some(({ message }) => message === 'rules refused, those in force stay')).toBe(true);
  }, 60_000);
});

/** One name is given anew, which is another set for every reader at once: as a Kubernetes config map changes. */
function swap({ rulesDir }: TestNode, to: SetName): void {
  symlinkSync(`..${to}`, join(rulesDir, '..next'));
  renameSync(join(rulesDir, '..next'), join(rulesDir, '..data'));
}

async function changeUntil(node: TestNode, endsAt: number): Promise<void> {
  const order: SetName[] = ['b', 'a', 'b', 'broken', 'a'];
  for (let n = 0; Date.now() < endsAt; n++) {
    swap(node, order[n % order.length]);
    await setTimeout(CHANGE_MS);
  }
  swap(node, 'a');
}

/** Sends studies of one instance, a few over each association, again until all are acknowledged. */
async function sendUntil(node: TestNode, endsAt: number): Promise<string[]> {
  const sent: string[] = [];
  while (Date.now() < endsAt) {
    const studies = Array.from({ length: STUDIES_AT_ONCE }, () => smallStudy([1]));
    const files = studies.flatMap((study) => study.files.flat());
    await until('the studies are acknowledged', async () => {
      const { code } = await dcmtk('storescu', '-aec', 'ANTEROOM', '127.0.0.1', String(node.dicomPort), ...files);
      return code === 0;
    });
    sent.push(...studies.map(({ studyInstanceUid }) => studyInstanceUid));
  }
  return sent;
}

/** What the ledger says of each study: what was decided and run, what the files of the revision named ask for, and whether that was in force. */
function decisionsOf(node: TestNode) {
  const db = Db.open(join(node.dataDir, 'ledger.sqlite'), { migrate: false });
  try {
    const changes = listRuleChanges(db, 1000).reverse();
    const versions = db.all<{ id: number; study: string; revision: string; decision: string; at: number }>(
      `SELECT v.id, s.study_instance_uid AS study, v.rules_revision AS revision, v.decision, v.decided_at AS at
       FROM versions v JOIN studies s ON s.id = v.study_id`,
    );
    return versions.map(({ id, study, revision, decision, at }) => {
      const { rules, rulesRevision } = JSON.parse(decision) as Decision;
      const runs = db.all<{ rule: string; settings: string; rules_revision: string }>(
        'SELECT * FROM runs WHERE version_id = ? ORDER BY rule',
        id,
      );
      const files = db.get<{ files: string }>('SELECT files FROM rule_revisions WHERE revision = ?', revision)?.files ?? '';
      const asked = [...files.matchAll(/name: ([a-z-]+),.*?value: ([abc])/g)].map(([, name, value]) => `${name} ${value}`);
      const valueOf = (settings: unknown) => String((settings as { value?: string }).value);
      return {
        study,
        sets: asked.sort(),
        decided: rules.map((one) => `${one.rule} ${valueOf(one.settings)}`).sort(),
        runs: runs.filter((run) => run.rules_revision === rulesRevision).map((run) => `${run.rule} ${valueOf(JSON.parse(run.settings))}`),
        inForce:
          rulesRevision === revision &&
          changes.some((change, n) => change.revision === revision && change.at <= at && at <= (changes[n + 1]?.at ?? at)),
        times: db.get<{ n: number }>(
          "SELECT count(*) AS n FROM events WHERE table_name = 'versions' AND row_id = ? AND to_state = 'decided'",
          id,
        )?.n,
      };
    });
  } finally {
    db.close();
  }
}

describeWith('going back to an earlier revision', missingForNode(), () => {
  const FIRST = `rules:\n${rule('first', 'a')}`;
  const SECOND = `rules:\n${rule('second', 'a')}`;
  const BROKEN = SECOND.replace('when', 'wehn');
  let node: TestNode;
  beforeAll(async () => {
    node = await startNode({ rules: { 'rules.yaml': FIRST }, failpoint: 'routing.rollback' });
  }, 60_000);
  afterAll(() => node.remove(), 60_000);

  const path = () => join(node.rulesDir, 'rules.yaml');
  const standing = () => node.admin.get<RulesStanding>('/rules/revisions');

  it('is one command, ends after a kill in the middle, and brings back what was there byte for byte', async () => {
    const first = (await standing()).inForce.revision;
    writeFileSync(path(), SECOND);
    await until('the change is in force', async () => (await standing()).inForce.revision !== first);
    writeFileSync(path(), BROKEN);
    await until('the fault is told', async () => (await standing()).refused !== null);
    const doctor = await node.command('doctor');
    expect([doctor.exitCode, doctor.stdout]).toEqual([
      1,
      expect.stringMatching(/rules in force: newer files were refused[^]*rules\.yaml:2:\d+.*wehn/),
    ]);

    expect((await node.command('rules', 'rollback', first.slice(0, 8), '--reason', 'fired wrongly')).exitCode).toBe(1);
    expect(await node.ended()).toBe('SIGKILL');
    expect(readFileSync(path(), 'utf8')).toBe(BROKEN);
    await node.start();
    expect(readFileSync(path(), 'utf8')).toBe(FIRST);
    expect(readdirSync(node.rulesDir)).toEqual(['rules.yaml']);
    expect(await standing()).toMatchObject({ inForce: { revision: first, cause: 'rollback', reason: 'fired wrongly' }, refused: null });
    const aside = join(node.dataDir, 'rules-aside');
    expect(readdirSync(aside).map((at) => readFileSync(join(aside, at, 'rules.yaml'), 'utf8'))).toEqual([BROKEN]);

    const revisions = (await node.command('rules', 'revisions')).stdout;
    expect(revisions).toMatch(/\+first -second \(fired wrongly\)\n.*\+second -first\n.*\+first/);
    expect((await node.command('rules', 'show', 'previous', 'rules.yaml')).stdout).toBe(SECOND);
    const diff = await node.command('rules', 'diff', 'previous', 'in-force');
    expect([diff.exitCode, diff.stdout]).toEqual([1, expect.stringMatching(/\n- {2}- \{ name: second.*\n\+ {2}- \{ name: first/)]);
    expect(await node.command('rules', 'diff')).toMatchObject({ exitCode: 0, stdout: '' });
  }, 60_000);
});
