/** When a study settles, is held, and is released; what arrives meanwhile is never taken for part of what was complete. */
import { join } from 'node:path';
import { setLogLevel } from '../../../src/foundation/log.js';
import { settleDueStudies } from '../../../src/intake/settle.js';
import { Db } from '../../../src/ledger/database.js';
import { insertInstance, replaceInstance } from '../../../src/ledger/instances.js';
import { ensureStudy, findStudy, noteArrival, releaseStudy, type StudyRow } from '../../../src/ledger/studies.js';
import { versionsOfStudy } from '../../../src/ledger/versions.js';
import { quietOnly, settlePolicy } from '../../support/settling.js';
import { tempFolder } from '../../support/temp.js';

setLogLevel('silent');

const QUIET_MS = 100;
const FAILPOINT = Symbol.for('anteroom.failpoint');
const hooks = globalThis as { [FAILPOINT]?: (name: string) => void };

function openLedger(): Db {
  return Db.open(join(tempFolder('settle'), 'ledger.sqlite'), { migrate: true });
}

/** One more instance of a study at a time; returns its row. */
function arrive(db: Db, studyInstanceUid: string, at: number, patientId = 'P1', calledAe = 'ANTEROOM'): number {
  const arrival = { studyInstanceUid, callingAe: 'CT', calledAe, remoteAddress: '127.0.0.1', at };
  const study = ensureStudy(db, arrival);
  const sopInstanceUid = `${studyInstanceUid}.1.${at}`;
  const id = insertInstance(db, {
    study_id: study.id,
    series_instance_uid: `${studyInstanceUid}.1`,
    sop_instance_uid: sopInstanceUid,
    sop_class_uid: '1.2.840.10008.5.1.4.1.1.2',
    transfer_syntax_uid: '1.2.840.10008.1.2.1',
    path: sopInstanceUid,
    size_bytes: 1,
    sha256: 'x',
    patient_id: patientId,
    header: '{}',
    own_result: 0,
    received_at: at,
    calling_ae: 'CT',
    remote_address: '127.0.0.1',
    standing: 'current',
  });
  noteArrival(db, study, arrival, at + QUIET_MS);
  return id;
}

const study = (db: Db, uid: string) => findStudy(db, uid) as StudyRow;

describe('settling', () => {
  afterEach(() => {
    delete hooks[FAILPOINT];
  });

  it('leaves a study alone to which an instance came after the due ones were looked up', () => {
    const db = openLedger();
    arrive(db, '1.2.1', 0);
    arrive(db, '1.2.2', 1);
    hooks[FAILPOINT] = (name) => {
      if (name === 'intake.settled' && study(db, '1.2.2').instance_count === 1) arrive(db, '1.2.2', 150);
    };
    settleDueStudies(db, 200, quietOnly(QUIET_MS));
    expect([study(db, '1.2.1').state, study(db, '1.2.2').state]).toEqual(['settled', 'receiving']);
    expect(settleDueStudies(db, 250, quietOnly(QUIET_MS)).settled).toBe(1);
    expect(versionsOfStudy(db, study(db, '1.2.2').id)).toHaveLength(1);
  });

  it('goes by the policy of the AE title that the study was sent to', () => {
    const db = openLedger();
    arrive(db, '1.2.1', 0, 'P1', 'URGENT');
    arrive(db, '1.2.2', 0);
    const quietS = (calledAe: string) => (calledAe === 'URGENT' ? 0.15 : 60);
    settleDueStudies(db, 100, { policyOf: (calledAe) => settlePolicy({ quietS: quietS(calledAe), signals: [] }) });
    expect(study(db, '1.2.1')).toMatchObject({ state: 'receiving', settle_at: 150, settle_wait: 'more may be on its way' });
    expect(settleDueStudies(db, 150, { policyOf: (calledAe) => settlePolicy({ quietS: quietS(calledAe) }) })).toMatchObject({
      settled: 1,
      nextDueAt: 60000,
    });
    expect(study(db, '1.2.1').state).toBe('settled');
  });

  it('never leaves a study receiving of which nothing counts, such as an own result that was moved to another study', () => {
    const db = openLedger();
    ensureStudy(db, { studyInstanceUid: '1.2.1', callingAe: 'CT', calledAe: 'ANTEROOM', remoteAddress: '127.0.0.1', at: 1 });
    settleDueStudies(db, 10, quietOnly(QUIET_MS));
    expect(study(db, '1.2.1').state).toBe('settled');
    expect(versionsOfStudy(db, study(db, '1.2.1').id)).toEqual([]);
  });

  it('holds a study of two patients, and again where it is released uncorrected', () => {
    const db = openLedger();
    arrive(db, '1.2.1', 0);
    const wrong = arrive(db, '1.2.1', 1, 'P2');
    settleDueStudies(db, 200, quietOnly(QUIET_MS));
    expect(study(db, '1.2.1')).toMatchObject({ state: 'held', hold_reason: expect.stringContaining('2 different PatientIDs') as string });
    releaseStudy(db, study(db, '1.2.1').id, 300, 300);
    settleDueStudies(db, 300, quietOnly(QUIET_MS));
    expect(study(db, '1.2.1').state).toBe('held');
    replaceInstance(db, wrong);
    releaseStudy(db, study(db, '1.2.1').id, 400, 400);
    settleDueStudies(db, 400, quietOnly(QUIET_MS));
    expect(study(db, '1.2.1')).toMatchObject({ state: 'settled', hold_reason: null });
  });
});

describe('releasing', () => {
  it('is only for a held study', () => {
    const db = openLedger();
    arrive(db, '1.2.1', 0);
    expect(releaseStudy(db, study(db, '1.2.1').id, 1, 1)).toBe(false);
  });
});
