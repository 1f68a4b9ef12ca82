/** The same SOPInstanceUID again: what is the same, what is corrected, what is a conflict. Nothing that came is lost. */
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { dataFolders, type DataFolders } from '../../../src/archive/folders.js';
import { encodeDataSet, fileMeta } from '../../../src/dicom/element/write.js';
import { AnteroomError } from '../../../src/foundation/errors.js';
import { setLogLevel } from '../../../src/foundation/log.js';
import { Acceptor } from '../../../src/intake/accept.js';
import { acceptPart10 } from '../../../src/intake/part10-door.js';
import { settleDueStudies } from '../../../src/intake/settle.js';
import { Db } from '../../../src/ledger/database.js';
import { findStudy } from '../../../src/ledger/studies.js';
import type { FileRow, InstanceRow } from '../../../src/ledger/instances.js';
import { quietOnly } from '../../support/settling.js';
import { tempFolder } from '../../support/temp.js';

setLogLevel('silent');

const CT = '1.2.840.10008.5.1.4.1.1.2';
const EXPLICIT = '1.2.840.10008.1.2.1';

function object(more: { name?: string; patientId?: string; pixels?: number; bytes?: number; sop?: string; study?: string } = {}): Buffer {
  const { name = 'Doe^Jane', patientId = 'P1', pixels = 1, bytes = 64, sop = '1.2.3.4', study = '1.2.3' } = more;
  const ui = (value: string) => ({ vr: 'UI', Value: [value] });
  const dataSet = encodeDataSet({
    '00080016': ui(CT),
    '00080018': ui(sop),
    '00080060': { vr: 'CS', Value: ['CT'] },
    '00100010': { vr: 'PN', Value: [{ Alphabetic: name }] },
    '00100020': { vr: 'LO', Value: [patientId] },
    '0020000D': ui(study),
    '0020000E': ui('1.2.3.1'),
    '7FE00010': { vr: 'OW', bytes: new Uint8Array(bytes).fill(pixels) },
  });
  return Buffer.concat([fileMeta({ sopClassUid: CT, sopInstanceUid: sop, transferSyntaxUid: EXPLICIT }), dataSet]);
}

class Door {
  readonly folders: DataFolders = dataFolders(tempFolder('accept'));
  readonly db = Db.open(this.folders.ledgerFile, { migrate: true });
  now = 1000;
  private readonly acceptor = new Acceptor({
    db: this.db,
    archiveFolder: this.folders.archive,
    clock: () => this.now,
    lookMs: 10,
    onCommitted: () => undefined,
  });

  async take(bytes: Buffer, calledAe = 'ANTEROOM', callingAe = 'CT'): Promise<string> {
    const origin = { callingAe, calledAe, remoteAddress: '127.0.0.1' };
    return (await acceptPart10(Readable.from([bytes.subarray(0, 200), bytes.subarray(200)]), origin, this.acceptor, this.folders.incoming))
      .acceptance;
  }

  rows(): (InstanceRow & FileRow)[] {
    return this.db.all<InstanceRow & FileRow>('SELECT * FROM instances ORDER BY id');
  }

  settle(): string | undefined {
    this.now += 1000;
    settleDueStudies(this.db, this.now, quietOnly(10));
    return findStudy(this.db, '1.2.3')?.state;
  }
}

describe('accept', () => {
  it('the same object from a sender with a longer name is the same file', async () => {
    const door = new Door();
    await door.take(object());
    expect(await door.take(object(), 'ANTEROOM', 'A-LONGER-NAME')).toBe('same');
    const [row] = door.rows();
    expect(statSync(join(door.folders.archive, row.path)).size).toBe(row.size_bytes);
  });

  it('both of two conflicting objects stay when they come again after their study was purged', async () => {
    const door = new Door();
    await door.take(object());
    await door.take(object({ pixels: 2 }));
    door.db.run("UPDATE instances SET purged_at = 1, standing = 'replaced', header = '{}', patient_id = ''");
    expect(await door.take(object())).toBe('new');
    expect(await door.take(object({ pixels: 2 }))).toBe('conflict');
    expect(door.rows().map(({ standing, purged_at }) => ({ standing, purged_at }))).toEqual([
      { standing: 'current', purged_at: null },
      { standing: 'conflict', purged_at: null },
    ]);
  });

  it('a result of ours that was withdrawn here stays withdrawn when it is sent back', async () => {
    const door = new Door();
    await door.take(object());
    door.db.run('PRAGMA foreign_keys = OFF');
    door.db.run(
      `INSERT INTO results (run_id, state, sop_class_uid, sop_instance_uid, series_instance_uid, series_number, created_at)
       VALUES (1, 'passed', ?, '1.2.3.4', '1.2.3.1', 1, 1)`,
      CT,
    );
    door.db.run("UPDATE instances SET standing = 'replaced', own_result = 1");
    expect(await door.take(object())).toBe('own-result');
    expect(door.rows().map(({ standing }) => standing)).toEqual(['replaced']);
  });

  it('lets the thread do other things while it takes an object of which all bytes are there at once', async () => {
    let turns = 0;
    let turnsOfWriting = 0;
    const other = setInterval(() => turns++, 0);
    const written = () => {
      turnsOfWriting = turns;
      return Promise.resolve('new' as const);
    };
    const bytes = Readable.from([object({ bytes: 64 * 1024 * 1024 })]);
    const origin = { callingAe: 'CT', calledAe: 'ANTEROOM', remoteAddress: '127.0.0.1' };
    await acceptPart10(bytes, origin, { accept: written }, dataFolders(tempFolder('turns')).incoming);
    clearInterval(other);
    expect(turnsOfWriting).toBeGreaterThan(5);
  });

  it('keeps a new instance in the archive under a row', async () => {
    const door = new Door();
    expect(await door.take(object())).toBe('new');
    const [row] = door.rows();
    expect(existsSync(join(door.folders.archive, row.path))).toBe(true);
    expect(row).toMatchObject({ sop_instance_uid: '1.2.3.4', patient_id: 'P1', standing: 'current' });
  });

  it('takes the same bytes again as the same', async () => {
    const door = new Door();
    await door.take(object());
    expect(await door.take(object())).toBe('same');
    expect(door.rows()).toHaveLength(1);
  });

  it('takes many at once, one commit for those in flight', async () => {
    const door = new Door();
    const sops = Array.from({ length: 20 }, (_, index) => `1.2.3.${100 + index}`);
    expect(await Promise.all(sops.map((sop) => door.take(object({ sop }))))).toEqual(sops.map(() => 'new'));
    expect(findStudy(door.db, '1.2.3')?.instance_count).toBe(20);
  });

  it('takes same pixels with changed attributes as a correction, which makes a new version', async () => {
    const door = new Door();
    await door.take(object());
    expect(door.settle()).toBe('settled');
    expect(await door.take(object({ name: 'Doe^Joan' }))).toBe('corrected');
    expect(door.rows().map(({ standing }) => standing)).toEqual(['replaced', 'current']);
    expect(door.settle()).toBe('settled');
    expect(door.db.all('SELECT number FROM versions')).toHaveLength(2);
    for (const row of door.rows()) expect(existsSync(join(door.folders.archive, row.path))).toBe(true);
  });

  it('takes an instance that was moved to another study out of the first one, which gets a version without it', async () => {
    const door = new Door();
    await door.take(object());
    await door.take(object({ sop: '1.2.3.5' }));
    door.settle();
    expect(await door.take(object({ study: '1.2.9' }))).toBe('corrected');
    expect(findStudy(door.db, '1.2.3')).toMatchObject({ state: 'receiving', instance_count: 1 });
    expect(door.settle()).toBe('settled');
    expect([findStudy(door.db, '1.2.3')?.instance_count, findStudy(door.db, '1.2.9')?.instance_count]).toEqual([1, 1]);
    const sizes = 'SELECT count(*) AS n FROM version_instances GROUP BY version_id ORDER BY version_id';
    expect(door.db.all<{ n: number }>(sizes).map(({ n }) => n)).toEqual([2, 1, 1]);
  });

  it('goes back to an earlier content when that is sent again', async () => {
    const door = new Door();
    await door.take(object());
    await door.take(object({ name: 'Doe^Joan' }));
    expect(await door.take(object())).toBe('corrected');
    expect(door.rows().map(({ standing }) => standing)).toEqual(['current', 'replaced']);
  });

  it('holds a study where other pixels come under the same UID, and keeps both', async () => {
    const door = new Door();
    await door.take(object());
    expect(await door.take(object({ pixels: 2 }))).toBe('conflict');
    expect(door.rows().map(({ standing }) => standing)).toEqual(['current', 'conflict']);
    expect(findStudy(door.db, '1.2.3')).toMatchObject({ state: 'held', hold_reason: expect.stringContaining('1.2.3.4') as string });
  });

  it('holds a study whose instances name two patients', async () => {
    const door = new Door();
    await door.take(object());
    await door.take(object({ sop: '1.2.3.5', patientId: 'P2' }));
    expect(door.settle()).toBe('held');
  });

  it.each([
    ['without a StudyInstanceUID', object({ study: '' }), 'DICOM_UID_MISSING'],
    ['that is no DICOM file', Buffer.from('hello'), 'DICOM_NOT_P10'],
    ['whose element claims more than there is', Buffer.concat([object().subarray(0, -70), Buffer.from([0xff, 0xff])]), 'DICOM_DAMAGED'],
  ])('refuses an object %s and keeps nothing of it', async (_what, bytes, code) => {
    const door = new Door();
    await expect(door.take(bytes)).rejects.toMatchObject({ code });
    await expect(door.take(bytes)).rejects.toBeInstanceOf(AnteroomError);
    expect(door.rows()).toEqual([]);
  });

  it('never takes an own result into a study version', async () => {
    const door = new Door();
    await door.take(object());
    door.settle();
    door.db.run(
      "INSERT INTO runs (purpose, version_id, model_name, settings, destinations, priority, state, due_at, created_at) VALUES ('clinical', 1, 'm', '{}', '[]', 1, 'queued', 1, 1)",
    );
    door.db.run(
      "INSERT INTO results (run_id, state, sop_class_uid, sop_instance_uid, series_instance_uid, series_number, created_at) VALUES (1, 'made', '1', '1.2.3.99', '1.2.3.98', 1, 1)",
    );
    expect(await door.take(object({ sop: '1.2.3.99' }))).toBe('own-result');
    expect(findStudy(door.db, '1.2.3')?.state).toBe('settled');
  });
});
