/** Rows as the API shows them: the field's words, names instead of numbers, times in ISO 8601. */
import type { StudyAccount } from '../accounting/account.js';
import { CATALOGUE, type ErrorCode } from '../foundation/errors.js';
import type { DeliveryListRow } from '../ledger/deliveries.js';
import type { FetchRow } from '../ledger/fetches.js';
import type { ModelRow } from '../ledger/models.js';
import { pauseText, type PauseRow } from '../ledger/pauses.js';
import type { PurgeRow } from '../ledger/retention.js';
import type { OutputRow, ResultRow } from '../ledger/results.js';
import { PRIORITY, type RunListRow } from '../ledger/runs.js';
import type { StudyRow } from '../ledger/studies.js';
import type { VersionRow } from '../ledger/versions.js';
import type { LeftoverRow, WithdrawalRow } from '../ledger/withdrawals.js';

const iso = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString());

const remedyOf = (code: string | null): string | null => (code !== null && code in CATALOGUE ? CATALOGUE[code as ErrorCode].remedy : null);

/** A study with its versions, what is still at destinations although a later version has been run on, the last time that its files were purged, and what it was due. */
export function studyView(
  row: StudyRow,
  versions: readonly VersionRow[],
  leftovers: readonly LeftoverRow[],
  { purge, account }: { readonly purge?: PurgeRow | undefined; readonly account?: StudyAccount | undefined },
) {
  return {
    studyInstanceUid: row.study_instance_uid,
    state: row.state,
    holdReason: row.hold_reason,
    instances: row.instance_count,
    callingAe: row.calling_ae,
    receivedAt: iso(row.first_received_at),
    lastReceivedAt: iso(row.last_received_at),
    looksAgainAt: iso(row.settle_at),
    waitsFor: row.settle_wait,
    standing: account?.standing ?? null,
    dues: account?.dues ?? [],
    purged: purge === undefined ? null : { at: iso(purge.at), cause: purge.cause, sizeBytes: purge.size_bytes },
    versions: versions.map((version) => ({
      number: version.number,
      state: version.state,
      signal: version.signal,
      signalDetail: version.signal_detail,
      settledAt: iso(version.settled_at),
      rulesRevision: version.rules_revision,
    })),
    earlierResults: leftovers.map((left) => ({
      result: left.result_id,
      version: left.version_number,
      sopInstanceUid: left.sop_instance_uid,
      destination: left.destination,
      laterVersion: left.later_version,
      laterRun: left.later_run,
      laterState: left.later_state,
      laterReason: left.later_reason,
    })),
  };
}

/** A run with its study; a failure with its reason and remedy, a queued one with what it waits for. */
export function runView(row: RunListRow, waitsFor?: string) {
  return {
    run: row.id,
    purpose: row.purpose,
    studyInstanceUid: row.study_instance_uid,
    version: row.version_number,
    rule: row.rule,
    rulesRevision: row.rules_revision,
    model: row.model_name,
    priority: (Object.keys(PRIORITY) as (keyof typeof PRIORITY)[]).find((name) => PRIORITY[name] === row.priority) ?? 'routine',
    state: row.state,
    attempts: row.attempts,
    progress: row.progress,
    progressText: row.progress_text,
    failureCode: row.failure_code,
    reason: row.reason,
    remedy: remedyOf(row.failure_code),
    waitsFor: waitsFor ?? (row.state === 'waiting' ? row.reason : null),
    shadow: row.shadow === 1,
    sameAs: row.same_as,
    workflow: row.workflow,
    destinations: JSON.parse(row.destinations) as string[],
    createdAt: iso(row.created_at),
    startedAt: iso(row.started_at),
    endedAt: iso(row.ended_at),
  };
}

/** A result; `summary` holds structures and volumes in millilitres. */
export function resultView(row: ResultRow) {
  return {
    result: row.id,
    run: row.run_id,
    state: row.state,
    sopInstanceUid: row.sop_instance_uid,
    seriesInstanceUid: row.series_instance_uid,
    sizeBytes: row.size_bytes,
    reason: row.reason,
    supersededBy: row.superseded_by,
    summary: row.summary === null ? null : (JSON.parse(row.summary) as unknown),
  };
}

/** A file that a model left: a result was made of it, or it is kept as it is. */
export function outputView(row: OutputRow & { readonly result_id: number | null }) {
  return { path: row.path, kind: row.kind, sizeBytes: row.size_bytes, result: row.result_id };
}

/** A delivery with its receipt or the reason why it is not delivered, and whether it was taken back since. */
export function deliveryView(row: DeliveryListRow, withdrawal: WithdrawalRow | undefined, pause: PauseRow | undefined) {
  const waits = row.state === 'pending' || row.state === 'unsure';
  return {
    delivery: row.id,
    run: row.run_id,
    studyInstanceUid: row.study_instance_uid,
    seriesInstanceUid: row.series_instance_uid,
    sopInstanceUid: row.sop_instance_uid,
    destination: row.destination,
    state: row.state,
    attempts: row.attempts,
    failureCode: row.failure_code,
    reason: row.reason,
    remedy: remedyOf(row.failure_code),
    receipt: row.receipt,
    nextTryAt: waits && pause === undefined ? iso(row.due_at) : null,
    waitsFor: waits && pause !== undefined ? pauseText(pause) : null,
    createdAt: iso(row.created_at),
    deliveredAt: iso(row.delivered_at),
    withdrawal: withdrawal === undefined ? null : withdrawalView(withdrawal),
  };
}

/** What becomes of a delivered result in whose place a later version's has come. */
function withdrawalView(row: WithdrawalRow) {
  return {
    withdrawal: row.id,
    replacedBy: row.replaced_by,
    method: row.method,
    state: row.state,
    attempts: row.attempts,
    failureCode: row.failure_code,
    reason: row.reason,
    remedy: remedyOf(row.failure_code),
    receipt: row.receipt,
    endedAt: iso(row.ended_at),
  };
}

/** A registered model. */
export function modelView(row: ModelRow) {
  return {
    name: row.name,
    version: row.version,
    state: row.state,
    digest: row.digest,
    overrideReason: row.override_reason,
    overrideBy: row.override_by,
    suspendedReason: row.suspended_reason,
    suspendedAt: iso(row.suspended_at),
    registeredAt: iso(row.registered_at),
    folder: row.folder,
    /** Which model.yaml of the folder; null: the usual one. */
    modelFile: row.model_file,
  };
}

export type StudyView = ReturnType<typeof studyView>;
export type RunView = ReturnType<typeof runView>;
export type ResultView = ReturnType<typeof resultView>;
export type OutputView = ReturnType<typeof outputView>;
export type DeliveryView = ReturnType<typeof deliveryView>;
export type ModelView = ReturnType<typeof modelView>;

/** A model in the list; `structures` are those that its card promises, `neverFits` says why it can never run with what the node may give to models. */
export type ListedModel = ModelView & {
  readonly neverFits: string | null;
  readonly structures: readonly string[];
  readonly runtime: 'docker' | 'process';
};

/** A fetch with how far it is, or the reason why it failed. */
export function fetchView(row: FetchRow) {
  return {
    fetch: row.id,
    source: row.source,
    studyInstanceUid: row.study_instance_uid,
    state: row.state,
    attempts: row.attempts,
    listed: row.listed,
    hereBefore: row.here_before,
    pulled: row.pulled,
    failureCode: row.failure_code,
    reason: row.failure,
    remedy: remedyOf(row.failure_code),
  };
}

export type FetchView = ReturnType<typeof fetchView>;
