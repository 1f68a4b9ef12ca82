/** When is a study complete: for now, when nothing has come for its quiet time. */
import type { EpochMs } from '../foundation/clock.js';
import { failpoint } from '../foundation/failpoint.js';
import { loggerOf } from '../foundation/log.js';
import type { Db } from '../ledger/database.js';
import { patientCount } from '../ledger/instances.js';
import { nextSettleAt, studiesDueToSettle } from '../ledger/studies.js';
import { settleStudy } from '../ledger/versions.js';

const log = loggerOf('intake');

/** Settles every study whose quiet time is over; returns when the next one is due. A study of two patients is held. */
export function settleDueStudies(db: Db, now: EpochMs): { settled: number; nextDueAt: EpochMs | undefined } {
  let settled = 0;
  for (const study of studiesDueToSettle(db, now)) {
    const patients = patientCount(db, study.id);
    if (patients > 1) {
      const reason = `its instances name ${patients} different PatientIDs; expected one`;
      db.move('studies', study.id, 'held', { at: now, set: { hold_reason: reason, settle_at: null }, detail: reason });
      log.warn('study held: more than one patient', { studyInstanceUid: study.study_instance_uid, count: patients });
      continue;
    }
    const version = settleStudy(db, study.id, 'quiet-time', now);
    if (version === undefined) continue;
    settled++;
    log.info('settled', { studyInstanceUid: study.study_instance_uid, version, signal: 'quiet-time', count: study.instance_count });
    failpoint('intake.settled');
  }
  return { settled, nextDueAt: nextSettleAt(db) };
}
