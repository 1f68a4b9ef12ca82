/**
 * A hospital's day in less than a minute, through a real node: traffic with all the faults of `scenarios.ts`, a rule file that somebody
 * breaks, a PACS that is away until the afternoon, and a node that is killed at noon. In the evening people put right what people can.
 */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { Account, StudyAccount } from '../../../src/accounting/account.js';
import type { RulesStanding } from '../../../src/api/rule-views.js';
import type { ListedModel, RunView, StudyView } from '../../../src/api/views.js';
import { storeFiles } from '../../../src/dimse/scu.js';
import { startFolderServer, type FolderServer } from '../folder-server.js';
import { prepareNode, type TestNode } from '../node.js';
import { freePort } from '../orthanc.js';
import { postStow, bodyOf } from '../stow.js';
import { until } from '../until.js';
import { BREAKER_FAILURES, GIVEN_UP, LATE_MODEL, MODELS, PAUSES, rulesOf, scenarios, SLOTS, WEAK_MODEL } from './scenarios.js';
import { makeAnswers, makeDayModel, makeDayStudy, type DayStudy } from './studies.js';

const SENDERS = 2;
const RULES_FILE = 'day.yaml';
const EVENING_DEADLINE_MS = 180_000;
const SETTLING = { quietS: 1, shortQuietS: 0.1, signals: ['association-released'] };

export interface Day {
  readonly node: TestNode;
  readonly pacs: FolderServer;
  readonly studies: readonly DayStudy[];
  readonly accountJson: { readonly exitCode: number | null; readonly account: Account };
  /** By StudyInstanceUID. */
  readonly accounts: ReadonlyMap<string, StudyAccount>;
  /** HTTP status of an object that was broken on its way. */
  readonly refusedStatus: number;
  /** What was said of the rule file that somebody broke. */
  readonly refusedRules: string;
  end(): Promise<void>;
}

/** Plays a day with so many studies of each scenario, more where it takes more to be seen. */
export async function playDay(studiesOfEach: number): Promise<Day> {
  const all = scenarios();
  const answers = makeAnswers();
  const studies = mixed(
    all.map((scenario) => Array.from({ length: Math.max(studiesOfEach, scenario.atLeast ?? 0) }, () => makeDayStudy(scenario, answers))),
  );
  const rules = stringify({ rules: rulesOf(all) });
  const pacsPort = await freePort();
  const node = await prepareNode({ rules: { [RULES_FILE]: rules }, settings: settingsOf(pacsPort) });
  await node.start();
  const models = new Map([...MODELS, LATE_MODEL].map((name) => [name, makeDayModel(name, answers)]));
  const add = (name: string) =>
    node.admin.post('/models', { folder: models.get(name), activate: { by: 'test', reason: 'a simulated day' } });
  for (const name of MODELS) await add(name);
  const broken = join(models.get(WEAK_MODEL) ?? '', 'broken');
  writeFileSync(broken, '');
  for (const pause of PAUSES) await node.admin.post('/pause', pause);

  const third = Math.ceil(studies.length / 3);
  await send(node, studies.slice(0, third));
  const refusedRules = await breakRules(node, rules);
  const { status: refusedStatus } = await postStow(node.httpPort, bodyOf(Buffer.from('not an image')));
  await killDuring(node, send(node, studies.slice(third, 2 * third)));
  writeFileSync(join(node.rulesDir, RULES_FILE), rules);
  const pacs = await startFolderServer({}, pacsPort);
  const afternoon = send(node, studies.slice(2 * third));
  if (studiesOfEach > 1) await killDuring(node, afternoon);
  await afternoon;
  await sendLater(node, studies);
  await until('the weak model is suspended', async () => (await suspended(node)).includes(WEAK_MODEL));
  rmSync(broken);
  await add(LATE_MODEL);
  for (const pause of PAUSES) await node.admin.post('/resume', pause);
  for (const run of await runsOf(node)) if (run.rule === GIVEN_UP) await node.admin.post(`/runs/${run.run}/cancel`, {});
  await evening(node, studies);
  const { exitCode, stdout } = await node.command('account', '--json');
  return {
    node,
    pacs,
    studies,
    accountJson: { exitCode, account: JSON.parse(stdout) as Account },
    accounts: await accountsOf(node, studies),
    refusedStatus,
    refusedRules,
    end: async () => {
      await node.remove();
      await pacs.close();
    },
  };
}

function settingsOf(pacsPort: number): Record<string, unknown> {
  const retry = { firstDelayS: 0.5, maxDelayS: 1 };
  return {
    settle: SETTLING,
    runs: { concurrency: SLOTS, resources: { cpus: 2, memoryMb: 1000 }, breaker: { failures: BREAKER_FAILURES } },
    destinations: { pacs: { kind: 'stow', url: `http://127.0.0.1:${pacsPort}/dicom-web`, timeoutS: 5, retry } },
  };
}

/** One of each scenario after the other, so that nothing comes in one lump. */
function mixed(groups: readonly (readonly DayStudy[])[]): DayStudy[] {
  const longest = Math.max(...groups.map(({ length }) => length));
  return Array.from({ length: longest }, (_, n) => groups.flatMap((group) => group[n] ?? [])).flat();
}

/** Sends each study over an association of its own, again until all of it is acknowledged. */
async function send(node: TestNode, studies: readonly DayStudy[]): Promise<void> {
  const waiting = [...studies];
  await Promise.all(
    Array.from({ length: SENDERS }, async () => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await sendFiles(node, next.files);
    }),
  );
}

async function sendFiles(node: TestNode, files: readonly string[]): Promise<void> {
  const peer = { host: '127.0.0.1', port: node.dicomPort, aeTitle: 'ANTEROOM', callingAe: 'SCANNER' };
  await until('a study is acknowledged', async () => (await storeFiles(peer, files)).every(({ error }) => error === undefined));
}

/** Kills the node when some more runs have ended, and starts it again. */
async function killDuring(node: TestNode, traffic: Promise<void>): Promise<void> {
  const done = async () => (await runsOf(node)).filter(({ state }) => state === 'done').length;
  const before = await done();
  await until('more runs are done', async () => (await done()) > before);
  await node.kill();
  await node.start();
  await traffic;
}

/** What comes when the study was decided already. */
async function sendLater(node: TestNode, studies: readonly DayStudy[]): Promise<void> {
  for (const { studyInstanceUid, laterFiles } of studies.filter(({ laterFiles: { length } }) => length > 0)) {
    await until('the first version is decided', async () => {
      const all = await node.admin.get<StudyView[]>('/studies?limit=10000');
      return all.find((study) => study.studyInstanceUid === studyInstanceUid)?.versions.at(-1)?.state === 'decided';
    });
    await sendFiles(node, laterFiles);
  }
}

async function breakRules(node: TestNode, rules: string): Promise<string> {
  writeFileSync(join(node.rulesDir, RULES_FILE), rules.replace('when:', 'wehn:'));
  return until('the broken rules are refused', async () => (await node.admin.get<RulesStanding>('/rules/revisions')).refused?.text);
}

function runsOf(node: TestNode): Promise<RunView[]> {
  return node.admin.get<RunView[]>('/runs?limit=10000');
}

async function suspended(node: TestNode): Promise<string[]> {
  const models = await node.admin.get<ListedModel[]>('/models');
  return models.filter(({ state }) => state === 'suspended').map(({ name }) => name);
}

/** Somebody resumes what the breaker has suspended, until nothing is under way but what must stay so. */
async function evening(node: TestNode, studies: readonly DayStudy[]): Promise<void> {
  const stays = stayingUnderWay(studies);
  let account: Account | undefined;
  const ended = async () => {
    for (const name of await suspended(node)) await node.admin.post('/resume', { kind: 'model', name });
    account = await node.admin.get<Account>('/account');
    return account.studies['under way'] <= stays;
  };
  await until('the day to end', ended, EVENING_DEADLINE_MS).catch((error: unknown) => {
    throw new Error(`${String(error)}: ${JSON.stringify(account?.reasons)}`, { cause: error });
  });
}

function stayingUnderWay(studies: readonly DayStudy[]): number {
  return scenarios().reduce((sum, { name, endsAs }) => {
    const ofIt = studies.filter(({ scenario }) => scenario.name === name).length;
    const [open] = endsAs.filter(({ standing }) => standing === 'under way');
    return sum + (open === undefined ? 0 : (open.count?.(ofIt)[1] ?? ofIt));
  }, 0);
}

async function accountsOf(node: TestNode, studies: readonly DayStudy[]): Promise<Map<string, StudyAccount>> {
  const accounts = new Map<string, StudyAccount>();
  for (const { studyInstanceUid } of studies)
    accounts.set(studyInstanceUid, await node.admin.get<StudyAccount>(`/studies/${studyInstanceUid}/account`));
  return accounts;
}
