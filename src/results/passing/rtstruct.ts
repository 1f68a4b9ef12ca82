/** RT Structure Sets of models: they lie on their images, and have the structures that were promised. */
import type { DataSet } from '../../dicom/element/parse.js';
import { TAG } from '../../dicom/element/tags.js';
import { voxelVolumeMl } from '../../dicom/geometry/grid.js';
import { maskOfRoi, type RoiMask } from '../../dicom/rtstruct/masks.js';
import { placeContour } from '../../dicom/rtstruct/place.js';
import { readStructureSet } from '../../dicom/rtstruct/read.js';
import { contradictionOf, structureOfRoi } from '../../dicom/rtstruct/roi-structure.js';
import type { Roi, StructureSet } from '../../dicom/rtstruct/structure-set.js';
import type { SegSource } from '../../dicom/seg/input.js';
import { judgeEmpty } from '../gate.js';
import type { ResultSummary } from '../result-order.js';
import type { GateReason } from '../verdict.js';
import type { FormContext, FormVerdict, PassingForm } from './form.js';

/** At most so many contours are named in the reasons; the others go wrong in the same way, as a rule. */
const MAX_NAMED = 3;

/** How far a contour may lie from its image, in slices: half-way between two, and what decimals in files are rounded by. */
const NEAREST = 0.6;

export const RTSTRUCT: PassingForm = {
  name: 'an RTSTRUCT',
  draws: true,
  async judge(dataset: DataSet, { sources, allowEmpty }: FormContext): Promise<FormVerdict> {
    const set = readStructureSet(dataset);
    const source = await sources.referenced(set.referencedSeries.map(({ seriesInstanceUid }) => seriesInstanceUid));
    const drawn = set.rois.map((roi) => ({ roi, drawn: maskOfRoi(roi, source.grid), structure: structureOfRoi(roi) }));
    const outside = [...judgeApproval(dataset), ...judgeReferences(set, source), ...judgeSides(set.rois), ...judgeGeometry(drawn, source)];
    // A point, or a contour between the centres of voxels, is something found.
    const regions = drawn.map(({ roi: { name, contours }, structure, drawn: { voxelCount } }) => ({
      name,
      structure,
      voxelCount,
      empty: contours.length === 0,
    }));
    return {
      reasons: outside.length > 0 ? outside : judgeEmpty(regions, allowEmpty, 'ROIs'),
      empty: regions.every(({ empty }) => empty),
      regions,
      summary: summaryOf(drawn, source),
    };
  },
};

interface Drawn {
  readonly roi: Roi;
  readonly drawn: RoiMask;
  readonly structure: ReturnType<typeof structureOfRoi>;
}

/** Frame of reference, study, series and images are the source's. */
function judgeReferences(set: StructureSet, source: SegSource): GateReason[] {
  const reasons: GateReason[] = [];
  const frame = source.grid.frameOfReferenceUid;
  const otherFrame = set.frameOfReferenceUids.find((uid) => uid !== frame);
  if (otherFrame !== undefined || set.frameOfReferenceUids.length === 0)
    reasons.push({ check: 'frame of reference', seen: otherFrame ?? 'none', expected: frame || 'none' });
  const otherStudy = set.referencedStudyUids.find((uid) => uid !== set.studyInstanceUid);
  if (otherStudy !== undefined) reasons.push({ check: 'reference', seen: `study ${otherStudy}`, expected: set.studyInstanceUid });
  const otherSeries = set.referencedSeries.find(({ seriesInstanceUid }) => seriesInstanceUid !== source.seriesInstanceUid);
  if (otherSeries !== undefined)
    reasons.push({ check: 'reference', seen: `series ${otherSeries.seriesInstanceUid}`, expected: source.seriesInstanceUid });
  const images = new Set(source.slices.map(({ sopInstanceUid }) => sopInstanceUid));
  const contours = set.rois.flatMap((roi) => roi.contours);
  const named = [
    ...set.referencedSeries.flatMap((series) => series.sopInstanceUids),
    ...contours.flatMap((one) => one.imageSopInstanceUids),
  ];
  const strange = [...new Set(named)].filter((uid) => !images.has(uid));
  if (strange.length > 0)
    reasons.push({
      check: 'reference',
      seen: `${strange.length} images such as ${strange[0]}`,
      expected: 'images of the source series only',
    });
  return reasons;
}

/** Nobody has looked at it (PS3.3 C.8.8.16). */
function judgeApproval(dataset: DataSet): GateReason[] {
  const seen = dataset.text(TAG.ApprovalStatus) ?? 'UNAPPROVED';
  return seen === 'UNAPPROVED'
    ? []
    : [{ check: 'format', seen: `ApprovalStatus ${seen}`, expected: 'UNAPPROVED: nobody has looked at it' }];
}

/** Left is left in the name and in the codes. */
function judgeSides(rois: readonly Roi[]): GateReason[] {
  return rois.flatMap((roi) => {
    const seen = contradictionOf(roi);
    return seen === undefined ? [] : { check: 'codes', seen: `ROI ${roi.number} ${seen}`, expected: 'the same side in both' };
  });
}

function judgeGeometry(drawn: readonly Drawn[], source: SegSource): GateReason[] {
  const all = drawn.flatMap(({ roi, drawn: { refusals } }) =>
    [...refusals, ...otherSlices(roi, source)].map((refusal) => `ROI ${roi.number}: ${refusal}`),
  );
  const more = all.length - MAX_NAMED;
  const named = all.slice(0, MAX_NAMED).map((seen): GateReason => ({ check: 'geometry', seen, expected: 'contours on the images' }));
  return more <= 0 ? named : [...named, { check: 'geometry', seen: `${all.length} such contours in all`, expected: 'none' }];
}

/** Contours that name an image of the series, but not the one on which they lie. */
function otherSlices({ contours }: Roi, { grid, slices }: SegSource): string[] {
  return contours.flatMap((contour, index) => {
    const named = contour.imageSopInstanceUids;
    if (named.length === 0 || contour.pointsMm.length === 0) return [];
    const place = placeContour(contour, grid);
    if (typeof place === 'string') return [];
    const height = place.k + place.off;
    if (slices.some(({ sopInstanceUid }, k) => Math.abs(k - height) <= NEAREST && named.includes(sopInstanceUid))) return [];
    return `contour ${index + 1} lies on slice ${place.k + 1} and names the image of another`;
  });
}

function summaryOf(drawn: readonly Drawn[], { grid }: SegSource): ResultSummary {
  return {
    segments: drawn.map(({ roi, structure, drawn: { voxelCount } }) => ({
      label: roi.name || (structure?.name ?? `ROI ${roi.number}`),
      structure: structure?.id,
      volumeMl: Math.round(voxelCount * voxelVolumeMl(grid) * 10) / 10,
      voxels: voxelCount,
    })),
    notes: drawn.flatMap(({ roi, drawn: { notes } }) => notes.map((note) => `${roi.name}: ${note}`)),
  };
}
