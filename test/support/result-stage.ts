/** What a model left, on its way to results, in a test. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { dataFolders } from '../../src/archive/folders.js';
import type { SegInput, SegSource } from '../../src/dicom/seg/input.js';
import { writeSeg } from '../../src/dicom/seg/write.js';
import { setLogLevel } from '../../src/foundation/log.js';
import { Acceptor, type Acceptance } from '../../src/intake/accept.js';
import { acceptPart10 } from '../../src/intake/part10-door.js';
import { settleDueStudies } from '../../src/intake/settle.js';
import { Db } from '../../src/ledger/database.js';
import type { DeliveryRow } from '../../src/ledger/deliveries.js';
import { instancesOfVersion } from '../../src/ledger/instances.js';
import { activateModel, registerModel } from '../../src/ledger/models.js';
import { insertOutput, type ResultRow } from '../../src/ledger/results.js';
import { beginAttempt, inputsOfRun, runById, type RunRow } from '../../src/ledger/runs.js';
import { readModelPackage } from '../../src/models/package.js';
import { readSourceSeries } from '../../src/results/source-series.js';
import { makeDueResults } from '../../src/results/stage.js';
import { ellipsoid, segInput, segmentOf } from './seg.js';
import { quietOnly } from './settling.js';
import { enterRuleRun } from './rule-run.js';
import { tempFolder } from './temp.js';

setLogLevel('silent');

const QUIET_MS = 10;

/** A node with nothing but a door, a ledger, the model `lungs` and the stage of results. */
export class ResultStage {
  readonly folders = dataFolders(tempFolder('stage'));
  readonly db = Db.open(this.folders.ledgerFile, { migrate: true });
  now = 1000;
  destinations: readonly string[] = ['pacs'];
  /** Destinations that take label maps. */
  labelMapDestinations: ReadonlySet<string> = new Set();
  /** The node, as its objects name it. */
  nodeId = 'test';
  private readonly acceptor = new Acceptor({
    db: this.db,
    archiveFolder: this.folders.archive,
    clock: () => this.now,
    lookMs: QUIET_MS,
    onCommitted: () => undefined,
  });

  /** @param yaml replaces parts of its model.yaml */
  /** @param promised outputs of the card in place of the two lungs */
  constructor(yaml: object = {}, promised?: readonly object[]) {
    const { card, model } = readModelPackage('deploy/models/lungs');
    const names = { name: card.name, version: card.version, digest: 'sha256:0', folder: null };
    const { id } = registerModel(this.db, { ...names, card: cardPromising(promised), package: JSON.stringify({ ...model, ...yaml }) }, 1);
    activateModel(this.db, id, { by: 'test', reason: 'test' }, 1);
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
      destinations: this.destinations,
      priority: 'routine',
    } as const;
    return enterRuleRun(this.db, { ...asked, versionId: version, rule, inputs: [{ name: 'series', seriesInstanceUid }] }, this.now);
  }

  /** The model ends with these files, by name; DICOM unless they end in `.json`, `.csv` or `.nrrd`. */
  async produce(runId: number, outputs: (source: SegSource) => Readonly<Record<string, Uint8Array>> = segmented): Promise<void> {
    const run = runById(this.db, runId) as RunRow;
    const attempt = beginAttempt(this.db, run, (number) => `run-${runId}-${number}`, this.now);
    const folder = this.outputFolder(runId, attempt?.number ?? 0);
    mkdirSync(folder, { recursive: true });
    for (const [path, bytes] of Object.entries(outputs(await this.sourceOf(run)))) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), bytes);
      const kind = /\.(json|csv|nrrd)$/.exec(path)?.[1] ?? 'dicom';
      insertOutput(this.db, { run_id: runId, attempt_id: attempt?.id ?? 0, path, kind, size_bytes: 1, sha256: 'x' });
    }
    this.db.move('runs', runId, 'running', { at: this.now });
    this.db.move('runs', runId, 'produced', { at: this.now });
  }

  makeResults(isStopping = () => false): Promise<number> {
    const { db, folders } = this;
    const options = {
      db,
      clock: () => this.now,
      archiveFolder: folders.archive,
      resultsFolder: folders.results,
      outputFolderOf: (run: number, attempt: number) => this.outputFolder(run, attempt),
      equipment: { manufacturer: 'Anteroom', modelName: 'test', deviceSerialNumber: this.nodeId, softwareVersions: ['test'] },
      nodeId: this.nodeId,
      labelMapDestinations: this.labelMapDestinations,
    };
    return makeDueResults(options, isStopping);
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

  private sourceOf(run: RunRow): Promise<SegSource> {
    const [input] = inputsOfRun(this.db, run.id);
    return readSourceSeries(this.folders.archive, instancesOfVersion(this.db, run.version_id, input.series_instance_uid));
  }
}

function cardPromising(outputs?: readonly object[]): string {
  const card = JSON.parse(readFileSync('deploy/models/lungs/meta.json', 'utf8')) as { summary: { outputs: readonly object[] } };
  return JSON.stringify({ ...card, summary: { ...card.summary, outputs: outputs ?? card.summary.outputs } });
}

/** Two lungs on the source, for either form. */
export function lungsOn(source: SegSource): SegInput {
  return segInput(source, [
    segmentOf('RIGHT_LUNG', ellipsoid(source.grid, [0.3, 0.5, 0.5], 0.3)),
    segmentOf('LEFT_LUNG', ellipsoid(source.grid, [0.7, 0.5, 0.5], 0.3)),
  ]);
}

function segmented(source: SegSource): Readonly<Record<string, Uint8Array>> {
  return { 'seg.dcm': writeSeg(lungsOn(source)).bytes };
}
