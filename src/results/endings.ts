/** How the making of a run's results ends, written down: each ending in one transaction. */
import type { Clock } from '../foundation/clock.js';
import { loggerOf } from '../foundation/log.js';
import type { Db } from '../ledger/database.js';
import { ensureDeliveries } from '../ledger/deliveries.js';
import { resultsOfRun, supersedeEarlier, type OutputRow, type ResultRow } from '../ledger/results.js';
import { destinationsOfRun, type RunRow } from '../ledger/runs.js';
import { nothingFoundText, toldAmong, type Unfound } from './answer.js';
import type { Candidate } from './candidates.js';
import type { Accepted, Judgement } from './judgement.js';
import { keptText } from './kept-outputs.js';
import { obstacleTo } from './obstacle.js';
import type { MadeResult } from './result-order.js';
import { rejectionText, type GateReason } from './verdict.js';

const log = loggerOf('results');

/** A candidate, its result's row, and what the gate says. */
export type Judged = Candidate & Judgement & { readonly row: ResultRow };
/** One that passed the gate. */
export type Entered = Extract<Judged, Accepted>;

interface EndingOptions {
  readonly db: Db;
  readonly clock: Clock;
  /** Those that take segmentations as label maps. */
  readonly labelMapDestinations: ReadonlySet<string>;
}

/** What has become of a run's outputs. */
export interface Answer {
  readonly judged: readonly Entered[];
  readonly unfound: Unfound | undefined;
  /** The objects that were written, by their path below the folder of results. */
  readonly made: readonly { readonly row: ResultRow; readonly result: MadeResult; readonly path: string }[];
  /** Forms that a result does not have after all. */
  readonly refused: readonly { readonly row: ResultRow; readonly reason: string }[];
}

/** Ends a run whose results are written. Returns false where it did not leave its state after all. */
export function pass(options: EndingOptions, run: RunRow, { judged, unfound, made, refused }: Answer): boolean {
  const { db, clock } = options;
  const at = clock();
  const passed = db.transaction(() => {
    // A correction may have come while the objects were written: the next look decides.
    if (obstacleTo(db, run) !== undefined) return false;
    for (const { row, result, path } of made) {
      const set = { path, size_bytes: result.sizeBytes, sha256: result.sha256, summary: JSON.stringify(result.summary) };
      db.move('results', row.id, 'passed', { at, set });
    }
    for (const { row, reason } of refused) db.move('results', row.id, 'rejected', { at, set: { reason } });
    ensureDeliveries(db, resultsOfRun(db, run.id), destinationsOfRun(run), options.labelMapDestinations, at);
    const told = toldAmong(judged, unfound);
    for (const one of judged.filter(({ verdict }) => verdict.empty)) {
      const set = { reason: 'analysed, nothing segmented', told: told.includes(one) ? 1 : 0 };
      db.move('results', one.row.id, 'rejected', { at, set });
    }
    supersedeEarlier(db, run.id, run.id, at);
    // The settings may have changed between two attempts to make them.
    rejectLeft(options, run, 'no destination of the run takes label maps any more');
    return db.move('runs', run.id, 'done', { at, set: { ended_at: at, failure_code: null, reason: nothingFoundText(judged, unfound) } });
  });
  if (passed) log.info('results passed the gate', { run: run.id, count: made.length });
  return passed;
}

/** Ends a run whose model draws nothing: its answers are kept as they are. Returns false where it did not leave its state after all. */
export function keep({ db, clock }: EndingOptions, run: RunRow, answers: readonly OutputRow[]): boolean {
  const at = clock();
  return db.transaction(() => {
    if (obstacleTo(db, run) !== undefined) return false;
    return db.move('runs', run.id, 'done', { at, set: { ended_at: at, failure_code: null, reason: keptText(answers) } });
  });
}

/** Ends a run of which some output did not pass. `together`: why outputs that pass one by one do not. */
export function rejectAll(options: EndingOptions, run: RunRow, judged: readonly Judged[], together: readonly GateReason[]): void {
  const { db, clock } = options;
  const whole = rejectionText({ passed: false, reasons: together });
  const reasons = judged.flatMap(({ output, verdict }) => {
    if (verdict.passed) return [];
    return [judged.length === 1 ? rejectionText(verdict) : `${output.path}: ${rejectionText(verdict)}`];
  });
  db.transaction(() => {
    for (const { row, verdict } of judged) {
      const passed = whole || 'another output of the same run was rejected';
      db.move('results', row.id, 'rejected', { at: clock(), set: { reason: verdict.passed ? passed : rejectionText(verdict) } });
    }
    reject(options, run, 'rejected', 'GATE_REJECTED', whole || reasons.join('; '));
  });
}

/** Ends a run without results; none of them stays behind half-made. */
export function reject(options: EndingOptions, run: RunRow, to: 'rejected' | 'failed', code: string, reason: string): void {
  const { db, clock } = options;
  const at = clock();
  db.transaction(() => {
    rejectLeft(options, run, reason);
    db.move('runs', run.id, to, { at, set: { ended_at: at, failure_code: code, reason }, detail: code });
  });
}

function rejectLeft({ db, clock }: EndingOptions, run: RunRow, reason: string): void {
  for (const { id } of resultsOfRun(db, run.id).filter(({ state }) => state === 'made'))
    db.move('results', id, 'rejected', { at: clock(), set: { reason } });
}
