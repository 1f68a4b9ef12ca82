/** From rows to what the engine is told: pure, so that the same attempt always asks for the same container. */
import type { ModelYaml, RegisteredModelYaml } from '../models/model-yaml.js';
import type { Settings } from '../settings/schema.js';
import { LOG_TARGET } from './engine-logs.js';
import type { AttemptFolders } from './run-folders.js';
import { NODE_LABEL, type GpuRequest, type RunLimits, type RunSpec } from './runtimes/runtime.js';

/** The user inside a container where the node itself is root: nobody on the host, and the kit's own user. */
const UNPRIVILEGED_USER = '10001:10001';
const DEFAULT_SCRATCH_MB = 512;

export interface SpecInput {
  readonly nodeId: string;
  readonly runId: number;
  readonly attempt: number;
  readonly container: string;
  readonly yaml: RegisteredModelYaml;
  /** The digest or image ID that the model was registered with: a run never takes what a tag points to today. */
  readonly digest: string;
  /** The package's folder, where the model has one. */
  readonly modelFolder: string | null;
  /** Settings of the rule for this model; they win over those of model.yaml. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Of the rule; the package's own where it names none. */
  readonly workflow?: string | null;
  readonly folders: AttemptFolders;
  readonly limits: Settings['runs']['limits'];
  /** Index of the GPU that the run was given. */
  readonly gpu?: number;
}

/** The container's name: known before it exists, unique for node, run and attempt. */
export function containerName(nodeId: string, runId: number, attempt: number): string {
  return `anteroom-${nodeId}-run-${runId}-${attempt}`;
}

/** The user that a model runs as: `uid:gid`, or undefined for the image's own. */
export function userOf(yaml: ModelYaml): string | undefined {
  if (yaml.runtime === 'process' || yaml.user === 'image') return undefined;
  const uid = process.getuid?.() ?? 0;
  return uid === 0 ? UNPRIVILEGED_USER : `${uid}:${process.getgid?.() ?? uid}`;
}

/** The limits of model.yaml, and the settings' where it says nothing. */
export function limitsOf(yaml: ModelYaml, defaults: Settings['runs']['limits']): RunLimits {
  return {
    memoryMb: yaml.memoryMb ?? defaults.memoryMb,
    cpus: yaml.cpus ?? defaults.cpus,
    pids: yaml.pids ?? defaults.pids,
    shmMb: yaml.shmMb ?? defaults.shmMb,
    timeoutMs: (yaml.timeoutS ?? defaults.timeoutS) * 1000,
    maxOutputMb: yaml.maxOutputMb ?? defaults.maxOutputMb,
    maxScratchMb: yaml.maxScratchMb ?? defaults.maxScratchMb,
    maxLogMb: defaults.maxLogMb,
  };
}

/** What the engine is told for one attempt. */
export function runSpec(input: SpecInput): RunSpec {
  const { yaml, folders } = input;
  const gpu: GpuRequest = yaml.gpu !== 'required' ? 'none' : input.gpu === undefined ? 'all' : { devices: [String(input.gpu)] };
  return {
    name: input.container,
    labels: { [NODE_LABEL]: input.nodeId, 'anteroom.run': String(input.runId), 'anteroom.attempt': String(input.attempt) },
    image: yaml.runtime === 'docker' ? input.digest : undefined,
    command: commandOf(input),
    environment: yaml.runtime === 'process' && input.modelFolder !== null ? { ANTEROOM_MODEL_DIR: input.modelFolder } : {},
    inputDir: folders.inputDir,
    outputDir: folders.outputDir,
    logPath: folders.logPath,
    limits: limitsOf(yaml, input.limits),
    gpu,
    readOnlyRoot: yaml.runtime === 'docker' && yaml.readOnlyRoot,
    scratchMb: yaml.scratchMb ?? DEFAULT_SCRATCH_MB,
    user: userOf(yaml),
    workDir: yaml.runtime === 'process' ? (input.modelFolder ?? undefined) : undefined,
  };
}

function commandOf({ yaml, settings, workflow: asked }: SpecInput): string[] {
  const workflow = asked ?? yaml.workflow;
  const own = { ...logExport(yaml, workflow), ...yaml.settings, ...settings };
  const overrides = Object.entries(own).map(([key, value]) => `--config:${key}=${configText(value)}`);
  const flags = ['--workflow', workflow, '--non-interactive', '--stream-json-progress'];
  if (yaml.runtime === 'process') return [...yaml.command, ...flags, ...overrides];
  return [...(yaml.command ?? flags), ...overrides];
}

/** The targets of the workflow with the logs among them: the engine replaces a list as a whole. */
function logExport({ organizerTargets }: SpecInput['yaml'], workflow: string): Readonly<Record<string, unknown>> {
  const targets = organizerTargets?.[workflow];
  return targets === undefined ? {} : { 'modules.DataOrganizer.targets': [...targets, LOG_TARGET] };
}

/**
 * A value as MHub's engine reads it back from the command line: None, True, False, numbers, JSON, and everything else as text. A text that
 * would be read as one of these is quoted.
 */
export function configText(value: unknown): string {
  if (value === null || value === undefined) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value !== 'string') return JSON.stringify(value);
  return readsAsText(value) ? value : JSON.stringify(value);
}

function readsAsText(text: string): boolean {
  if (['None', 'True', 'False'].includes(text) || text.trim() === '' || !Number.isNaN(Number(text))) return false;
  // Python's float() takes these too.
  if (/^[+-]?(nan|inf|infinity)$/i.test(text.trim())) return false;
  try {
    JSON.parse(text);
    return false;
  } catch {
    return true;
  }
}
