/** Studies on a real ledger and real files without a node's processes: what came in, what was run and delivered, in a chosen time. */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { dataFolders } from '../../src/archive/folders.js';
import { encodeDataSet, fileMeta } from '../../src/dicom/element/write.js';
import { sha256Hex } from '../../src/foundation/ids.js';
import { Acceptor, type Candidate } from '../../src/intake/accept.js';
import { InFlight } from '../../src/intake/in-flight.js';
import { acceptPart10 } from '../../src/intake/part10-door.js';
import { Retention, type RetentionOptions } from '../../src/intake/retention.js';
import { settleDueStudies } from '../../src/intake/settle.js';
import { Undeletable } from '../../src/intake/undeletable.js';
import { Db } from '../../src/ledger/database.js';
import { ensureDelivery } from '../../src/ledger/deliveries.js';
import { activateModel, registerModel } from '../../src/ledger/models.js';
import { ensureResult } from '../../src/ledger/results.js';
import { beginAttempt, insertRun, runById, type RunRow } from '../../src/ledger/runs.js';
import { findStudy } from '../../src/ledger/studies.js';
import { recordDecision, versionsOfStudy } from '../../src/ledger/versions.js';
import { quietOnly } from './settling.js';
import { tempFolder } from './temp.js';

const CT = '1.2.840.10008.5.1.4.1.1.2';
export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;

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

/** The data folder of a node, and its parts as far as keeping and forgetting needs them. */
export class SmallNode {
  readonly folders = dataFolders(tempFolder('small-node'));
  readonly db = Db.open(this.folders.ledgerFile, { migrate: true });
  /** Of all retentions of this node. */
  readonly undeletable = new Undeletable(this.db);
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

  /** Retention with short times. */
  retention(rules: Partial<RetentionOptions['rules']> = {}): Retention {
    const { archive: archiveFolder, results: resultsFolder, runs: runsFolder } = this.folders;
    return new Retention({
      db: this.db,
      clock: () => this.now,
      inFlight: this.door,
      archiveFolder,
      resultsFolder,
      runsFolder,
      undeletable: this.undeletable,
      freeBytes: () => Promise.resolve(this.freeBytes()),
      rules: { minAgeMs: HOUR, unsuccessfulMs: 30 * DAY, workMs: 2 * DAY, everyMs: 1000, ...rules },
    });
  }

  /** An object arrives. */
  async take(bytes: Uint8Array, callingAe = 'CT'): Promise<void> {
    const origin = { callingAe, calledAe: 'ANTEROOM', remoteAddress: '127.0.0.1' };
    await acceptPart10(Readable.from([bytes]), origin, this.door, this.folders.incoming);
  }

  /** The study's instances arrive, it settles and is decided. */
  async receive(study: string, numbers = [1, 2, 3], decision: object = {}): Promise<void> {
    for (const number of numbers) await this.take(instance(study, number));
    this.now += 1000;
    settleDueStudies(this.db, this.now, quietOnly(10));
    for (const { id, state } of versionsOfStudy(this.db, this.id(study)))
      if (state === 'settled') recordDecision(this.db, id, JSON.stringify(decision), 'r', this.now);
  }

  /** A run that is done, with a result at one destination and the folders of its attempt. */
  deliver(study: string, ending: { delivery?: 'delivered' | 'pending'; run?: 'done' | 'failed' } = {}): RunRow {
    const { db, now: at } = this;
    const model = registerModel(db, { name: 'm', version: '1', digest: 'd', card: '', package: '', folder: null }, 1);
    activateModel(db, model.id, { by: 'test', reason: 'test' }, 1);
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
      db.move('results', result.id, 'passed', { at, set: { path: `${id}.dcm`, size_bytes: 6, sha256: sha256Hex('result') } });
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

  /** The study's row. */
  id(study: string): number {
    return findStudy(this.db, study)?.id ?? 0;
  }

  state(study: string): string | undefined {
    return findStudy(this.db, study)?.state;
  }

  /** Its files in the archive. */
  files(study: string): string[] {
    const folder = join(this.folders.archive, study);
    return existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.dcm')) : [];
  }
}
