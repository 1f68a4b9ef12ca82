/** What the gate says. */
import type { SegmentMeaning } from '../dicom/seg/input.js';
import type { SegmentMask } from '../dicom/seg/mask.js';
import type { Segment } from '../dicom/seg/segmentation.js';
import { isPartOf, normalised, type Structure } from '../dicom/structures/table.js';

/** A region that an output names, whatever its form. */
export interface DrawnRegion {
  readonly name: string;
  readonly structure?: Structure | undefined;
  readonly voxelCount: number;
  /** True where there is nothing of it: a point is something, and has no voxel. */
  readonly empty: boolean;
}

export type GateCheck =
  | 'format'
  | 'uids'
  | 'patient'
  | 'study'
  | 'frame of reference'
  | 'reference'
  | 'numbering'
  | 'codes'
  | 'geometry'
  | 'empty'
  | 'required structure';

/** One reason of a rejection, without patient data. */
export interface GateReason {
  readonly check: GateCheck;
  readonly seen: string;
  readonly expected: string;
}

/** A segment that passed, on the grid of the source. */
export interface GatedSegment {
  /** As the container wrote it. */
  readonly segment: Segment;
  /** The structure of our table that it is; absent where its codes are of none. */
  readonly structure?: Structure;
  /** The codes to write: the table's where the structure is known, else the container's own. */
  readonly meaning: SegmentMeaning;
  readonly mask: SegmentMask;
  readonly voxelCount: number;
  readonly volumeMl: number;
}

export interface PassedVerdict {
  readonly passed: true;
  /** In the order of the container's SegmentSequence, also those without voxels. */
  readonly segments: readonly GatedSegment[];
  /** True where no segment has a voxel: valid where it is allowed, but nothing that a SEG can hold. */
  readonly empty: boolean;
  /** What was put right, for people. */
  readonly notes: readonly string[];
}

export interface RejectedVerdict {
  readonly passed: false;
  readonly reasons: readonly GateReason[];
}

export type GateVerdict = PassedVerdict | RejectedVerdict;

/** The reasons as one text for a row or a message. */
export function rejectionText(verdict: RejectedVerdict): string {
  return verdict.reasons.map(({ check, seen, expected }) => `${check}: ${seen}, expected ${expected}`).join('; ');
}

/** True where what was drawn is the structure of this id, or a part of it; of what the table does not know the names are compared. */
export function shows({ structure, name }: DrawnRegion, id: string): boolean {
  return structure === undefined ? normalised(name) === normalised(id) : isPartOf(structure.id, id);
}
