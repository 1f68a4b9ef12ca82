/** From what a model left to results, while the study goes on: late slices, corrections, a model's failures. */
import { mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { dataFolders } from '../../../src/archive/folders.js';
import { parseInstance } from '../../../src/dicom/element/parse.js';
import { TAG } from '../../../src/dicom/element/tags.js';
import { fileMeta } from '../../../src/dicom/element/write.js';
import { chestPhantom } from '../../../src/dicom/phantom/chest.js';
import { writeSeg } from '../../../src/dicom/seg/write.js';
import { setLogLevel } from '../../../src/foundation/log.js';
import { Acceptor, type Acceptance } from '../../../src/intake/accept.js';
import { acceptPart10 } from '../../../src/intake/part10-door.js';
import { settleDueStudies } from '../../../src/intake/settle.js';
import { Db } from '../../../src/ledger/database.js';
import type { DeliveryRow } from '../../../src/ledger/deliveries.js';
import { instancesOfVersion } from '../../../src/ledger/instances.js';
import { activateModel, registerModel } from '../../../src/ledger/models.js';
import { insertOutput, type ResultRow } from '../../../src/ledger/results.js';
import { beginAttempt, inputsOfRun, runById, type RunRow } from '../../../src/ledger/runs.js';
import { readModelPackage } from '../../../src/models/package.js';
import { readSourceSeries } from '../../../src/results/source-series.js';
import { makeDueResults } from '../../../src/results/stage.js';
import { ellipsoid, segInput, segmentOf } from '../../support/seg.js';
import { quietOnly } from '../../support/settling.js';
import { enterRuleRun } from '../../support/rule-run.js';
import { tempFolder } from '../../support/temp.js';

setLogLevel('silent');

const QUIET_MS = 10;
const SLICES = chestPhantom({ name: 'stage', spacingMm: [24, 24, 24] }).files;

class Node {
  readonly folders = dataFolders(tempFolder('stage'));
  readonly db = Db.open(this.folders.ledgerFile, { migrate: true });
  now = 1000;
  private readonly acceptor = new Acceptor({
    db: this.db,
    archiveFolder: this.folders.archive,
    clock: () => this.now,
    lookMs: QUIET_MS,
    onCommitted: () => undefined,
  });

  constructor() {
    const { card, model } = readModelPackage('deploy/models/lungs');
    const names = { name: card.name, version: card.version, digest: 'sha256:0', folder: null };
    const { id } = registerModel(
      this.db,
      { ...names, card: readFileSync('deploy/models/lungs/meta.json', 'utf8'), package: JSON.stringify(model) },
      1,
    );
    activateModel(this.db, id, 'test', 1);
  }

  async receive(...files: readonly Uint8Array[]): Promise<Acceptance[]> {
    const origin = { callingAe: 'CT', calledAe: 'ANTEROOM', remoteAddress: '127.0.0.1' };
    const taken = files.map((bytes) => acceptPart10(Readable.from([bytes]), origin, this.acceptor, this.folders.incoming));
    return (await Promise.all(taken)).map(({ acceptance }) => acceptance);
  }

  /** Settles the study and makes a run of its newest version, as the rule would. */
  settle(rule: string | null = 'chest'): number {
    this.now += 1000;
    settleDueStudies(this.db, this.now, quietOnly(QUIET_MS));
    const version = this.db.get<{ id: number }>('SELECT max(id) AS id FROM versions')?.id ?? 0;
    const [{ series_instance_uid: seriesInstanceUid }] = instancesOfVersion(this.db, version);
    const asked = {
      purpose: 'clinical',
      rulesRevision: 'x',
      modelName: 'lungs',
      settings: {},
      destinations: ['pacs'],
      priority: 'routine',
    } as const;
    return enterRuleRun(this.db, { ...asked, versionId: version, rule, inputs: [{ name: 'series', seriesInstanceUid }] }, this.now);
  }

  /** The model ends with a segmentation of its input, or with what is given. */
  async produce(runId: number, bytes?: Uint8Array): Promise<void> {
    const run = runById(this.db, runId) as RunRow;
    const attempt = beginAttempt(this.db, run, (number) => `run-${runId}-${number}`, this.now);
    const folder = this.outputFolder(runId, attempt?.number ?? 0);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'seg.dcm'), bytes ?? (await this.segmentation(run)));
    const names = { run_id: runId, attempt_id: attempt?.id ?? 0, path: 'seg.dcm', kind: 'dicom', size_bytes: 1, sha256: 'x' };
    insertOutput(this.db, names);
    this.db.move('runs', runId, 'running', { at: this.now });
    this.db.move('runs', runId, 'produced', { at: this.now });
  }

  makeResults(): Promise<number> {
    const { db, folders } = this;
    return makeDueResults({
      db,
      clock: () => this.now,
      archiveFolder: folders.archive,
      resultsFolder: folders.results,
      outputFolderOf: (run, attempt) => this.outputFolder(run, attempt),
      equipment: { manufacturer: 'Anteroom', modelName: 'test', deviceSerialNumber: 'test', softwareVersions: ['test'] },
      nodeId: 'test',
    });
  }

  run(id: number): RunRow {
    return runById(this.db, id) as RunRow;
  }

  results(): ResultRow[] {
    return this.db.all<ResultRow>('SELECT * FROM results ORDER BY id');
  }

  deliveries(): DeliveryRow[] {
    return this.db.all<DeliveryRow>('SELECT * FROM deliveries ORDER BY id');
  }

  private outputFolder(run: number, attempt: number): string {
    return join(this.folders.runs, String(run), String(attempt), 'out');
  }

  private async segmentation(run: RunRow): Promise<Uint8Array> {
    const [input] = inputsOfRun(this.db, run.id);
    const source = await readSourceSeries(this.folders.archive, instancesOfVersion(this.db, run.version_id, input.series_instance_uid));
    const lungs = [
      segmentOf('RIGHT_LUNG', ellipsoid(source.grid, [0.3, 0.5, 0.5], 0.3)),
      segmentOf('LEFT_LUNG', ellipsoid(source.grid, [0.7, 0.5, 0.5], 0.3)),
    ];
    return writeSeg(segInput(source, lungs)).bytes;
  }
}

/** The same object with another PatientID of the same length: its sender has corrected it. */
function corrected(file: Uint8Array): Uint8Array {
  const {
    dataSetOffsetBytes,
    dataset,
    transferSyntaxUid,
    mediaStorageSopClassUid = '',
    mediaStorageSopInstanceUid = '',
  } = parseInstance(file);
  const body = Buffer.from(file.subarray(dataSetOffsetBytes));
  const patientId = dataset.text(0x00100020) ?? '';
  const at = body.indexOf(Buffer.from(patientId, 'latin1'), body.indexOf(Buffer.from([0x10, 0x00, 0x20, 0x00])));
  body.write('X', at, 'latin1');
  const meta = fileMeta({ sopClassUid: mediaStorageSopClassUid, sopInstanceUid: mediaStorageSopInstanceUid, transferSyntaxUid });
  return Buffer.concat([meta, body]);
}

const ALL = SLICES.map(({ bytes }) => bytes);

describe('results', () => {
  it('of a later version take the place of the earlier ones, with the same Tracking UIDs', async () => {
    const node = new Node();
    await node.receive(...ALL.slice(1));
    const first = node.settle();
    await node.produce(first);
    expect(await node.makeResults()).toBe(1);
    expect(node.run(first)).toMatchObject({ state: 'done', reason: null });
    await node.receive(ALL[0]);
    const second = node.settle();
    await node.produce(second);
    await node.makeResults();
    const [earlier, later] = node.results();
    expect([earlier, later]).toMatchObject([{ state: 'superseded', superseded_by: later.id }, { state: 'passed' }]);
    expect(node.deliveries().map(({ result_id }) => result_id)).toEqual([earlier.id, later.id]);
    expect(trackingUids(node, later)).toEqual(trackingUids(node, earlier));
    expect(later.series_instance_uid).not.toBe(earlier.series_instance_uid);
  });

  it('made by hand replace nothing', async () => {
    const node = new Node();
    await node.receive(...ALL.slice(1));
    await node.produce(node.settle());
    await node.makeResults();
    await node.receive(ALL[0]);
    await node.produce(node.settle(null));
    await node.makeResults();
    expect(node.results().map(({ state }) => state)).toEqual(['passed', 'passed']);
  });

  it('of an earlier version do not leave once the rule has a run on a later one', async () => {
    const node = new Node();
    await node.receive(...ALL.slice(1));
    const first = node.settle();
    await node.receive(ALL[0]);
    const second = node.settle();
    await node.produce(first);
    expect(await node.makeResults()).toBe(1);
    expect(node.run(first)).toMatchObject({
      state: 'rejected',
      failure_code: 'OUTDATED',
      reason: `version 2 of its study has run ${second} in its place`,
    });
    expect(node.deliveries()).toEqual([]);
  });

  it('wait while their input is being corrected, and never leave under the old PatientID', async () => {
    const node = new Node();
    await node.receive(...ALL);
    const run = node.settle();
    await node.produce(run);
    expect(await node.receive(corrected(ALL[0]))).toEqual(['corrected']);
    expect(await node.makeResults()).toBe(0);
    expect(node.run(run)).toMatchObject({ state: 'produced', reason: expect.stringContaining('being corrected') as string });
    await node.receive(...ALL.slice(1).map(corrected));
    const next = node.settle();
    await node.makeResults();
    expect(node.run(run)).toMatchObject({ state: 'rejected', failure_code: 'OUTDATED' });
    await node.produce(next);
    await node.makeResults();
    expect(node.run(next)).toMatchObject({ state: 'done' });
    expect(node.deliveries()).toHaveLength(1);
  });

  it('leave after all where the correction was taken back', async () => {
    const node = new Node();
    await node.receive(...ALL);
    const run = node.settle();
    await node.produce(run);
    await node.receive(corrected(ALL[0]));
    await node.makeResults();
    await node.receive(ALL[0]);
    await node.makeResults();
    expect(node.run(run)).toMatchObject({ state: 'done', reason: null, failure_code: null });
  });

  it('say why they are not there yet where the disk fails, and are there when it works again', async () => {
    const node = new Node();
    await node.receive(...ALL);
    const run = node.settle();
    await node.produce(run);
    rmSync(node.folders.results, { recursive: true });
    expect(await node.makeResults()).toBe(0);
    expect(node.run(run)).toMatchObject({ state: 'produced', failure_code: 'STORE_FAILED' });
    mkdirSync(node.folders.results);
    await node.makeResults();
    expect(node.run(run)).toMatchObject({ state: 'done', failure_code: null, reason: null });
    expect(node.results()).toHaveLength(1);
  });

  it('are not left half-made where the node itself fails', async () => {
    const node = new Node();
    await node.receive(...ALL);
    const run = node.settle();
    await node.produce(run);
    rmSync(node.folders.results, { recursive: true });
    await node.makeResults();
    node.db.run("UPDATE models SET card = 'no card'");
    await node.makeResults();
    expect(node.run(run)).toMatchObject({ state: 'failed', failure_code: 'INTERNAL' });
    expect(node.results()).toMatchObject([{ state: 'rejected', reason: expect.stringContaining('card') as string }]);
  });

  it('are refused, and not read into memory, where the file is larger than any model makes', async () => {
    const node = new Node();
    await node.receive(...ALL);
    const run = node.settle();
    await node.produce(run);
    truncateSync(join(node.folders.runs, String(run), '1', 'out', 'seg.dcm'), 2 ** 31);
    await node.makeResults();
    expect(node.run(run)).toMatchObject({
      state: 'rejected',
      failure_code: 'GATE_REJECTED',
      reason: expect.stringContaining('2147483648 bytes') as string,
    });
  });
});

function trackingUids({ folders }: Node, { path }: ResultRow): (string | undefined)[] {
  const { dataset } = parseInstance(readFileSync(join(folders.results, path ?? '')));
  return dataset.items(TAG.SegmentSequence).map((item) => item.uid(TAG.TrackingUID));
}
