/** Forgetting studies on a real ledger and real files: what goes, what stays, and what a resend brings back. */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { dataFolders } from '../../../src/archive/folders.js';
import { encodeDataSet, fileMeta } from '../../../src/dicom/element/write.js';
import { setLogLevel } from '../../../src/foundation/log.js';
import { Acceptor, type Candidate } from '../../../src/intake/accept.js';
import { InFlight } from '../../../src/intake/in-flight.js';
import { acceptPart10 } from '../../../src/intake/part10-door.js';
import { Retention, type RetentionOptions } from '../../../src/intake/retention.js';
import { settleDueStudies } from '../../../src/intake/settle.js';
import { Db } from '../../../src/ledger/database.js';
import { ensureDelivery } from '../../../src/ledger/deliveries.js';
import { activateModel, registerModel } from '../../../src/ledger/models.js';
import { ensureResult } from '../../../src/ledger/results.js';
import { keepStudy, lastPurge, markPurged, pausePurging } from '../../../src/ledger/retention.js';
import { beginAttempt, insertRun, runById, type RunRow } from '../../../src/ledger/runs.js';
import { findStudy } from '../../../src/ledger/studies.js';
import { recordDecision, versionsOfStudy } from '../../../src/ledger/versions.js';
import { quietOnly } from '../../support/settling.js';
import { tempFolder } from '../../support/temp.js';

setLogLevel('silent');

const CT = '1.2.840.10008.5.1.4.1.1.2';
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

function instance(study: string, number: number): Buffer {
  const ui = (value: string) => ({ vr: 'UI', Value: [value] });
  const sop = `${study}.1.${number}`;
  const dataSet = encodeDataSet({
    '00080016': ui(CT),
    '00080018': ui(sop),
    '00100020': { vr: 'LO', Value: ['P1'] },
    '0020000D': ui(study),
    '0020000E': ui(`${study}.1`),
    '7FE00010': { vr: 'OW', bytes: new Uint8Array(64).fill(number) },
  });
  return Buffer.concat([fileMeta({ sopClassUid: CT, sopInstanceUid: sop, transferSyntaxUid: '1.2.840.10008.1.2.1' }), dataSet]);
}

class Node {
  readonly folders = dataFolders(tempFolder('retention'));
  readonly db = Db.open(this.folders.ledgerFile, { migrate: true });
  now = 1_000_000;
  freeBytes: () => number = () => 1e12;
  /** Called with each candidate before it goes through the door. */
  atDoor: (candidate: Candidate) => void = () => undefined;
  private readonly acceptor = new Acceptor({
    db: this.db,
    archiveFolder: this.folders.archive,
    clock: () => this.now,
    lookMs: 10,
    onCommitted: () => undefined,
  });
  private readonly door = new InFlight({
    accept: (candidate) => {
      this.atDoor(candidate);
      return this.acceptor.accept(candidate);
    },
  });

  retention(rules: Partial<RetentionOptions['rules']> = {}): Retention {
    const { archive: archiveFolder, results: resultsFolder, runs: runsFolder } = this.folders;
    return new Retention({
      db: this.db,
      clock: () => this.now,
      inFlight: this.door,
      archiveFolder,
      resultsFolder,
      runsFolder,
      freeBytes: () => Promise.resolve(this.freeBytes()),
      rules: { minAgeMs: HOUR, unsuccessfulMs: 30 * DAY, workMs: 2 * DAY, everyMs: 1000, ...rules },
    });
  }

  async receive(study: string, numbers = [1, 2, 3]): Promise<void> {
    const origin = { callingAe: 'CT', calledAe: 'ANTEROOM', remoteAddress: '127.0.0.1' };
    for (const number of numbers) {
      await acceptPart10(Readable.from([instance(study, number)]), origin, this.door, this.folders.incoming);
    }
    this.now += 1000;
    settleDueStudies(this.db, this.now, quietOnly(10));
    for (const { id, state } of versionsOfStudy(this.db, this.id(study)))
      if (state === 'settled') recordDecision(this.db, id, '{}', 'r', this.now);
  }

  /** A run that is done, with a result at one destination and the folders of its attempt. */
  deliver(study: string, ending: { delivery?: 'delivered' | 'pending'; run?: 'done' | 'failed' } = {}): RunRow {
    const { db, now: at } = this;
    const model = registerModel(db, { name: 'm', version: '1', digest: 'd', card: '', package: '', folder: null }, 1);
    activateModel(db, model.id, 'test', 1);
    const version = versionsOfStudy(db, this.id(study))[0];
    const asked = {
      purpose: 'clinical',
      rulesRevision: null,
      modelName: 'm',
      settings: {},
      destinations: ['pacs'],
      priority: 'routine',
    } as const;
    const id = insertRun(db, { ...asked, versionId: version.id, rule: 'r', inputs: [] }, at);
    beginAttempt(db, runById(db, id) as RunRow, (number) => `${id}-${number}`, at);
    for (const part of ['in', 'out']) mkdirSync(join(this.folders.runs, `${id}`, '1', part), { recursive: true });
    writeFileSync(join(this.folders.runs, `${id}`, '1', 'log.txt'), 'log');
    db.move('runs', id, 'running', { at });
    if (ending.run === 'failed') db.move('runs', id, 'failed', { at, set: { ended_at: at, failure_code: 'MODEL_EXITED' } });
    else {
      db.move('runs', id, 'produced', { at });
      const uids = { sop_instance_uid: `9.${id}`, series_instance_uid: `8.${id}`, sop_class_uid: '1', series_number: 1 };
      const result = ensureResult(db, { run_id: id, output_id: null, ...uids }, at);
      writeFileSync(join(this.folders.results, `${id}.dcm`), 'result');
      db.move('results', result.id, 'passed', { at, set: { path: `${id}.dcm`, size_bytes: 6, sha256: 'x' } });
      ensureDelivery(db, result.id, 'pacs', at);
      const delivery = db.get<{ id: number }>('SELECT max(id) AS id FROM deliveries')?.id ?? 0;
      if (ending.delivery !== 'pending') {
        db.move('deliveries', delivery, 'sending', { at });
        db.move('deliveries', delivery, 'delivered', { at, set: { delivered_at: at } });
      }
      db.move('runs', id, 'done', { at, set: { ended_at: at } });
    }
    return runById(db, id) as RunRow;
  }

  id(study: string): number {
    return findStudy(this.db, study)?.id ?? 0;
  }

  state(study: string): string | undefined {
    return findStudy(this.db, study)?.state;
  }

  files(study: string): string[] {
    const folder = join(this.folders.archive, study);
    return existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.dcm')) : [];
  }
}

describe('retention', () => {
  it('deletes nothing where the settings name neither age nor space', async () => {
    const node = new Node();
    await node.receive('1.1');
    node.deliver('1.1');
    node.now += 10_000 * DAY;
    node.freeBytes = () => 0;
    await node.retention().look();
    expect(node.state('1.1')).toBe('settled');
    expect(node.files('1.1')).toHaveLength(3);
  });

  it('purges what is over age and done, with its files, and keeps the decision and the members of the version', async () => {
    const node = new Node();
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
    expect(node.db.get("SELECT detail FROM events WHERE table_name = 'studies' AND to_state = 'purged'")).toEqual({
      detail: expect.stringMatching(/^age: 3 instances, 1 results, \d+ bytes$/) as string,
    });
    expect(lastPurge(node.db, 1)).toMatchObject({ cause: 'age', instance_count: 3, result_count: 1, files_gone_at: node.now });
  });

  it('never purges what is undelivered, failed a short while ago, kept, or being backed up', async () => {
    const node = new Node();
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

  it('makes room with the oldest finished studies first, and stops when there is enough', async () => {
    const node = new Node();
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

  it('gives a resend of a purged study its old place: the same version, nothing run again', async () => {
    const node = new Node();
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
    const node = new Node();
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
    const node = new Node();
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

  it('deletes the work folders of done runs earlier, and leaves the log', async () => {
    const node = new Node();
    await node.receive('1.1');
    const done = node.deliver('1.1');
    node.now += 2 * DAY;
    await node.retention().look();
    expect(readdirSync(join(node.folders.runs, `${done.id}`, '1'))).toEqual(['log.txt']);
    expect(node.db.get("SELECT detail FROM events WHERE table_name = 'runs' AND to_state = 'done' AND from_state = 'done'")).toEqual({
      detail: 'its input and output folders were deleted',
    });
  });
});
