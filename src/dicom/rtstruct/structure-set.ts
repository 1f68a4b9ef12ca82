/** An RT Structure Set as read from an object of any maker (PS3.3 A.19). */
import type { Rgb } from '../structures/cielab.js';
import type { ReferencedSeries } from '../seg/segmentation.js';
import type { SegmentCodes } from '../structures/table.js';

/** One item of ContourSequence (PS3.3 C.8.8.6). */
export interface Contour {
  /** ContourGeometricType: `CLOSED_PLANAR`, `POINT`, `OPEN_PLANAR`, `OPEN_NONPLANAR`, `CLOSEDPLANAR_XOR`; '' where there is none. */
  readonly type: string;
  /** LPS mm: x, y, z of the first point, then of the next. A closed contour does not repeat its first point. */
  readonly pointsMm: Float64Array;
  /** The images on which it was drawn, where it says so. */
  readonly imageSopInstanceUids: readonly string[];
}

/** A region of interest: what StructureSetROISequence, ROIContourSequence and RTROIObservationsSequence say of one ROINumber. */
export interface Roi {
  readonly number: number;
  /** '' where it has none. */
  readonly name: string;
  readonly frameOfReferenceUid: string;
  readonly colour?: Rgb;
  /** Of the first observation that has some; no codes at all in most objects. */
  readonly codes: SegmentCodes;
  /** `ORGAN`, `PTV`, `EXTERNAL`, …; '' where it has none. */
  readonly interpretedType: string;
  readonly contours: readonly Contour[];
}

export interface StructureSet {
  readonly sopInstanceUid: string;
  readonly seriesInstanceUid: string;
  readonly studyInstanceUid: string;
  /** '' where the object has none. */
  readonly patientId: string;
  readonly label: string;
  /** All frames of reference that it names. */
  readonly frameOfReferenceUids: readonly string[];
  /** Studies that it says its images are in. */
  readonly referencedStudyUids: readonly string[];
  readonly referencedSeries: readonly ReferencedSeries[];
  /** In the order of StructureSetROISequence. */
  readonly rois: readonly Roi[];
}
