/** What the API needs of the node; the composition root hands it in. */
import type { Bell } from '../foundation/bell.js';
import type { Clock, EpochMs } from '../foundation/clock.js';
import type { Fault } from '../foundation/faults.js';
import type { Db } from '../ledger/database.js';
import type { RetentionLimits } from '../archive/retention.js';
import type { FoundStudy, StudyQuery } from '../fetching/source.js';
import type { ModelRow } from '../ledger/models.js';
import type { PurgeRow } from '../ledger/retention.js';
import type { RuleChangeRow } from '../ledger/revisions.js';
import type { StudyRow } from '../ledger/studies.js';
import type { CatalogueSource, SourceRead } from '../models/catalogue/read-source.js';
import type { RegisterOptions, Registration } from '../models/register.js';
import type { ModelUpdate } from '../models/update.js';
import type { Settings } from '../settings/schema.js';
import type { UseRules } from '../models/use-gate.js';
import type { Reroute, RerouteRequest } from '../routing/reroute.js';

export interface NodePort {
  readonly db: Db;
  readonly bell: Bell;
  readonly clock: Clock;
  readonly version: string;
  readonly nodeName: string;
  readonly dicomPort: number;
  /** Whether the data folder has room. */
  readonly diskState: () => { readonly standing: 'ample' | 'low' | 'refusing'; readonly freeBytes: number };
  /** Ports of all DICOM listeners by name. */
  readonly listeners: ReadonlyMap<string, number>;
  readonly httpPort: number;
  readonly rules: RulesPort;
  readonly keeping: KeepingPort;
  /** Registers the package in a folder; see `models/register.ts`. */
  registerModel(folder: string, options: RegisterOptions): Promise<Registration>;
  /** What has changed in a model's package and image; see `models/update.ts`. */
  lookForUpdate(row: ModelRow & { readonly folder: string }): Promise<ModelUpdate>;
  /** What the settings say of use; see `models/use-gate.ts`. */
  readonly useRules: UseRules;
  /** What becomes of a model in use whose test, which it had passed, fails. */
  readonly onDrift: Settings['modelTests']['onDrift'];
  /** Takes an instance into the archive that no peer has sent: a copy for an evaluation. Resolves when it is durable. */
  storeCopy(file: Uint8Array): Promise<void>;
  /** Reads a source of cards into the catalogue; see `models/catalogue/read-source.ts`. */
  readCatalogue(source: CatalogueSource): Promise<SourceRead>;
  /** Decides a study again by the rules in force; see `routing/reroute.ts`. */
  reroute(study: StudyRow, asked: RerouteRequest): Reroute;
  /** Asks a source, the only one where none is named; see `fetching/fetcher.ts`. */
  findStudies(source: string | undefined, query: StudyQuery): Promise<{ source: string; studies: FoundStudy[] }>;
  /** Names of all destinations. */
  readonly destinations: readonly string[];
  /** What queued runs wait for; see `runs/why-waiting.ts`. */
  whyWaiting(runIds: ReadonlySet<number>): ReadonlyMap<number, string>;
  /** Why a model can never run with what the node may give to models; undefined if it can. */
  whyNeverFits(model: ModelRow): string | undefined;
  /** Where the log of a run's last attempt is, if it has one. */
  logPathOf(runId: number): string | undefined;
}

export interface KeepingPort {
  /** What is purged by itself. */
  readonly retention: RetentionLimits & {
    readonly maxAgeMs?: number;
    readonly space?: { readonly belowBytes: number; readonly aboveBytes: number };
  };
  readonly dataFolder: string;
  /** Purges a study by hand; rejects with NOT_FOUND or STUDY_KEPT. */
  purge(studyInstanceUid: string): Promise<PurgeRow>;
}

/** See `routing/rules-in-force.ts`. */
export interface RulesPort {
  /** The revision in force. */
  revision(): string;
  /** The change that put it in force. */
  change(): RuleChangeRow;
  /** The rules in force. */
  current(): {
    readonly rules: readonly {
      readonly name: string;
      readonly settings?: Readonly<Record<string, unknown>>;
      readonly workflow?: string | undefined;
    }[];
  };
  /** Faults of the files as they are now, if they were refused; the rules in force stay. */
  refused(): { readonly since: EpochMs; readonly faults: readonly Fault[]; readonly text: string } | undefined;
  reload(): { revision: string; faults?: string };
  rollback(request: { revision: string; author: string; reason?: string | undefined }): {
    revision: string;
    setAside: readonly string[];
    asideFolder: string;
  };
}
