/** An ONNX file that is open, with its tensors held against the contract that its package states. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AnteroomError } from '../../foundation/errors.js';
import type { OnnxContract, TensorAxis } from './contract.js';
import { loadRuntime } from './runtime.js';
import type { Ort, OrtSession, OrtTensor, TensorMetadata } from './runtime.js';
import { dimsOf } from './tensor.js';
import type { TensorData } from './tensor.js';
import type { Window } from './windows.js';

export interface Network {
  readonly runtimeVersion: string;
  /** Runs on the elements of one window. */
  run(data: TensorData, window: Window): Promise<OrtTensor>;
}

/** Memory is given back between runs: a network of 388 kB takes 3 GB at work, and an arena would keep them. */
const OPTIONS = { enableCpuMemArena: false, enableMemPattern: false, logSeverityLevel: 3 } as const;

/**
 * Reads the file, checks its SHA-256, and opens it.
 * @throws AnteroomError WEIGHTS_REFUSED for another file, MODEL_INVALID where its tensors are not those of the contract
 */
export async function openNetwork(modelDir: string, contract: OnnxContract): Promise<Network> {
  const path = join(modelDir, contract.file);
  const bytes = await readFile(path).catch((thrown: unknown) => {
    const reason = (thrown as NodeJS.ErrnoException).code ?? 'unknown reason';
    throw new AnteroomError('WEIGHTS_REFUSED', `${path} cannot be read (${reason})`, { cause: thrown });
  });
  const seen = createHash('sha256').update(bytes).digest('hex');
  if (seen !== contract.sha256)
    throw new AnteroomError('WEIGHTS_REFUSED', `${contract.file} has SHA-256 ${seen}, expected ${contract.sha256}`);
  const ort = await loadRuntime();
  const threads = contract.threads === undefined ? {} : { intraOpNumThreads: contract.threads };
  const session = await ort.InferenceSession.create(bytes, { ...OPTIONS, ...threads }).catch((thrown: unknown) => {
    throw new AnteroomError('MODEL_INVALID', `${contract.file} cannot be opened as an ONNX network: ${textOf(thrown)}`, { cause: thrown });
  });
  const faults = [
    ...tensorFaults('input', session.inputMetadata, contract.input),
    ...tensorFaults('output', session.outputMetadata, contract.output),
    ...otherInputs(session, contract),
  ];
  if (faults.length > 0) throw new AnteroomError('MODEL_INVALID', `${contract.file}: ${faults.join('; ')}`);
  return {
    runtimeVersion: ort.env.versions.node ?? ort.env.versions.common ?? 'unknown',
    run: (data, window) => run(ort, session, contract, data, window),
  };
}

async function run(
  ort: Ort,
  session: OrtSession,
  { input, output, file }: OnnxContract,
  data: TensorData,
  window: Window,
): Promise<OrtTensor> {
  const dims = dimsOf(input.layout, window);
  const found = session.inputMetadata.find(({ name }) => name === input.name);
  const misfit = found?.shape.findIndex((size, n) => typeof size === 'number' && size !== dims[n]) ?? -1;
  if (misfit >= 0)
    throw new AnteroomError(
      'MODEL_INVALID',
      `${file}: ${input.name} is ${shapeText(found)}, the grid gives [${dims.join(', ')}]; state grid.size, multiple_of, tile or batch_slices`,
    );
  const results = await session.run({ [input.name]: new ort.Tensor(input.type, data, dims) }, [output.name]).catch((thrown: unknown) => {
    throw new AnteroomError('NETWORK_FAILED', `${file} with ${input.name} of [${dims.join(', ')}]: ${textOf(thrown)}`, { cause: thrown });
  });
  const result = results[output.name];
  const wanted = dimsOf(output.layout, window, result.dims[output.layout.indexOf('c')]);
  if (result.dims.join() !== wanted.join())
    throw new AnteroomError(
      'MODEL_INVALID',
      `${file}: ${output.name} came as [${result.dims.join(', ')}], its layout [${output.layout.join(', ')}] makes [${wanted.join(', ')}] of the grid`,
    );
  return result;
}

/** What is wrong with a tensor of the contract, and what the file has in its place. */
function tensorFaults(
  role: 'input' | 'output',
  found: readonly TensorMetadata[],
  stated: { readonly name: string; readonly layout: readonly TensorAxis[]; readonly type?: string },
): string[] {
  const tensor = found.find(({ name }) => name === stated.name);
  if (tensor === undefined)
    return [`it has no ${role} "${stated.name}"; it has ${found.map((one) => `${one.name} ${shapeText(one)}`).join(' and ')}`];
  const faults = [];
  if (tensor.shape.length !== stated.layout.length)
    faults.push(`${role} ${tensor.name} is ${shapeText(tensor)}, its layout names ${stated.layout.length} axes`);
  else {
    const ones = stated.layout.findIndex((axis, n) => axis === 1 && typeof tensor.shape[n] === 'number' && tensor.shape[n] !== 1);
    if (ones >= 0) faults.push(`${role} ${tensor.name} is ${shapeText(tensor)}, its layout has 1 as axis ${ones + 1}`);
  }
  if (stated.type !== undefined && tensor.type !== stated.type)
    faults.push(`${role} ${tensor.name} is ${tensor.type}, the package says ${stated.type}`);
  return faults;
}

function otherInputs(session: OrtSession, { input }: OnnxContract): string[] {
  const others = session.inputMetadata.filter(({ name }) => name !== input.name).map(({ name }) => name);
  const known = session.inputMetadata.length > others.length;
  return known && others.length > 0 ? [`it needs the inputs ${others.join(', ')} too, and only one can be given`] : [];
}

function shapeText(tensor: TensorMetadata | undefined): string {
  return tensor === undefined ? '[]' : `${tensor.type} [${tensor.shape.join(', ')}]`;
}

function textOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
