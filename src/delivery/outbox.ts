/**
 * The outbox: one loop per destination over the deliveries in the ledger, so that a destination which is down never
 * delays another. Only the kind of a failure decides what happens next.
 */
import { join } from 'node:path';
import { DestinationBusyError } from '../dicomweb/client/types.js';
import { allEnded } from '../foundation/all-ended.js';
import { backOffMs, type Clock } from '../foundation/clock.js';
import { startStageLoop, type Bell } from '../foundation/bell.js';
import { AnteroomError, toAnteroomError, type ErrorCode } from '../foundation/errors.js';
import { failpoint } from '../foundation/failpoint.js';
import { loggerOf } from '../foundation/log.js';
import type { Db } from '../ledger/database.js';
import {
  deliveriesLeftSending,
  destinationsWithWork,
  dueDeliveries,
  nextDeliveryDueAt,
  postponeUnsure,
  type DueDelivery,
} from '../ledger/deliveries.js';
import { inputWasCorrected } from '../ledger/instances.js';
import type { Refusal } from '../models/use-gate.js';
import { pauseOfDestination } from '../ledger/pauses.js';
import type { Parcel, Sender } from './sender.js';
import type { Withdrawer } from './withdrawer.js';

const log = loggerOf('delivery');

/** What is seen then is the destination's own words. They may name the patient: for `anteroom deliveries`, not for the log. */
const QUOTING: ReadonlySet<ErrorCode> = new Set(['DESTINATION_REFUSED', 'DESTINATION_BUSY', 'DESTINATION_AUTH']);

/** Whether what was seen is our own words. */
export function mayBeLogged({ code }: AnteroomError): boolean {
  return !QUOTING.has(code);
}

/** How long after Success the destination's index may take before we ask again. */
export const INDEX_LAG_MS = 2_000;

export interface OutboxDestination {
  readonly sender: Sender;
  /** How a result is taken back there; left out where it is only marked in the ledger. */
  readonly withdrawer?: Withdrawer;
  readonly concurrency: number;
  readonly retry: { readonly firstDelayMs: number; readonly maxDelayMs: number; readonly holdAfterMs: number };
}

export interface OutboxOptions {
  readonly db: Db;
  readonly bell: Bell;
  readonly clock: Clock;
  readonly resultsFolder: string;
  readonly destinations: ReadonlyMap<string, OutboxDestination>;
  /** Why a result must not be sent to its destination now; undefined where it may. Asked each time before it is sent. */
  readonly refusalOf: (delivery: DueDelivery) => Refusal | undefined;
}

/**
 * Starts the loops. What was `sending` when the node died is `unsure` first: the destination is asked before anything is
 * sent again. The returned function stops the loops after the parcels under way.
 */
export function startOutbox(options: OutboxOptions): () => Promise<void> {
  const { db, bell, clock, destinations } = options;
  for (const row of deliveriesLeftSending(db)) {
    db.move('deliveries', row.id, 'unsure', {
      at: clock(),
      set: { due_at: clock() + INDEX_LAG_MS },
      detail: 'the node stopped while sending',
    });
  }
  holdUnknownDestinations(options);
  const stops = [...destinations].map(([name, destination]) =>
    startStageLoop({ stage: 'delivery', bell, log, work: () => deliverDue(options, name, destination) }),
  );
  const stopWatch = startStageLoop({
    stage: 'delivery',
    bell,
    log,
    work: () => {
      holdUnknownDestinations(options);
      return undefined;
    },
  });
  return async () => {
    await Promise.all([...stops.map((stop) => stop()), stopWatch()]);
  };
}

function holdUnknownDestinations({ db, clock, destinations }: OutboxOptions): void {
  for (const name of destinationsWithWork(db).filter((known) => !destinations.has(known))) {
    const error = new AnteroomError('DESTINATION_UNKNOWN', `"${name}" is not among: ${[...destinations.keys()].join(', ')}`);
    for (const delivery of dueDeliveries(db, name, Number.MAX_SAFE_INTEGER, 1000)) {
      db.move('deliveries', delivery.id, 'held', {
        at: clock(),
        set: { failure_code: error.code, reason: error.seen },
        detail: error.seen,
      });
    }
  }
}

/** As many as may be under way at once, and no more: between two calls the loop can be stopped. */
async function deliverDue(options: OutboxOptions, name: string, destination: OutboxDestination): Promise<number | undefined> {
  const { db, clock } = options;
  if (pauseOfDestination(db, name) !== undefined) return undefined;
  const due = dueDeliveries(db, name, clock(), destination.concurrency);
  await allEnded(due.map((delivery) => deliverOne(options, delivery, destination)));
  // What has arrived may be what a withdrawal waits for.
  if (due.length > 0) options.bell.ring('delivery');
  return nextDeliveryDueAt(db, name);
}

async function deliverOne(options: OutboxOptions, delivery: DueDelivery, destination: OutboxDestination): Promise<void> {
  try {
    if (delivery.state === 'unsure') await resolveUnsure(options, delivery, destination);
    else await sendNow(options, delivery, destination);
  } catch (thrown) {
    putOff(options, delivery, destination, toAnteroomError(thrown));
  }
}

async function sendNow(options: OutboxOptions, delivery: DueDelivery, destination: OutboxDestination): Promise<void> {
  const { db, clock } = options;
  const { sender } = destination;
  demandNewest(db, delivery);
  const refusal = options.refusalOf(delivery);
  if (refusal !== undefined) throw new AnteroomError(refusal.code, refusal.reason);
  if (!db.move('deliveries', delivery.id, 'sending', { at: clock(), from: ['pending'], set: { attempts: delivery.attempts + 1 } })) return;
  failpoint('delivery.sending');
  await sender.send(parcelOf(options, delivery));
  failpoint('delivery.sent');
  let answer: 'there' | 'absent' | 'unknown';
  try {
    answer = await sender.ask(parcelOf(options, delivery));
  } catch (thrown) {
    const { code, seen } = toAnteroomError(thrown);
    awaitProof(options, delivery, destination, { code, reason: `stored, but proof of arrival failed: ${seen}` });
    return;
  }
  if (answer === 'absent') {
    awaitProof(options, delivery, destination, { code: 'DESTINATION_UNSURE', reason: `stored, but ${sender.proof} does not find it yet` });
    return;
  }
  markDelivered(db, clock, delivery, answer === 'there' ? `found by ${sender.proof}` : 'the destination answered Success');
}

/** Throws OUTDATED for a result that must not leave any more: it could arrive after the one that took its place. */
function demandNewest(db: Db, delivery: DueDelivery): void {
  if (delivery.result_state === 'superseded') throw new AnteroomError('OUTDATED', 'a later version of the study has a result of its own');
  if (inputWasCorrected(db, delivery.run_id)) throw new AnteroomError('OUTDATED', 'its input has been corrected since the result was made');
}

/** The destination says that it stored the object and cannot show it: it is asked later, after a longer time with each sending. */
function awaitProof(
  { db, clock }: OutboxOptions,
  delivery: DueDelivery,
  { retry }: OutboxDestination,
  { code, reason }: { code: ErrorCode; reason: string },
): void {
  const at = clock();
  const due_at = at + Math.max(INDEX_LAG_MS, backOffMs(delivery.attempts + 1, retry.firstDelayMs, retry.maxDelayMs));
  const to = at - delivery.created_at > retry.holdAfterMs ? 'held' : 'unsure';
  db.move('deliveries', delivery.id, to, { at, set: { failure_code: code, reason, due_at }, detail: code });
}

/** Asks the destination first; the same object with the same UID is sent again only if it is not there. */
async function resolveUnsure(options: OutboxOptions, delivery: DueDelivery, { sender }: OutboxDestination): Promise<void> {
  const { db, clock } = options;
  const answer = await sender.ask(parcelOf(options, delivery));
  if (answer === 'there') {
    markDelivered(db, clock, delivery, `found by ${sender.proof}`);
    return;
  }
  db.move('deliveries', delivery.id, 'pending', {
    at: clock(),
    from: ['unsure'],
    set: { due_at: clock() },
    detail: 'not there: sent again with the same UID',
  });
}

function markDelivered(db: Db, clock: Clock, delivery: DueDelivery, receipt: string): void {
  const moved = db.move('deliveries', delivery.id, 'delivered', {
    at: clock(),
    set: { receipt, delivered_at: clock(), failure_code: null, reason: null },
    detail: receipt,
  });
  if (moved) log.info('delivered', { delivery: delivery.id, destination: delivery.destination, sopInstanceUid: delivery.sop_instance_uid });
}

function putOff({ db, clock }: OutboxOptions, delivery: DueDelivery, destination: OutboxDestination, error: AnteroomError): void {
  const at = clock();
  const { firstDelayMs, maxDelayMs, holdAfterMs } = destination.retry;
  const wishedMs = error instanceof DestinationBusyError ? Math.min(error.retryAfterMs ?? 0, maxDelayMs) : 0;
  const due_at = at + Math.max(wishedMs, backOffMs(delivery.attempts + 1, firstDelayMs, maxDelayMs));
  const set = { failure_code: error.code, reason: error.seen, due_at };
  log.warn('delivery failed', {
    delivery: delivery.id,
    destination: delivery.destination,
    code: error.code,
    kind: error.kind,
    seen: mayBeLogged(error) ? error.seen : undefined,
  });
  const asking = delivery.state === 'unsure';
  if (error.kind === 'operator' || at - delivery.created_at > holdAfterMs) {
    db.move('deliveries', delivery.id, 'held', { at, set, detail: error.code });
  } else if (asking || error.kind === 'ambiguous') {
    if (asking) postponeUnsure(db, delivery.id, error, due_at);
    else db.move('deliveries', delivery.id, 'unsure', { at, set, detail: error.code });
  } else if (error.kind === 'permanent') {
    db.move('deliveries', delivery.id, 'rejected', { at, set, detail: error.code });
  } else {
    db.move('deliveries', delivery.id, 'pending', { at, set, detail: error.code });
  }
}

function parcelOf({ resultsFolder }: OutboxOptions, delivery: DueDelivery): Parcel {
  return {
    path: join(resultsFolder, delivery.path),
    sizeBytes: delivery.size_bytes,
    studyInstanceUid: delivery.study_instance_uid,
    seriesInstanceUid: delivery.series_instance_uid,
    sopInstanceUid: delivery.sop_instance_uid,
    sopClassUid: delivery.sop_class_uid,
  };
}
