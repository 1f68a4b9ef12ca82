/** Backups are whole or not there, copy only what is new, and a restored ledger knows that it has missed something. */
import { jest } from '@jest/globals';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { dataFolders } from '../../../src/archive/folders.js';
import { parseInstance } from '../../../src/dicom/element/parse.js';
import { withOtherUids } from '../../../src/dicom/element/other-uids.js';
import { chestPhantom } from '../../../src/dicom/phantom/chest.js';
import { writeStructureSet } from '../../../src/dicom/rtstruct/write.js';
import type { SegSource } from '../../../src/dicom/seg/input.js';
import { writeSeg } from '../../../src/dicom/seg/write.js';
import { newUid, uidFromName } from '../../../src/foundation/ids.js';
import { setLogLevel } from '../../../src/foundation/log.js';
import { backup, type BackupOptions } from '../../../src/keeping/backup.js';
import { restore, type RestoreOptions, type RestoreReport } from '../../../src/keeping/restore.js';
import { snapshotsIn } from '../../../src/keeping/snapshots.js';
import { verify } from '../../../src/keeping/verify.js';
import { Db } from '../../../src/ledger/database.js';
import { ensureDelivery, retryDelivery, type DeliveryRow } from '../../../src/ledger/deliveries.js';
import { COPY_AE_TITLE } from '../../../src/ledger/evaluations.js';
import { containerId, nodeId } from '../../../src/ledger/node-facts.js';
import { ensureResult } from '../../../src/ledger/results.js';
import { lockFolder } from '../../../src/ledger/lock.js';
import { purgingPausedUntil } from '../../../src/ledger/retention.js';
import { beginAttempt, insertRun, runById, type RunRow } from '../../../src/ledger/runs.js';
import { changed } from '../../support/changed-object.js';
import { lungsOn, ResultStage } from '../../support/result-stage.js';
import { ellipsoid, madeUpSource, segInput, segmentOf } from '../../support/seg.js';
import { SmallNode } from '../../support/small-node.js';
import { tempFolder } from '../../support/temp.js';

setLogLevel('silent');

/** Time stands still for what is done every minute, and for nothing else. */
const ALL_BUT_INTERVALS = [
  'Date',
  'hrtime',
  'nextTick',
  'performance',
  'queueMicrotask',
  'setImmediate',
  'clearImmediate',
  'setTimeout',
  'clearTimeout',
] as const;

/** A node with backups and a place to restore to. */
class Backed {
  readonly node = new SmallNode();
  readonly folder = tempFolder('backup');
  readonly target = join(this.folder, 'backups');
  readonly rulesDir = join(this.folder, 'rules');
  readonly dataDir = join(this.folder, 'restored');
  private at = Date.UTC(2026, 10, 25);

  constructor() {
    mkdirSync(this.rulesDir);
    writeFileSync(join(this.rulesDir, 'chest.yaml'), 'rules: []');
  }

  async receive(study: string): Promise<void> {
    await this.node.receive(study);
    this.node.deliver(study);
  }

  backup(options: Partial<BackupOptions> = {}) {
    const { db, folders } = this.node;
    this.at += 60_000;
    return backup({ db, folders, target: this.target, rulesDir: this.rulesDir, clock: () => this.at, ...options });
  }

  restore(options: Partial<RestoreOptions> = {}): Promise<RestoreReport> {
    const { target: source, dataDir, rulesDir } = this;
    return restore({ source, dataDir, rulesDir, force: false, ownAeTitle: 'ANTEROOM', quietMs: 1000, clock: () => 5_000_000, ...options });
  }

  /** Paths of the shared files, with their inode: another one would be another copy. */
  shared(): string[] {
    const files = readdirSync(join(this.target, 'files'), { recursive: true, encoding: 'utf8' }).map((name) =>
      join(this.target, 'files', name),
    );
    return files.filter((path) => statSync(path).isFile()).map((path) => `${path} ${statSync(path).ino}`);
  }

  async restored<T>(look: (db: Db) => T | Promise<T>): Promise<T> {
    const db = Db.open(join(this.dataDir, 'ledger.sqlite'), { migrate: false });
    try {
      return await look(db);
    } finally {
      db.close();
    }
  }
}

/** The longest that a UUID makes, and as those of copies begin. */
const uuidUid = (last: string) => `2.25.1${'0'.repeat(37)}${last}`;

const studyOf = (bytes: Uint8Array) => parseInstance(bytes).dataset.uid(0x0020000d) as string;

/** A segmentation that the node with this serial number wrote of 700 slices, which its header names one by one. */
function segOfThinSlices(serial: string): Uint8Array {
  const small = madeUpSource({ rows: 2, columns: 2, slices: 700 });
  const source = { ...small, slices: small.slices.map((slice, k) => ({ ...slice, sopInstanceUid: uidFromName(`thin slice ${k}`) })) };
  const input = segInput(source, [segmentOf('RIGHT_LUNG', ellipsoid(source.grid, [0, 0, 0], 0.9))]);
  const equipment = { ...input.provenance.equipment, deviceSerialNumber: serial };
  const identity = { ...input.identity, sopInstanceUid: uidFromName(`seg of ${serial}`) };
  return writeSeg({ ...input, identity, provenance: { ...input.provenance, equipment } }).bytes;
}

/** A structure set that a model wrote, as it leaves the node with this serial number. */
async function structureSetOfModel(serial: string): Promise<Uint8Array> {
  const stage = new ResultStage();
  stage.nodeId = serial;
  await stage.receive(...chestPhantom({ name: 'reconciled', spacingMm: [24, 24, 24] }).files.map(({ bytes }) => bytes));
  const written = (source: SegSource) => {
    const input = lungsOn(source);
    const equipment = { ...input.provenance.equipment, manufacturer: 'its maker' };
    return writeStructureSet({ ...input, provenance: { equipment, contributors: [] } });
  };
  await stage.produce(stage.settle(), (source) => ({ 'set.dcm': written(source) }));
  await stage.makeResults();
  return readFileSync(join(stage.folders.results, stage.results()[0].path ?? ''));
}

describe('backup', () => {
  it('holds everything that a restored node needs, and verify finds nothing wrong with that', async () => {
    const site = new Backed();
    await site.receive('1.1');
    expect(await site.backup()).toMatchObject({ files: 4, faults: [] });
    rmSync(site.rulesDir, { recursive: true });
    expect(await site.restore()).toMatchObject({ files: 4, faults: [], rules: 'restored', deliveries: 0, runs: 0 });
    expect(readFileSync(join(site.rulesDir, 'chest.yaml'), 'utf8')).toBe('rules: []');
    const report = await site.restored((db) =>
      verify({ db, folders: dataFolders(site.dataDir), fast: false, nodeRuns: false, now: Date.now() }),
    );
    expect(report).toMatchObject({ ok: true, files: 4, findings: [] });
    expect(existsSync(`${site.dataDir}.restoring`)).toBe(false);
  });

  it('copies only what is new, and lets go of what no snapshot needs', async () => {
    const site = new Backed();
    await site.receive('1.1');
    const first = await site.backup();
    const before = site.shared();
    await site.receive('1.2');
    await site.backup();
    expect(site.shared()).toHaveLength(8);
    expect(site.shared()).toEqual(expect.arrayContaining(before));

    site.node.now += 3_600_000;
    await site.node.retention().purge('1.1');
    const third = await site.backup({ keep: 2 });
    expect(third.removedSnapshots).toEqual([first.snapshot]);
    expect(site.shared()).toHaveLength(8);
    await site.backup({ keep: 1 });
    expect(site.shared()).toHaveLength(4);
    expect(await site.restore()).toMatchObject({ files: 4, faults: [] });
  });

  it('that is killed in the middle leaves the one before, and the next one clears up', async () => {
    const site = new Backed();
    await site.receive('1.1');
    const { snapshot } = await site.backup();
    await site.receive('1.2');
    const killed = () => {
      throw new Error('killed');
    };
    await expect(site.backup({ onProgress: killed })).rejects.toThrow('killed');
    expect(snapshotsIn(site.target)).toEqual([snapshot]);
    expect(await site.restore()).toMatchObject({ snapshot, files: 4, faults: [] });
    await site.backup();
    expect(snapshotsIn(site.target)).toHaveLength(2);
    expect(readdirSync(site.target).filter((name) => name.startsWith('.partial'))).toEqual([]);
  });

  it('nothing is purged while its files are copied', async () => {
    const site = new Backed();
    await site.receive('1.1');
    site.node.now = Date.UTC(2026, 10, 25) + 60_000;
    const refusals: Promise<unknown>[] = [];
    const purge = () => {
      if (refusals.length === 0)
        refusals.push(
          site.node
            .retention()
            .purge('1.1')
            .catch((error: unknown) => error),
        );
    };
    await site.backup({ onProgress: purge });
    expect(await Promise.all(refusals)).toEqual([
      expect.objectContaining({ code: 'STUDY_KEPT', seen: expect.stringContaining('backup') as string }),
    ]);
    expect(purgingPausedUntil(site.node.db)).toBe(0);
    expect(await site.node.retention().purge('1.1')).toMatchObject({ instance_count: 3 });
  });

  it('nothing is purged while it works, however long the ledger, a package or a file takes', async () => {
    const site = new Backed();
    await site.receive('1.1');
    const { db } = site.node;
    const MINUTE = 60_000;
    let now = Date.UTC(2026, 10, 25);
    const heldMinutes: number[] = [];
    const copyTo = db.copyTo.bind(db);
    jest.spyOn(db, 'copyTo').mockImplementation((file) => {
      copyTo(file);
      now += 50 * MINUTE;
      heldMinutes.push((purgingPausedUntil(db) - now) / MINUTE);
    });
    jest.useFakeTimers({ doNotFake: [...ALL_BUT_INTERVALS] });
    try {
      const onProgress = () => {
        heldMinutes.push((purgingPausedUntil(db) - now) / MINUTE);
        now += 8 * MINUTE;
        jest.advanceTimersByTime(8 * MINUTE);
      };
      await site.backup({ clock: () => now, onProgress });
    } finally {
      jest.useRealTimers();
    }
    expect(heldMinutes).toEqual([10, 10, 10, 10, 10]);
    expect(purgingPausedUntil(db)).toBe(0);
  });

  it('clears up what one that was killed had begun to copy among the shared files', async () => {
    const site = new Backed();
    await site.receive('1.1');
    await site.backup();
    const before = site.shared();
    writeFileSync(join(dirname(before[0]), '.7c9e6679.partial'), 'half');
    await site.backup();
    expect(site.shared()).toEqual(before);
  });

  it('says which file is damaged and does not copy it', async () => {
    const site = new Backed();
    await site.receive('1.1');
    const [{ path }] = site.node.db.all<{ path: string }>('SELECT path FROM instances');
    const file = join(site.node.folders.archive, path);
    const bytes = readFileSync(file);
    bytes[bytes.length - 1] ^= 1;
    writeFileSync(file, bytes);
    const { faults } = await site.backup();
    expect(faults).toEqual([{ path: file, seen: expect.stringMatching(/^SHA-256 .* expected /) as string }]);
    expect(site.shared()).toHaveLength(3);
  });
});

describe('restore', () => {
  it('refuses a folder that is not empty, a running node and a damaged snapshot, and changes nothing', async () => {
    const site = new Backed();
    await site.receive('1.1');
    const { snapshot } = await site.backup();
    mkdirSync(site.dataDir);
    writeFileSync(join(site.dataDir, 'x'), 'precious');
    await expect(site.restore()).rejects.toMatchObject({ code: 'RESTORE_REFUSED' });
    const release = lockFolder(site.dataDir);
    await expect(site.restore({ force: true })).rejects.toMatchObject({ code: 'NODE_ALREADY_RUNNING' });
    release();
    await expect(site.restore({ snapshot: 'other' })).rejects.toMatchObject({ code: 'BACKUP_INVALID' });
    const { movedAside } = await site.restore({ force: true });
    expect(readFileSync(join(movedAside ?? '', 'x'), 'utf8')).toBe('precious');
    const ledger = join(site.target, snapshot, 'ledger.sqlite');
    writeFileSync(ledger, readFileSync(ledger).fill(0, 4000, 4010));
    await expect(site.restore({ force: true })).rejects.toMatchObject({
      code: 'BACKUP_INVALID',
      seen: expect.stringContaining('SHA-256') as string,
    });
    expect(existsSync(join(site.dataDir, 'ledger.sqlite'))).toBe(true);
  });

  it('asks the destination about what was under way, and about everything from then on', async () => {
    const site = new Backed();
    await site.node.receive('1.1');
    site.node.deliver('1.1', { delivery: 'pending' });
    await site.node.receive('1.2');
    site.node.deliver('1.2');
    await site.backup();
    expect(await site.restore()).toMatchObject({ deliveries: 1 });
    await site.restored((db) => {
      const states = () => db.all<DeliveryRow>('SELECT * FROM deliveries ORDER BY id');
      expect(states().map(({ state }) => state)).toEqual(['unsure', 'delivered']);
      ensureDelivery(db, 1, 'other', 1);
      expect(states()[2].state).toBe('unsure');
      // Rejected by a destination, but perhaps taken since: a person's retry asks too.
      db.move('deliveries', 3, 'pending', { at: 1 });
      db.move('deliveries', 3, 'rejected', { at: 1 });
      retryDelivery(db, states()[2], 2);
      expect(states()[2].state).toBe('unsure');
    });
  });

  it('queues what was running again, under another container name, and keeps the names of what it will make', async () => {
    const site = new Backed();
    await site.node.receive('1.1');
    const { db, now } = site.node;
    nodeId(db);
    site.node.deliver('1.1', { run: 'failed' });
    const asked = {
      purpose: 'clinical',
      rulesRevision: null,
      modelName: 'm',
      settings: {},
      destinations: [],
      priority: 'routine',
    } as const;
    for (const rule of ['a', 'b']) {
      const id = insertRun(db, { ...asked, versionId: 1, rule, inputs: [] }, now);
      beginAttempt(db, runById(db, id) as RunRow, (number) => `${id}-${number}`, now);
      db.move('runs', id, 'running', { at: now });
      if (rule === 'b') db.move('runs', id, 'produced', { at: now });
    }
    const uids = { sop_class_uid: '1', sop_instance_uid: '9.9', series_instance_uid: '8.9', series_number: 1 };
    ensureResult(db, { run_id: 3, output_id: null, ...uids }, now);
    await site.backup();
    expect(await site.restore()).toMatchObject({ runs: 2 });
    await site.restored((restored) => {
      expect(restored.all('SELECT state FROM runs ORDER BY id')).toEqual([{ state: 'failed' }, { state: 'queued' }, { state: 'queued' }]);
      expect(restored.all('SELECT 1 FROM results')).toEqual([]);
      expect(nodeId(restored)).toBe(nodeId(db));
      expect(containerId(restored)).not.toBe(containerId(db));
    });
  });

  it('finds what arrived after the backup in the old archive', async () => {
    const site = new Backed();
    await site.receive('1.1');
    await site.backup();
    await site.receive('1.2');
    expect(await site.restore({ reconcile: site.node.folders.root })).toMatchObject({ later: 3, laterResults: 0 });
    expect(readdirSync(join(site.dataDir, 'take-in'))).toHaveLength(3);
    expect(site.node.files('1.2')).toHaveLength(3);
  });

  it('knows the results of the node among them, however long their headers are and whoever wrote them', async () => {
    const site = new Backed();
    await site.receive('1.1');
    const serial = nodeId(site.node.db);
    await site.backup();
    for (const bytes of [segOfThinSlices(serial), await structureSetOfModel(serial)]) await site.node.take(bytes);
    expect(await site.restore({ reconcile: site.node.folders.root })).toMatchObject({ later: 0, laterResults: 2 });
  });

  it('takes in what another node made, and what somebody made of a result of this one', async () => {
    const site = new Backed();
    await site.receive('1.1');
    const serial = nodeId(site.node.db);
    await site.backup();
    for (const bytes of [segOfThinSlices('another'), await structureSetOfModel('another')]) await site.node.take(bytes);
    await site.node.take(changed(await structureSetOfModel(serial), { SOPInstanceUID: newUid() }));
    expect(await site.restore({ reconcile: site.node.folders.root })).toMatchObject({ later: 3, laterResults: 0 });
  });

  it('leaves out copies of cases, which would become studies of patients, and takes in what only looks like one', async () => {
    const site = new Backed();
    await site.receive('1.1');
    await site.backup();
    const files = chestPhantom({ name: 'a case', spacingMm: [24, 24, 24] }).files.map(({ bytes }) => bytes);
    const copyOf = (bytes: Uint8Array) => withOtherUids(Buffer.from(bytes), 'comparison case');
    for (const bytes of files.slice(1)) await site.node.take(copyOf(bytes), COPY_AE_TITLE);
    const longUid = `1.3.6.1.4.1.14519.5.2.1.${'7'.repeat(30)}`;
    const ofScanner = changed(files[0], { StudyInstanceUID: longUid });
    const uuids = { StudyInstanceUID: uuidUid('1'), SeriesInstanceUID: uuidUid('2'), SOPInstanceUID: uuidUid('3') };
    // As an earlier release kept them.
    await site.node.take(copyOf(ofScanner), 'ANTEROOM');
    // Received from somebody with the node's AE title, also where all UIDs are UUIDs that begin as those of a copy do, and, under UIDs like those of a copy, from a scanner.
    await site.node.take(changed(files[0], { StudyInstanceUID: newUid() }), 'ANTEROOM');
    await site.node.take(changed(files[0], uuids), 'ANTEROOM');
    await site.node.take(withOtherUids(Buffer.from(files[0]), 'somebody else'), 'CT');
    const report = await site.restore({ reconcile: site.node.folders.root });
    expect(report).toMatchObject({ later: 3, laterCopies: files.length, laterResults: 0 });
    expect(readdirSync(join(site.dataDir, 'take-in'))).toHaveLength(3);
    expect([...report.laterCopiedStudies].sort()).toEqual([ofScanner, files[1]].map(copyOf).map(studyOf).sort());
  });

  it('leaves out what a power cut has left without its last bytes', async () => {
    const site = new Backed();
    await site.receive('1.1');
    await site.backup();
    await site.receive('1.2');
    const file = join(site.node.folders.archive, '1.2', site.node.files('1.2')[0]);
    truncateSync(file, statSync(file).size - 2);
    const report = await site.restore({ reconcile: site.node.folders.root });
    expect(report).toMatchObject({ later: 2, laterIncomplete: 1 });
    expect(readdirSync(join(site.dataDir, 'take-in'))).toHaveLength(2);
  });
});
