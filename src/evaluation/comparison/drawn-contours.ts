/** Contours of an RT Structure Set as a segmentation on the grid of the images that they were drawn on. */
import type { Grid } from '../../dicom/geometry/grid.js';
import { voxelToPatient } from '../../dicom/geometry/grid.js';
import { maskOfRoi } from '../../dicom/rtstruct/masks.js';
import { structureOfRoi } from '../../dicom/rtstruct/roi-structure.js';
import type { Roi, StructureSet } from '../../dicom/rtstruct/structure-set.js';
import type { SegFrame, Segmentation } from '../../dicom/seg/segmentation.js';
import { meaningOf } from '../../dicom/structures/table.js';
import { AnteroomError } from '../../foundation/errors.js';

/** The regions as segments. @throws {AnteroomError} GEOMETRY_REFUSED where contours have no place on the grid */
export function segmentationOfContours(set: StructureSet, grid: Grid): Segmentation {
  const { sopInstanceUid, seriesInstanceUid, studyInstanceUid, patientId, referencedSeries, rois } = set;
  return {
    type: 'BINARY',
    sopInstanceUid,
    seriesInstanceUid,
    studyInstanceUid,
    patientId,
    issuerOfPatientId: '',
    frameOfReferenceUid: set.frameOfReferenceUids[0] ?? '',
    referencedSeries,
    rows: grid.rows,
    columns: grid.columns,
    segments: rois.map((roi) => {
      const structure = structureOfRoi(roi);
      return { number: roi.number, label: roi.name, codes: structure === undefined ? roi.codes : meaningOf(structure) };
    }),
    frames: rois.flatMap((roi) => framesOf(roi, grid)),
  };
}

function framesOf(roi: Roi, grid: Grid): SegFrame[] {
  const { mask, refusals } = maskOfRoi(roi, grid);
  if (refusals.length > 0) throw new AnteroomError('GEOMETRY_REFUSED', `region ${roi.number} (${roi.name}): ${refusals.join('; ')}`);
  return mask.slices.map((k, frameIndex) => ({
    segmentNumber: roi.number,
    frameIndex,
    positionMm: voxelToPatient(grid, 0, 0, k),
    rowDirection: grid.iDirection,
    columnDirection: grid.jDirection,
    pixelSpacingMm: [grid.spacingMm[1], grid.spacingMm[0]],
    sliceSpacingMm: grid.spacingMm[2],
    sourceSopInstanceUids: [],
    unpack: () => mask.slice(k),
  }));
}
