/** What the database itself keeps of evaluations: one run of a model on a case, and nothing clinical of a copy. */
import { Db } from '../../../src/ledger/database.js';
import {
  copiesOfEvaluation,
  ensureEvaluationRun,
  ensureEvaluationStudy,
  recordAsked,
  runsOfEvaluation,
} from '../../../src/ledger/evaluations.js';
import { lastOutcomes, registerModel } from '../../../src/ledger/models.js';
import { insertOutput } from '../../../src/ledger/results.js';
import { insertRun, requestCancel, runById, type NewRun } from '../../../src/ledger/runs.js';
import { ensureStudy } from '../../../src/ledger/studies.js';
import { tempFolder } from '../../support/temp.js';
import { join } from 'node:path';

const wanted = { rule: null, rulesRevision: null, modelName: 'm', settings: {}, destinations: [], inputs: [] } as const;
const evaluation: Omit<NewRun, 'versionId' | 'modelId'> = { ...wanted, purpose: 'evaluation', priority: 'evaluation' };

describe('an evaluation in the ledger', () => {
  const db = Db.open(join(tempFolder('evaluations'), 'ledger.sqlite'), { migrate: true });
  const arrival = { callingAe: 'A', calledAe: 'A', remoteAddress: 'node', at: 1 };
  const versionOf = (studyInstanceUid: string): number => {
    const { id } = ensureStudy(db, { ...arrival, studyInstanceUid });
    return db.run("INSERT INTO versions (study_id, number, state, signal, settled_at) VALUES (?, 1, 'settled', 'x', 1)", id).lastId;
  };
  const model = registerModel(db, { name: 'm', version: '1', digest: 'd', card: '{}', package: '{}', folder: null }, 1);
  const key = { evaluation: 'e', caseName: 'c', modelId: model.id };
  afterAll(() => db.close());

  it('has one run of a model on a case, however often it is asked for', () => {
    const run = { ...evaluation, versionId: versionOf('1.1'), modelId: model.id };
    const id = ensureEvaluationRun(db, key, run, 5);
    expect(ensureEvaluationRun(db, key, run, 6)).toBe(id);
    expect(ensureEvaluationRun(db, { ...key, caseName: 'other' }, run, 6)).not.toBe(id);
    expect(runsOfEvaluation(db, 'e', ['c']).map((row) => [row.id, row.state])).toEqual([[id, 'queued']]);
    db.move('runs', id, 'cancelled', { at: 7, set: { failure_code: 'RUN_CANCELLED' } });
    expect(ensureEvaluationRun(db, key, run, 8)).toBe(id);
    expect(runById(db, id)).toMatchObject({ state: 'queued', failure_code: null });
    db.move('runs', id, 'failed', { at: 9, set: { failure_code: 'MODEL_EXITED', ended_at: 9 } });
    ensureEvaluationRun(db, key, run, 10);
    expect(runById(db, id)?.state).toBe('failed');
  });

  it('queues again what failed of something that a person or time removes', () => {
    const run = { ...evaluation, versionId: versionOf('1.1.1'), modelId: model.id };
    for (const code of ['IMAGE_MISSING', 'DISK_LOW']) {
      const id = ensureEvaluationRun(db, { ...key, caseName: code }, run, 5);
      db.move('runs', id, 'failed', { at: 7, set: { failure_code: code, ended_at: 7 } });
      expect(ensureEvaluationRun(db, { ...key, caseName: code }, run, 8)).toBe(id);
      expect(runById(db, id)).toMatchObject({ state: 'queued', failure_code: null, ended_at: null });
    }
  });

  it('queues again what is done and was purged before anybody has scored it, and no more once it is done again', () => {
    const run = { ...evaluation, versionId: versionOf('1.1.2'), modelId: model.id };
    const ask = (at: number) => ensureEvaluationRun(db, { ...key, caseName: 'purged' }, run, at);
    const id = ask(5);
    const end = (at: number) => {
      for (const state of ['starting', 'running', 'produced', 'done'] as const)
        db.move('runs', id, state, { at, set: { ended_at: at, progress: 1 } });
      const attempt = db.run(
        'INSERT INTO attempts (run_id, number, container, started_at) VALUES (?, ?, ?, ?)',
        id,
        at,
        `c${at}`,
        at,
      ).lastId;
      const output_id = insertOutput(db, { run_id: id, attempt_id: attempt, path: 'p', kind: 'seg', size_bytes: 1, sha256: 's' });
      return db.run(
        `INSERT INTO results (run_id, output_id, state, sop_class_uid, sop_instance_uid, series_instance_uid, series_number, path, created_at)
         VALUES (?, ?, 'passed', 'class', ?, ?, 1, 'p', ?)`,
        id,
        output_id,
        `1.${at}`,
        `1.1.${at}`,
        at,
      ).lastId;
    };
    const first = end(6);
    ask(7);
    expect(runById(db, id)?.state).toBe('done');
    db.run('UPDATE results SET purged_at = 8 WHERE id = ?', first);
    expect(ask(9)).toBe(id);
    expect(runById(db, id)).toMatchObject({ state: 'queued', ended_at: null, progress: null });
    end(10);
    ask(11);
    expect(runById(db, id)?.state).toBe('done');
  });

  it('has another run where the case is another version or series by now, whatever became of the one that was asked for before', () => {
    const versions = [versionOf('1.1.3'), versionOf('1.1.4'), versionOf('1.1.5')];
    const ask = (versionId: number, series = '1.1.3.1') => {
      const inputs = [{ name: 'series', seriesInstanceUid: series }];
      return ensureEvaluationRun(db, { ...key, caseName: 'grown' }, { ...evaluation, inputs, versionId, modelId: model.id }, 5);
    };
    const queued = ask(versions[0]);
    const second = ask(versions[1]);
    expect(runById(db, queued)).toMatchObject({ state: 'cancelled', reason: 'the images of its case are others now' });
    for (const state of ['starting', 'running', 'produced', 'done'] as const) db.move('runs', second, state, { at: 6 });
    const third = ask(versions[2]);
    expect(runById(db, second)?.state).toBe('done');
    db.move('runs', third, 'starting', { at: 7 });
    const fourth = ask(versions[2], '1.1.3.2');
    expect(runById(db, third)).toMatchObject({ state: 'starting', cancel_requested: 1 });
    expect(ask(versions[2], '1.1.3.2')).toBe(fourth);
    expect(runsOfEvaluation(db, 'e', ['grown'])).toMatchObject([{ id: fourth, version_id: versions[2], state: 'queued' }]);
  });

  it('goes on with what somebody has just wanted cancelled and the queue has not come to', () => {
    const run = { ...evaluation, versionId: versionOf('1.1.6'), modelId: model.id };
    const id = ensureEvaluationRun(db, { ...key, caseName: 'stopped' }, run, 5);
    requestCancel(db, id);
    ensureEvaluationRun(db, { ...key, caseName: 'stopped' }, run, 6);
    expect(runById(db, id)).toMatchObject({ state: 'queued', cancel_requested: 0 });
  });

  it('notes once an hour that somebody asks', () => {
    const HOUR = 3_600_000;
    const times = [0, 1, HOUR - 1, HOUR, HOUR + 1].map((at) => {
      recordAsked(db, 'asked', at);
      return db.get<{ asked_at: number }>("SELECT asked_at FROM evaluations WHERE evaluation = 'asked'")?.asked_at;
    });
    expect(times).toEqual([0, 0, 0, HOUR, HOUR]);
  });

  it('knows the copies of its cases that are still there', () => {
    for (const [uid, name] of [
      ['1.7', 'there'],
      ['1.8', 'gone'],
    ]) {
      ensureEvaluationStudy(db, { study_instance_uid: uid, evaluation: 'copies', case_name: name, series_instance_uid: '1' });
      versionOf(uid);
      db.run("UPDATE studies SET state = 'settled' WHERE study_instance_uid = ?", uid);
      if (name === 'gone') db.run("UPDATE studies SET state = 'purged' WHERE study_instance_uid = ?", uid);
    }
    expect(copiesOfEvaluation(db, 'copies').map((row) => row.case_name)).toEqual(['there']);
  });

  it('does not speak against a model that is in use', () => {
    expect(lastOutcomes(db, model.id, 0, ['MODEL_EXITED'], 5)).toEqual([]);
  });

  it('makes nothing clinical of the copy of a case', () => {
    ensureEvaluationStudy(db, { study_instance_uid: '1.2', evaluation: 'e', case_name: 'c', series_instance_uid: '1.2.3' });
    const versionId = versionOf('1.2');
    expect(() => insertRun(db, { ...wanted, versionId, purpose: 'clinical', priority: 'routine' }, 1)).toThrow(
      /a copy for an evaluation has no clinical runs/,
    );
    expect(insertRun(db, { ...evaluation, versionId }, 1)).toBeGreaterThan(0);
  });
});
