/** The object that a result's row asks for: what its maker is told, and what it tells. */
import type { Equipment } from '../dicom/equipment.js';
import type { ModelRow } from '../ledger/models.js';
import type { ResultRow } from '../ledger/results.js';
import type { RunRow } from '../ledger/runs.js';
import type { WrittenResult } from './write-result.js';

export interface ResultOrder {
  readonly run: RunRow;
  readonly model: ModelRow;
  /** Its UIDs and its date are the object's: making it twice gives the same bytes. */
  readonly row: ResultRow;
  /** This node. */
  readonly equipment: Equipment;
  /** UIDs of what the model left, and those of the results that are made of it. */
  readonly uids: ReadonlyMap<string, string>;
  /** The folder of results, and the path below it. */
  readonly root: string;
  readonly path: string;
}

export interface MadeResult extends WrittenResult {
  readonly summary: ResultSummary;
}

/** What people want to know of a result without opening it. */
export interface ResultSummary {
  readonly frames?: number;
  readonly segments?: readonly {
    readonly label: string;
    readonly structure?: string;
    readonly volumeMl: number;
    readonly voxels: number;
  }[];
  /** Every number and answer of a report, in words. */
  readonly measures?: readonly string[];
  readonly notes: readonly string[];
}
