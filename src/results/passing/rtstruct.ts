/** RT Structure Sets of models: they lie on their images, and have the structures that were promised. */
import type { DataSet } from '../../dicom/element/parse.js';
import { voxelVolumeMl } from '../../dicom/geometry/grid.js';
import { maskOfRoi, type RoiMask } from '../../dicom/rtstruct/masks.js';
import { readStructureSet } from '../../dicom/rtstruct/read.js';
import { structureOfRoi } from '../../dicom/rtstruct/roi-structure.js';
import type { Roi, StructureSet } from '../../dicom/rtstruct/structure-set.js';
import type { SegSource } from '../../dicom/seg/input.js';
import { judgeContent } from '../gate.js';
import type { ResultSummary } from '../result-order.js';
import type { GateReason } from '../verdict.js';
import type { FormContext, FormVerdict, PassingForm } from './form.js';

/** At most so many contours are named in the reasons; the others go wrong in the same way, as a rule. */
const MAX_NAMED = 3;

export const RTSTRUCT: PassingForm = {
  name: 'an RTSTRUCT',
  draws: true,
  async judge(dataset: DataSet, { sources, expectations }: FormContext): Promise<FormVerdict> {
    const set = readStructureSet(dataset);
    const source = await sources.referenced(set.referencedSeries.map(({ seriesInstanceUid }) => seriesInstanceUid));
    const drawn = set.rois.map((roi) => ({ roi, drawn: maskOfRoi(roi, source.grid), structure: structureOfRoi(roi) }));
    const outside = [...judgeReferences(set, source), ...judgeGeometry(drawn)];
    const found = drawn.map(({ roi, structure, drawn: { voxelCount } }) => ({ name: roi.name, structure, voxelCount }));
    return {
      reasons: outside.length > 0 ? outside : judgeContent(found, expectations, 'ROIs'),
      empty: found.every(({ voxelCount }) => voxelCount === 0),
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

function judgeGeometry(drawn: readonly Drawn[]): GateReason[] {
  const all = drawn.flatMap(({ roi, drawn: { refusals } }) => refusals.map((refusal) => `ROI ${roi.number}: ${refusal}`));
  const more = all.length - MAX_NAMED;
  const named = all.slice(0, MAX_NAMED).map((seen): GateReason => ({ check: 'geometry', seen, expected: 'contours on the images' }));
  return more <= 0 ? named : [...named, { check: 'geometry', seen: `${all.length} such contours in all`, expected: 'none' }];
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
