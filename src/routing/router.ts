/** Decides study versions: which rules apply, which runs that makes, and why; all in one transaction per version. */
import type { EpochMs } from '../foundation/clock.js';
import { toAnteroomError } from '../foundation/errors.js';
import { failpoint } from '../foundation/failpoint.js';
import { loggerOf } from '../foundation/log.js';
import type { Db } from '../ledger/database.js';
import { instancesOfVersion } from '../ledger/instances.js';
import { activeModel, listModels } from '../ledger/models.js';
import { earlierRunsNotStarted, inputsOfRun, insertRun, lastRunOfRule, type VersionedRun } from '../ledger/runs.js';
import { holdStudy, studyById, type StudyRow } from '../ledger/studies.js';
import { recordDecision, sameSeries, undecidedVersions, type VersionRow } from '../ledger/versions.js';
import { decide, type ActiveModels, type Decision, type RuleDecision } from './evaluate.js';
import { factsInput, studyFacts } from './facts.js';
import { limitOf, type RuleLimits } from './limits.js';
import type { RuleSet } from './schema.js';

const log = loggerOf('routing');

/** Decides every settled version with the rules given, as far as the AE title that it was sent to lets them be asked. Returns how many runs were made. */
export function decideSettledVersions(db: Db, rules: RuleSet, now: EpochMs, limits: RuleLimits = new Map()): number {
  return undecidedVersions(db).reduce((runs, version) => runs + decideVersion(db, version, rules, now, limits), 0);
}

function decideVersion(db: Db, version: VersionRow, rules: RuleSet, now: EpochMs, limits: RuleLimits): number {
  const study = studyById(db, version.study_id) as StudyRow;
  const instances = instancesOfVersion(db, version.id);
  const models = activeModels(db);
  let decision: Decision;
  try {
    decision = decide(studyFacts(factsInput(study, instances)), rules, { models, limit: limitOf(limits, study.called_ae) });
  } catch (thrown) {
    holdUndecidable(db, study, thrown, now);
    return 0;
  }
  const runs = db.transaction(() => enterDecision(db, version, decision, rules, now));
  failpoint('routing.decided');
  log.info('decided', { studyInstanceUid: study.study_instance_uid, version: version.number, revision: rules.revision, count: runs });
  return runs;
}

/** One study that the rules stumble over must not keep those behind it waiting: it is held, and decided again when it is released. */
function holdUndecidable(db: Db, study: StudyRow, thrown: unknown, now: EpochMs): void {
  const { code, stack } = toAnteroomError(thrown);
  log.error('a study cannot be decided and is held', { studyInstanceUid: study.study_instance_uid, code, stack });
  holdStudy(db, study.id, `the rules could not be decided on it (${code}; the node's log says more)`, now);
}

/** Writes a decision and its runs; returns how many there are. */
function enterDecision(db: Db, version: VersionRow, decision: Decision, rules: RuleSet, now: EpochMs): number {
  const standing = new Map(due(decision).flatMap((rule) => standingRun(db, version, rule).map((run) => [rule, run] as const)));
  const explained = decision.rules.map((rule) => ({ ...rule, reason: rule.reason + notAgain(standing.get(rule)) }));
  if (!recordDecision(db, version.id, JSON.stringify({ ...decision, rules: explained }), rules.revision, now)) return 0;
  const wanted = due(decision).filter((rule) => !standing.has(rule));
  for (const rule of wanted) enterRun(db, version, rule, decision.rulesRevision, now);
  return wanted.length;
}

function due(decision: Decision): RuleDecision[] {
  return decision.rules.filter((rule) => rule.inputs.length > 0);
}

/**
 * The run that this rule made of an earlier version, where it stands for this one too: the late instances do not concern
 * its input. Nothing else may differ, and it must not have ended in vain.
 */
function standingRun(db: Db, version: VersionRow, { rule, model, settings, destinations, inputs }: RuleDecision): VersionedRun[] {
  const run = lastRunOfRule(db, version.study_id, rule, model.name);
  if (run === undefined || ['failed', 'rejected', 'cancelled'].includes(run.state)) return [];
  const inUse = activeModel(db, model.name);
  const asked = JSON.stringify([settings, destinations, model.version ?? null, inputs.map((input) => input.seriesInstanceUid)]);
  const before = inputsOfRun(db, run.id).map((input) => input.series_instance_uid);
  const same =
    asked === JSON.stringify([JSON.parse(run.settings), JSON.parse(run.destinations), run.model_version, before]) &&
    (run.model_id === null || run.model_id === inUse?.id) &&
    before.every((series) => sameSeries(db, version.id, run.version_id, series));
  return same ? [run] : [];
}

function notAgain(run: VersionedRun | undefined): string {
  return run === undefined ? '' : `; not run again: run ${run.id} on version ${run.version_number} has the same instances`;
}

function enterRun(db: Db, version: VersionRow, rule: RuleDecision, rulesRevision: string, now: EpochMs): void {
  const { rule: name, model, settings, destinations, priority, inputs } = rule;
  const run = insertRun(
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
    },
    now,
  );
  const reason = `version ${version.number} of its study has run ${run} in its place`;
  for (const earlier of earlierRunsNotStarted(db, run)) {
    db.move('runs', earlier.id, 'cancelled', { at: now, set: { failure_code: 'OUTDATED', reason, ended_at: now }, detail: reason });
  }
}

/** Name and version of the models that can run now. */
export function activeModels(db: Db): ActiveModels {
  const active = listModels(db).filter((model) => model.state === 'active');
  return new Map(active.map(({ name, version }) => [name, version]));
}
