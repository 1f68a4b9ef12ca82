/** Figures of each structure of a label map, as a file for reports and tables. */
import { z } from 'zod';
import type { LabelMap, Volume } from '../../dicom/geometry/grid.js';
import { voxelVolumeMl } from '../../dicom/geometry/grid.js';
import { isAbnormality, structureById } from '../../dicom/structures/table.js';
import { CaseModule } from '../module.js';
import type { Case, ModuleContext, Remark, Segmentation } from '../module.js';
import { onGrid } from '../segmentation-of.js';

const FIGURES = ['volume_ml', 'voxels', 'mean', 'sd', 'min', 'max'] as const;
type Figure = (typeof FIGURES)[number];

const settings = z.object({
  format: z.enum(['json', 'csv']).default('json').describe('`json`: a list under `structures`; `csv`: a row for each structure.'),
  figures: z
    .array(z.enum(FIGURES))
    .min(1)
    .default(['volume_ml', 'voxels', 'mean'])
    .describe('`volume_ml`, `voxels`; `mean`, `sd`, `min` and `max` of the voxels of the image in it (of CT in HU).'),
});

/** What is told of a structure. A figure of no voxel is null. */
type Row = { readonly structure: string; readonly name: string; readonly remark?: string } & Readonly<
  Partial<Record<Figure, number | null>>
>;

/**
 * A structure without a voxel is told too: it was looked for. A finding without one was not found, and is left out: a report would code it as
 * found. The label map is brought onto the grid of the image, and refused where it lies elsewhere: its figures would be those of other places.
 */
export class ReportExporter extends CaseModule {
  static readonly does = 'makes a file with volume, voxels and values of each structure of the label map';
  static readonly settings = settings;
  readonly inputs = ['dicom', 'segmentation'] as const;
  readonly outputs;

  constructor(private readonly options: z.output<typeof settings>) {
    super();
    this.outputs = [options.format] as const;
  }

  async work(one: Case, { log }: ModuleContext): Promise<void> {
    const volume = await one.get('dicom').volume();
    const rows = rowsOf(onGrid(one.get('segmentation'), volume.grid), volume, this.options.figures);
    const text = this.options.format === 'json' ? `${JSON.stringify({ structures: rows }, null, 2)}\n` : csvOf(rows, this.options.figures);
    one.set(this.options.format, Buffer.from(text), { name: `report.${this.options.format}` });
    log('NOTICE', `${rows.length} structures`);
  }
}

function rowsOf({ labelMap, structures, wholes = [] }: Segmentation, volume: Volume, figures: readonly Figure[]): Row[] {
  const shown: readonly { readonly id: string; readonly values: readonly number[]; readonly remark?: Remark }[] = [
    ...structures.map(({ value, ...rest }) => ({ ...rest, values: [value] })),
    ...wholes,
  ];
  return shown.flatMap(({ id, values, remark }) => {
    const all = figuresOf(labelMap, volume, values);
    const structure = structureById(id);
    if (all.voxels === 0 && structure !== undefined && isAbnormality(structure)) return [];
    return {
      structure: id,
      name: structure?.name ?? id,
      ...Object.fromEntries(figures.map((figure) => [figure, all[figure]])),
      ...(remark === undefined ? {} : { remark: remark.word }),
    };
  });
}

/** Of the voxels with one of these labels. The mean and the standard deviation (of a population) are summed in double precision about the first value. */
function figuresOf({ labels, grid }: LabelMap, { voxels }: Volume, values: readonly number[]): Record<Figure, number | null> {
  const within = new Set(values);
  let [count, sum, squares, min, max] = [0, 0, 0, Infinity, -Infinity];
  let first = 0;
  for (let at = 0; at < labels.length; at++) {
    if (!within.has(labels[at])) continue;
    const value = voxels[at];
    if (count++ === 0) first = value;
    const from = value - first;
    sum += from;
    squares += from * from;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  const measured = { voxels: count, volume_ml: rounded(count * voxelVolumeMl(grid)) };
  if (count === 0) return { ...measured, mean: null, sd: null, min: null, max: null };
  const mean = sum / count;
  return {
    ...measured,
    mean: rounded(first + mean),
    sd: rounded(Math.sqrt(Math.max(0, squares / count - mean * mean))),
    min,
    max,
  };
}

/** Six decimals: a millionth of a millilitre, or of a Hounsfield unit. */
function rounded(value: number): number {
  return Number(value.toFixed(6));
}

/** No cell needs quotes: ids and names of the table have neither commas nor quotes. */
function csvOf(rows: readonly Row[], figures: readonly Figure[]): string {
  const columns = ['structure', 'name', ...figures, 'remark'] as const;
  const lines = rows.map((row) => columns.map((column) => row[column] ?? '').join(','));
  return `${[columns.join(','), ...lines].join('\n')}\n`;
}
