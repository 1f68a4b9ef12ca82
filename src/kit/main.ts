/** The entry point inside a model's container: `kit.mjs --workflow default`. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { AnteroomError, toAnteroomError } from '../foundation/errors.js';
import { InvalidFileError } from '../foundation/faults.js';
import { parseYaml, validate } from '../foundation/yaml.js';
import { HELP, parseArguments } from './arguments.js';
import type { KitArguments } from './arguments.js';
import { checkWorkflow } from './check.js';
import { logOf } from './kit-log.js';
import { describeWorkflow } from './list.js';
import type { ModelIdentity } from './module.js';
import { modulesPage } from './modules-page.js';
import { inspectNetwork } from './onnx/inspect.js';
import { MODULES } from './registry.js';
import { reasonOf, runWorkflow } from './run-workflow.js';
import { readWorkflow } from './workflow.js';
import type { Workflow } from './workflow.js';

const MODELS_DIR = '/app/models';
const WRONG_BEFORE_START = new Set(['USAGE', 'WORKFLOW_INVALID', 'MODEL_INVALID', 'NOT_FOUND', 'WEIGHTS_REFUSED', 'ONNX_RUNTIME_MISSING']);

async function main(args: readonly string[]): Promise<number> {
  const wanted = parseArguments(args);
  if (wanted.show === 'help') return print(HELP);
  if (wanted.show === 'modules') return print(modulesPage(MODULES));
  if (wanted.show === 'inspect') return print(`${JSON.stringify(await inspectNetwork(wanted.onnx ?? ''), null, 2)}\n`);
  const modelDir = process.env.ANTEROOM_MODEL_DIR ?? onlyModelIn(MODELS_DIR);
  if (wanted.show === 'list') {
    const described = workflowNames(modelDir).map((name) =>
      describeWorkflow(name, loadWorkflow({ ...wanted, workflow: name }, modelDir), MODULES),
    );
    return print(described.join('\n'));
  }
  if (wanted.show === 'check') {
    for (const name of workflowNames(modelDir)) {
      await checkWorkflow(loadWorkflow({ ...wanted, workflow: name }, modelDir), cardOf(modelDir), modelDir);
      print(`${name}: nothing is wrong\n`);
    }
    return 0;
  }
  const workflow = loadWorkflow(wanted, modelDir);
  const outcome = await runWorkflow(workflow, {
    folders: {
      inputDir: process.env.ANTEROOM_INPUT_DIR ?? join(workflow.dataDir, 'input_data'),
      outputDir: process.env.ANTEROOM_OUTPUT_DIR ?? join(workflow.dataDir, 'output_data'),
      modelDir,
    },
    model: identityOf(modelDir),
    printProgress: wanted.streamJsonProgress ? print : () => undefined,
    ...(wanted.debugDir === undefined ? {} : { debugDir: wanted.debugDir }),
    ...(wanted.startAt === undefined ? {} : { startAt: wanted.startAt }),
  });
  return outcome.failed.length === 0 ? 0 : 1;
}

/** Written at once, and waited for: whoever reads progress reads it live. */
function print(text: string): 0 {
  process.stdout.write(text);
  return 0;
}

/** An image holds one model. */
function onlyModelIn(modelsDir: string): string {
  const names = existsSync(modelsDir) ? readdirSync(modelsDir) : [];
  if (names.length !== 1)
    throw new AnteroomError(
      'MODEL_INVALID',
      `${names.length} models in ${modelsDir}, expected one; ANTEROOM_MODEL_DIR can name another folder`,
    );
  return join(modelsDir, names[0]);
}

function workflowNames(modelDir: string): string[] {
  return readdirSync(join(modelDir, 'config'))
    .filter((name) => name.endsWith('.yml'))
    .map((name) => name.slice(0, -'.yml'.length));
}

function loadWorkflow({ workflow, config, overrides }: KitArguments, modelDir: string): Workflow {
  const path = config ?? join(modelDir, 'config', `${workflow}.yml`);
  return readWorkflow(readText(path), path, overrides, MODULES);
}

const cardSchema = z.looseObject({
  name: z.string().min(1),
  title: z.string().optional(),
  summary: z.looseObject({ outputs: z.array(z.looseObject({ classes: z.array(z.string()).default([]) })).default([]) }).optional(),
  details: z.looseObject({ version: z.string().min(1) }),
});

function cardOf(modelDir: string): z.output<typeof cardSchema> {
  const path = join(modelDir, 'meta.json');
  const card = validate(parseYaml(readText(path), path), cardSchema);
  if (!card.ok) throw new InvalidFileError('MODEL_INVALID', card.faults);
  return card.value;
}

function identityOf(modelDir: string): ModelIdentity {
  const { name, title = name, details } = cardOf(modelDir);
  return { name, title, version: details.version };
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (thrown) {
    throw new AnteroomError('NOT_FOUND', `${path} (${(thrown as NodeJS.ErrnoException).code ?? 'unknown reason'})`, { cause: thrown });
  }
}

process.exitCode = await main(process.argv.slice(2)).catch((thrown: unknown) => {
  logOf('kit')('ERROR', reasonOf(thrown));
  return WRONG_BEFORE_START.has(toAnteroomError(thrown).code) ? 2 : 1;
});
