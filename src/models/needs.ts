/** What a model needs of the machine, and what the machine has. */
import { execFileSync } from 'node:child_process';
import { availableParallelism, totalmem } from 'node:os';
import { AnteroomError } from '../foundation/errors.js';
import type { Settings } from '../settings/schema.js';
import type { ModelYaml } from './model-yaml.js';

const NVIDIA_TIMEOUT_MS = 5_000;
const BYTES_PER_MB = 1024 * 1024;

/** What a run takes while it is under way. */
export interface Needs {
  readonly cpus: number;
  readonly memoryMb: number;
  /** Undefined: no GPU. Without memory it takes a whole one. */
  readonly gpu?: { readonly memoryMb?: number };
}

/** What all runs together may take. A GPU of unknown memory takes one run at a time. */
export interface Capacity {
  readonly cpus: number;
  readonly memoryMb: number;
  readonly gpus: readonly { readonly memoryMb?: number }[];
}

/** What the settings say, and the machine where they say nothing. */
export function capacityOf({ cpus, memoryMb, gpus }: Settings['runs']['resources']): Capacity {
  return { cpus: cpus ?? availableParallelism(), memoryMb: memoryMb ?? machineMemoryMb(), gpus: gpus ?? machineGpus() };
}

/** Of the whole machine, or of the control group that the node is in. */
function machineMemoryMb(): number {
  const constrained = process.constrainedMemory();
  const total = totalmem();
  return Math.floor((constrained > 0 ? Math.min(constrained, total) : total) / BYTES_PER_MB);
}

/** None where there is no driver: what lists its GPUs comes with it. */
function machineGpus(): Capacity['gpus'] {
  try {
    const listed = execFileSync('nvidia-smi', ['--query-gpu=memory.total', '--format=csv,noheader,nounits'], {
      encoding: 'utf8',
      timeout: NVIDIA_TIMEOUT_MS,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return listed
      .split('\n')
      .filter((line) => line.trim() !== '')
      .map((line) => (Number(line) > 0 ? { memoryMb: Number(line) } : {}));
  } catch {
    return [];
  }
}

/**
 * What model.yaml asks for. Where it says nothing: memory up to the limit of the settings; CPUs too, but no more than one slot's share, so that
 * `runs.concurrency` holds for models that say nothing. Never more than there is.
 */
export function needsOf(
  yaml: ModelYaml,
  { limits, concurrency }: Pick<Settings['runs'], 'limits' | 'concurrency'>,
  capacity: Capacity,
): Needs {
  return {
    cpus: yaml.cpus ?? Math.min(limits.cpus, capacity.cpus / concurrency),
    memoryMb: yaml.memoryMb ?? Math.min(limits.memoryMb, capacity.memoryMb),
    ...(yaml.gpu === 'required' ? { gpu: { memoryMb: yaml.gpuMemoryMb } } : {}),
  };
}

/** Why a model can never run here, in one sentence; undefined if it can. */
export function whyNever({ cpus, memoryMb, gpu }: Needs, capacity: Capacity): string | undefined {
  if (cpus > capacity.cpus) return `it asks for ${cpus} CPUs, expected at most ${capacity.cpus} (runs.resources.cpus)`;
  if (memoryMb > capacity.memoryMb)
    return `it asks for ${memoryMb} MB of memory, expected at most ${capacity.memoryMb} (runs.resources.memoryMb)`;
  if (gpu === undefined) return undefined;
  if (capacity.gpus.length === 0) return 'it asks for a GPU, and the node has none (runs.resources.gpus)';
  const { memoryMb: wanted } = gpu;
  const largest = Math.max(...capacity.gpus.map((one) => one.memoryMb ?? Number.POSITIVE_INFINITY));
  if (wanted === undefined || wanted <= largest) return undefined;
  return `it asks for ${wanted} MB of GPU memory, expected at most ${largest} (runs.resources.gpus)`;
}

/** @throws AnteroomError MODEL_TOO_LARGE for a model that can never run here */
export function demandFits(name: string, needs: Needs, capacity: Capacity): void {
  const why = whyNever(needs, capacity);
  if (why !== undefined) throw new AnteroomError('MODEL_TOO_LARGE', `model ${name}: ${why}`);
}
