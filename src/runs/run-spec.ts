/** From rows to what the engine is told: pure, so that the same attempt always asks for the same container. */
import type { ModelYaml } from '../models/model-yaml.js';
import type { Settings } from '../settings/schema.js';
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
  readonly yaml: ModelYaml;
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
  const overrides = Object.entries({ ...yaml.settings, ...settings }).map(([key, value]) => `--config:${key}=${String(value)}`);
  const workflow = ['--workflow', asked ?? yaml.workflow, '--non-interactive', '--stream-json-progress'];
  if (yaml.runtime === 'process') return [...yaml.command, ...workflow, ...overrides];
  return [...(yaml.command ?? workflow), ...overrides];
}
