/** Deciding a study again by the rules in force, because a person asks for it: a new version with the same members. */
import type { EpochMs } from '../foundation/clock.js';
import { AnteroomError } from '../foundation/errors.js';
import { loggerOf } from '../foundation/log.js';
import type { Db } from '../ledger/database.js';
import { deliveriesOfRun } from '../ledger/deliveries.js';
import { unreplacedRuns, type VersionedRun } from '../ledger/run-succession.js';
import { runsOfVersion } from '../ledger/runs.js';
import type { StudyRow } from '../ledger/studies.js';
import { lastVersion, repeatVersion, type VersionRow } from '../ledger/versions.js';
import type { Decision, Outcome } from './decision.js';
import type { RuleLimits } from './limits.js';
import { decisionOn, enterDecision, planOf, type RunsOfRule } from './router.js';
import type { RuleSet } from './schema.js';

const log = loggerOf('routing');

export const REROUTE_SIGNAL = 'reroute';
const SHOWN_DIGITS = 12;

export interface RerouteRequest {
  /** Says what would be done, and does nothing. */
  readonly dryRun?: boolean | undefined;
  /** Makes no version where no run would be made or cancelled: for many studies at once. */
  readonly onlyIfRunsChange?: boolean | undefined;
  /** Who asks; kept as what made the version. */
  readonly author: string;
  readonly reason?: string | undefined;
}

export interface RerouteRun {
  readonly rule: string;
  readonly model: string;
  /** Not yet known in a dry run of what is new. */
  readonly run?: number;
}

export interface Reroute {
  readonly studyInstanceUid: string;
  /** The version made; null where none was. */
  readonly version: number | null;
  readonly revision: string;
  readonly revisionBefore: string | null;
  /** Rules with another outcome than on the version before; null: there is, or was, no such rule. */
  readonly outcomes: readonly {
    readonly rule: string;
    readonly before: Outcome | null;
    readonly now: Outcome | null;
    readonly reason: string | null;
  }[];
  readonly newRuns: readonly RerouteRun[];
  /** Asked for still, and the same: not run again. */
  readonly standingRuns: readonly RerouteRun[];
  /** Not asked for any more, and not started. */
  readonly cancelledRuns: readonly RerouteRun[];
  /** Not asked for any more, but at work: they go on, and their results are delivered. */
  readonly startedRuns: readonly RerouteRun[];
  /** Of runs that are not asked for any more: they stay where they are. */
  readonly remainingResults: readonly {
    readonly run: number;
    readonly rule: string;
    readonly destination: string;
    readonly state: string;
    readonly sopInstanceUid: string;
  }[];
}

/** Decides a settled study again. Throws STATE_MOVE_REFUSED for a study that is not settled, or not decided yet. */
export function reroute(
  db: Db,
  study: StudyRow,
  { rules, limits, now }: { rules: RuleSet; limits: RuleLimits; now: EpochMs },
  asked: RerouteRequest,
): Reroute {
  const last = decidedVersion(db, study);
  const decision = decisionOn(db, study, last, rules, limits);
  const plans = decision.rules.map((rule) => planOf(db, last, rule));
  const left = notAskedFor(db, study, plans);
  const waiting = left.filter(hasNotStarted);
  const changesRuns = waiting.length > 0 || plans.some(({ wanted }) => wanted.length > 0);
  const does = asked.dryRun !== true && (changesRuns || asked.onlyIfRunsChange !== true);
  const version = does ? db.transaction(() => enter(db, last, decision, rules, waiting, asked, now)) : undefined;
  if (version !== undefined)
    log.info('decided again', { studyInstanceUid: study.study_instance_uid, version: version.number, revision: rules.revision });
  return {
    studyInstanceUid: study.study_instance_uid,
    version: version?.number ?? null,
    revision: rules.revision,
    revisionBefore: last.rules_revision,
    outcomes: changedOutcomes(last, decision),
    newRuns: version === undefined ? wantedRuns(plans) : runsOfVersion(db, version.id).map(asRun),
    standingRuns: plans.flatMap(({ standing }) => standing.map(asRun)),
    cancelledRuns: waiting.map(asRun),
    startedRuns: left.filter((run) => !hasNotStarted(run) && run.state !== 'done').map(asRun),
    remainingResults: left.flatMap((run) => remaining(db, run)),
  };
}

function decidedVersion(db: Db, study: StudyRow): VersionRow {
  const last = lastVersion(db, study.id);
  if (study.state === 'settled' && last?.state === 'decided') return last;
  const state = study.state === 'settled' ? 'not decided yet' : study.state;
  throw new AnteroomError('STATE_MOVE_REFUSED', `study ${study.study_instance_uid} is ${state}; expected settled and decided`);
}

/** Runs of rules that the new decision neither lets stand nor replaces by a run of its own. */
function notAskedFor(db: Db, study: StudyRow, plans: readonly RunsOfRule[]): VersionedRun[] {
  const stays = new Set(plans.flatMap(({ standing }) => standing.map(({ id }) => id)));
  const replaced = new Set(plans.filter(({ wanted }) => wanted.length > 0).map(({ rule }) => `${rule.rule}\n${rule.model.name}`));
  return unreplacedRuns(db, study.id).filter((run) => !stays.has(run.id) && !replaced.has(`${run.rule ?? ''}\n${run.model_name}`));
}

function hasNotStarted({ state }: VersionedRun): boolean {
  return state === 'waiting' || state === 'queued';
}

function enter(
  db: Db,
  last: VersionRow,
  decision: Decision,
  rules: RuleSet,
  notWanted: readonly VersionedRun[],
  { author, reason }: RerouteRequest,
  now: EpochMs,
): VersionRow {
  const detail = `asked for by ${author}${reason === undefined ? '' : `: ${reason}`}`;
  const version = repeatVersion(db, last, { signal: REROUTE_SIGNAL, detail }, now);
  enterDecision(db, version, decision, rules, now);
  for (const { id, rule } of notWanted) {
    const why = `version ${version.number} of its study was decided by revision ${rules.revision.slice(0, SHOWN_DIGITS)}: rule ${rule ?? ''} does not ask for it any more`;
    db.move('runs', id, 'cancelled', { at: now, set: { failure_code: 'RUN_NOT_WANTED', reason: why, ended_at: now }, detail: why });
  }
  return version;
}

function wantedRuns(plans: readonly RunsOfRule[]): RerouteRun[] {
  return plans.flatMap(({ rule, wanted }) => wanted.map(() => ({ rule: rule.rule, model: rule.model.name })));
}

function asRun({ id, rule, model_name }: Pick<VersionedRun, 'id' | 'rule' | 'model_name'>): RerouteRun {
  return { run: id, rule: rule ?? '', model: model_name };
}

function changedOutcomes(last: VersionRow, decision: Decision): Reroute['outcomes'] {
  const before = new Map((JSON.parse(last.decision ?? '{"rules":[]}') as Decision).rules.map(({ rule, outcome }) => [rule, outcome]));
  const now = new Map(decision.rules.map((rule) => [rule.rule, rule]));
  return [...new Set([...before.keys(), ...now.keys()])]
    .filter((rule) => before.get(rule) !== now.get(rule)?.outcome)
    .map((rule) => ({
      rule,
      before: before.get(rule) ?? null,
      now: now.get(rule)?.outcome ?? null,
      reason: now.get(rule)?.reason ?? null,
    }));
}

function remaining(db: Db, run: VersionedRun): Reroute['remainingResults'][number][] {
  return deliveriesOfRun(db, run.id).map(({ destination, state, sop_instance_uid }) => ({
    run: run.id,
    rule: run.rule ?? '',
    destination,
    state,
    sopInstanceUid: sop_instance_uid,
  }));
}
