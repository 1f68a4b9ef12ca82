/** When is a study complete: for now, when nothing has come for its quiet time. */
import type { EpochMs } from '../foundation/clock.js';
import { failpoint } from '../foundation/failpoint.js';
import { loggerOf } from '../foundation/log.js';
import type { Db } from '../ledger/database.js';
import { patientCount } from '../ledger/instances.js';
import { holdStudy, nextSettleAt, studiesDueToSettle, studyById, type StudyRow } from '../ledger/studies.js';
import { settleStudy } from '../ledger/versions.js';

const log = loggerOf('intake');

/** Settles every study whose quiet time is over; returns when the next one is due. A study of two patients is held. */
export function settleDueStudies(db: Db, now: EpochMs): { settled: number; nextDueAt: EpochMs | undefined } {
  let settled = 0;
  for (const study of studiesDueToSettle(db, now)) {
    const version = settleIfDue(db, study, now);
    if (version === undefined) continue;
    settled++;
    log.info('settled', { studyInstanceUid: study.study_instance_uid, version, signal: 'quiet-time', count: study.instance_count });
    failpoint('intake.settled');
  }
  return { settled, nextDueAt: nextSettleAt(db) };
}

/** The receiver's thread goes on writing: whether the study is due, and what it holds, is read in the transaction that settles it. */
function settleIfDue(db: Db, { id, study_instance_uid }: StudyRow, now: EpochMs): number | undefined {
  return db.transaction(() => {
    const study = studyById(db, id);
    if (study === undefined || study.settle_at === null || study.settle_at > now) return undefined;
    const patients = patientCount(db, id);
    if (patients <= 1) return settleStudy(db, id, 'quiet-time', now);
    holdStudy(db, id, `its instances name ${patients} different PatientIDs; expected one`, now);
    log.warn('study held: more than one patient', { studyInstanceUid: study_instance_uid, count: patients });
    return undefined;
  });
}
