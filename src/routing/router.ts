/** Decides study versions: which rules apply, which runs that makes, and why; all in one transaction per version. */
import type { EpochMs } from '../foundation/clock.js';
import { failpoint } from '../foundation/failpoint.js';
import { loggerOf } from '../foundation/log.js';
import type { Db } from '../ledger/database.js';
import { headerOf, instancesOfVersion, type InstanceRow } from '../ledger/instances.js';
import { listModels } from '../ledger/models.js';
import { insertRun } from '../ledger/runs.js';
import { studyById, type StudyRow } from '../ledger/studies.js';
import { recordDecision, recordRevision, undecidedVersions, type VersionRow } from '../ledger/versions.js';
import { decide, type ActiveModels, type Decision } from './evaluate.js';
import { studyFacts, type FactsInput } from './facts.js';
import type { RuleSet } from './schema.js';

const log = loggerOf('routing');

/** Decides every settled version with the rules given. Returns how many runs were made. */
export function decideSettledVersions(db: Db, rules: RuleSet, now: EpochMs): number {
  return undecidedVersions(db).reduce((runs, version) => runs + decideVersion(db, version, rules, now), 0);
}

function decideVersion(db: Db, version: VersionRow, rules: RuleSet, now: EpochMs): number {
  const study = studyById(db, version.study_id) as StudyRow;
  const decision = decide(studyFacts(factsInput(study, instancesOfVersion(db, version.id))), rules, { models: activeModels(db) });
  const runs = db.transaction(() => {
    if (!recordDecision(db, version.id, JSON.stringify(decision), rules.revision, now)) return 0;
    recordRevision(db, rules.revision, rules.files, now);
    return insertRuns(db, version, decision, now);
  });
  failpoint('routing.decided');
  log.info('decided', { studyInstanceUid: study.study_instance_uid, version: version.number, revision: rules.revision, count: runs });
  return runs;
}

function insertRuns(db: Db, version: VersionRow, decision: Decision, now: EpochMs): number {
  const due = decision.rules.filter((rule) => rule.inputs.length > 0);
  for (const { rule, model, settings, destinations, priority, inputs } of due) {
    insertRun(
      db,
      {
        purpose: 'clinical',
        versionId: version.id,
        rule,
        rulesRevision: decision.rulesRevision,
        modelName: model.name,
        modelVersion: model.version,
        settings,
        destinations,
        priority,
        inputs,
      },
      now,
    );
  }
  return due.length;
}

function factsInput(study: StudyRow, instances: readonly InstanceRow[]): FactsInput {
  const series = new Map<string, { sopInstanceUid: string; header: ReturnType<typeof headerOf> }[]>();
  for (const row of instances) {
    const list = series.get(row.series_instance_uid) ?? [];
    list.push({ sopInstanceUid: row.sop_instance_uid, header: headerOf(row) });
    series.set(row.series_instance_uid, list);
  }
  return {
    studyInstanceUid: study.study_instance_uid,
    callingAe: study.calling_ae,
    calledAe: study.called_ae,
    series: [...series].map(([seriesInstanceUid, members]) => ({ seriesInstanceUid, instances: members })),
  };
}

/** Name and version of the models that can run now. */
export function activeModels(db: Db): ActiveModels {
  const active = listModels(db).filter((model) => model.state === 'active');
  return new Map(active.map(({ name, version }) => [name, version]));
}
