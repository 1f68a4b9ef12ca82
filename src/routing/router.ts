/** Decides study versions: which rules apply, which runs that makes, and why; all in one transaction per version. */
import type { EpochMs } from '../foundation/clock.js';
import { toAnteroomError } from '../foundation/errors.js';
import { failpoint } from '../foundation/failpoint.js';
import { loggerOf } from '../foundation/log.js';
import type { Db } from '../ledger/database.js';
import { instancesOfVersion, type InstanceRow } from '../ledger/instances.js';
import { recordDueRun } from '../ledger/dues.js';
import { evaluationStudy } from '../ledger/evaluations.js';
import { activeModel } from '../ledger/models.js';
import { lastRunOfSeries, replaceEarlierRuns, type VersionedRun } from '../ledger/run-succession.js';
import { inputsOfRun, insertRun, PRIORITY, seriesKey } from '../ledger/runs.js';
import { holdStudy, studyById, type StudyRow } from '../ledger/studies.js';
import { recordDecision, sameSeries, undecidedVersions, type VersionRow } from '../ledger/versions.js';
import { activeModels } from './active-models.js';
import { decide, type Decision, type RuleDecision, type RunInput } from './evaluate.js';
import { factsInput, studyFacts, type StudyFacts } from './facts.js';
import { limitOf, type RuleLimits } from './limits.js';
import type { RuleSet } from './schema.js';
import { keepFacts } from './stored-facts.js';

export { activeModels } from './active-models.js';

const log = loggerOf('routing');

/** Decides every settled version with the rules given, as far as the AE title that it was sent to lets them be asked. Returns how many runs were made. */
export function decideSettledVersions(db: Db, rules: RuleSet, now: EpochMs, limits: RuleLimits = new Map()): number {
  return undecidedVersions(db).reduce((runs, version) => runs + decideVersion(db, version, rules, now, limits), 0);
}

function decideVersion(db: Db, version: VersionRow, rules: RuleSet, now: EpochMs, limits: RuleLimits): number {
  const study = studyById(db, version.study_id) as StudyRow;
  let looked: LookedAt;
  let decision: Decision;
  try {
    looked = lookAt(db, study, version);
    decision = decisionOn(db, study, version, rules, limits, looked);
  } catch (thrown) {
    holdUndecidable(db, study, thrown, now);
    return 0;
  }
  const runs = db.transaction(() => {
    keepFacts(db, version.id, looked.facts, looked.instances);
    return enterDecision(db, version, decision, rules, now);
  });
  failpoint('routing.decided');
  log.info('decided', { studyInstanceUid: study.study_instance_uid, version: version.number, revision: rules.revision, count: runs });
  return runs;
}

interface LookedAt {
  readonly instances: readonly InstanceRow[];
  readonly facts: StudyFacts;
}

function lookAt(db: Db, study: StudyRow, version: VersionRow): LookedAt {
  const instances = instancesOfVersion(db, version.id);
  return { instances, facts: studyFacts(factsInput(study, instances)) };
}

/** What one set of rules decides on a version; nothing is written. */
export function decisionOn(
  db: Db,
  study: StudyRow,
  version: VersionRow,
  rules: RuleSet,
  limits: RuleLimits,
  { facts }: Pick<LookedAt, 'facts'> = lookAt(db, study, version),
): Decision {
  // The copy of a case is no patient's study: no rule is asked about it.
  const asked = evaluationStudy(db, study.study_instance_uid) === undefined ? rules : { ...rules, rules: [] };
  return decide(facts, asked, { models: activeModels(db), limit: limitOf(limits, study.called_ae) });
}

/** One study that the rules stumble over must not keep those behind it waiting: it is held, and decided again when it is released. */
function holdUndecidable(db: Db, study: StudyRow, thrown: unknown, now: EpochMs): void {
  const { code, stack } = toAnteroomError(thrown);
  log.error('a study cannot be decided and is held', { studyInstanceUid: study.study_instance_uid, code, stack });
  holdStudy(db, study.id, `the rules could not be decided on it (${code}; the node's log says more)`, now);
}

/** What a rule is going to run, and what of it stands from earlier versions. */
export interface RunsOfRule {
  readonly rule: RuleDecision;
  readonly wanted: readonly RunInputs[];
  readonly standing: readonly VersionedRun[];
}

type RunInputs = readonly RunInput[];

/** Writes a decision and its runs; returns how many there are. In the caller's transaction. */
export function enterDecision(db: Db, version: VersionRow, decision: Decision, rules: RuleSet, now: EpochMs): number {
  const plans = decision.rules.map((rule) => planOf(db, version, rule));
  const explained = plans.map(({ rule, standing }) => ({ ...rule, reason: rule.reason + standing.map(notAgain).join('') }));
  if (!recordDecision(db, version.id, JSON.stringify({ ...decision, rules: explained }), rules.revision, now)) return 0;
  for (const plan of plans) enterRuns(db, version, plan, decision.rulesRevision, now);
  return plans.reduce((count, { wanted }) => count + wanted.length, 0);
}

/** Which runs a rule asks for on a version, and which of them need not be made. */
export function planOf(db: Db, version: VersionRow, rule: RuleDecision): RunsOfRule {
  const asked = rule.runs.map(({ inputs }) => ({ inputs, stands: standingRun(db, version, rule, inputs) }));
  return {
    rule,
    wanted: asked.filter(({ stands }) => stands === undefined).map(({ inputs }) => inputs),
    standing: asked.flatMap(({ stands }) => stands ?? []),
  };
}

/**
 * The run that this rule made of an earlier version, where it stands for this one too: the late instances do not concern
 * its input. Nothing else may differ, and it must not have ended in vain.
 */
function standingRun(db: Db, version: VersionRow, decision: RuleDecision, inputs: RunInputs): VersionedRun | undefined {
  const { rule, model, settings, destinations, workflow, shadow } = decision;
  const run = lastRunOfSeries(db, version.study_id, rule, model.name, seriesKey(inputs));
  if (run === undefined || ['failed', 'rejected', 'cancelled'].includes(run.state)) return undefined;
  const inUse = activeModel(db, model.name);
  const asked = JSON.stringify([settings, destinations, model.version ?? null, workflow ?? null, shadow]);
  const same =
    asked === JSON.stringify([JSON.parse(run.settings), JSON.parse(run.destinations), run.model_version, run.workflow, run.shadow === 1]) &&
    (hasStarted(run) || startsAsAsked(run, decision)) &&
    (run.model_id === null || run.model_id === inUse?.id) &&
    inputsOfRun(db, run.id).every(({ series_instance_uid }) => sameSeries(db, version.id, run.version_id, series_instance_uid));
  return same ? run : undefined;
}

function hasStarted({ state }: VersionedRun): boolean {
  return state !== 'waiting' && state !== 'queued';
}

/** Whether a run that has not started will do so when the rule wants it. */
function startsAsAsked(run: VersionedRun, { priority, window, limits }: RuleDecision): boolean {
  const textOf = (value: unknown) => (value === undefined ? null : JSON.stringify(value));
  return run.priority === PRIORITY[priority] && run.window === textOf(window) && run.limits === textOf(limits);
}

function notAgain(run: VersionedRun): string {
  return `; not run again: run ${run.id} on version ${run.version_number} has the same instances`;
}

function enterRuns(db: Db, version: VersionRow, { rule, wanted, standing }: RunsOfRule, rulesRevision: string, now: EpochMs): void {
  const [first, ...others] = wanted.map((inputs) => enterRun(db, version, rule, inputs, rulesRevision, now));
  const stays = standing.map(({ id }) => id);
  for (const run of [...stays, first, ...others]) if (run !== undefined) recordDueRun(db, version.id, rule.rule, run);
  if (first === undefined) return;
  for (const { id, state, replaced_by } of replaceEarlierRuns(db, [first, ...others], stays)) {
    if (state !== 'waiting' && state !== 'queued') continue;
    const reason = `version ${version.number} of its study has run ${replaced_by} in its place`;
    db.move('runs', id, 'cancelled', { at: now, set: { failure_code: 'OUTDATED', reason, ended_at: now }, detail: reason });
  }
}

function enterRun(db: Db, version: VersionRow, rule: RuleDecision, inputs: RunInputs, rulesRevision: string, now: EpochMs): number {
  const { rule: name, model, workflow, settings, destinations, shadow, priority, window, limits } = rule;
  return insertRun(
    db,
    {
      purpose: 'clinical',
      versionId: version.id,
      rule: name,
      rulesRevision,
      modelName: model.name,
      modelVersion: model.version,
      settings,
      destinations,
      priority,
      inputs,
      workflow,
      shadow,
      window,
      limits,
    },
    now,
  );
}
