/** Runs a checked workflow: one module after the other, each over all cases, as MHub does. */
import { join } from 'node:path';
import { AnteroomError, toAnteroomError } from '../foundation/errors.js';
import { logOf } from './kit-log.js';
import type { KitLog } from './kit-log.js';
import { CaseModule, ImportModule } from './module.js';
import type { Case, Folders, ModelIdentity } from './module.js';
import { Progress } from './progress.js';
import { keepCases, keptCases } from './snapshot.js';
import type { Workflow } from './workflow.js';

export interface RunOptions {
  readonly folders: Folders;
  readonly model: ModelIdentity;
  readonly printProgress: (line: string) => void;
  readonly logOf?: (module: string) => KitLog;
  /** Where what the cases hold after each step is kept. */
  readonly debugDir?: string;
  /** The step to go on at, counted from 1, with what `debugDir` has of the one before it. */
  readonly startAt?: number;
}

export interface RunOutcome {
  readonly succeeded: readonly string[];
  /** SeriesInstanceUIDs of cases that a module failed on. */
  readonly failed: readonly string[];
}

/**
 * Runs all steps. A case on which a module fails takes no part in the later ones; the others go on.
 * @throws what the importing module throws, what a module finds wrong before anything has run, and MODEL_INPUT_MISSING where no case was left
 */
export async function runWorkflow(workflow: Workflow, options: RunOptions): Promise<RunOutcome> {
  const progress = new Progress(
    workflow.steps.map(({ label }) => label),
    options.printProgress,
  );
  const contextOf = (label: string) => ({
    folders: options.folders,
    model: options.model,
    log: (options.logOf ?? logOf)(label),
    progress: (fraction: number) => {
      progress.within(fraction);
    },
  });
  const first = (options.startAt ?? 1) - 1;
  for (const { label, module } of workflow.steps.slice(first)) if (module instanceof CaseModule) await module.prepare?.(contextOf(label));
  const failed = new Set<string>();
  let cases = first > 0 ? await casesBefore(first, workflow, options.debugDir) : [];
  for (const [index, { label, module }] of workflow.steps.entries()) {
    if (index < first) continue;
    const context = contextOf(label);
    progress.moduleStarted(index, sidsOf(cases));
    if (module instanceof ImportModule) cases = await module.findCases(context);
    else {
      for (const one of cases) {
        progress.caseStarted(one.sid);
        try {
          await module.work(one, context);
        } catch (thrown) {
          failed.add(one.sid);
          context.log('ERROR', `series ${one.sid}: ${reasonOf(thrown)}`);
        }
        progress.caseFinished();
      }
      cases = cases.filter(({ sid, isSetAside }) => !failed.has(sid) && !isSetAside);
    }
    progress.moduleFinished(sidsOf(cases));
    if (options.debugDir !== undefined) await keepCases(cases, folderOf(options.debugDir, workflow, index));
  }
  if (cases.length + failed.size === 0) throw new AnteroomError('MODEL_INPUT_MISSING', 'no case is left: nothing was worked on');
  return { succeeded: sidsOf(cases), failed: [...failed] };
}

/** What the cases held before a step, counted from 0, in the run that kept it. */
function casesBefore(step: number, workflow: Workflow, debugDir: string | undefined): Promise<Case[]> {
  if (debugDir === undefined) throw new AnteroomError('USAGE', '--start-at needs --debug-dir, the folder that a run before has filled');
  if (step >= workflow.steps.length)
    throw new AnteroomError('USAGE', `--start-at ${step + 1}, expected a step from 1 to ${workflow.steps.length}`);
  return keptCases(folderOf(debugDir, workflow, step - 1));
}

/** `3-OnnxRunner`: what the cases hold after that step. */
function folderOf(debugDir: string, { steps }: Workflow, index: number): string {
  return join(debugDir, `${index + 1}-${steps[index].label}`);
}

function sidsOf(cases: readonly Case[]): string[] {
  return cases.map(({ sid }) => sid);
}

/** What went wrong and what to do; for a fault of the code itself also where it happened. */
export function reasonOf(thrown: unknown): string {
  const error = toAnteroomError(thrown);
  const where = error.code === 'INTERNAL' && error.cause instanceof Error ? ` (${error.cause.stack ?? error.cause.message})` : '';
  return `${error.code} ${error.message}${where} – ${error.remedy}`;
}
