/** Workflows run in this process, step by step, as the kit runs them. */
import { readdirSync } from 'node:fs';
import { stringify } from 'yaml';
import { MODULES } from '../../src/kit/registry.js';
import { runWorkflow } from '../../src/kit/run-workflow.js';
import type { RunOptions, RunOutcome } from '../../src/kit/run-workflow.js';
import { readWorkflow } from '../../src/kit/workflow.js';
import type { Workflow } from '../../src/kit/workflow.js';
import { tempFolder } from './temp.js';

export type Step = string | { readonly module: string; readonly [setting: string]: unknown };

export interface StepsRun extends RunOutcome {
  readonly log: string;
  readonly outputDir: string;
  /** Paths of the files in the output, sorted. */
  readonly files: readonly string[];
}

export function workflowOf(steps: readonly Step[]): Workflow {
  return readWorkflow(stringify({ general: { data_base_dir: '/app/data' }, execute: steps }), 'default.yml', [], MODULES);
}

/** Reads the steps as a workflow file and runs them over a folder. */
export async function runSteps(inputDir: string, steps: readonly Step[], options: Partial<RunOptions> = {}): Promise<StepsRun> {
  const outputDir = tempFolder('kit-output');
  const lines: string[] = [];
  const outcome = await runWorkflow(workflowOf(steps), {
    folders: { inputDir, outputDir, modelDir: options.folders?.modelDir ?? tempFolder('kit-model') },
    model: { name: 'tested', title: 'Tested', version: '1.0.0' },
    printProgress: () => undefined,
    logOf: (module) => (level, text) => lines.push(`${level} ${module}: ${text}`),
    ...options,
    ...(options.folders === undefined ? {} : { folders: { ...options.folders, inputDir, outputDir } }),
  });
  const entries = readdirSync(outputDir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const files = entries.map((entry) => `${entry.parentPath}/${entry.name}`.slice(outputDir.length + 1)).sort();
  return { ...outcome, log: lines.join('\n'), outputDir, files };
}
