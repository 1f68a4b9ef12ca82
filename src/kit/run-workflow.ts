/** Runs a checked workflow: one module after the other, each over all cases, as MHub does. */
import { toAnteroomError } from '../foundation/errors.js';
import { logOf } from './kit-log.js';
import type { KitLog } from './kit-log.js';
import { CaseModule, ImportModule } from './module.js';
import type { Case, Folders, ModelIdentity } from './module.js';
import { Progress } from './progress.js';
import type { Workflow } from './workflow.js';

export interface RunOptions {
  readonly folders: Folders;
  readonly model: ModelIdentity;
  readonly printProgress: (line: string) => void;
  readonly logOf?: (module: string) => KitLog;
}

export interface RunOutcome {
  readonly succeeded: readonly string[];
  /** SeriesInstanceUIDs of cases that a module failed on. */
  readonly failed: readonly string[];
}

/**
 * Runs all steps. A case on which a module fails takes no part in the later ones; the others go on.
 * @throws what the importing module throws, and what a module finds wrong before anything has run
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
  for (const { label, module } of workflow.steps) if (module instanceof CaseModule) await module.prepare?.(contextOf(label));
  const failed = new Set<string>();
  let cases: Case[] = [];
  for (const [index, { label, module }] of workflow.steps.entries()) {
    const context = contextOf(label);
    progress.moduleStarted(index, sidsOf(cases));
    if (module instanceof ImportModule) cases = await module.findCases(context);
    else {
      for (const one of cases) {
        progress.caseStarted(one.sid);
        await module.work(one, context).catch((thrown: unknown) => {
          failed.add(one.sid);
          context.log('ERROR', `series ${one.sid}: ${reasonOf(thrown)}`);
        });
        progress.caseFinished();
      }
      cases = cases.filter(({ sid, isSetAside }) => !failed.has(sid) && !isSetAside);
    }
    progress.moduleFinished(sidsOf(cases));
  }
  return { succeeded: sidsOf(cases), failed: [...failed] };
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
