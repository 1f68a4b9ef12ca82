/** A picture for people: a CT with its segmentation over it, one axial and one coronal view side by side. */
import { encode } from 'fast-png';
import type { Grid, Volume } from '../dicom/geometry/grid.js';
import type { Segmentation } from '../dicom/seg/segmentation.js';

/** Lung window: centre −600 HU, width 1500 HU. */
const WINDOW_LOW_HU = -1350;
const WINDOW_HIGH_HU = 150;
const VIEW_HEIGHT_PX = 512;
const OVERLAY_OPACITY = 0.4;

export interface ColouredLabels {
  /** C order [k][j][i]; 0 is background, else the segment's number. */
  readonly labels: Uint8Array;
  /** sRGB 0–255 by segment number. */
  readonly colours: ReadonlyMap<number, readonly [number, number, number]>;
}

/** The segmentation's voxels on the grid of its source volume; a frame belongs to the slice whose UID it names. */
export function labelsOnVolume(segmentation: Segmentation, volume: Volume): Uint8Array {
  const { columns, rows, slices } = volume.grid;
  const sliceOf = new Map(volume.slices.map((slice, k) => [slice.sopInstanceUid, k]));
  const labels = new Uint8Array(columns * rows * slices);
  for (const frame of segmentation.frames) {
    const k = frame.sourceSopInstanceUids.map((uid) => sliceOf.get(uid)).find((found) => found !== undefined);
    if (k === undefined) continue;
    const mask = frame.unpack();
    const offset = k * columns * rows;
    for (let index = 0; index < mask.length; index++) if (mask[index] === 1) labels[offset + index] = frame.segmentNumber;
  }
  return labels;
}

/** Encodes the two views as a PNG. The volume is taken as axial (i to the left, j to the back), as a chest CT is. */
export function overlayPicture(volume: Volume, overlay: ColouredLabels): Uint8Array {
  const views = [axialView(volume.grid, overlay.labels), coronalView(volume.grid, overlay.labels)];
  const width = views.reduce((sum, view) => sum + view.widthPx, 0);
  const data = new Uint8Array(width * VIEW_HEIGHT_PX * 3);
  let left = 0;
  for (const view of views) {
    paint(view, volume, overlay, data, width, left);
    left += view.widthPx;
  }
  return encode({ width, height: VIEW_HEIGHT_PX, data, channels: 3, depth: 8 });
}

interface View {
  readonly widthPx: number;
  /** The voxel index under pixel (x, y) of the view, or undefined outside of the volume. */
  voxelAt(x: number, y: number): number | undefined;
}

function axialView(grid: Grid, labels: Uint8Array): View {
  const { columns, rows } = grid;
  const k = fullest(labels, grid, (_i, _j, slice) => slice, grid.slices);
  const mmPerPx = (rows * grid.spacingMm[1]) / VIEW_HEIGHT_PX;
  return {
    widthPx: Math.round((columns * grid.spacingMm[0]) / mmPerPx),
    voxelAt: (x, y) => {
      const i = Math.floor((x * mmPerPx) / grid.spacingMm[0]);
      const j = Math.floor((y * mmPerPx) / grid.spacingMm[1]);
      return i < columns && j < rows ? (k * rows + j) * columns + i : undefined;
    },
  };
}

function coronalView(grid: Grid, labels: Uint8Array): View {
  const { columns, rows, slices } = grid;
  const j = fullest(labels, grid, (_i, row) => row, rows);
  const heightMm = slices * grid.spacingMm[2];
  const widthMm = columns * grid.spacingMm[0];
  const mmPerPx = Math.max(heightMm / VIEW_HEIGHT_PX, widthMm / (VIEW_HEIGHT_PX * 1.5));
  const topPx = (VIEW_HEIGHT_PX - heightMm / mmPerPx) / 2;
  return {
    widthPx: Math.round(widthMm / mmPerPx),
    voxelAt: (x, y) => {
      const i = Math.floor((x * mmPerPx) / grid.spacingMm[0]);
      // k grows to the head, which is at the top of the picture.
      const k = slices - 1 - Math.floor(((y - topPx) * mmPerPx) / grid.spacingMm[2]);
      return i < columns && k >= 0 && k < slices ? (k * rows + j) * columns + i : undefined;
    },
  };
}

/** The plane with most labelled voxels; the middle one where there are none. */
function fullest(
  labels: Uint8Array,
  { columns, rows, slices }: Grid,
  planeOf: (i: number, j: number, k: number) => number,
  planes: number,
): number {
  const counts = new Uint32Array(planes);
  let index = 0;
  for (let k = 0; k < slices; k++)
    for (let j = 0; j < rows; j++) for (let i = 0; i < columns; i++) if (labels[index++] !== 0) counts[planeOf(i, j, k)]++;
  const most = counts.indexOf(Math.max(...counts));
  return counts[most] === 0 ? Math.floor(planes / 2) : most;
}

function paint(view: View, volume: Volume, overlay: ColouredLabels, data: Uint8Array, width: number, left: number): void {
  for (let y = 0; y < VIEW_HEIGHT_PX; y++) {
    for (let x = 0; x < view.widthPx; x++) {
      const voxel = view.voxelAt(x, y);
      if (voxel === undefined) continue;
      const grey = Math.max(0, Math.min(255, ((volume.voxels[voxel] - WINDOW_LOW_HU) / (WINDOW_HIGH_HU - WINDOW_LOW_HU)) * 255));
      const colour = overlay.colours.get(overlay.labels[voxel]);
      const at = (y * width + left + x) * 3;
      for (let channel = 0; channel < 3; channel++) {
        data[at + channel] = colour === undefined ? grey : grey * (1 - OVERLAY_OPACITY) + colour[channel] * OVERLAY_OPACITY;
      }
    }
  }
}
