/**
 * Progress as models print it: one JSON object per line on stdout, in the shape of MHub's `--stream-json-progress`, which
 * the kit prints too. Only names of steps and numbers are taken from it: the stream also holds series and patient folders.
 */
import type { RunProgress } from './runtime.js';

interface ProgressEvent {
  readonly current: { readonly module?: CurrentModule };
  readonly total: { readonly modules: readonly unknown[] };
}

interface CurrentModule {
  /** null between two modules. */
  readonly label?: unknown;
  /** The number of modules that are finished. */
  readonly index?: unknown;
  readonly num_instances?: unknown;
  /** The number of instances that are finished in this module. */
  readonly instance_progress?: unknown;
}

/** Reads one line; undefined if it is not a progress line. */
export function parseProgressLine(line: string): RunProgress | undefined {
  const event = parseEvent(line);
  if (!event) return undefined;
  const steps = event.total.modules.length;
  const module = event.current.module ?? {};
  const finished = clamp(numberOf(module.index), 0, steps);
  const instances = numberOf(module.num_instances);
  const doneInstances = clamp(numberOf(module.instance_progress), 0, instances);
  const partOfStep = instances > 0 && typeof module.label === 'string' ? doneInstances / instances : 0;
  const fraction = steps > 0 ? clamp((finished + partOfStep) / steps, 0, 1) : undefined;
  return { ...(fraction === undefined ? {} : { fraction }), text: textOf(module.label, finished, steps, doneInstances, instances) };
}

/** A filter that keeps the fraction from going back, as it would where a model runs its engine twice. */
export function forwardOnly(): (progress: RunProgress) => RunProgress {
  let furthest = 0;
  return (progress) => {
    if (progress.fraction === undefined) return progress;
    furthest = Math.max(furthest, progress.fraction);
    return { ...progress, fraction: furthest };
  };
}

function textOf(label: unknown, finished: number, steps: number, doneInstances: number, instances: number): string {
  if (typeof label !== 'string') return `${finished} of ${steps} steps done`;
  const step = `${label.slice(0, 64)} (step ${Math.min(finished + 1, steps)} of ${steps})`;
  return instances > 1 ? `${step}, ${doneInstances} of ${instances} series` : step;
}

function parseEvent(line: string): ProgressEvent | undefined {
  if (!line.startsWith('{')) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  const { current, total } = value as { current?: unknown; total?: { modules?: unknown } | null };
  const isEvent = typeof current === 'object' && current !== null && Array.isArray(total?.modules);
  return isEvent ? (value as ProgressEvent) : undefined;
}

function numberOf(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : 0;
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}
