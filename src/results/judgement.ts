/** What the gate says of one file that may become a result, of whatever kind. */
import { toAnteroomError } from '../foundation/errors.js';
import type { MadeResult, ResultOrder } from './result-order.js';
import type { DrawnRegion, RejectedVerdict } from './verdict.js';

export type Judgement = { readonly verdict: RejectedVerdict } | Accepted;

export interface Accepted {
  readonly verdict: { readonly passed: true; readonly empty: boolean };
  /** What it draws, also without a voxel; undefined where it is nothing that draws. */
  readonly regions?: readonly DrawnRegion[];
  /** UIDs of instances and series that it refers to, where it leaves as it is. */
  readonly references?: ReadonlySet<string>;
  /** Writes the object, which is not asked for where it is empty. */
  readonly make: (order: ResultOrder) => Promise<MadeResult>;
  /** Of a segmentation: writes its label map. Throws GATE_REJECTED where it has none. */
  readonly makeLabelMap?: (order: ResultOrder) => Promise<MadeResult>;
}

/** What cannot be read is rejected as what is wrong; what is not the file's own fault is thrown. */
export async function readOr<T>(read: () => Promise<T>, expected: string): Promise<T | RejectedVerdict> {
  try {
    return await read();
  } catch (thrown) {
    const error = toAnteroomError(thrown);
    if (error.kind !== 'permanent') throw error;
    return { passed: false, reasons: [{ check: 'format', seen: error.seen, expected }] };
  }
}
