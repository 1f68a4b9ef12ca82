/**
 * Workflow files in MHub's form: `general`, `execute` (the modules in order), `modules` (their settings). A workflow is
 * checked as a whole before anything runs: every module is known, every setting valid, every input made by a module before.
 */
import { z } from 'zod';
import { InvalidFileError, suggestionFor } from '../foundation/faults.js';
import type { Fault } from '../foundation/faults.js';
import { faultsOfPart, parseYaml, validate } from '../foundation/yaml.js';
import type { YamlDocument } from '../foundation/yaml.js';
import { faultsOfFlow } from './flow.js';
import type { KitModule, ModuleClass } from './module.js';

export type Registry = Readonly<Record<string, ModuleClass>>;

export interface Step {
  readonly label: string;
  readonly module: KitModule;
  readonly settings: Readonly<Record<string, unknown>>;
}

export interface Workflow {
  readonly description: string;
  readonly dataDir: string;
  readonly steps: readonly Step[];
}

/** A setting from the command line: `modules.LungSegmenter.closing_mm` and its value. */
export interface Override {
  readonly path: string;
  readonly value: unknown;
}

const settings = z.record(z.string(), z.unknown());

/** Other keys (`sample`, `segdb`) are MHub's annotations and are let through. */
const workflowSchema = z.looseObject({
  general: z.looseObject({
    data_base_dir: z.string().min(1),
    version: z.union([z.string(), z.number()]).optional(),
    description: z.string().default(''),
  }),
  execute: z.array(z.union([z.string(), z.looseObject({ module: z.string() })])).min(1),
  modules: z.record(z.string(), settings).default({}),
});

/**
 * Reads and checks a workflow.
 * @throws InvalidFileError WORKFLOW_INVALID with every fault and its line
 */
export function readWorkflow(text: string, file: string, overrides: readonly Override[], registry: Registry): Workflow {
  const document = overridden(parseYaml(text, file), overrides);
  const checked = validate(document, workflowSchema);
  if (!checked.ok) throw new InvalidFileError('WORKFLOW_INVALID', checked.faults);
  const { general, execute, modules } = checked.value;
  const faults: Fault[] = unknownModules(document, Object.keys(modules), registry);
  const steps = execute.flatMap((item, index) => {
    const { module: label, ...own } = typeof item === 'string' ? { module: item } : item;
    return stepOf(document, index, label, { ...modules[label], ...own }, registry, faults);
  });
  if (faults.length === 0) faults.push(...faultsOfFlow(steps).map(({ index, message }) => document.fault(['execute', index], message)));
  if (faults.length > 0) throw new InvalidFileError('WORKFLOW_INVALID', faults);
  return { description: general.description, dataDir: general.data_base_dir, steps };
}

/** The document with values from the command line put in; a fault in one of them points to the nearest key of the file. */
function overridden(document: YamlDocument, overrides: readonly Override[]): YamlDocument {
  const value = structuredClone(document.value);
  for (const override of overrides) {
    const keys = override.path.split('.');
    let at = value;
    for (const key of keys.slice(0, -1)) {
      if (!isRecord(at)) break;
      at = at[key] ??= {};
    }
    if (isRecord(at)) at[keys[keys.length - 1]] = override.value;
  }
  return { ...document, value };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function unknownModules(document: YamlDocument, labels: readonly string[], registry: Registry): Fault[] {
  return labels
    .filter((label) => !Object.hasOwn(registry, label))
    .map((label) =>
      document.fault(['modules', label], `unknown module "${label}"`, { at: 'key', ...suggestionFor(label, Object.keys(registry)) }),
    );
}

function stepOf(
  document: YamlDocument,
  index: number,
  label: string,
  given: Record<string, unknown>,
  registry: Registry,
  faults: Fault[],
): Step[] {
  if (!Object.hasOwn(registry, label)) {
    faults.push(document.fault(['execute', index], `unknown module "${label}"`, suggestionFor(label, Object.keys(registry))));
    return [];
  }
  const Module = registry[label];
  const parsed = Module.settings.strict().safeParse(given);
  if (parsed.success) return [{ label, module: new Module(parsed.data as never), settings: parsed.data }];
  for (const issue of parsed.error.issues) faults.push(...settingFaults(document, index, label, issue, Module));
  return [];
}

/** The faults of one setting, at its place in the step itself or in the module's part of the file. */
function settingFaults(document: YamlDocument, index: number, label: string, issue: z.core.$ZodIssue, Module: ModuleClass): Fault[] {
  const placeOf = (key: PropertyKey | undefined) =>
    key !== undefined && Object.hasOwn(itemOf(document, index), key) ? ['execute', index] : ['modules', label];
  if (issue.code === 'unrecognized_keys' && issue.path.length === 0) {
    return issue.keys.map((key) =>
      document.fault([...placeOf(key), key], `${label} has no setting "${key}"`, {
        at: 'key',
        ...suggestionFor(key, Object.keys(Module.settings.shape)),
      }),
    );
  }
  const found = faultsOfPart(document, placeOf(issue.path[0]), Module.settings, [issue]);
  return found.map((fault) => ({ ...fault, message: `${label}: ${fault.message}` }));
}

/** A step's own settings, where it has some. */
function itemOf(document: YamlDocument, index: number): Record<string, unknown> {
  const items = isRecord(document.value) && Array.isArray(document.value.execute) ? (document.value.execute as unknown[]) : [];
  const item = items[index];
  return isRecord(item) ? item : {};
}
