/** The ledger refuses what must never be: wrong moves, deliveries of evaluations, lost durability. */
import { join } from 'node:path';
import type { Header } from '../../../src/dicom/header.js';
import type { StudyHints } from '../../../src/dicom/query/levels.js';
import { Db } from '../../../src/ledger/database.js';
import { dueDeliveries, ensureDelivery } from '../../../src/ledger/deliveries.js';
import { insertInstance, replaceInstance, restoreInstance, storedSeries } from '../../../src/ledger/instances.js';
import { activateModel, registerModel } from '../../../src/ledger/models.js';
import { ensureResult, resultsOfRun } from '../../../src/ledger/results.js';
import { headsOfLanes, queueInOrder } from '../../../src/ledger/queued-runs.js';
import { queueRunsWaitingFor } from '../../../src/ledger/model-waits.js';
import { beginAttempt, insertRun, runById, type NewRun, type RunRow } from '../../../src/ledger/runs.js';
import { MOVES, type StatefulTable } from '../../../src/ledger/states.js';
import { ensureStudy, findStudy, noteArrival } from '../../../src/ledger/studies.js';
import { settleStudy, versionsOfStudy } from '../../../src/ledger/versions.js';
import { setLogLevel } from '../../../src/foundation/log.js';
import { tempFolder } from '../../support/temp.js';

setLogLevel('silent');

const QUIET = { signal: 'quiet-time', detail: 'nothing came for 60 s' };
const arrival = { studyInstanceUid: '1.2.3', callingAe: 'CT', calledAe: 'ANTEROOM', remoteAddress: '127.0.0.1', at: 1000 };

function openLedger(): Db {
  return Db.open(join(tempFolder('ledger'), 'ledger.sqlite'), { migrate: true });
}

function addInstance(db: Db, sopInstanceUid: string): number {
  const study = ensureStudy(db, arrival);
  const id = addInstanceOf(db, study.id, '1.2.3.1', sopInstanceUid);
  noteArrival(db, study, arrival, 2000);
  return id;
}

function addInstanceOf(
  db: Db,
  studyId: number,
  seriesInstanceUid: string,
  sopInstanceUid = `${seriesInstanceUid}.1`,
  header: Header = {},
): number {
  return insertInstance(db, {
    study_id: studyId,
    series_instance_uid: seriesInstanceUid,
    sop_instance_uid: sopInstanceUid,
    sop_class_uid: '1.2.840.10008.5.1.4.1.1.2',
    transfer_syntax_uid: '1.2.840.10008.1.2.1',
    path: `${sopInstanceUid}-${Math.random()}`,
    size_bytes: 1,
    sha256: 'x',
    patient_id: 'P',
    header: JSON.stringify(header),
    own_result: 0,
    received_at: 1000,
    calling_ae: 'CT',
    remote_address: '127.0.0.1',
    standing: 'current',
  });
}

function settledVersion(db: Db): number {
  addInstance(db, '1.2.3.1.1');
  const version = settleStudy(db, 1, QUIET, 3000);
  if (version === undefined) throw new Error('no version was made');
  return version;
}

const run = (versionId: number, more: Partial<NewRun> = {}): NewRun => ({
  purpose: 'clinical',
  versionId,
  rule: 'r',
  rulesRevision: 'rev',
  modelName: 'lungs',
  settings: {},
  destinations: ['archive'],
  priority: 'routine',
  inputs: [{ name: 'series', seriesInstanceUid: '1.2.3.1' }],
  ...more,
});

const model = { name: 'lungs', version: '1.0.0', digest: 'sha256:a', card: '{}', package: '{}', folder: null };

function resultOf(db: Db, runId: number): number {
  const names = {
    run_id: runId,
    output_id: null,
    sop_class_uid: '1.2',
    sop_instance_uid: `1.${runId}.1`,
    series_instance_uid: `1.${runId}.2`,
    series_number: 9001,
  };
  return ensureResult(db, names, 1).id;
}

describe('the ledger', () => {
  it('commits with synchronous FULL in WAL', () => {
    const db = openLedger();
    expect(db.get('PRAGMA journal_mode')).toEqual({ journal_mode: 'wal' });
    expect(db.get('PRAGMA synchronous')).toEqual({ synchronous: 2 });
  });

  it('refuses every move that the tables of moves do not name, whatever code tries it', () => {
    const db = openLedger();
    const versionId = settledVersion(db);
    const id = insertRun(db, run(versionId), 1);
    expect(db.move('runs', id, 'done', { at: 1 })).toBe(false);
    expect(() => db.run("UPDATE runs SET state = 'done' WHERE id = ?", id)).toThrow('move refused: runs');
    expect(runById(db, id)?.state).toBe('waiting');
  });

  it('names only states that exist in its moves', () => {
    for (const table of Object.keys(MOVES) as StatefulTable[]) {
      const moves: Record<string, readonly string[]> = MOVES[table];
      for (const next of Object.values(moves).flat()) expect(Object.keys(moves)).toContain(next);
    }
  });

  it('never lets an evaluation deliver', () => {
    const db = openLedger();
    const versionId = settledVersion(db);
    const evaluation = insertRun(db, run(versionId, { purpose: 'evaluation', rule: null }), 1);
    const result = resultOf(db, evaluation);
    expect(() => ensureDelivery(db, result, 'pacs', 1)).toThrow('an evaluation cannot deliver');
    expect(dueDeliveries(db, 'pacs', 10, 10)).toEqual([]);
  });

  it('makes a run of a rule once per version', () => {
    const db = openLedger();
    const versionId = settledVersion(db);
    insertRun(db, run(versionId), 1);
    expect(() => insertRun(db, run(versionId), 1)).toThrow('UNIQUE');
  });

  it('makes a result of an output and a delivery once', () => {
    const db = openLedger();
    const id = insertRun(db, run(settledVersion(db)), 1);
    expect(resultOf(db, id)).toBe(resultOf(db, id));
    ensureDelivery(db, resultOf(db, id), 'pacs', 1);
    ensureDelivery(db, resultOf(db, id), 'pacs', 2);
    expect(resultsOfRun(db, id)).toHaveLength(1);
    expect(db.all('SELECT * FROM deliveries')).toHaveLength(1);
  });

  it('queues what waited for a model, but not what asks for another version of it', () => {
    const db = openLedger();
    const versionId = settledVersion(db);
    const any = insertRun(db, run(versionId), 1);
    const other = insertRun(db, run(versionId, { rule: 'other', modelVersion: '2.0.0' }), 1);
    const { id } = registerModel(db, model, 1);
    activateModel(db, id, { by: 'test', reason: 'test' }, 2);
    expect(queueRunsWaitingFor(db, { id, name: 'lungs', version: '1.0.0' }, 3)).toBe(1);
    expect([runById(db, any)?.state, runById(db, other)?.state]).toEqual(['queued', 'waiting']);
  });

  it('has one model of a name in use', () => {
    const db = openLedger();
    const first = registerModel(db, model, 1);
    const second = registerModel(db, { ...model, digest: 'sha256:b' }, 2);
    activateModel(db, first.id, null, 3);
    activateModel(db, second.id, null, 4);
    expect(db.all<{ state: string }>('SELECT state FROM models ORDER BY id').map(({ state }) => state)).toEqual(['retired', 'active']);
  });

  it('has the runs in order of urgency, and the first that is due of each lane', () => {
    const db = openLedger();
    const versionId = settledVersion(db);
    const { id } = registerModel(db, model, 1);
    activateModel(db, id, null, 1);
    const insert = (rule: string | null, priority: 'stat' | 'routine' | 'bulk', at: number) =>
      insertRun(db, run(versionId, { rule, priority }), at);
    const bulk = insert('bulk', 'bulk', 1);
    const [routine, second, later] = [insert(null, 'routine', 2), insert(null, 'routine', 2), insert(null, 'routine', 50)];
    const stat = insert('stat', 'stat', 3);
    expect(queueInOrder(db).map((row) => row.id)).toEqual([stat, routine, second, later, bulk]);
    const heads = () => headsOfLanes(db, 10).map((row) => row.id);
    expect(heads().sort()).toEqual([bulk, routine, stat].sort());
    beginAttempt(db, runById(db, routine) as RunRow, (number) => `c-${number}`, 10);
    expect(heads().sort()).toEqual([bulk, second, stat].sort());
    beginAttempt(db, runById(db, second) as RunRow, (number) => `d-${number}`, 10);
    expect(heads().sort()).toEqual([bulk, stat].sort());
  });
});

describe('the series of the archive', () => {
  it('are read for some studies at a time, all of them in the end, or those that are named', () => {
    const db = openLedger();
    const uids = Array.from({ length: 250 }, (_, index) => `1.2.${index + 1}`);
    for (const uid of uids) {
      const study = ensureStudy(db, { ...arrival, studyInstanceUid: uid });
      for (const series of ['1', '2']) addInstanceOf(db, study.id, `${uid}.${series}`);
    }
    const found = [...storedSeries(db)].map(({ series_instance_uid }) => series_instance_uid);
    expect(found).toEqual(uids.flatMap((uid) => [`${uid}.1`, `${uid}.2`]));
    expect([...storedSeries(db, ['1.2.200', '1.9'])].map(({ series_instance_uid }) => series_instance_uid)).toEqual([
      '1.2.200.1',
      '1.2.200.2',
    ]);
  });

  it('leave out studies that hints rule out, and follow what is corrected', () => {
    const db = openLedger();
    const headerOf = (patient: string, date: string, modality = 'CT'): Header => ({
      '00080020': { vr: 'DA', Value: [date] },
      '00080050': { vr: 'SH', Value: [`ACC-${patient}`] },
      '00080060': { vr: 'CS', Value: [modality] },
      '00100020': { vr: 'LO', Value: [patient] },
    });
    const studies = ['20240101', '20240201', '20240301'].map((date, n) => {
      const { id } = ensureStudy(db, { ...arrival, studyInstanceUid: `1.2.${n}` });
      return [addInstanceOf(db, id, `1.2.${n}.1`, `1.2.${n}.1.1`, headerOf(`P${n}`, date)), id] as const;
    });
    addInstanceOf(db, studies[2][1], '1.2.2.2', '1.2.2.2.1', headerOf('P2', '20240301', 'MR'));
    const found = (hints: StudyHints) => [
      ...new Set([...storedSeries(db, undefined, undefined, hints)].map(({ study_instance_uid }) => study_instance_uid)),
    ];
    expect(found({ patientId: 'P1' })).toEqual(['1.2.1']);
    expect(found({ accessionNumber: 'ACC-P0' })).toEqual(['1.2.0']);
    expect(found({ modalities: ['MR', 'US'] })).toEqual(['1.2.2']);
    expect(found({ studyDate: { from: '20240115', to: '20240215' } })).toEqual(['1.2.1']);
    expect(found({ studyDate: { from: '20240201', to: '' } })).toEqual(['1.2.1', '1.2.2']);
    expect(found({ studyDate: { from: '', to: '20240101' }, patientId: 'P2' })).toEqual([]);

    replaceInstance(db, studies[1][0]);
    expect(found({ patientId: 'P1' })).toEqual([]);
    addInstanceOf(db, studies[1][1], '1.2.1.1', '1.2.1.1.2', headerOf('CORRECTED', '20240201'));
    expect(found({ patientId: 'CORRECTED' })).toEqual(['1.2.1']);
    restoreInstance(db, studies[1][0], 'current', { header: JSON.stringify(headerOf('P1', '20240201')), patient_id: 'P1', size_bytes: 1 });
    expect([...storedSeries(db, ['1.2.1'])].map(({ instance_count }) => instance_count)).toEqual([2]);
  });
});

describe('study versions', () => {
  it('freeze the current instances, and a resend of the same makes no new one', () => {
    const db = openLedger();
    settledVersion(db);
    noteArrival(db, findStudy(db, '1.2.3') as NonNullable<ReturnType<typeof findStudy>>, arrival, 5000);
    expect(findStudy(db, '1.2.3')?.state).toBe('receiving');
    expect(settleStudy(db, 1, QUIET, 6000)).toBeUndefined();
    expect(versionsOfStudy(db, 1)).toHaveLength(1);
  });

  it('a late instance makes the next one', () => {
    const db = openLedger();
    settledVersion(db);
    addInstance(db, '1.2.3.1.2');
    settleStudy(db, 1, QUIET, 6000);
    expect(versionsOfStudy(db, 1).map(({ number }) => number)).toEqual([1, 2]);
    expect(db.all('SELECT * FROM version_instances WHERE version_id = 2')).toHaveLength(2);
  });
});
