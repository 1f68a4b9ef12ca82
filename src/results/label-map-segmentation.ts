/** A label map of a model as a segmentation of its source, for the same gate as a DICOM-SEG passes. */
import { readLabelMap, type LabelVolume } from '../dicom/label-map/read.js';
import { TAG, tagKey } from '../dicom/element/tags.js';
import type { Grid, Vec3 } from '../dicom/geometry/grid.js';
import { dot, length, scaled, unit } from '../dicom/geometry/vector.js';
import { firstText } from '../dicom/header.js';
import type { SegSource } from '../dicom/seg/input.js';
import { boxesOn, eachRunOfLabel, valuesIn, type TakeRun } from '../dicom/seg/mask.js';
import type { FramePlane, SegFrame, Segment, Segmentation } from '../dicom/seg/segmentation.js';
import { meaningOf, structureById } from '../dicom/structures/table.js';
import { AnteroomError } from '../foundation/errors.js';
import { readRegularFile } from './read-outputs.js';

/** A label map and what its labels are, as model.yaml says it. */
export interface NamedLabels {
  readonly volume: LabelVolume;
  /** Structure ids by label. */
  readonly structures: ReadonlyMap<number, string>;
}

/**
 * Reads a label map of an output folder.
 * @throws AnteroomError LABEL_MAP_REFUSED, also for a label that `labels` does not name: a forgotten structure would be lost in silence
 */
export async function readNamedLabels(path: string, labels: Readonly<Record<string, string>>): Promise<NamedLabels> {
  const volume = await readLabelMap(path, await readRegularFile(path));
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

/** The label map as a segmentation that says of itself that it is of `source`; whether it lies on the grid there, the gate says. */
export function segmentationOf({ volume, structures }: NamedLabels, source: SegSource): Segmentation {
  const planes = planesOf(volume, source.grid);
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
    rows: planes.rows,
    columns: planes.columns,
    segments: [...structures].map(([number, id]) => segmentOf(number, id)),
    frames: framesOf(volume, planes, [...structures.keys()]),
  };
}

function segmentOf(number: number, id: string): Segment {
  const structure = structureById(id);
  if (structure === undefined) throw new AnteroomError('LABEL_MAP_REFUSED', `structure ${id}, expected one that the node has codes for`);
  return { number, label: structure.name, codes: meaningOf(structure) };
}

/** The planes of a volume: across one of its axes, in steps through its voxels. */
interface Planes {
  readonly rows: number;
  readonly columns: number;
  readonly count: number;
  /** Steps in the array of voxels. */
  readonly perRow: number;
  readonly perColumn: number;
  readonly perPlane: number;
  planeAt(index: number): FramePlane;
}

/** Planes along those of the source: a tool may have exchanged the axes. Off the source's directions they stay as in the file, and the gate refuses them. */
function planesOf({ size, stepsMm, originMm }: LabelVolume, { kDirection }: Grid): Planes {
  const along = stepsMm.map((step) => Math.abs(dot(unit(step), kDirection)));
  const across = along.indexOf(Math.max(...along)) as 0 | 1 | 2;
  const [i, j] = ([0, 1, 2] as const).filter((axis) => axis !== across);
  const strides = [1, size[0], size[0] * size[1]] as const;
  return {
    rows: size[j],
    columns: size[i],
    count: size[across],
    perRow: strides[j],
    perColumn: strides[i],
    perPlane: strides[across],
    planeAt: (index) => ({
      positionMm: sum(originMm, scaled(stepsMm[across], index)),
      rowDirection: unit(stepsMm[i]),
      columnDirection: unit(stepsMm[j]),
      pixelSpacingMm: [length(stepsMm[j]), length(stepsMm[i])],
      sourceSopInstanceUids: [],
    }),
  };
}

function sum(a: Vec3, b: Vec3): Vec3 {
  return [a[0] + b[0], a[1] + b[1], a[2] + b[2]];
}

/**
 * A frame for each label that occurs on a plane. Where none occurs anywhere, a frame without a voxel on each: a map of another grid than the source's
 * does not say that nothing was found there.
 */
function framesOf({ labels }: LabelVolume, planes: Planes, named: readonly number[]): SegFrame[] {
  const frames: SegFrame[] = [];
  const isEmpty = labels.every((label) => label === 0);
  const slices = { grid: planes, labels };
  for (let index = 0; index < planes.count; index++) {
    const plane = planes.planeAt(index);
    const boxes = isContiguous(planes) ? boxesOn(slices, index) : undefined;
    const present = boxes === undefined ? labelsOnPlane(labels, planes, index) : [...boxes.keys()].sort((a, b) => a - b);
    for (const label of isEmpty ? named.slice(0, 1) : present)
      frames.push({
        ...plane,
        segmentNumber: label,
        frameIndex: frames.length,
        unpack: () => maskOf(labels, planes, index, label),
        ...(boxes === undefined ? {} : { runs: (take: TakeRun) => eachRunOfLabel(slices, index, label, boxes.get(label), take) }),
      });
  }
  return frames;
}

/** Whether each plane lies in one piece, row by row. */
function isContiguous({ rows, columns, perColumn, perRow, perPlane }: Planes): boolean {
  return perColumn === 1 && perRow === columns && perPlane === rows * columns;
}

function labelsOnPlane(labels: LabelVolume['labels'], planes: Planes, index: number): number[] {
  const found = new Set<number>();
  forEachVoxel(planes, index, (at) => {
    if (labels[at] !== 0) found.add(labels[at]);
  });
  return [...found].sort((a, b) => a - b);
}

function maskOf(labels: LabelVolume['labels'], planes: Planes, index: number, label: number): Uint8Array {
  const mask = new Uint8Array(planes.rows * planes.columns);
  forEachVoxel(planes, index, (at, n) => {
    if (labels[at] === label) mask[n] = 1;
  });
  return mask;
}

function forEachVoxel({ rows, columns, perRow, perColumn, perPlane }: Planes, index: number, visit: (at: number, n: number) => void): void {
  for (let row = 0, n = 0; row < rows; row++) {
    let at = index * perPlane + row * perRow;
    for (let column = 0; column < columns; column++, n++, at += perColumn) visit(at, n);
  }
}
