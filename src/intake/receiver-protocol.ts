/** The messages between the node and its receiver, which runs in a thread of its own. */
import type { ListenerOptions } from '../dimse/listeners.js';
import type { ErrorCode } from '../foundation/errors.js';
import type { Acceptance, Candidate } from './accept.js';
import type { PurgeRow } from '../ledger/retention.js';
import type { ServiceSettings } from './dimse-services.js';
import type { DiskLimits } from './disk-space.js';
import type { RetentionRules } from './retention.js';

export interface ReceiverSettings {
  readonly ledgerFile: string;
  readonly archiveFolder: string;
  readonly incomingFolder: string;
  readonly resultsFolder: string;
  readonly runsFolder: string;
  /** A study is looked at when nothing more has come for so long. */
  readonly lookMs: number;
  readonly disk: DiskLimits;
  readonly retention: RetentionRules;
  readonly listeners: readonly ListenerOptions[];
  readonly services: ServiceSettings;
  readonly logLevel: string;
}

export type ToReceiver =
  | { readonly kind: 'accept'; readonly call: number; readonly candidate: Candidate }
  | { readonly kind: 'purge'; readonly call: number; readonly studyInstanceUid: string }
  | { readonly kind: 'stop'; readonly graceMs: number };

export type FromReceiver =
  | { readonly kind: 'listening'; readonly ports: ReadonlyMap<string, number> }
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly seen: string }
  | { readonly kind: 'committed' }
  | { readonly kind: 'accepted'; readonly call: number; readonly acceptance: Acceptance }
  | { readonly kind: 'purged'; readonly call: number; readonly purge: PurgeRow }
  | { readonly kind: 'refused'; readonly call: number; readonly code: ErrorCode; readonly seen: string }
  | { readonly kind: 'log'; readonly line: string }
  | { readonly kind: 'stopped' };
