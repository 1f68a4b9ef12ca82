/** A segmentation as read from an object of any maker. */
import type { Vec3 } from '../geometry/grid.js';
import type { TakeRun } from './mask.js';
import type { DicomLab } from '../structures/cielab.js';
import type { SegmentCodes } from '../structures/table.js';

export type SegmentationType = 'BINARY' | 'FRACTIONAL' | 'LABELMAP';

/** One item of SegmentSequence. Codes that the object lacks are absent; judging is the gate's. */
export interface Segment {
  readonly number: number;
  readonly label: string;
  readonly description?: string;
  readonly codes: SegmentCodes;
  readonly algorithmType?: string;
  readonly algorithmName?: string;
  readonly algorithmVersion?: string;
  readonly trackingId?: string;
  readonly trackingUid?: string;
  readonly cielab?: DicomLab;
}

/** Where a frame's pixels lie (PS3.3 C.7.6.16.2.1, C.7.6.16.2.3, C.7.6.16.2.4); absent where the object does not say. */
export interface FramePlane {
  /** LPS mm of the centre of the first pixel. */
  readonly positionMm?: Vec3;
  /** Directions of a row (towards increasing columns) and of a column, as in ImageOrientationPatient. */
  readonly rowDirection?: Vec3;
  readonly columnDirection?: Vec3;
  /** Distance of the centres of rows, and of columns, in the order of PixelSpacing. */
  readonly pixelSpacingMm?: readonly [number, number];
  /** SpacingBetweenSlices: how far the planes of the images lie apart, of which a structure may be on few. */
  readonly sliceSpacingMm?: number;
  /** The source instances of the frame (DerivationImageSequence). */
  readonly sourceSopInstanceUids: readonly string[];
}

/** One segment on one plane. A LABELMAP frame with several segments gives one of these for each of them. */
export interface SegFrame extends FramePlane {
  readonly segmentNumber: number;
  /** From 0: which frame of PixelData. */
  readonly frameIndex: number;
  /** The voxels: rows × columns bytes in C order [row][column], 1 = inside. A new array at each call. */
  unpack(): Uint8Array;
  /** Tells the same voxels by their runs, ascending; absent where that is no cheaper. */
  runs?(take: TakeRun): void;
}

export interface ReferencedSeries {
  readonly seriesInstanceUid: string;
  readonly sopInstanceUids: readonly string[];
}

export interface Segmentation {
  readonly type: SegmentationType;
  readonly sopInstanceUid: string;
  readonly seriesInstanceUid: string;
  readonly studyInstanceUid: string;
  /** '' where the object has none. */
  readonly patientId: string;
  readonly issuerOfPatientId: string;
  readonly frameOfReferenceUid: string;
  readonly referencedSeries: readonly ReferencedSeries[];
  readonly rows: number;
  readonly columns: number;
  /** In the order of SegmentSequence; without the background of a LABELMAP. */
  readonly segments: readonly Segment[];
  readonly frames: readonly SegFrame[];
}
