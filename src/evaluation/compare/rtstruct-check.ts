/**
 * Two structure sets: regions by what they show, drawn on one grid around the contours of both, as the images need not be at hand; points and
 * lines, which fill no voxel, by their coordinates.
 */
import type { Grid } from '../../dicom/geometry/grid.js';
import { maskOfRoi, type RoiMask } from '../../dicom/rtstruct/masks.js';
import { gridAround } from '../../dicom/rtstruct/own-grid.js';
import { structureOfRoi } from '../../dicom/rtstruct/roi-structure.js';
import type { Roi, StructureSet } from '../../dicom/rtstruct/structure-set.js';
import type { Segmentation } from '../../dicom/seg/segmentation.js';
import type { CheckedFile, Remark } from './finding.js';
import { checkSegments, type Side } from './seg-check.js';
import { counted } from './segment-names.js';

/** How far the points of regions that fill no voxel may lie apart. */
const SAME_POINT_MM = 0.01;

/** Compares two structure sets, also such as have no region or no contour. */
export function checkStructureSets(reference: StructureSet, output: StructureSet): CheckedFile {
  const grid = gridAround([...reference.rois, ...output.rois].flatMap(({ contours }) => contours));
  const [expected, seen] = [drawn(reference, grid), drawn(output, grid)];
  const { columns, rows, slices, spacingMm } = grid;
  const common = { extent: { columns, rows, slices }, spacingMm, sliceOf: ({ frameIndex }: { frameIndex: number }) => frameIndex };
  const { check, pictures } = checkSegments(expected.side, seen.side, common, { checker: 'RtstructContentCheck', what: 'ROI' });
  return { check: { ...check, findings: [...check.findings, ...unplaced(seen), ...points(expected, seen)] }, pictures };
}

interface DrawnSet {
  readonly side: Side;
  readonly regions: readonly { readonly roi: Roi; readonly name: string; readonly drawn: RoiMask }[];
}

/** The set as a segmentation on the grid: a frame for each region and slice. */
function drawn(set: StructureSet, grid: Grid): DrawnSet {
  const structures = set.rois.map((roi) => structureOfRoi(roi)?.id);
  const names = counted(set.rois.map((roi, n) => structures[n] ?? `"${roi.name}"`));
  const regions = set.rois.map((roi, n) => ({ roi, name: names[n], drawn: maskOfRoi(roi, grid) }));
  const segmentation: Segmentation = {
    type: 'BINARY',
    sopInstanceUid: set.sopInstanceUid,
    seriesInstanceUid: set.seriesInstanceUid,
    studyInstanceUid: set.studyInstanceUid,
    patientId: set.patientId,
    issuerOfPatientId: '',
    frameOfReferenceUid: set.frameOfReferenceUids.join(' '),
    referencedSeries: set.referencedSeries,
    rows: grid.rows,
    columns: grid.columns,
    segments: set.rois.map(({ number, name, codes }) => ({ number, label: name, codes })),
    frames: regions.flatMap(({ roi, drawn: { mask } }) =>
      mask.slices.map((k) => ({ segmentNumber: roi.number, frameIndex: k, sourceSopInstanceUids: [], unpack: () => mask.slice(k) })),
    ),
  };
  const named = regions.map(({ name }, n) => {
    const meaning = `the ${structures[n] === undefined ? 'name' : 'structure'} ${name}`;
    return { name, meaning, segment: segmentation.segments[n] };
  });
  return { side: { segmentation, named }, regions };
}

/** What lies on no common plane with the rest is in no mask. */
function unplaced({ regions }: DrawnSet): Remark[] {
  return regions.flatMap(({ name, drawn: { refusals } }) =>
    refusals.length === 0
      ? []
      : [{ label: 'Geometry', description: `${refusals.length} contours, the first of which ${refusals[0]}`, subpath: name }],
  );
}

function points(expected: DrawnSet, seen: DrawnSet): Remark[] {
  return expected.regions.flatMap((one) => {
    const other = seen.regions.find(({ name }) => name === one.name);
    if (other === undefined || one.drawn.voxelCount > 0 || other.drawn.voxelCount > 0) return [];
    const apart = apartMm(one.roi, other.roi);
    if (apart <= SAME_POINT_MM) return [];
    const description = apart === Infinity ? 'other points or lines than the reference has' : `points up to ${apart.toFixed(3)} mm away`;
    return [{ label: 'Points', description, subpath: one.name }];
  });
}

/** How far the farthest point lies from its counterpart; infinitely where there is none. */
function apartMm(a: Roi, b: Roi): number {
  const [first, second] = [a, b].map(({ contours }) => contours.map(({ type, pointsMm }) => `${type} ${pointsMm.length}`).join());
  if (first !== second) return Infinity;
  const [before, after] = [a, b].map(({ contours }) => contours.flatMap(({ pointsMm }) => [...pointsMm]));
  return before.reduce((most, mm, n) => Math.max(most, Math.abs(mm - after[n])), 0);
}
