/** The outbox decides by the kind of a failure alone, and never sends twice what has arrived. */
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { startOutbox, type OutboxDestination } from '../../../src/delivery/outbox.js';
import type { Sender } from '../../../src/delivery/sender.js';
import { Bell } from '../../../src/foundation/bell.js';
import { AnteroomError, type ErrorCode } from '../../../src/foundation/errors.js';
import { setLogLevel } from '../../../src/foundation/log.js';
import { Db } from '../../../src/ledger/database.js';
import { deliveryById, ensureDelivery, retryDelivery, type DeliveryRow } from '../../../src/ledger/deliveries.js';
import { ensureResult, insertOutput } from '../../../src/ledger/results.js';
import { insertRun } from '../../../src/ledger/runs.js';
import { pause, unpause } from '../../../src/ledger/pauses.js';
import { ensureStudy } from '../../../src/ledger/studies.js';
import type { Refusal } from '../../../src/models/use-gate.js';
import { tempFolder } from '../../support/temp.js';
import { until } from '../../support/until.js';

setLogLevel('silent');

/** A destination that holds what was sent to it, and fails as told: a script, one entry per call of send. */
class ScriptedSender implements Sender {
  readonly proof = 'asking';
  readonly held = new Set<string>();
  sends = 0;
  asks = 0;

  constructor(
    private readonly script: readonly (ErrorCode | 'ok' | 'arrives, then DESTINATION_UNSURE')[],
    private readonly askFails: ErrorCode[] = [],
  ) {}

  send({ sopInstanceUid }: { sopInstanceUid: string }): Promise<void> {
    const step = this.script[Math.min(this.sends++, this.script.length - 1)];
    if (step === 'ok' || step === 'arrives, then DESTINATION_UNSURE') this.held.add(sopInstanceUid);
    if (step === 'arrives, then DESTINATION_UNSURE') return Promise.reject(new AnteroomError('DESTINATION_UNSURE', 'cut'));
    return step === 'ok' ? Promise.resolve() : Promise.reject(new AnteroomError(step, 'scripted'));
  }

  ask({ sopInstanceUid }: { sopInstanceUid: string }): Promise<'there' | 'absent'> {
    this.asks++;
    const failure = this.askFails.shift();
    if (failure !== undefined) return Promise.reject(new AnteroomError(failure, 'scripted'));
    return Promise.resolve(this.held.has(sopInstanceUid) ? 'there' : 'absent');
  }
}

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

function ledgerWithDeliveries(...destinations: string[]): Db {
  const db = Db.open(join(tempFolder('outbox'), 'ledger.sqlite'), { migrate: true });
  const study = ensureStudy(db, { studyInstanceUid: '1.2', callingAe: 'A', calledAe: 'B', remoteAddress: 'c', at: 1 });
  const { lastId } = db.run(
    "INSERT INTO versions (study_id, number, state, signal, settled_at) VALUES (?, 1, 'settled', 'test', 1)",
    study.id,
  );
  const run = insertRun(
    db,
    {
      purpose: 'clinical',
      versionId: lastId,
      rule: 'r',
      rulesRevision: 'x',
      modelName: 'm',
      settings: {},
      destinations,
      priority: 'routine',
      inputs: [],
    },
    1,
  );
  const result = ensureResult(
    db,
    { run_id: run, output_id: null, sop_class_uid: '1', sop_instance_uid: '1.2.3', series_instance_uid: '1.2.4', series_number: 1 },
    1,
  );
  db.move('results', result.id, 'passed', { at: 1, set: { path: 'x', size_bytes: 1 } });
  for (const destination of destinations) ensureDelivery(db, result.id, destination, Date.now());
  return db;
}

function anotherResult(db: Db): number {
  const names = { sop_class_uid: '1', sop_instance_uid: '1.2.5', series_instance_uid: '1.2.6', series_number: 2 };
  const { id } = ensureResult(db, { run_id: 1, output_id: insertOutputRow(db), ...names }, 1);
  db.move('results', id, 'passed', { at: 1, set: { path: 'y', size_bytes: 1 } });
  return id;
}

function insertOutputRow(db: Db): number {
  const attempt = db.run("INSERT INTO attempts (run_id, number, container, started_at) VALUES (1, 1, 'c', 1)").lastId;
  return insertOutput(db, { run_id: 1, attempt_id: attempt, path: 'y', kind: 'dicom', size_bytes: 1, sha256: 'y' });
}

/** The run took one instance, which its sender has corrected since. */
function correctInput(db: Db): void {
  db.run("INSERT INTO run_inputs (run_id, name, series_instance_uid) VALUES (1, 'series', '1.2.1')");
  const { lastId } = db.run(
    `INSERT INTO instances (study_id, series_instance_uid, sop_instance_uid, sop_class_uid, transfer_syntax_uid, path, size_bytes, sha256,
       patient_id, header, received_at, calling_ae, remote_address, standing)
     VALUES (1, '1.2.1', '1.2.1.1', '1', '1', 'p', 1, 'x', 'P', '{}', 1, 'A', 'c', 'replaced')`,
  );
  db.run('INSERT INTO version_instances (version_id, instance_id) VALUES (1, ?)', lastId);
}

let refusal: Refusal | undefined;
afterEach(() => {
  refusal = undefined;
});

function start(db: Db, senders: Record<string, Sender>, holdAfterMs = 1e9): void {
  const destinations = new Map(
    Object.entries(senders).map(([name, sender]): [string, OutboxDestination] => [
      name,
      { sender, concurrency: 1, retry: { firstDelayMs: 5, maxDelayMs: 20, holdAfterMs } },
    ]),
  );
  stops.push(startOutbox({ db, bell: new Bell(), clock: Date.now, resultsFolder: '/results', destinations, refusalOf: () => refusal }));
}

const reaches = (db: Db, id: number, state: DeliveryRow['state']) =>
  until(`delivery ${id} to be ${state}`, () => {
    const row = deliveryById(db, id);
    return row?.state === state && row;
  });

describe('the outbox', () => {
  it('stops when every parcel under way has ended, also where the ledger fails for another one', async () => {
    const db = ledgerWithDeliveries('pacs');
    ensureDelivery(db, anotherResult(db), 'pacs', Date.now());
    db.run(
      "CREATE TRIGGER fails BEFORE UPDATE ON deliveries WHEN NEW.failure_code IS NOT NULL BEGIN SELECT RAISE(ABORT, 'disk I/O error'); END",
    );
    let arrive: () => void = () => undefined;
    const onItsWay = new Promise<void>((resolve) => (arrive = resolve));
    const sent: string[] = [];
    const sender: Sender = {
      proof: 'asking',
      send: ({ sopInstanceUid }) => {
        sent.push(sopInstanceUid);
        return sopInstanceUid === '1.2.3' ? Promise.reject(new AnteroomError('DESTINATION_UNREACHABLE', 'scripted')) : onItsWay;
      },
      ask: () => Promise.resolve('there'),
    };
    const destination = { sender, concurrency: 2, retry: { firstDelayMs: 5, maxDelayMs: 20, holdAfterMs: 1e9 } };
    const destinations = new Map([['pacs', destination]]);
    const stop = startOutbox({
      db,
      bell: new Bell(),
      clock: Date.now,
      resultsFolder: '/results',
      destinations,
      refusalOf: () => undefined,
    });
    await until('both to be under way', () => sent.length === 2);
    let stopped = false;
    const ending = stop().then(() => (stopped = true));
    for (let turn = 0; turn < 20; turn++) await setImmediate();
    expect(stopped).toBe(false);
    arrive();
    await ending;
    expect(deliveryById(db, 2)).toMatchObject({ state: 'delivered' });
  });

  it('delivers with a receipt that names the proof', async () => {
    const db = ledgerWithDeliveries('pacs');
    start(db, { pacs: new ScriptedSender(['ok']) });
    expect(await reaches(db, 1, 'delivered')).toMatchObject({ receipt: 'found by asking', attempts: 1, reason: null });
  });

  it('never sends what must not leave any more, however often it is asked to, until it may again', async () => {
    const db = ledgerWithDeliveries('pacs');
    const sender = new ScriptedSender(['ok']);
    refusal = { code: 'USE_NOT_PERMITTED', reason: 'model m: its status is research' };
    start(db, { pacs: sender });
    const refused = await reaches(db, 1, 'rejected');
    expect(refused).toMatchObject({ failure_code: 'USE_NOT_PERMITTED', reason: 'model m: its status is research' });
    retryDelivery(db, refused, Date.now());
    await reaches(db, 1, 'rejected');
    expect(sender.sends).toBe(0);
    refusal = undefined;
    retryDelivery(db, await reaches(db, 1, 'rejected'), Date.now());
    await reaches(db, 1, 'delivered');
  });

  it('tries a transient failure again until it works', async () => {
    const db = ledgerWithDeliveries('pacs');
    const sender = new ScriptedSender(['DESTINATION_UNREACHABLE', 'DESTINATION_BUSY', 'ok']);
    start(db, { pacs: sender });
    expect((await reaches(db, 1, 'delivered')).attempts).toBe(3);
  });

  it('asks after an ambiguous failure and does not send again what has arrived', async () => {
    const db = ledgerWithDeliveries('pacs');
    const sender = new ScriptedSender(['arrives, then DESTINATION_UNSURE']);
    start(db, { pacs: sender });
    await reaches(db, 1, 'delivered');
    expect(sender.sends).toBe(1);
  });

  it('asks after an ambiguous failure and sends again what has not arrived, even if asking fails at first', async () => {
    const db = ledgerWithDeliveries('pacs');
    const sender = new ScriptedSender(['DESTINATION_UNSURE', 'ok'], ['DESTINATION_UNREACHABLE', 'DESTINATION_UNREACHABLE']);
    start(db, { pacs: sender });
    await reaches(db, 1, 'delivered');
    expect([sender.sends, sender.asks]).toEqual([2, 4]);
  });

  it('asks first about what was being sent when the node died', async () => {
    const db = ledgerWithDeliveries('pacs');
    db.move('deliveries', 1, 'sending', { at: 1 });
    const sender = new ScriptedSender(['ok']);
    sender.held.add('1.2.3');
    start(db, { pacs: sender });
    await reaches(db, 1, 'delivered');
    expect(sender.sends).toBe(0);
  });

  it('holds what a person must mend, with the reason', async () => {
    const db = ledgerWithDeliveries('pacs');
    start(db, { pacs: new ScriptedSender(['DESTINATION_AUTH']) });
    expect(await reaches(db, 1, 'held')).toMatchObject({ failure_code: 'DESTINATION_AUTH', reason: 'scripted' });
  });

  it('rejects what the destination will never take', async () => {
    const db = ledgerWithDeliveries('pacs');
    const sender = new ScriptedSender(['DESTINATION_REFUSED']);
    start(db, { pacs: sender });
    await reaches(db, 1, 'rejected');
    expect(sender.sends).toBe(1);
  });

  it('holds, and never drops, what has failed for too long', async () => {
    const db = ledgerWithDeliveries('pacs');
    start(db, { pacs: new ScriptedSender(['DESTINATION_UNREACHABLE']) }, 50);
    expect(await reaches(db, 1, 'held')).toMatchObject({ failure_code: 'DESTINATION_UNREACHABLE' });
  });

  it('holds what the destination says to have stored and never shows, instead of sending it for ever', async () => {
    const db = ledgerWithDeliveries('pacs');
    const sender = new ScriptedSender(['ok']);
    sender.ask = () => Promise.resolve('absent');
    start(db, { pacs: sender }, 1000);
    expect(await reaches(db, 1, 'unsure')).toMatchObject({ reason: 'stored, but asking does not find it yet' });
    expect(await reaches(db, 1, 'held')).toMatchObject({ failure_code: 'DESTINATION_UNSURE' });
    expect(sender.sends).toBe(2);
  });

  it('holds deliveries to a destination that the settings no longer name', async () => {
    const db = ledgerWithDeliveries('gone', 'pacs');
    start(db, { pacs: new ScriptedSender(['ok']) });
    expect(await reaches(db, 1, 'held')).toMatchObject({ failure_code: 'DESTINATION_UNKNOWN' });
    await reaches(db, 2, 'delivered');
  });

  it('never sends a result in whose place a newer one has come, not even after a failure', async () => {
    const db = ledgerWithDeliveries('pacs');
    const sender = new ScriptedSender(['DESTINATION_UNREACHABLE', 'ok']);
    const send = sender.send.bind(sender);
    sender.send = (parcel) => {
      db.move('results', 1, 'superseded', { at: 1 });
      return send(parcel);
    };
    start(db, { pacs: sender });
    expect(await reaches(db, 1, 'rejected')).toMatchObject({ failure_code: 'OUTDATED', attempts: 1 });
    expect(sender.sends).toBe(1);
  });

  it('never sends a result whose input was corrected since', async () => {
    const db = ledgerWithDeliveries('pacs');
    correctInput(db);
    const sender = new ScriptedSender(['ok']);
    start(db, { pacs: sender });
    expect(await reaches(db, 1, 'rejected')).toMatchObject({ failure_code: 'OUTDATED' });
    expect(sender.sends).toBe(0);
  });

  it('asks first what a person wants tried again, if it was sent before', async () => {
    const db = ledgerWithDeliveries('pacs');
    const sender = new ScriptedSender(['arrives, then DESTINATION_UNSURE'], ['DESTINATION_AUTH']);
    start(db, { pacs: sender });
    const held = await reaches(db, 1, 'held');
    expect(retryDelivery(db, held, Date.now())).toBe(true);
    await reaches(db, 1, 'delivered');
    expect(sender.sends).toBe(1);
  });

  it('does not send at once what a person wants tried again while it is asked for', () => {
    const db = ledgerWithDeliveries('pacs');
    db.move('deliveries', 1, 'sending', { at: 1 });
    db.move('deliveries', 1, 'unsure', { at: 1, set: { due_at: 1e15 } });
    expect(retryDelivery(db, deliveryById(db, 1) as DeliveryRow, 5000)).toBe(true);
    expect(deliveryById(db, 1)).toMatchObject({ state: 'unsure', due_at: 5000 });
  });

  it('stops after what is under way, however much is waiting', async () => {
    const db = ledgerWithDeliveries('pacs');
    ensureDelivery(db, anotherResult(db), 'pacs', Date.now());
    let release = (): void => undefined;
    const slow = new ScriptedSender(['ok']);
    const send = slow.send.bind(slow);
    slow.send = (parcel) => new Promise((resolve) => (release = () => resolve(send(parcel))));
    start(db, { pacs: slow });
    await reaches(db, 1, 'sending');
    const stopped = stops.splice(0).map((stop) => stop());
    release();
    await Promise.all(stopped);
    expect([deliveryById(db, 1)?.state, deliveryById(db, 2)?.state]).toEqual(['delivered', 'pending']);
  });

  it('never lets a destination that hangs delay another', async () => {
    const db = ledgerWithDeliveries('hanging', 'pacs');
    let release = (): void => undefined;
    const hanging: Sender = {
      proof: 'none',
      ask: () => Promise.resolve('unknown'),
      send: () => new Promise((resolve) => (release = resolve)),
    };
    start(db, { hanging, pacs: new ScriptedSender(['ok']) });
    await reaches(db, 2, 'delivered');
    expect(deliveryById(db, 1)?.state).toBe('sending');
    release();
  });

  it('gives a paused destination nothing until it is resumed, and the others what is theirs', async () => {
    const db = ledgerWithDeliveries('pacs', 'other');
    const paused = new ScriptedSender(['ok']);
    pause(db, { kind: 'destination', name: 'pacs', reason: null, by: 'ann', since: 1 });
    start(db, { pacs: paused, other: new ScriptedSender(['ok']) });
    await reaches(db, 2, 'delivered');
    expect([paused.sends, deliveryById(db, 1)?.state]).toEqual([0, 'pending']);
    unpause(db, 'destination', 'pacs');
    await reaches(db, 1, 'delivered');
  });
});
