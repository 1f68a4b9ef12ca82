/**
 * Reads RT Structure Sets of any maker (PS3.3 C.8.8.5, C.8.8.6, C.8.8.8). Strict where a contour could be given to the wrong region or place,
 * tolerant of all that does not touch them.
 */
import { AnteroomError } from '../../foundation/errors.js';
import type { DataSet } from '../element/parse.js';
import { TAG } from '../element/tags.js';
import { SOP_CLASS } from '../element/uids.js';
import type { ReferencedSeries } from '../seg/segmentation.js';
import type { Rgb } from '../structures/cielab.js';
import { readSegmentCodes } from '../structures/code-items.js';
import type { Contour, Roi, StructureSet } from './structure-set.js';

/**
 * The regions of interest of a structure set.
 * @throws {AnteroomError} DICOM_DAMAGED where the object contradicts itself or is none.
 */
export function readStructureSet(dataset: DataSet): StructureSet {
  const sopClassUid = dataset.uid(TAG.SOPClassUID) ?? 'none';
  if (sopClassUid !== SOP_CLASS.RTStructureSetStorage) throw damaged(`SOPClassUID is ${sopClassUid}, expected that of an RT Structure Set`);
  const frames = dataset.items(TAG.ReferencedFrameOfReferenceSequence);
  const studies = frames.flatMap((frame) => frame.items(TAG.RTReferencedStudySequence));
  const rois = readRois(dataset);
  const frameOfReferenceUids = [
    ...frames.map((frame) => frame.uid(TAG.FrameOfReferenceUID)),
    ...rois.map((roi) => roi.frameOfReferenceUid),
  ];
  return {
    sopInstanceUid: dataset.uid(TAG.SOPInstanceUID) ?? '',
    seriesInstanceUid: dataset.uid(TAG.SeriesInstanceUID) ?? '',
    studyInstanceUid: dataset.uid(TAG.StudyInstanceUID) ?? '',
    patientId: dataset.text(TAG.PatientID) ?? '',
    label: dataset.text(TAG.StructureSetLabel) ?? '',
    frameOfReferenceUids: [...new Set(frameOfReferenceUids)].filter((uid): uid is string => uid !== undefined && uid !== ''),
    referencedStudyUids: studies.flatMap((study) => study.uid(TAG.ReferencedSOPInstanceUID) ?? []),
    referencedSeries: studies.flatMap((study) => study.items(TAG.RTReferencedSeriesSequence)).map(readSeries),
    rois,
  };
}

function readSeries(item: DataSet): ReferencedSeries {
  return {
    seriesInstanceUid: item.uid(TAG.SeriesInstanceUID) ?? '',
    sopInstanceUids: imagesOf(item),
  };
}

function imagesOf(item: DataSet): string[] {
  return item.items(TAG.ContourImageSequence).flatMap((image) => image.uid(TAG.ReferencedSOPInstanceUID) ?? []);
}

/** The three sequences are joined by the number of the region, whatever their order. */
function readRois(dataset: DataSet): Roi[] {
  const items = dataset.items(TAG.StructureSetROISequence);
  const numbers = items.map((item) => item.number(TAG.ROINumber));
  const known = new Set(numbers);
  if (known.has(undefined)) throw damaged('an item of StructureSetROISequence has no ROINumber');
  if (known.size < numbers.length) throw damaged('a ROINumber comes twice in StructureSetROISequence, expected each once');
  const contours = byRoi(dataset.items(TAG.ROIContourSequence), known, 'ROIContourSequence');
  const observations = byRoi(dataset.items(TAG.RTROIObservationsSequence), known, 'RTROIObservationsSequence');
  return items.map((item, n) => {
    const number = numbers[n] ?? 0;
    return readRoi(item, number, contours.get(number) ?? [], observations.get(number) ?? []);
  });
}

function byRoi(items: readonly DataSet[], known: ReadonlySet<number | undefined>, sequence: string): Map<number | undefined, DataSet[]> {
  const stray = items.find((item) => !known.has(item.number(TAG.ReferencedROINumber)));
  if (stray !== undefined) {
    const seen = stray.number(TAG.ReferencedROINumber) ?? 'none';
    throw damaged(`an item of ${sequence} is of ROI ${seen}, expected one of StructureSetROISequence`);
  }
  const grouped = new Map<number | undefined, DataSet[]>();
  for (const item of items) {
    const number = item.number(TAG.ReferencedROINumber);
    grouped.set(number, [...(grouped.get(number) ?? []), item]);
  }
  return grouped;
}

function readRoi(item: DataSet, number: number, contours: readonly DataSet[], observations: readonly DataSet[]): Roi {
  const codes = observations.map((observation) => readSegmentCodes(observation, TAG.RTROIIdentificationCodeSequence));
  const colour = contours.map((contour) => rgb(contour.numbers(TAG.ROIDisplayColor))).find((seen) => seen !== undefined);
  return {
    number,
    name: item.text(TAG.ROIName) ?? '',
    frameOfReferenceUid: item.uid(TAG.ReferencedFrameOfReferenceUID) ?? '',
    ...(colour === undefined ? {} : { colour }),
    codes: codes.find(({ type }) => type !== undefined) ?? { typeModifiers: [], regions: [], regionModifiers: [] },
    interpretedType: observations.map((observation) => observation.text(TAG.RTROIInterpretedType)).find((type) => type !== undefined) ?? '',
    contours: contours.flatMap((one) => one.items(TAG.ContourSequence)).map((contour, n) => readContour(contour, number, n + 1)),
  };
}

function rgb(values: readonly number[]): Rgb | undefined {
  return values.length === 3 && values.every((value) => value >= 0 && value <= 255) ? [values[0], values[1], values[2]] : undefined;
}

/** NumberOfContourPoints is not trusted: some count the closing point that is not there; the coordinates themselves count. */
function readContour(item: DataSet, roi: number, ordinal: number): Contour {
  const coordinates = item.numbers(TAG.ContourData);
  if (coordinates.length % 3 !== 0 || !coordinates.every(Number.isFinite))
    throw damaged(`contour ${ordinal} of ROI ${roi} has ${coordinates.length} coordinates, expected three numbers for each point`);
  return {
    type: item.text(TAG.ContourGeometricType) ?? '',
    pointsMm: withoutClosingPoint(Float64Array.from(coordinates)),
    imageSopInstanceUids: imagesOf(item),
  };
}

/** Some writers give the first point again as the last (PS3.3 C.8.8.6.3 has it implied). */
function withoutClosingPoint(points: Float64Array): Float64Array {
  const last = points.length - 3;
  const repeats = last > 0 && [0, 1, 2].every((axis) => points[axis] === points[last + axis]);
  return repeats ? points.subarray(0, last) : points;
}

function damaged(seen: string): AnteroomError {
  return new AnteroomError('DICOM_DAMAGED', seen);
}
