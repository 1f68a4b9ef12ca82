/** What a package states about its ONNX network: the whole contract between a series and the network, as settings of the module OnnxRunner. */
import { z } from 'zod';
import { structureById, STRUCTURES } from '../../dicom/structures/table.js';
import { closest } from '../../foundation/faults.js';
import { intensitySteps } from './intensity.js';

const positive = () => z.number().positive();
const count = () => z.int().min(1);
const triple = <T extends z.ZodType>(item: T) => z.tuple([item, item, item], { error: 'must be a list of three, along i, j and k' });

const sourceOr = <T extends z.ZodType>(value: T) => z.union([z.literal('source'), value]);

const ORIENTATION = /^(?=.*[LR])(?=.*[PA])(?=.*[SI])[LRPASI]{3}$/;

const grid = z.strictObject({
  orientation: z
    .string()
    .regex(ORIENTATION, 'must be "source" or three letters, one each of L/R, P/A and S/I')
    .or(z.literal('source'))
    .default('source')
    .describe(
      'Where the axes i, j and k of the network run to: LIA is i to the left, j to the feet, k to the front. `source`: as the images lie.',
    ),
  axes: z
    .enum(['image', 'patient'])
    .default('image')
    .describe(
      '`image`: axes of the series are swapped and flipped, never turned. `patient`: exactly along the patient, so oblique series are turned.',
    ),
  spacing_mm: z
    .union([z.literal('source'), triple(sourceOr(positive()))])
    .default('source')
    .describe('Distance of voxels along i, j, k; `source`, for all or for one: that of the series.'),
  size: z
    .union([z.literal('source'), triple(sourceOr(count()))])
    .default('source')
    .describe(
      'Voxels along i, j, k: what does not fit is cropped, what is missing is padded. `source`, for all or for one: as many as the series fills.',
    ),
  multiple_of: triple(count()).default([1, 1, 1]).describe('The size is padded up to multiples of these.'),
  place: z
    .enum(['centre', 'start'])
    .default('centre')
    .describe(
      'Which part is kept or where padding goes: `centre`: the middle of the series is the middle of the grid; `start`: both begin at index 0.',
    ),
  interpolation: z.enum(['linear', 'nearest']).default('linear').describe('How voxels between those of the series are made.'),
  pad_value: z
    .union([z.literal('minimum'), z.number()])
    .default('minimum')
    .describe('Value outside of the series, before `intensity`.'),
});

/** An axis of a tensor: an index axis of the grid, slices of a batch, channels, or 1. */
const axis = z.union([z.enum(['n', 'c', 'i', 'j', 'k']), z.literal(1)], { error: 'must be n, c, i, j, k or 1' });
export type TensorAxis = z.output<typeof axis>;

const layout = (text: string) => z.array(axis).min(2).max(6).describe(text);

export const TENSOR_TYPES = ['float32', 'float64', 'uint8', 'int8', 'uint16', 'int16', 'int32'] as const;

const input = z.strictObject({
  name: z.string().min(1).describe('Name of the tensor in the file.'),
  layout: layout(
    'Its axes, slowest first: [n, 1, j, i] is batches of slices, [1, 1, i, j, k] a volume. n runs along the axis that is not named.',
  ),
  type: z.enum(TENSOR_TYPES).default('float32').describe('Type of its elements.'),
});

const output = z.strictObject({
  name: z.string().min(1).describe('Name of the tensor in the file.'),
  layout: layout('Its axes as for the input; c is the axis of classes.'),
  kind: z
    .enum(['probability', 'labels', 'logits'])
    .describe(
      '`probability`: one value per voxel, label 1 where it reaches the threshold. `labels`: whole numbers. `logits`: the highest class wins.',
    ),
  threshold: z.number().default(0.5).describe('Of `probability`. For a network without a sigmoid at its end, 0 is probability 0.5.'),
});

const tile = z.strictObject({
  size: triple(count()).describe('Voxels along i, j, k that the network sees at once.'),
  overlap: triple(z.int().min(0))
    .default([0, 0, 0])
    .describe('Voxels that neighbouring tiles share; each voxel is taken from the tile in which it lies deepest.'),
});

const shape = z.object({
  file: z.string().min(1).describe('The ONNX file, beside the workflow in the package: `weights/net.onnx`.'),
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits in lower case')
    .describe('SHA-256 of the file, checked before it is used.'),
  grid: grid.prefault({}).describe('The grid that the network sees.'),
  intensity: intensitySteps.default([]).describe('What is done to the values, in this order.'),
  input: input.describe('The tensor that goes in.'),
  output: output.describe('The tensor that comes out.'),
  batch_slices: count().default(1).describe('Slices that go in at once where the layout has n.'),
  tile: tile.optional().describe('The volume in overlapping parts, where it is too large for the network.'),
  labels: z
    .record(z.string().regex(/^[1-9]\d{0,4}$/, 'must be a label: a whole number from 1'), z.string())
    .describe('Which structure each label of the network is. 0 is the background.'),
  ignore_labels: z.array(z.int().min(1)).default([]).describe('Labels that are dropped. Any other that is not named is an error.'),
  back: z
    .enum(['linear', 'nearest'])
    .default('linear')
    .describe(
      'From the grid of the network to that of the series. `linear`: probabilities are interpolated before the threshold, labels vote with the weights of interpolation, so that edges are smooth. `nearest`: of the nearest voxel.',
    ),
  threads: count().optional().describe('Threads of the runtime; as many as there are CPUs by default.'),
});

/** The contract, checked as a whole. */
export const onnxContract = shape.superRefine((contract, context) => {
  const refuse = (path: (string | number)[], message: string) => context.addIssue({ code: 'custom', path, message });
  for (const key of ['input', 'output'] as const) {
    for (const message of layoutFaults(contract[key].layout, key)) refuse([key, 'layout'], message);
  }
  const inAxes = spatialAxes(contract.input.layout);
  if (inAxes !== spatialAxes(contract.output.layout))
    refuse(['output', 'layout'], `must name the axes ${inAxes} of the input, in any order`);
  if (contract.output.kind === 'logits' && !contract.output.layout.includes('c'))
    refuse(['output', 'layout'], 'logits need c, the axis of classes');
  if (contract.output.kind !== 'logits' && contract.output.layout.includes('c'))
    refuse(['output', 'layout'], 'only logits have the axis c');
  if (contract.tile !== undefined && contract.tile.size.some((size, n) => (contract.tile?.overlap[n] ?? 0) >= size))
    refuse(['tile', 'overlap'], 'must be smaller than the size of the tile');
  if (contract.batch_slices > 1 && !contract.input.layout.includes('n')) refuse(['batch_slices'], 'needs n in the layout of the input');
  if (contract.grid.axes === 'patient') {
    if (contract.grid.orientation === 'source') refuse(['grid', 'orientation'], 'must be three letters where axes is patient');
    if ([contract.grid.spacing_mm].flat().includes('source')) refuse(['grid', 'spacing_mm'], 'must be given where axes is patient');
    if (contract.grid.place === 'start') refuse(['grid', 'place'], 'must be centre where axes is patient');
  }
  labelFaults(contract.labels, contract.output.kind, refuse);
});

export type OnnxContract = z.output<typeof onnxContract>;

function layoutFaults(axes: readonly TensorAxis[], key: 'input' | 'output'): string[] {
  const named = axes.filter((one) => one !== 1);
  const faults = new Set(named).size < named.length ? ['names an axis twice'] : [];
  if (key === 'input' && axes.includes('c')) faults.push('has no axis c: a network of one channel has 1 there');
  const spatial = spatialAxes(axes).replace('n', '').length;
  if (axes.includes('n') && spatial !== 2) faults.push('needs two of i, j and k beside n, which runs along the third');
  if (!axes.includes('n') && spatial !== 3) faults.push('needs i, j and k, or n for slices and two of them');
  return faults;
}

function spatialAxes(axes: readonly TensorAxis[]): string {
  return axes
    .filter((one) => one !== 1 && one !== 'c')
    .sort()
    .join('');
}

function labelFaults(labels: Record<string, string>, kind: string, refuse: (path: (string | number)[], message: string) => void): void {
  const ids = Object.entries(labels);
  if (ids.length === 0) refuse(['labels'], 'names no structure, expected at least one');
  if (kind === 'probability' && ids.some(([value]) => value !== '1')) refuse(['labels'], 'probability gives label 1 alone');
  const seen = new Set<string>();
  for (const [value, id] of ids) {
    const nearest = closest(
      id,
      STRUCTURES.map((structure) => structure.id),
    );
    const meant = nearest === undefined ? '' : `; did you mean ${nearest}?`;
    if (structureById(id) === undefined) refuse(['labels', value], `"${id}" is no structure of the table${meant}`);
    if (seen.has(id)) refuse(['labels', value], `"${id}" is named twice`);
    seen.add(id);
  }
}
