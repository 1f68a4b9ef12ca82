/** What the writer of segmentations is told. UIDs and dates are arguments: the same input gives the same bytes. */
import type { ContributingEquipment, Equipment } from '../equipment.js';
import type { Grid, SourceSlice } from '../geometry/grid.js';
import type { Header } from '../header.js';
import type { Rgb } from '../structures/cielab.js';
import type { Code } from '../structures/code.js';
import type { SegmentCodes } from '../structures/table.js';
import type { SegmentMask } from './mask.js';

/** The series that was segmented. */
export interface SegSource {
  /** The header of one instance of the series: patient, study and frame of reference are taken from it. */
  readonly header: Header;
  readonly seriesInstanceUid: string;
  readonly grid: Grid;
  /** All slices of the series, in the order of the grid's k. */
  readonly slices: readonly SourceSlice[];
  /** ImageOrientationPatient and PixelSpacing (row spacing first) as written in the source: six and two DS strings. */
  readonly imageOrientation: readonly string[];
  readonly pixelSpacing: readonly string[];
  readonly sliceThickness?: string;
  /** Present where any source instance was compressed with loss: LossyImageCompressionRatio and -Method as written. */
  readonly lossy?: { readonly ratios: readonly string[]; readonly methods: readonly string[] };
}

/** What a segment is, in codes (PS3.3 C.8.20.4.1): category and type must be there. */
export type SegmentMeaning = SegmentCodes & { readonly category: Code; readonly type: Code };

/** Who drew a segment (PS3.3 table 10-19). */
export interface SegmentAlgorithm {
  readonly type: 'AUTOMATIC' | 'SEMIAUTOMATIC';
  readonly name: string;
  readonly version: string;
  /** CID 7162; artificial intelligence where it is not given. */
  readonly family?: Code;
  /** Free text: the image's digest, the options it was run with. */
  readonly parameters?: string;
  readonly source?: string;
}

export interface SegmentInput {
  readonly label: string;
  readonly description?: string;
  readonly meaning: SegmentMeaning;
  readonly algorithm: SegmentAlgorithm;
  /** The same UID again where a later object replaces this one (PS3.3 C.8.20.4). */
  readonly tracking: { readonly id: string; readonly uid: string };
  readonly colour: Rgb;
  readonly mask: SegmentMask;
}

export interface SegIdentity {
  readonly sopInstanceUid: string;
  readonly seriesInstanceUid: string;
  readonly seriesNumber: number;
  /** DA and TM: `20261123`, `142530`. */
  readonly contentDate: string;
  readonly contentTime: string;
  /** Model and version: all that most viewers show of a result. */
  readonly seriesDescription: string;
  readonly contentDescription?: string;
}

export interface SegProvenance {
  /** The node that wrote the object. */
  readonly equipment: Equipment;
  /** What made the voxels: the model. */
  readonly contributors: readonly ContributingEquipment[];
}

export interface SegInput {
  readonly source: SegSource;
  /** At least one; they are numbered 1..N in this order. They may overlap, and one without voxels says that it was looked for. */
  readonly segments: readonly SegmentInput[];
  readonly identity: SegIdentity;
  readonly provenance: SegProvenance;
  /** Where it is known that no voxel belongs to two segments (they come from one label map), false spares looking. */
  readonly segmentsOverlap?: boolean;
}
