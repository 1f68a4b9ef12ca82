/** A series through a network: onto its grid, through its tensors, and back as a label map of the series. */
import type { Grid, LabelMap, Volume } from '../../dicom/geometry/grid.js';
import { isAligned, resampleLabels, sampleLinear, sampleNearest } from '../../dicom/geometry/resample.js';
import { AnteroomError } from '../../foundation/errors.js';
import type { OnnxContract } from './contract.js';
import { applyIntensity, rangeOf } from './intensity.js';
import { modelGrid } from './model-grid.js';
import type { Network } from './network.js';
import { elementsOf, takeElements } from './tensor.js';
import { windowsOf } from './windows.js';

export interface NetworkResult {
  /** On the grid of the series, values as the contract's labels. */
  readonly labelMap: LabelMap;
  /** The same on the network's own grid, as it came out. */
  readonly onModelGrid: LabelMap;
  readonly windows: number;
  /** False where the network's grid has the series' own voxels. */
  readonly interpolated: boolean;
}

/** Shares of the time that the steps take, roughly: onto the grid, the network, back. */
const PREPARED = 0.1;
const BACK = 0.1;

/**
 * Runs the network over the whole series.
 * @param onProgress called with 0 … 1 after each window
 * @throws AnteroomError MODEL_INVALID for a label that the contract does not name; what the network throws
 */
export async function segmentWithNetwork(
  volume: Volume,
  contract: OnnxContract,
  network: Network,
  onProgress: (fraction: number) => void,
): Promise<NetworkResult> {
  const grid = modelGrid(volume.grid, contract.grid, contract.tile?.size);
  const values = valuesOn(grid, volume, contract);
  applyIntensity(values, contract.intensity);
  onProgress(PREPARED);
  const windows = windowsOf(grid, contract);
  const { kind } = contract.output;
  const given = kind === 'probability' ? new Float32Array(values.length) : new Uint16Array(values.length);
  for (const [n, window] of windows.entries()) {
    const data = elementsOf(values, grid, contract.input.layout, contract.input.type, window);
    const result = await network.run(data, window);
    takeElements(given, grid, result.data, contract.output.layout, result.dims, window);
    onProgress(PREPARED + (1 - PREPARED - BACK) * ((n + 1) / windows.length));
  }
  const interpolated = !isAligned(volume.grid, grid);
  const onModelGrid = { grid, labels: given instanceof Float32Array ? reaching(given, contract.output.threshold) : named(given, contract) };
  const labelMap =
    given instanceof Float32Array && contract.back === 'linear'
      ? { grid: volume.grid, labels: thresholdedOn(volume.grid, grid, given, contract.output.threshold) }
      : resampleLabels(onModelGrid, volume.grid, contract.back === 'linear' ? 'vote' : 'nearest');
  return { labelMap, onModelGrid, windows: windows.length, interpolated };
}

function valuesOn(grid: Grid, { grid: source, voxels }: Volume, { grid: wanted }: OnnxContract): Float32Array {
  const values = new Float32Array(grid.columns * grid.rows * grid.slices);
  const outside = wanted.pad_value === 'minimum' ? rangeOf(voxels)[0] : wanted.pad_value;
  const sample = wanted.interpolation === 'linear' ? sampleLinear : sampleNearest;
  sample(voxels, source, grid, outside, (at, value) => (values[at] = value));
  return values;
}

function reaching(probabilities: Float32Array, threshold: number): Uint8Array {
  const labels = new Uint8Array(probabilities.length);
  for (let p = 0; p < labels.length; p++) if (probabilities[p] >= threshold) labels[p] = 1;
  return labels;
}

function thresholdedOn(target: Grid, grid: Grid, probabilities: Float32Array, threshold: number): Uint8Array {
  const labels = new Uint8Array(target.columns * target.rows * target.slices);
  // Below every threshold: outside of what the network saw there is nothing.
  sampleLinear(probabilities, grid, target, -Infinity, (at, value) => {
    if (value >= threshold) labels[at] = 1;
  });
  return labels;
}

/** The labels, those to be ignored as background; as bytes where they fit. */
function named(labels: Uint16Array, contract: OnnxContract): Uint8Array | Uint16Array {
  const keep = new Map<number, number>([[0, 0], ...contract.ignore_labels.map((label) => [label, 0] as const)]);
  for (const label of Object.keys(contract.labels)) keep.set(Number(label), Number(label));
  const out = Math.max(...keep.values()) < 256 ? new Uint8Array(labels.length) : new Uint16Array(labels.length);
  let [last, mapped] = [0, 0];
  for (let p = 0; p < labels.length; p++) {
    if (labels[p] !== last) {
      last = labels[p];
      const known = keep.get(last);
      if (known === undefined)
        throw new AnteroomError('MODEL_INVALID', `the network gave label ${last}, which neither labels nor ignore_labels names`);
      mapped = known;
    }
    out[p] = mapped;
  }
  return out;
}
