/** Forgetting studies on a real ledger and real files: what goes, what stays, and what a resend brings back. */
import { jest } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { sweepArchive } from '../../../src/archive/sweep.js';
import { relayLog } from '../../../src/foundation/log.js';
import { deletePurgedFiles } from '../../../src/intake/purge.js';
import { removeUnknownRuns } from '../../../src/intake/retention.js';
import { ensureEvaluationStudy, recordAsked } from '../../../src/ledger/evaluations.js';
import { restoreInstance } from '../../../src/ledger/instances.js';
import { keepStudy, lastPurge, markPurged, pausePurging, undeletableFiles } from '../../../src/ledger/retention.js';
import { runById, type RunRow } from '../../../src/ledger/runs.js';
import { versionsOfStudy } from '../../../src/ledger/versions.js';
import { DAY, SmallNode } from '../../support/small-node.js';

const logged: string[] = [];
relayLog((line) => logged.push(line));

/** The user `nobody`: the node of these tests may be root, from whom no folder keeps anything. */
const NOBODY = 65_534;
const HOUR = 3_600_000;

/** A folder in the output of a run whose files only somebody else may delete, as a model that runs as root leaves it. */
function foreignOutput(node: SmallNode, { id }: Pick<RunRow, 'id'>): string {
  const folder = join(node.folders.runs, `${id}`, '1', 'out', 'of root');
  mkdirSync(folder);
  writeFileSync(join(folder, 'seg.dcm'), 'a result');
  chmodSync(folder, 0o555);
  return folder;
}

async function asNormalUser(node: SmallNode, work: () => Promise<void>): Promise<void> {
  if (process.getuid?.() !== 0) return work();
  execFileSync('chown', ['-R', `${NOBODY}`, node.folders.root]);
  process.seteuid?.(NOBODY);
  try {
    await work();
  } finally {
    process.seteuid?.(0);
  }
}

describe('retention', () => {
  it('deletes nothing where the settings name neither age nor space', async () => {
    const node = new SmallNode();
    await node.receive('1.1');
    node.deliver('1.1');
    node.now += 10_000 * DAY;
    node.freeBytes = () => 0;
    await node.retention().look();
    expect(node.state('1.1')).toBe('settled');
    expect(node.files('1.1')).toHaveLength(3);
  });

  it('purges what is over age and done, with its files, and keeps the decision and the members of the version', async () => {
    const node = new SmallNode();
    await node.receive('1.1');
    const run = node.deliver('1.1');
    node.now += 8 * DAY;
    await node.receive('1.2');
    await node.retention({ maxAgeMs: 7 * DAY }).look();

    expect([node.state('1.1'), node.state('1.2')]).toEqual(['purged', 'settled']);
    expect(existsSync(join(node.folders.archive, '1.1'))).toBe(false);
    expect(existsSync(join(node.folders.runs, `${run.id}`))).toBe(false);
    expect(readdirSync(node.folders.results)).toEqual([]);
    expect(node.files('1.2')).toHaveLength(3);

    expect(versionsOfStudy(node.db, node.id('1.1'))[0].decision).toBe('{}');
    expect(node.db.all('SELECT * FROM version_instances v JOIN instances i ON i.id = v.instance_id WHERE i.study_id = 1')).toHaveLength(3);
    expect(node.db.all('SELECT DISTINCT header, patient_id FROM instances WHERE study_id = 1')).toEqual([{ header: '{}', patient_id: '' }]);
    expect(node.db.all('SELECT 1 FROM series_search WHERE study_id = 1')).toEqual([]);
    expect(node.db.get("SELECT detail FROM events WHERE table_name = 'studies' AND to_state = 'purged'")).toEqual({
      detail: expect.stringMatching(/^age: 3 instances, 1 results, \d+ bytes$/) as string,
    });
    expect(lastPurge(node.db, 1)).toMatchObject({ cause: 'age', instance_count: 3, result_count: 1, files_gone_at: node.now });
  });

  it('does not keep a study because of runs that the rules or the card of the model took back', async () => {
    const node = new SmallNode();
    for (const [study, failure_code] of Object.entries({ '1.1': 'RUN_NOT_WANTED', '1.2': 'INPUT_NOT_TAKEN', '1.3': 'RUN_CANCELLED' })) {
      await node.receive(study);
      const run = node.deliver(study, { run: 'failed' });
      node.db.run('UPDATE runs SET failure_code = ? WHERE id = ?', failure_code, run.id);
    }
    node.now += 8 * DAY;
    await node.retention({ maxAgeMs: 7 * DAY }).look();
    expect(['1.1', '1.2', '1.3'].map((study) => node.state(study))).toEqual(['purged', 'purged', 'settled']);
  });

  it('never purges what is undelivered, failed a short while ago, kept, or being backed up', async () => {
    const node = new SmallNode();
    for (const study of ['1.1', '1.2', '1.3', '1.4']) await node.receive(study);
    node.deliver('1.1', { delivery: 'pending' });
    node.deliver('1.2', { run: 'failed' });
    keepStudy(node.db, node.id('1.3'), 'person', 'teaching', node.now);
    node.deliver('1.4');
    node.now += 8 * DAY;
    pausePurging(node.db, node.now + 1);
    const retention = node.retention({ maxAgeMs: 7 * DAY });
    await retention.look();
    expect(node.state('1.4')).toBe('settled');
    await expect(retention.purge('1.4')).rejects.toMatchObject({ code: 'STUDY_KEPT', seen: expect.stringContaining('backup') as string });

    node.now += 2;
    await retention.look();
    expect(['1.1', '1.2', '1.3', '1.4'].map((study) => node.state(study))).toEqual(['settled', 'settled', 'settled', 'purged']);
    await expect(retention.purge('1.1')).rejects.toMatchObject({ seen: 'study 1.1: 1 delivery(ies) or withdrawal(s) are not done' });
    await expect(retention.purge('1.3')).rejects.toMatchObject({ seen: 'study 1.3: it is kept: person: teaching' });
    expect(await retention.purge('1.2')).toMatchObject({ cause: 'by-hand', instance_count: 3 });
  });

  it('purges copies of a comparison that nobody has gone on with for a week, whatever the settings say, and no others', async () => {
    const node = new SmallNode();
    const studies = { '1.1': 'abandoned', '1.2': 'abandoned', '1.3': 'goes on' };
    for (const [study, evaluation] of Object.entries(studies)) {
      await node.receive(study);
      const { id } = node.deliver(study, study === '1.2' ? { run: 'failed' } : {});
      ensureEvaluationStudy(node.db, { study_instance_uid: study, evaluation, case_name: study, series_instance_uid: `${study}.1` });
      node.db.run('INSERT INTO evaluation_runs VALUES (?, ?, 1, ?)', evaluation, study, id);
    }
    await node.receive('1.4');
    node.deliver('1.4');
    const look = async () => {
      await node.retention().look();
      return ['1.1', '1.2', '1.3', '1.4'].map((study) => node.state(study));
    };
    node.now += 6 * DAY;
    recordAsked(node.db, 'goes on', node.now);
    expect(await look()).toEqual(['settled', 'settled', 'settled', 'settled']);
    node.now += 2 * DAY;
    expect(await look()).toEqual(['purged', 'purged', 'settled', 'settled']);
    expect(node.db.all("SELECT detail FROM events WHERE table_name = 'studies' AND to_state = 'purged'")).toHaveLength(2);
  });

  it('is not kept from a copy by a run that waits for nobody, nor by a hold that nobody is to decide about', async () => {
    const node = new SmallNode();
    for (const study of ['1.1', '1.2']) await node.receive(study);
    const { id } = node.deliver('1.1');
    for (const study of ['1.1', '1.2'])
      ensureEvaluationStudy(node.db, { study_instance_uid: study, evaluation: study, case_name: study, series_instance_uid: `${study}.1` });
    node.db.run("UPDATE runs SET state = 'queued', ended_at = NULL, purpose = 'evaluation' WHERE id = ?", id);
    node.db.run('INSERT INTO evaluation_runs VALUES (?, ?, 1, ?)', '1.1', '1.1', id);
    node.db.run("UPDATE studies SET state = 'held', hold_reason = 'other pixels' WHERE id = ?", node.id('1.2'));
    node.now += 6 * DAY;
    await node.retention().look();
    expect(runById(node.db, id)).toMatchObject({ state: 'queued' });
    node.now += 2 * DAY;
    await node.retention().look();
    expect(['1.1', '1.2'].map((study) => node.state(study))).toEqual(['purged', 'purged']);
    const reason = 'nobody has asked for its comparison for a week';
    expect(runById(node.db, id)).toMatchObject({ state: 'cancelled', failure_code: 'RUN_CANCELLED', reason });
  });

  it('cancels nothing and keeps the copies of a comparison that waits for a pause, however long, as somebody asks for it', async () => {
    const { node, runs, look } = await abandonedCopies();
    for (let day = 0; day < 10; day++) {
      node.now += DAY;
      recordAsked(node.db, 'e', node.now);
      await look();
    }
    expect([runs.map((id) => runById(node.db, id)?.state), node.state('1.1'), node.state('1.2')]).toEqual([
      ['queued', 'queued'],
      'settled',
      'settled',
    ]);
    node.now += 8 * DAY;
    await look();
    expect([runs.map((id) => runById(node.db, id)?.state), node.state('1.1'), node.state('1.2')]).toEqual([
      ['cancelled', 'cancelled'],
      'purged',
      'purged',
    ]);
  });

  it('leaves alone what somebody goes on with while another copy is being deleted', async () => {
    const { node, runs, look } = await abandonedCopies();
    node.now += 8 * DAY;
    const run = node.db.run.bind(node.db);
    jest.spyOn(node.db, 'run').mockImplementation((sql, ...values) => {
      if (sql.startsWith('INSERT INTO purges')) queueMicrotask(() => recordAsked(node.db, 'e', node.now));
      return run(sql, ...values);
    });
    await look();
    expect([runs.map((id) => runById(node.db, id)?.state), node.state('1.1'), node.state('1.2')]).toEqual([
      ['cancelled', 'queued'],
      'purged',
      'settled',
    ]);
  });

  /** Two copies of one comparison, on each of which a run waits. */
  async function abandonedCopies(): Promise<{ node: SmallNode; runs: number[]; look: () => Promise<void> }> {
    const node = new SmallNode();
    const runs: number[] = [];
    for (const study of ['1.1', '1.2']) {
      await node.receive(study);
      const { id } = node.deliver(study);
      ensureEvaluationStudy(node.db, { study_instance_uid: study, evaluation: 'e', case_name: study, series_instance_uid: `${study}.1` });
      node.db.run("UPDATE runs SET state = 'queued', ended_at = NULL, purpose = 'evaluation' WHERE id = ?", id);
      node.db.run('INSERT INTO evaluation_runs VALUES (?, ?, 1, ?)', 'e', study, id);
      runs.push(id);
    }
    return { node, runs, look: () => node.retention().look() };
  }

  it('makes room with the oldest finished studies first, and stops when there is enough', async () => {
    const node = new SmallNode();
    for (const study of ['1.1', '1.2', '1.3']) {
      await node.receive(study);
      node.now += DAY;
    }
    // The first that came is the last that was done.
    node.deliver('1.1');
    node.now += DAY;
    const purged = () => ['1.1', '1.2', '1.3'].filter((study) => node.state(study) === 'purged');
    node.freeBytes = () => 100 + purged().length * 100;
    await node.retention({ space: { belowBytes: 200, aboveBytes: 300 } }).look();
    expect(purged()).toEqual(['1.2', '1.3']);
  });

  it('gives up no study whose files cannot be deleted, and tries it again an hour later', async () => {
    const node = new SmallNode();
    for (const study of ['1.1', '1.2']) {
      await node.receive(study);
      node.deliver(study);
      node.now += DAY;
    }
    node.now += 8 * DAY;
    const [folder] = node.files('1.1').map((file) => dirname(join(node.folders.archive, '1.1', file)));
    const retention = node.retention({ maxAgeMs: 7 * DAY });
    await asNormalUser(node, async () => {
      chmodSync(folder, 0o555);
      await retention.look();
      expect([node.state('1.1'), node.state('1.2')]).toEqual(['settled', 'purged']);
      expect(node.db.all("SELECT 1 FROM instances WHERE header = '{}' AND study_id = 1")).toEqual([]);
      expect(undeletableFiles(node.db)).toEqual({ count: 1, paths: [`${folder} (EACCES)`] });
      chmodSync(folder, 0o755);
      node.now += HOUR;
      await retention.look();
    });
    expect(node.state('1.1')).toBe('purged');
    expect(undeletableFiles(node.db).count).toBe(0);
  });

  it('makes no more room on a disk that gives none back', async () => {
    const node = new SmallNode();
    for (const study of ['1.1', '1.2', '1.3']) {
      await node.receive(study);
      foreignOutput(node, node.deliver(study));
      node.now += DAY;
    }
    node.freeBytes = () => 100;
    await asNormalUser(node, () => node.retention({ space: { belowBytes: 200, aboveBytes: 300 } }).look());
    expect(['1.1', '1.2', '1.3'].map((study) => node.state(study))).toEqual(['purged', 'settled', 'settled']);
  });

  it('gives a resend of a purged study its old place: the same version, nothing run again', async () => {
    const node = new SmallNode();
    await node.receive('1.1');
    node.deliver('1.1');
    node.now += 8 * DAY;
    await node.retention({ maxAgeMs: 7 * DAY }).look();
    await node.receive('1.1');
    expect(node.state('1.1')).toBe('settled');
    expect(node.files('1.1')).toHaveLength(3);
    expect(versionsOfStudy(node.db, 1)).toHaveLength(1);
    const rows = node.db.all<{ header: string; patient_id: string }>("SELECT header, patient_id FROM instances WHERE standing = 'current'");
    expect(rows).toHaveLength(3);
    for (const row of rows) {
      expect(row.patient_id).toBe('P1');
      expect(JSON.parse(row.header)).toHaveProperty('00080018');
    }
    await node.retention({ maxAgeMs: 7 * DAY }).look();
    expect(node.state('1.1')).toBe('settled');
  });

  it('goes on with a purge that was killed before its files were deleted, but leaves what has come again', async () => {
    const node = new SmallNode();
    await node.receive('1.1');
    await node.receive('1.2');
    const run = node.deliver('1.1');
    node.now += DAY;
    for (const study of [1, 2]) node.db.transaction(() => markPurged(node.db, study, 'age', node.now));
    await node.receive('1.2', [2]);
    await node.retention().look();
    expect(node.files('1.1')).toEqual([]);
    expect(existsSync(join(node.folders.runs, `${run.id}`))).toBe(false);
    expect(node.files('1.2')).toEqual([expect.stringContaining('1.2.1.2.')]);
    expect(node.db.all('SELECT 1 FROM purges WHERE files_gone_at IS NULL')).toEqual([]);
  });

  it('an instance that is just coming in again keeps its file', async () => {
    const node = new SmallNode();
    await node.receive('1.1');
    node.now += DAY;
    const retention = node.retention();
    const refusals: unknown[] = [];
    node.atDoor = () => refusals.push(retention.purge('1.1').catch((error: unknown) => error));
    await node.receive('1.1', [2]);
    expect(await Promise.all(refusals)).toEqual([
      expect.objectContaining({ code: 'STUDY_KEPT', seen: 'study 1.1: instances of it are just coming in' }),
    ]);
    expect(node.files('1.1')).toHaveLength(3);
  });

  it('an instance that comes again while the files of its study are being deleted keeps its file', async () => {
    const node = new SmallNode();
    await node.receive('1.1');
    const purge = node.db.transaction(() => markPurged(node.db, 1, 'age', node.now));
    const { db, folders } = node;
    const has = () => {
      restoreInstance(db, 3, 'current', { header: '{}', patient_id: 'P1', size_bytes: 1 });
      return false;
    };
    const places = { archiveFolder: folders.archive, resultsFolder: folders.results, runsFolder: folders.runs };
    await deletePurgedFiles({ db, clock: () => node.now, inFlight: { has }, undeletable: node.undeletable, ...places }, purge);
    expect(node.files('1.1')).toEqual([expect.stringContaining('1.1.1.3.')]);
  });

  it('deletes the work folders of done runs earlier, and leaves the log', async () => {
    const node = new SmallNode();
    await node.receive('1.1');
    const done = node.deliver('1.1');
    node.now += 2 * DAY;
    await node.retention().look();
    expect(readdirSync(join(node.folders.runs, `${done.id}`, '1'))).toEqual(['log.txt']);
    expect(node.db.get("SELECT detail FROM events WHERE table_name = 'runs' AND to_state = 'done' AND from_state = 'done'")).toEqual({
      detail: 'its input and output folders were deleted',
    });
  });

  it('is not stopped by a folder that cannot be deleted: it tells of it once, and goes on when a person has deleted it', async () => {
    const node = new SmallNode();
    const folders: string[] = [];
    for (const study of ['1.1', '1.2', '1.3', '1.4']) {
      await node.receive(study);
      const run = node.deliver(study);
      if (study < '1.3') folders.push(foreignOutput(node, run));
      node.now += DAY;
    }
    const retention = node.retention({ maxAgeMs: 7 * DAY });
    const states = () => ['1.1', '1.2', '1.3', '1.4'].map((study) => node.state(study));
    const told = () => logged.filter((line) => line.includes('FILES_UNDELETABLE'));
    logged.length = 0;
    await asNormalUser(node, async () => {
      expect(await retention.purge('1.1')).toMatchObject({ cause: 'by-hand', files_gone_at: null });
      node.now += 8 * DAY;
      await retention.look();
      expect(states()).toEqual(['purged', 'purged', 'purged', 'purged']);
      expect(['1.1', '1.2', '1.3', '1.4'].flatMap((study) => node.files(study))).toEqual([]);
      expect(node.db.all('SELECT study_id FROM purges WHERE files_gone_at IS NULL')).toEqual([{ study_id: 1 }, { study_id: 2 }]);
      expect(undeletableFiles(node.db)).toMatchObject({ count: 4, paths: expect.arrayContaining([`${node.folders.runs}/1/1 (EACCES)`]) });
      const before = told();
      expect(before).toHaveLength(4);
      expect(JSON.parse(before[0])).toMatchObject({
        remedy: expect.stringContaining('as root'),
        seen: `${node.folders.runs}/1/1 (EACCES)`,
      });
      await retention.look();
      expect(told()).toEqual(before);
    });
    for (const folder of folders) chmodSync(folder, 0o755);
    for (const folder of folders) rmSync(folder, { recursive: true });
    await retention.look();
    expect(node.db.all('SELECT 1 FROM purges WHERE files_gone_at IS NULL')).toHaveLength(2);
    node.now += HOUR;
    await retention.look();
    expect(node.db.all('SELECT 1 FROM purges WHERE files_gone_at IS NULL')).toEqual([]);
    expect(undeletableFiles(node.db)).toEqual({ count: 0, paths: [] });
    expect(readdirSync(node.folders.runs)).toEqual([]);
  });

  it('deletes the work of a run behind more of those that have none, or that cannot be deleted, than it looks at in one go', async () => {
    const node = new SmallNode();
    await node.receive('1.1');
    const byHand = (): RunRow => {
      const run = node.deliver('1.1');
      node.db.run('UPDATE runs SET rule = NULL WHERE id = ?', run.id);
      return run;
    };
    // As runs end that took over the result of an equal one.
    for (let i = 0; i < 51; i++) node.db.run('DELETE FROM attempts WHERE run_id = ?', byHand().id);
    for (let i = 0; i < 51; i++) foreignOutput(node, byHand());
    node.now += 1000;
    const last = byHand();
    node.now += 3 * DAY;
    await asNormalUser(node, () => node.retention().look());
    expect(readdirSync(join(node.folders.runs, `${last.id}`, '1'))).toEqual(['log.txt']);
  });

  it('sweeps files that no row knows from the archive, past one that cannot be deleted', async () => {
    const node = new SmallNode();
    const { archive } = node.folders;
    const orphans = ['1.1', '1.2', '1.3'].map((study) => join(archive, study, 'orphan.dcm'));
    for (const path of orphans) {
      mkdirSync(dirname(path));
      writeFileSync(path, 'nobody knows it');
    }
    chmodSync(dirname(orphans[1]), 0o555);
    const remove = (path: string) => node.undeletable.removeFile(path);
    await asNormalUser(node, async () => {
      expect(await sweepArchive(archive, () => false, 0, Date.now() + DAY, remove)).toBe(2);
    });
    expect(orphans.filter((path) => existsSync(path))).toEqual([orphans[1]]);
  });

  it('deletes the folders of runs that no row knows, past one that cannot be deleted', async () => {
    const node = new SmallNode();
    const { db, undeletable, folders } = node;
    const unknown = [900, 901, 902].map((id) => join(folders.runs, `${id}`));
    for (const folder of unknown) mkdirSync(join(folder, '1', 'out'), { recursive: true });
    foreignOutput(node, { id: 901 });
    const clock = () => Date.now() + 2 * DAY;
    await asNormalUser(node, async () => {
      expect(await removeUnknownRuns({ db, clock, runsFolder: folders.runs, undeletable })).toBe(2);
    });
    expect(readdirSync(folders.runs)).toEqual(['901']);
    expect(undeletableFiles(db)).toEqual({ count: 1, paths: [`${unknown[1]} (EACCES)`] });
  });
});
