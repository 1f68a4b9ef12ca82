/** A network in an ONNX file as a step of a workflow: its package states the contract, no code is written. */
import type { z } from 'zod';
import { voxelVolumeMl } from '../../dicom/geometry/grid.js';
import type { Grid, LabelMap } from '../../dicom/geometry/grid.js';
import { AnteroomError } from '../../foundation/errors.js';
import { CaseModule } from '../module.js';
import type { Case, ModuleContext } from '../module.js';
import { encodeNrrd } from '../nrrd.js';
import { onnxContract } from '../onnx/contract.js';
import { openNetwork } from '../onnx/network.js';
import type { Network } from '../onnx/network.js';
import { segmentWithNetwork } from '../onnx/segment.js';

const DECODING_SHARE = 0.05;

/** Leaves the label map on the grid of the series, and the network's own answer on its own grid as NRRD. */
export class OnnxRunner extends CaseModule {
  static readonly does = 'runs a network in an ONNX file over the series, as its settings state';
  static readonly settings = onnxContract;
  readonly inputs = ['dicom'] as const;
  readonly outputs = ['segmentation', 'rawnrrd'] as const;
  override readonly structures: readonly string[];
  #network: Network | undefined;

  constructor(private readonly contract: z.output<typeof onnxContract>) {
    super();
    this.structures = Object.values(contract.labels);
  }

  /** Weights and tensors are checked before any series is read. */
  override async prepare({ folders, log }: ModuleContext): Promise<void> {
    this.#network = await openNetwork(folders.modelDir, this.contract);
    const { file, sha256, input, output } = this.contract;
    log(
      'NOTICE',
      `${file} (SHA-256 ${sha256.slice(0, 12)}…), ONNX Runtime ${this.#network.runtimeVersion}, ${input.name} → ${output.name}`,
    );
  }

  async work(one: Case, { log, progress }: ModuleContext): Promise<void> {
    if (this.#network === undefined) throw new AnteroomError('INTERNAL', 'the network was not opened');
    const volume = await one.get('dicom').volume();
    progress(DECODING_SHARE);
    const startedAtMs = performance.now();
    const result = await segmentWithNetwork(volume, this.contract, this.#network, (fraction) => {
      progress(DECODING_SHARE + (1 - DECODING_SHARE) * fraction);
    });
    const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(1);
    const peakMb = Math.round(process.resourceUsage().maxRSS / 1024);
    const how = result.interpolated ? 'interpolated' : 'no interpolation';
    log('NOTICE', `${gridText(volume.grid)} → ${gridText(result.onModelGrid.grid)}, ${how}, ${result.windows} part(s)`);
    log('NOTICE', `${volumesText(result.labelMap, this.contract.labels)}; ${seconds} s, at most ${peakMb} MB`);
    one.set('segmentation', {
      labelMap: result.labelMap,
      structures: Object.entries(this.contract.labels).map(([value, id]) => ({ value: Number(value), id })),
    });
    const notes = Object.fromEntries(Object.entries(this.contract.labels).map(([value, id]) => [`label ${value}`, id]));
    one.set('rawnrrd', encodeNrrd(result.onModelGrid, notes));
  }
}

function gridText({ columns, rows, slices, spacingMm }: Grid): string {
  return `${columns} × ${rows} × ${slices} of ${spacingMm.map((mm) => Number(mm.toFixed(3))).join(' × ')} mm`;
}

function volumesText({ grid, labels }: LabelMap, names: Readonly<Record<string, string>>): string {
  const voxels = new Map<number, number>();
  for (let p = 0, n = 0; p < labels.length; p = n) {
    while (n < labels.length && labels[n] === labels[p]) n++;
    voxels.set(labels[p], (voxels.get(labels[p]) ?? 0) + n - p);
  }
  return Object.entries(names)
    .map(([value, id]) => `${id} ${((voxels.get(Number(value)) ?? 0) * voxelVolumeMl(grid)).toFixed(1)} ml`)
    .join(', ');
}
