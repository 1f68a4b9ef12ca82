/** Looks at the studies that are due: those that are complete settle, the others say what they wait for. */
import type { EpochMs } from '../foundation/clock.js';
import { failpoint } from '../foundation/failpoint.js';
import { loggerOf } from '../foundation/log.js';
import { forgetSenders, sendersOfStudy, undeclaredAssociations } from '../ledger/associations.js';
import { commitmentHintAt } from '../ledger/commitments.js';
import type { Db } from '../ledger/database.js';
import { askForCount, countedSeries, expectedCount, stopAskingForCount, studiesNotAskedFor } from '../ledger/expected-counts.js';
import { patientCount } from '../ledger/instances.js';
import { holdStudy, nextSettleAt, postponeSettling, studiesDueToSettle, studyById, type StudyRow } from '../ledger/studies.js';
import { settleStudy, type SettleSignal } from '../ledger/versions.js';
import type { SettlePolicy } from '../settings/settle-schema.js';
import { decideSettling, type CountFacts, type SettleDecision } from './settle-policy.js';

const log = loggerOf('intake');

/** What settling needs to know that is not in intake's own rows. */
export interface SettleOptions {
  readonly policyOf: (calledAe: string) => SettlePolicy;
  /** The rule whose required series the study has all of, if there is one; asked outside of any transaction. */
  readonly requiredBy?: (study: StudyRow) => string | undefined;
}

export interface Settled {
  readonly settled: number;
  /** Studies of which a PACS is to be asked. */
  readonly asking: number;
  readonly nextDueAt: EpochMs | undefined;
}

/** Settles every study that is due and complete; returns when the next one is to be looked at. A study of two patients is held. */
export function settleDueStudies(db: Db, now: EpochMs, options: SettleOptions): Settled {
  let settled = 0;
  let asking = askEarly(db, now, options.policyOf);
  for (const study of studiesDueToSettle(db, now)) {
    const outcome = lookAt(db, study, now, options);
    if (outcome === 'asking') asking++;
    if (outcome !== 'settled') continue;
    settled++;
    failpoint('intake.settled');
  }
  return { settled, asking, nextDueAt: nextSettleAt(db) };
}

/**
 * Has the PACS asked about each study as soon as it begins: what it listed before we had as much shows that it was not just
 * receiving along with us. Returns how many there are.
 */
function askEarly(db: Db, now: EpochMs, policyOf: SettleOptions['policyOf']): number {
  const due = studiesNotAskedFor(db).flatMap(({ id, called_ae }) => {
    const { signals, countFrom } = policyOf(called_ae);
    return signals.includes('expected-count') && countFrom !== undefined ? [{ id, countFrom }] : [];
  });
  if (due.length > 0) db.transaction(() => due.forEach(({ id, countFrom }) => askForCount(db, id, countFrom, now)));
  return due.length;
}

/** The receiver's thread goes on writing: whether the study is due, and what it holds, is read in the transaction that settles it. */
function lookAt(db: Db, { id }: StudyRow, now: EpochMs, options: SettleOptions): 'settled' | 'asking' | undefined {
  const before = studyById(db, id);
  if (before === undefined) return undefined;
  const policy = options.policyOf(before.called_ae);
  const requiredBy = policy.signals.includes('required-series') ? options.requiredBy?.(before) : undefined;
  return db.transaction(() => {
    const study = studyById(db, id);
    if (study?.state !== 'receiving' || study.settle_at === null || study.settle_at > now) return undefined;
    const decision = decide(db, study, now, policy, study.last_received_at === before.last_received_at ? requiredBy : undefined);
    if (decision.kind === 'settle') return settle(db, study, now, decision);
    postponeSettling(db, id, decision.until, decision.why);
    if (!decision.ask || policy.countFrom === undefined) return undefined;
    if (!isAsked(db, study, policy.countFrom, now)) askForCount(db, id, policy.countFrom, now);
    return 'asking';
  });
}

function decide(db: Db, study: StudyRow, now: EpochMs, policy: SettlePolicy, requiredBy: string | undefined): SettleDecision {
  return decideSettling(policy, {
    now,
    lastReceivedAt: study.last_received_at,
    instanceCount: study.instance_count,
    senders: sendersOfStudy(db, study.id),
    undeclared: undeclaredAssociations(db, study.id),
    count: policy.signals.includes('expected-count') ? countFacts(db, study.id, policy.countFrom) : undefined,
    requiredBy,
    commitmentAt: policy.signals.includes('storage-commitment') ? commitmentHintAt(db, study.id) : undefined,
  });
}

function countFacts(db: Db, studyId: number, source: string | undefined): CountFacts | undefined {
  const row = expectedCount(db, studyId);
  if (row === undefined || row.source !== source) return undefined;
  return {
    source: row.source,
    answeredFor: row.answer_asked_at ?? undefined,
    failed: row.failure === null || row.asked_at === null ? undefined : { at: row.asked_at, why: row.failure },
    aheadSince: row.ahead_since ?? undefined,
    series: countedSeries(db, studyId),
  };
}

/** A question since the last instance that is due or under way is not asked once more. */
function isAsked(db: Db, study: StudyRow, source: string, now: EpochMs): boolean {
  const row = expectedCount(db, study.id);
  return row?.source === source && row.ask_at !== null && row.ask_at <= now && row.ask_at >= study.last_received_at;
}

function settle(db: Db, study: StudyRow, now: EpochMs, { signal, detail }: SettleSignal): 'settled' | undefined {
  const { id, study_instance_uid: studyInstanceUid, instance_count: count } = study;
  const patients = patientCount(db, id);
  if (patients > 1) {
    holdStudy(db, id, `its instances name ${patients} different PatientIDs; expected one`, now);
    log.warn('study held: more than one patient', { studyInstanceUid, count: patients });
    return undefined;
  }
  const version = settleStudy(db, id, { signal, detail }, now);
  forgetSenders(db, id);
  stopAskingForCount(db, id);
  if (version === undefined) return undefined;
  log.info('settled', { studyInstanceUid, version, signal, seen: detail, count });
  return 'settled';
}
