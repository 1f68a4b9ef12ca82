/** Queries on which run of a rule stands in the place of which: those of later versions of a study, in place of those of earlier ones. */
import type { Db } from './database.js';
import type { RunRow } from './runs.js';

/** A run and the number of the study version that it is of. */
export type VersionedRun = RunRow & { readonly version_number: number };

const VERSIONED = 'SELECT r.*, v.number AS version_number FROM runs r JOIN versions v ON v.id = r.version_id';

/** The run that the same rule made of a later version of the study in the place of this one. A run by hand has none. */
export function laterRun(db: Db, runId: number): VersionedRun | undefined {
  return db.get<VersionedRun>(`${VERSIONED} WHERE r.id = (SELECT replaced_by FROM runs WHERE id = ?)`, runId);
}

/** The newest run that this rule made of these series in any version of the study and that no other run has replaced. */
export function lastRunOfSeries(db: Db, studyId: number, rule: string, modelName: string, key: string): VersionedRun | undefined {
  return db.get<VersionedRun>(
    `${VERSIONED} WHERE v.study_id = ? AND r.rule = ? AND r.model_name = ? AND r.series_key = ? AND r.replaced_by IS NULL ORDER BY v.number DESC LIMIT 1`,
    studyId,
    rule,
    modelName,
    key,
  );
}

/**
 * Says of the runs that a rule made of earlier versions of the study that `runs`, new ones of this version, stand in their place: the one of the
 * same series where there is one, else the first. Those in `standing` stay. Returns the runs replaced. In the caller's transaction.
 */
export function replaceEarlierRuns(db: Db, runs: readonly [number, ...number[]], standing: readonly number[]): RunRow[] {
  const earlier = db.all<RunRow>(
    `SELECT r.* FROM runs own JOIN versions ov ON ov.id = own.version_id JOIN versions v ON v.study_id = ov.study_id AND v.number < ov.number
     JOIN runs r ON r.version_id = v.id AND r.rule = own.rule AND r.model_name = own.model_name WHERE own.id = ?`,
    runs[0],
  );
  const replaced = earlier.filter(({ id }) => !standing.includes(id));
  const ofSeries = new Map(runs.map((id) => [keyOf(db, id), id]));
  return replaced.map((run) => {
    const replaced_by = ofSeries.get(run.series_key) ?? runs[0];
    db.run('UPDATE runs SET replaced_by = ? WHERE id = ?', replaced_by, run.id);
    return { ...run, replaced_by };
  });
}

function keyOf(db: Db, runId: number): string | undefined {
  return db.get<{ key: string }>('SELECT series_key AS key FROM runs WHERE id = ?', runId)?.key;
}

/** Runs that rules made of any version of the study, that no other run has replaced, and that have not ended in vain. */
export function unreplacedRuns(db: Db, studyId: number): VersionedRun[] {
  return db.all<VersionedRun>(
    `${VERSIONED} WHERE v.study_id = ? AND r.rule IS NOT NULL AND r.purpose = 'clinical' AND r.replaced_by IS NULL
       AND r.state NOT IN ('failed', 'rejected', 'cancelled') ORDER BY r.id`,
    studyId,
  );
}
