/**
 * The volume as the lung algorithm sees it: an array whose axes run, to the nearest axis, to the patient's left, back and head,
 * whatever the orientation and order in which it was acquired. "Right" and "left" below are therefore always the patient's.
 */
import type { Grid, LabelMap, Vec3, Volume } from '../../dicom/geometry/grid.js';
import { anatomicalAxes, type IndexAxis } from '../../dicom/geometry/orient.js';
import type { Extent } from '../../dicom/voxels/extent.js';

/** CT values in patient axes: i to the patient's left, j to the back, k to the head; C order [k][j][i]. */
export interface Scan extends Extent {
  /** Distance of voxel centres along i, j and k. */
  readonly spacingMm: Vec3;
  /** Hounsfield units, clipped to what 12 bit CT holds: padding below −1024 becomes air. */
  readonly hu: Int16Array;
}

/** A scan and the way back from its axes to those of the volume it was made of. */
export interface OrientedScan {
  readonly scan: Scan;
  /** Labels in the scan's axes as a label map on the volume's own grid. */
  readonly toLabelMap: (labels: Uint8Array) => LabelMap;
}

interface Axis {
  readonly size: number;
  readonly stride: number;
  readonly spacingMm: number;
}

const { round } = Math;

const MIN_HU = -1024;
const MAX_HU = 3071;

/** The volume in patient axes: axes are swapped and flipped, nothing is interpolated. */
export function orientScan(volume: Volume): OrientedScan {
  const [x, y, z] = patientAxes(volume.grid);
  const scan = {
    columns: x.size,
    rows: y.size,
    slices: z.size,
    spacingMm: [x.spacingMm, y.spacingMm, z.spacingMm] as const,
    hu: new Int16Array(volume.voxels.length),
  };
  forEachPair([x, y, z], (at, from) => {
    const hu = volume.voxels[from];
    scan.hu[at] = hu < MIN_HU ? MIN_HU : hu > MAX_HU ? MAX_HU : round(hu);
  });
  const toLabelMap = (labels: Uint8Array): LabelMap => {
    const out = new Uint8Array(labels.length);
    forEachPair([x, y, z], (from, at) => {
      out[at] = labels[from];
    });
    return { grid: volume.grid, labels: out };
  };
  return { scan, toLabelMap };
}

/** The grid's axes in the order left, back, head, each reversed where it runs the other way (then with a negative stride). */
function patientAxes(grid: Grid): [Axis, Axis, Axis] {
  const axes: Axis[] = [
    { size: grid.columns, stride: 1, spacingMm: grid.spacingMm[0] },
    { size: grid.rows, stride: grid.columns, spacingMm: grid.spacingMm[1] },
    { size: grid.slices, stride: grid.columns * grid.rows, spacingMm: grid.spacingMm[2] },
  ];
  const { left, posterior, superior } = anatomicalAxes(grid);
  const towards = ({ axis, sign }: IndexAxis): Axis => ({ ...axes[axis], stride: axes[axis].stride * sign });
  return [towards(left), towards(posterior), towards(superior)];
}

/** Calls with (index in patient axes, index in the grid) for every voxel. */
function forEachPair([x, y, z]: [Axis, Axis, Axis], visit: (inScan: number, inGrid: number) => void): void {
  const first = [x, y, z].reduce((sum, axis) => sum + (axis.stride < 0 ? -axis.stride * (axis.size - 1) : 0), 0);
  let at = 0;
  for (let k = 0; k < z.size; k++) {
    for (let j = 0; j < y.size; j++) {
      let from = first + k * z.stride + j * y.stride;
      for (let i = 0; i < x.size; i++, from += x.stride) visit(at++, from);
    }
  }
}
