/** What a simulated day came to, held against what was sent: by the account, and by the ledger and the PACS beside it. */
import { WORST_FIRST, type StandingName } from '../../../src/accounting/standing.js';
import { dataFolders } from '../../../src/archive/folders.js';
import { Db } from '../../../src/ledger/database.js';
import type { Day } from './day.js';
import { ruleNames, scenarios, type Ending, type Scenario } from './scenarios.js';
import type { DayStudy } from './studies.js';

/** Every difference in a sentence; none where all is as it should be. */
export function differencesOf(day: Day): string[] {
  return [
    ...day.studies.flatMap((study) => differencesOfStudy(day, study)),
    ...scenarios().flatMap((scenario) => differencesOfCounts(day, scenario)),
    ...differencesOfSums(day),
    ...inLedger(day, (db) => differencesOfLedger(day, db)),
  ];
}

interface Seen {
  readonly rule?: string;
  readonly standing: StandingName;
  readonly reason: string;
}

/** What is said of the study as a whole where that counts, else of each due. */
function seenOf(day: Day, { studyInstanceUid }: DayStudy): readonly Seen[] {
  const account = day.accounts.get(studyInstanceUid);
  if (account?.standing !== undefined && account.reason !== undefined) return [{ standing: account.standing, reason: account.reason }];
  return account?.dues ?? [];
}

const fits = ({ standing, reason }: Seen, ending: Ending): boolean => standing === ending.standing && ending.reason.test(reason);

function differencesOfStudy(day: Day, study: DayStudy): string[] {
  const { name, endsAs } = study.scenario;
  const dues = day.accounts.get(study.studyInstanceUid)?.dues.map(({ rule }) => rule) ?? ['no account at all'];
  const wanted = ruleNames(study.scenario);
  const wrongDues = String(dues) === String(wanted) ? [] : [`${name}: due were ${String(dues)}, expected ${String(wanted)}`];
  const unexpected = seenOf(day, study).filter((seen) => !endsAs.some((ending) => fits(seen, ending)));
  return [...wrongDues, ...unexpected.map(({ standing, reason }) => `${name}: ${standing}: ${reason}`)];
}

function differencesOfCounts(day: Day, { name, endsAs }: Scenario): string[] {
  const studies = day.studies.filter(({ scenario }) => scenario.name === name);
  return endsAs.flatMap((ending) => {
    if (ending.count === undefined) return [];
    const seen = studies.filter((study) => seenOf(day, study).some((one) => fits(one, ending))).length;
    const [least, most] = ending.count(studies.length);
    return seen >= least && seen <= most ? [] : [`${name}: ${seen} of ${studies.length} ${ending.standing}, expected ${least} to ${most}`];
  });
}

/** The account of all is the sum of the accounts of each, and nothing is silent. */
function differencesOfSums({ accountJson: { exitCode, account }, accounts, studies, refusedStatus, refusedRules }: Day): string[] {
  const standings = [...accounts.values()].map(({ standing }) => standing);
  const expected: [string, number | null, number][] = [
    ['exit code of `anteroom account`', exitCode, 0],
    ['accounted share', account.accountedShare, 1],
    ['silent studies', account.silent.length, 0],
    ['studies due or not concerned', account.studies.due + account.studies.noRuleApplied, studies.length],
    ['studies no rule applied to', account.studies.noRuleApplied, standings.filter((one) => one === undefined).length],
    ...WORST_FIRST.map((name): [string, number, number] => [name, account.studies[name], standings.filter((one) => one === name).length]),
    ['HTTP status of a broken object', refusedStatus, 409],
    ['broken rules named by line', Number(/day\.yaml:3:5 .*"wehn"/.test(refusedRules)), 1],
  ];
  return expected.flatMap(([what, seen, wanted]) => (seen === wanted ? [] : [`${what}: ${String(seen)}, expected ${wanted}`]));
}

/** What came in is what was sent; each run was carried out once, and each object is at the PACS once. */
function differencesOfLedger({ studies, pacs }: Day, db: Db): string[] {
  const received = new Map(
    db
      .all<{ uid: string; n: number }>(
        `SELECT s.study_instance_uid AS uid, count(*) AS n FROM studies s JOIN instances i ON i.study_id = s.id
         WHERE i.own_result = 0 AND i.standing = 'current' GROUP BY s.id`,
      )
      .map(({ uid, n }) => [uid, n]),
  );
  const differing = studies.filter(({ studyInstanceUid, instances }) => received.get(studyInstanceUid) !== instances);
  const endedTwice = db.all<{ id: number }>(
    "SELECT row_id AS id FROM events WHERE table_name = 'runs' AND to_state = 'produced' GROUP BY row_id HAVING count(*) > 1",
  );
  const count = (sql: string) => db.get<{ n: number }>(sql)?.n ?? 0;
  const forPacs = studies.filter(({ scenario: { rules } }) => rules.some(({ destinations }) => String(destinations).includes('pacs')));
  const equal = studies.filter(({ scenario: { name } }) => name === 'equal-work');
  const expected: [string, number, number][] = [
    ['studies in the ledger', received.size, studies.length],
    ['objects at the PACS', pacs.archive.instancesByUid.size, forPacs.length],
    ['deliveries to it', count("SELECT count(*) AS n FROM deliveries WHERE destination = 'pacs' AND state = 'delivered'"), forPacs.length],
    ['runs answered by an equal one', count('SELECT count(*) AS n FROM runs WHERE same_as IS NOT NULL'), equal.length],
    ['runs that answer nothing', count('SELECT count(*) AS n FROM runs WHERE id NOT IN (SELECT run_id FROM due_runs)'), 0],
  ];
  return [
    ...differing.map(
      ({ scenario, studyInstanceUid: uid, instances }) => `${scenario.name}: ${received.get(uid)} of ${instances} instances`,
    ),
    ...endedTwice.map(({ id }) => `run ${id} was carried out twice`),
    ...expected.flatMap(([what, seen, wanted]) => (seen === wanted ? [] : [`${what}: ${seen}, expected ${wanted}`])),
  ];
}

/** Asks the ledger of the day's node, or changes it. */
export function inLedger<T>({ node }: Day, ask: (db: Db) => T): T {
  const db = Db.open(dataFolders(node.dataDir).ledgerFile, { migrate: false });
  try {
    return ask(db);
  } finally {
    db.close();
  }
}
