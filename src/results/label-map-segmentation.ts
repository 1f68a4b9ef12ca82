/** A label map of a model as a segmentation of its source, for the same gate as a DICOM-SEG passes. */
import { turning } from '../dicom/label-map/on-grid.js';
import { readLabelMap, type LabelVolume } from '../dicom/label-map/read.js';
import { TAG, tagKey } from '../dicom/element/tags.js';
import { length, plus, scaled, unit } from '../dicom/geometry/vector.js';
import { firstText } from '../dicom/header.js';
import type { SegSource } from '../dicom/seg/input.js';
import { boxesOn, eachRunOfLabel, valuesIn, type LabelledSlices, type SliceBox, type TakeRun } from '../dicom/seg/mask.js';
import type { FramePlane, SegFrame, Segment, Segmentation } from '../dicom/seg/segmentation.js';
import { meaningOf, structureById } from '../dicom/structures/table.js';
import { AnteroomError } from '../foundation/errors.js';
import { givingWay, type Steps } from '../foundation/steps.js';
import { SEG_LIMITS, readRegularFile } from './read-outputs.js';

/** A label map and what its labels are, as model.yaml says it. */
export interface NamedLabels {
  readonly volume: LabelVolume;
  /** Structure ids by label. */
  readonly structures: ReadonlyMap<number, string>;
}

/** Of a double, the widest type of voxels that there is. */
const MAX_BYTES_PER_VOXEL = 8;
/** Comments in a header take some kilobytes. */
const MAX_HEADER_BYTES = 1024 * 1024;

/**
 * Reads a label map of an output folder.
 * @param labels structure ids by label
 * @param mostVoxels what the grid of the image may have: a file that inflates to more than those take is on no grid of the run
 * @throws AnteroomError LABEL_MAP_REFUSED, also for a label that `labels` does not name: a forgotten structure would be lost in silence
 */
export async function readNamedLabels(path: string, labels: Readonly<Record<string, string>>, mostVoxels: number): Promise<NamedLabels> {
  const volume = await readLabelMap(path, await readRegularFile(path), mostVoxels * MAX_BYTES_PER_VOXEL + MAX_HEADER_BYTES);
  const structures = new Map(Object.entries(labels).map(([label, id]) => [Number(label), id]));
  const unknown = [...valuesIn(volume.labels)].filter((label) => !structures.has(label));
  if (unknown.length > 0) {
    const seen = unknown.slice(0, 5).join(', ');
    throw new AnteroomError(
      'LABEL_MAP_REFUSED',
      `label ${seen}, expected none but ${[...structures.keys()].join(', ')}, which model.yaml names`,
    );
  }
  return { volume, structures };
}

/**
 * The label map as a segmentation that says of itself that it is of `source`; whether it lies on the grid there, the gate says. Its axes are brought
 * into the order of the source's, as a tool may have exchanged them. Gives way to other work after each plane.
 */
export async function segmentationOf({ volume, structures }: NamedLabels, source: SegSource): Promise<Segmentation> {
  const turned = await givingWay(turning(volume, source.grid));
  const [columns, rows] = turned.size;
  const { header } = source;
  return {
    type: 'BINARY',
    sopInstanceUid: '',
    seriesInstanceUid: '',
    studyInstanceUid: firstText(header, tagKey(TAG.StudyInstanceUID)) ?? '',
    patientId: (firstText(header, tagKey(TAG.PatientID)) ?? '').trim(),
    issuerOfPatientId: '',
    frameOfReferenceUid: source.grid.frameOfReferenceUid,
    referencedSeries: [],
    rows,
    columns,
    segments: [...structures].map(([number, id]) => segmentOf(number, id)),
    frames: await givingWay(framesIn(turned, [...structures.keys()])),
  };
}

function segmentOf(number: number, id: string): Segment {
  const structure = structureById(id);
  if (structure === undefined) throw new AnteroomError('LABEL_MAP_REFUSED', `structure ${id}, expected one that the node has codes for`);
  return { number, label: structure.name, codes: meaningOf(structure) };
}

/**
 * A frame for each label that occurs on a plane. Where none occurs anywhere, a frame without a voxel on each: a map of another grid than the source's
 * does not say that nothing was found there.
 */
function* framesIn(volume: LabelVolume, named: readonly number[]): Steps<SegFrame[]> {
  const [columns, rows, planes] = volume.size;
  const slices = { grid: { rows, columns }, labels: volume.labels };
  const frames: SegFrame[] = [];
  for (let k = 0; k < planes; k++) {
    const boxes = [...boxesOn(slices, k)].sort(([a], [b]) => a - b);
    const plane = planeAt(volume, k);
    for (const [label, box] of boxes) frames.push(frameOf(slices, { ...plane, k, segmentNumber: label, frameIndex: frames.length, box }));
    demandReadable(frames.length);
    yield;
  }
  if (frames.length > 0) return frames;
  const empty = (k: number) =>
    named.slice(0, 1).map((label) => frameOf(slices, { ...planeAt(volume, k), k, segmentNumber: label, frameIndex: k }));
  return Array.from({ length: planes }, (_, k) => k).flatMap(empty);
}

/** Where a frame is, and the box around its voxels; without one it has none. */
interface FramePlace extends FramePlane, Pick<SegFrame, 'segmentNumber' | 'frameIndex'> {
  readonly k: number;
  readonly box?: SliceBox;
}

function frameOf(slices: LabelledSlices, { k, box, ...frame }: FramePlace): SegFrame {
  const { rows, columns } = slices.grid;
  const runs = (take: TakeRun) => eachRunOfLabel(slices, k, frame.segmentNumber, box, take);
  const unpack = () => {
    const mask = new Uint8Array(rows * columns);
    runs((from, to) => mask.fill(1, from, to));
    return mask;
  };
  return { ...frame, unpack, runs };
}

function planeAt({ originMm, stepsMm: [i, j, k] }: LabelVolume, index: number): FramePlane {
  return {
    positionMm: plus(originMm, scaled(k, index)),
    rowDirection: unit(i),
    columnDirection: unit(j),
    pixelSpacingMm: [length(j), length(i)],
    sourceSopInstanceUids: [],
  };
}

function demandReadable(frames: number): void {
  if (frames > SEG_LIMITS.frames)
    throw new AnteroomError('LABEL_MAP_REFUSED', `labels on more than ${SEG_LIMITS.frames} places of a plane, expected at most that many`);
}
