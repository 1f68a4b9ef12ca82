/** The account of studies: what each was due, and what has become of it. */
import { setImmediate } from 'node:timers/promises';
import type { Clock, EpochMs } from '../foundation/clock.js';
import type { Db } from '../ledger/database.js';
import {
  answersOfRuns,
  duesOfVersions,
  studiesToAccountFor,
  studiesByUid,
  type AccountedStudyRow,
  type AnswerRow,
  type DueRow,
} from '../ledger/dues.js';
import { listModels } from '../ledger/models.js';
import { listPauses } from '../ledger/pauses.js';
import { standingOfDue, standingOfStudy, WORST_FIRST, type Standing, type StandingName, type Surroundings } from './standing.js';

export interface DueAccount extends Standing {
  readonly rule: string;
  readonly model: string;
  readonly shadow: boolean;
}

export interface StudyAccount {
  readonly studyInstanceUid: string;
  /** The worst of its dues, or where the study stands that is not decided; undefined where no rule was due. */
  readonly standing?: StandingName;
  /** Of a study that is not decided (again) yet. */
  readonly reason?: string;
  readonly dues: readonly DueAccount[];
}

export type Counts = Readonly<Record<StandingName, number>>;

export interface Account {
  /** Studies that are due a result, or of which it is not known yet. */
  readonly studies: Counts & { readonly due: number; readonly noRuleApplied: number };
  readonly dues: Counts & { readonly due: number };
  /** Studies with a result, a stated reason, or something that they wait for, over all that are due: 1, or the node has a defect. */
  readonly accountedShare: number;
  /** Why there is no result, and what is waited for, the most frequent first. */
  readonly reasons: readonly { readonly standing: StandingName; readonly reason: string; readonly count: number }[];
  /** The defects. */
  readonly silent: readonly { readonly studyInstanceUid: string; readonly rule?: string; readonly reason: string }[];
}

export interface RecentAccount {
  readonly accountedShare: number;
  readonly due: number;
  /** StudyInstanceUIDs, at most 50. */
  readonly silent: readonly string[];
}

/** Between so many studies others have their turn. */
const STUDIES_AT_ONCE = 200;
const MOST_REASONS = 50;

/** The account of every study to which something has come since; gives way to others as it reads. */
export async function accountSince(db: Db, receivedSince: EpochMs, clock: Clock): Promise<Account> {
  const accounts = new Summary();
  for (let after = 0; ;) {
    const rows = studiesToAccountFor(db, receivedSince, after, STUDIES_AT_ONCE);
    const last = rows.at(-1);
    if (last === undefined) return accounts.result();
    for (const study of accountsOf(db, rows, clock())) accounts.add(study);
    after = last.id;
    await setImmediate();
  }
}

/** How often `/health` is answered with a new account, and of how long. */
const RECENT_EVERY_MS = 10_000;
const RECENT_MS = 7 * 24 * 3_600_000;

/** The share and the number of silent studies of the last seven days, for whoever asks often: not counted again within ten seconds. */
export function recentAccount(db: Db, clock: Clock): () => Promise<RecentAccount> {
  let counted: { readonly at: EpochMs; readonly account: Promise<RecentAccount> } | undefined;
  return () => {
    const now = clock();
    if (counted === undefined || now - counted.at > RECENT_EVERY_MS) {
      const account = accountSince(db, now - RECENT_MS, clock).then(({ accountedShare, studies, silent }) => ({
        accountedShare,
        due: studies.due,
        silent: silent.map(({ studyInstanceUid }) => studyInstanceUid).slice(0, MOST_REASONS),
      }));
      counted = { at: now, account };
    }
    return counted.account;
  };
}

/** The accounts of these studies, by StudyInstanceUID; those that are not known are left out. */
export function accountsOfStudies(db: Db, studyInstanceUids: readonly string[], now: EpochMs): Map<string, StudyAccount> {
  return new Map(accountsOf(db, studiesByUid(db, studyInstanceUids), now).map((account) => [account.studyInstanceUid, account]));
}

function accountsOf(db: Db, studies: readonly AccountedStudyRow[], now: EpochMs): StudyAccount[] {
  const surroundings: Surroundings = { now, activeModels: activeVersions(db), pauses: listPauses(db) };
  const dues = groupBy(
    duesOfVersions(
      db,
      studies.flatMap(({ version_id }) => version_id ?? []),
    ),
    ({ version_id }) => version_id,
  );
  const done = [...dues.values()]
    .flat()
    .flatMap(({ answering_run_id: id, run_state }) => (run_state === 'done' && id !== null ? [id] : []));
  const answers = groupBy(answersOfRuns(db, [...new Set(done)]), ({ run_id }) => run_id);
  return studies.map((study) => accountOf(study, dues.get(study.version_id ?? -1) ?? [], answers, surroundings));
}

function activeVersions(db: Db): ReadonlyMap<string, string> {
  return new Map(listModels(db).flatMap(({ name, version, state }) => (state === 'active' ? [[name, version] as const] : [])));
}

function accountOf(
  study: AccountedStudyRow,
  rows: readonly DueRow[],
  answers: ReadonlyMap<number, AnswerRow[]>,
  surroundings: Surroundings,
): StudyAccount {
  const dues = [...groupBy(rows, ({ rule }) => rule).values()].map((ofRule): DueAccount => {
    const [{ rule, model_name: model, shadow }] = ofRule;
    const given = ofRule.flatMap(({ answering_run_id: id }) => answers.get(id ?? -1) ?? []);
    return { rule, model, shadow: shadow === 1, ...standingOfDue(ofRule, given, surroundings) };
  });
  const { study_instance_uid: studyInstanceUid } = study;
  const whole = standingOfStudy(study, surroundings);
  if (whole !== undefined) return { studyInstanceUid, ...whole, dues };
  const worst = WORST_FIRST.find((name) => dues.some(({ standing }) => standing === name));
  return { studyInstanceUid, ...(worst === undefined ? {} : { standing: worst }), dues };
}

const none = (): Record<StandingName, number> => ({ answered: 0, 'not analysed': 0, 'not delivered': 0, 'under way': 0, silent: 0 });

/** Adds up accounts of studies. */
class Summary {
  private readonly studies = none();
  private readonly dues = none();
  private noRuleApplied = 0;
  private readonly reasons = new Map<string, { standing: StandingName; reason: string; count: number }>();
  private readonly silent: { studyInstanceUid: string; rule?: string; reason: string }[] = [];

  add({ studyInstanceUid, standing, reason, dues }: StudyAccount): void {
    if (standing === undefined) {
      this.noRuleApplied++;
      return;
    }
    this.studies[standing]++;
    if (reason !== undefined) this.tell(studyInstanceUid, { standing, reason });
    for (const due of dues) {
      this.dues[due.standing]++;
      this.tell(studyInstanceUid, due, due.rule);
    }
  }

  private tell(studyInstanceUid: string, { standing, reason }: Standing, rule?: string): void {
    if (standing === 'silent') this.silent.push({ studyInstanceUid, ...(rule === undefined ? {} : { rule }), reason });
    if (standing === 'answered') return;
    const known = this.reasons.get(`${standing} ${reason}`);
    if (known === undefined) this.reasons.set(`${standing} ${reason}`, { standing, reason, count: 1 });
    else known.count++;
  }

  result(): Account {
    const due = total(this.studies);
    return {
      studies: { due, ...this.studies, noRuleApplied: this.noRuleApplied },
      dues: { due: total(this.dues), ...this.dues },
      accountedShare: due === 0 ? 1 : (due - this.studies.silent) / due,
      reasons: [...this.reasons.values()].sort((a, b) => b.count - a.count).slice(0, MOST_REASONS),
      silent: this.silent,
    };
  }
}

function total(counts: Counts): number {
  return WORST_FIRST.reduce((sum, name) => sum + counts[name], 0);
}

function groupBy<T, K>(rows: readonly T[], keyOf: (row: T) => K): Map<K, [T, ...T[]]> {
  const groups = new Map<K, [T, ...T[]]>();
  for (const row of rows) {
    const group = groups.get(keyOf(row));
    if (group === undefined) groups.set(keyOf(row), [row]);
    else group.push(row);
  }
  return groups;
}
