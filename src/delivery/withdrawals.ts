/**
 * Withdrawals: what a later version's result has replaced is taken back, destination by destination, as soon as the newer result
 * is proven present there, and never what a person has changed. One loop per destination: one that is down delays no other.
 */
import { join } from 'node:path';
import { startStageLoop, type Bell } from '../foundation/bell.js';
import { backOffMs, type Clock } from '../foundation/clock.js';
import { AnteroomError, toAnteroomError } from '../foundation/errors.js';
import { failpoint } from '../foundation/failpoint.js';
import { uidFromName } from '../foundation/ids.js';
import { loggerOf } from '../foundation/log.js';
import type { Db } from '../ledger/database.js';
import { pauseOfDestination } from '../ledger/pauses.js';
import {
  endUndecided,
  insertWithdrawal,
  nextDueWithdrawal,
  nextWithdrawalDueAt,
  postponeWithdrawal,
  provenSuccessors,
  setWithdrawalMethod,
  undecidedLeftovers,
  withdrawalOf,
  withdrawalsLeftSending,
  type DeliveredResult,
  type DueWithdrawal,
} from '../ledger/withdrawals.js';
import { INDEX_LAG_MS, mayBeLogged, type OutboxDestination } from './outbox.js';
import type { Parcel } from './sender.js';
import type { Outgrown, Standing, Withdrawer } from './withdrawer.js';

const log = loggerOf('delivery');

/** Their series stand after those of the results. */
const NOTE_SERIES_OFFSET = 900;

/** Between so many the node does its other work: a ledger of an earlier release has all of its leftovers looked at once. */
const DECIDED_AT_ONCE = 50;

export interface WithdrawalOptions {
  readonly db: Db;
  readonly bell: Bell;
  readonly clock: Clock;
  readonly resultsFolder: string;
  readonly destinations: ReadonlyMap<string, OutboxDestination>;
}

/** Starts the loops. What was `sending` when the node died is `unsure`: the destination is asked first. The returned function stops them. */
export function startWithdrawals(options: WithdrawalOptions): () => Promise<void> {
  const { db, bell, clock, destinations } = options;
  for (const { id } of withdrawalsLeftSending(db)) {
    db.move('withdrawals', id, 'unsure', {
      at: clock(),
      set: { due_at: clock() + INDEX_LAG_MS },
      detail: 'the node stopped in the middle',
    });
  }
  const stops = [...destinations].map(([name, destination]) =>
    startStageLoop({ stage: 'delivery', bell, log, work: () => withdrawDue(options, name, destination) }),
  );
  return async () => {
    await Promise.all(stops.map((stop) => stop()));
  };
}

/** Makes the rows that are called for, and works off the next one that is due. */
async function withdrawDue(options: WithdrawalOptions, name: string, destination: OutboxDestination): Promise<number | undefined> {
  const { db, clock } = options;
  const undecided = undecidedLeftovers(db, name, DECIDED_AT_ONCE);
  db.transaction(() => undecided.forEach((result) => enter(options, name, destination, result)));
  if (undecided.length === DECIDED_AT_ONCE) return clock();
  if (pauseOfDestination(db, name) !== undefined) return undefined;
  const due = nextDueWithdrawal(db, name, clock());
  if (due !== undefined) await withdrawOne(options, due, destination);
  return nextWithdrawalDueAt(db, name);
}

/** A row for a result whose successor has arrived, with all its names: the same again from an older ledger that was restored. Else it is asked about when more has happened. */
function enter({ db, clock }: WithdrawalOptions, name: string, { withdrawer }: OutboxDestination, result: DeliveredResult): void {
  const [successor] = provenSuccessors(db, result.result_id, name);
  endUndecided(db, result.result_id, name);
  if (successor === undefined || withdrawalOf(db, result.result_id, name) !== undefined) return;
  insertWithdrawal(
    db,
    {
      result_id: result.result_id,
      replaced_by: successor.result_id,
      destination: name,
      method: withdrawer?.method ?? 'mark-only',
      note_sop_instance_uid: uidFromName(`rejection note of ${result.sop_instance_uid} at ${name}`),
      note_series_instance_uid: uidFromName(`series of the rejection note of ${result.sop_instance_uid} at ${name}`),
    },
    clock(),
  );
}

async function withdrawOne(options: WithdrawalOptions, due: DueWithdrawal, destination: OutboxDestination): Promise<void> {
  const { db, clock } = options;
  try {
    const { withdrawer } = destination;
    const successors = provenSuccessors(db, due.result_id, due.destination);
    // Asked for by a person after the settings had changed: the way is the one that they name now.
    setWithdrawalMethod(db, due.id, withdrawer?.method ?? 'mark-only');
    if (withdrawer === undefined) keepBoth(options, due);
    else if (successors.length === 0)
      throw new AnteroomError('SUCCESSOR_MISSING', 'no newer result is proven present at this destination any more');
    else await takeBack(options, due, destination, withdrawer, successors);
  } catch (thrown) {
    putOff(options, due, destination, toAnteroomError(thrown));
  }
  if (nextDueWithdrawal(db, due.destination, clock()) !== undefined) options.bell.ring('delivery');
}

async function takeBack(
  options: WithdrawalOptions,
  due: DueWithdrawal,
  destination: OutboxDestination,
  withdrawer: Withdrawer,
  successors: readonly DeliveredResult[],
): Promise<void> {
  const { db, clock } = options;
  await demandPresent(options, destination, successors);
  const outgrown = outgrownOf(options, due, successors);
  const before = await withdrawer.look(outgrown);
  if (before.standing === 'withdrawn') {
    markWithdrawn(options, due, before.receipt);
    return;
  }
  if (before.standing === 'changed') {
    keepChanged(options, due, before);
    return;
  }
  const set = { attempts: due.attempts + 1, replaced_by: successors[0].result_id };
  if (!db.move('withdrawals', due.id, 'sending', { at: clock(), from: ['waiting', 'unsure'], set })) return;
  failpoint('withdrawal.sending');
  try {
    await withdrawer.withdraw(outgrown);
    failpoint('withdrawal.sent');
    const after = await withdrawer.look(outgrown);
    if (after.standing === 'withdrawn') {
      markWithdrawn(options, due, after.receipt);
      return;
    }
    throw new AnteroomError('DESTINATION_UNSURE', 'the destination took the withdrawal, and the result is still there');
  } catch (thrown) {
    // What follows from the failure is decided below; that the outcome is not known must not be forgotten on the way.
    db.move('withdrawals', due.id, 'unsure', { at: clock(), from: ['sending'], detail: toAnteroomError(thrown).code });
    throw thrown;
  }
}

/** Delivered once does not mean that it is there today. @throws AnteroomError SUCCESSOR_MISSING, or that it cannot be asked */
async function demandPresent(
  options: WithdrawalOptions,
  { sender }: OutboxDestination,
  successors: readonly DeliveredResult[],
): Promise<void> {
  for (const successor of successors) {
    if ((await sender.ask(parcelOf(options, successor))) === 'there') continue;
    throw new AnteroomError('SUCCESSOR_MISSING', `${sender.proof} does not find ${successor.sop_instance_uid}`);
  }
}

function keepBoth({ db, clock }: WithdrawalOptions, due: DueWithdrawal): void {
  const reason = 'mark-only: the result of a later version of the study is there as well';
  db.move('withdrawals', due.id, 'kept', {
    at: clock(),
    set: { ended_at: clock(), failure_code: null, reason },
    detail: reason,
  });
}

function keepChanged({ db, clock }: WithdrawalOptions, due: DueWithdrawal, { seen }: Extract<Standing, { standing: 'changed' }>): void {
  const { code } = new AnteroomError('RESULT_EDITED', seen);
  log.warn('a result that somebody has changed is not withdrawn', { destination: due.destination, result: due.result_id, code, seen });
  db.move('withdrawals', due.id, 'kept', { at: clock(), set: { ended_at: clock(), failure_code: code, reason: seen }, detail: code });
}

function markWithdrawn({ db, clock }: WithdrawalOptions, due: DueWithdrawal, receipt: string): void {
  const set = { ended_at: clock(), receipt, failure_code: null, reason: null };
  if (db.move('withdrawals', due.id, 'withdrawn', { at: clock(), set, detail: receipt }))
    log.info('withdrawn', { destination: due.destination, result: due.result_id, sopInstanceUid: due.sop_instance_uid });
}

/** A failure leaves it due again later, or held for a person; it never drops it. */
function putOff({ db, clock }: WithdrawalOptions, due: DueWithdrawal, { retry }: OutboxDestination, error: AnteroomError): void {
  const at = clock();
  log.warn('withdrawal failed', {
    destination: due.destination,
    result: due.result_id,
    code: error.code,
    kind: error.kind,
    seen: mayBeLogged(error) ? error.seen : undefined,
  });
  const lagMs = error.kind === 'ambiguous' ? INDEX_LAG_MS : 0;
  const waitMs = Math.max(lagMs, backOffMs(due.attempts + 1, retry.firstDelayMs, retry.maxDelayMs));
  if (error.kind === 'transient' || error.kind === 'ambiguous') {
    postponeWithdrawal(db, due.id, error, at, at + waitMs);
    if (at - (due.failing_since ?? at) <= retry.holdAfterMs) return;
  }
  const set = { failure_code: error.code, reason: error.seen };
  db.move('withdrawals', due.id, 'held', { at, set, detail: error.code });
}

function outgrownOf(options: WithdrawalOptions, due: DueWithdrawal, successors: readonly DeliveredResult[]): Outgrown {
  return {
    old: parcelOf(options, due),
    oldVersion: due.version_number,
    newVersion: successors[0].version_number,
    note: {
      sopInstanceUid: due.note_sop_instance_uid,
      seriesInstanceUid: due.note_series_instance_uid,
      seriesNumber: due.series_number + NOTE_SERIES_OFFSET,
      createdAt: due.created_at,
    },
  };
}

function parcelOf({ resultsFolder }: WithdrawalOptions, result: DeliveredResult): Parcel {
  return {
    path: join(resultsFolder, result.path),
    sizeBytes: result.size_bytes,
    studyInstanceUid: result.study_instance_uid,
    seriesInstanceUid: result.series_instance_uid,
    sopInstanceUid: result.sop_instance_uid,
    sopClassUid: result.sop_class_uid,
  };
}
