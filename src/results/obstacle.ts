/** Why the results of a run must not leave, or not yet: the study went on while the model was at work. */
import type { Db } from '../ledger/database.js';
import { inputWasCorrected, versionWasCorrected } from '../ledger/instances.js';
import { laterRun } from '../ledger/run-succession.js';
import type { RunRow } from '../ledger/runs.js';
import { studyById, type StudyRow } from '../ledger/studies.js';
import { versionById, type VersionRow } from '../ledger/versions.js';

export interface Obstacle {
  readonly reason: string;
  /** The study is being corrected, perhaps to another patient, and it is not known yet which of its instances that will reach. */
  readonly waits?: boolean;
}

/** What stands in the way of a run's results; undefined where nothing does. */
export function obstacleTo(db: Db, run: RunRow): Obstacle | undefined {
  const later = laterRun(db, run.id);
  if (later !== undefined) return { reason: `version ${later.version_number} of its study has run ${later.id} in its place` };
  if (!versionWasCorrected(db, run.version_id)) return undefined;
  const study = studyById(db, (versionById(db, run.version_id) as VersionRow).study_id) as StudyRow;
  if (study.state === 'receiving' || study.state === 'held')
    return { reason: `instances of its study are being corrected: waits for the study, which is ${study.state}`, waits: true };
  return inputWasCorrected(db, run.id) ? { reason: 'its input was corrected while the model was at work' } : undefined;
}
