/** A run as the Docker engine's API wants it. Pure: this is where least privilege is decided, and where it is tested. */
import type { ContainerCreateOptions, DeviceRequest } from 'dockerode';
import { INPUT_MOUNT, OUTPUT_MOUNT, type GpuRequest, type RunSpec } from './runtime.js';

const BYTES_PER_MB = 1024 * 1024;
const NANO = 1e9;
/** More open files than a model needs that opens each slice of a large study at once. */
const AMPLE = 16_384;

/** Where MHub's engine writes between its steps. They lie in the image's own file system, which may be read-only. */
const MHUB_SCRATCH = ['/app/tmp', '/app/data/sorted_data', '/app/data/imported_instances', '/app/data/_global', '/app/data/debug'] as const;

/** The body of `POST /containers/create` for a run. `availableCpus`: an engine refuses a limit above what it has. */
export function containerOptions(spec: RunSpec, availableCpus = Number.POSITIVE_INFINITY): ContainerCreateOptions {
  return {
    name: spec.name,
    ...(spec.image === undefined ? {} : { Image: spec.image }),
    ...(spec.command.length > 0 ? { Cmd: [...spec.command] } : {}),
    ...(spec.user === undefined ? {} : { User: spec.user }),
    ...(spec.workDir === undefined ? {} : { WorkingDir: spec.workDir }),
    Env: environmentOf(spec),
    Labels: { ...spec.labels },
    // MHub's engine reads stdin to its end, and draws bars for a terminal: it gets neither.
    OpenStdin: false,
    AttachStdin: false,
    Tty: false,
    HostConfig: hostConfig(spec, Math.min(spec.limits.cpus, availableCpus)),
  };
}

function environmentOf(spec: RunSpec): string[] {
  const environment: Record<string, string> = {
    // Without it Python keeps its lines until the end, and progress with them.
    PYTHONUNBUFFERED: '1',
    // A user of ours has no home in the image, and libraries want one to write to.
    ...(spec.user === undefined ? {} : { HOME: '/tmp' }),
    ...spec.environment,
  };
  return Object.entries(environment).map(([name, value]) => `${name}=${value}`);
}

function hostConfig(spec: RunSpec, cpus: number): NonNullable<ContainerCreateOptions['HostConfig']> {
  const memoryBytes = Math.round(spec.limits.memoryMb * BYTES_PER_MB);
  return {
    NetworkMode: 'none',
    ReadonlyRootfs: spec.readOnlyRoot,
    CapDrop: ['ALL'],
    SecurityOpt: ['no-new-privileges'],
    Privileged: false,
    IpcMode: 'private',
    // An init of its own passes signals on and reaps what the model leaves behind; without it, stopping takes the whole grace time.
    Init: true,
    Memory: memoryBytes,
    // Equal to Memory: no swap on top.
    MemorySwap: memoryBytes,
    NanoCpus: Math.round(cpus * NANO),
    PidsLimit: spec.limits.pids,
    ShmSize: Math.round(spec.limits.shmMb * BYTES_PER_MB),
    Ulimits: [
      // A core dump would hold the patient's pixels.
      { Name: 'core', Soft: 0, Hard: 0 },
      // Named, because Podman otherwise asks for more than an engine without CAP_SYS_RESOURCE may give. PidsLimit is the one that counts.
      { Name: 'nofile', Soft: AMPLE, Hard: AMPLE },
      { Name: 'nproc', Soft: AMPLE, Hard: AMPLE },
    ],
    Tmpfs: scratchOf(spec),
    // Mounts, not Binds: a source that does not exist is an error and not a new folder owned by root.
    Mounts: [
      { Type: 'bind', Source: spec.inputDir, Target: INPUT_MOUNT, ReadOnly: true },
      { Type: 'bind', Source: spec.outputDir, Target: OUTPUT_MOUNT, ReadOnly: false },
    ],
    LogConfig: { Type: 'json-file', Config: { 'max-size': `${engineLogMb(spec)}m`, 'max-file': '2' } },
    DeviceRequests: gpuRequests(spec.gpu),
    AutoRemove: false,
    RestartPolicy: { Name: 'no' },
  };
}

/**
 * Size at which the engine rotates its own log, in MB. Following a log loses lines when it is rotated, so it holds several
 * times what the node keeps: each line costs some 75 bytes more there.
 */
export function engineLogMb(spec: RunSpec): number {
  return Math.ceil(Math.max(8, Math.min(64, 4 * spec.limits.maxLogMb)));
}

function scratchOf(spec: RunSpec): Record<string, string> {
  const folders = spec.readOnlyRoot ? MHUB_SCRATCH : [];
  const options = `rw,nosuid,nodev,size=${Math.max(1, Math.round(spec.scratchMb))}m,mode=1777`;
  // Compilers of numba and triton load what they built from /tmp, so it is not noexec, as the engine would have it.
  return { '/tmp': `${options},exec`, ...Object.fromEntries(folders.map((folder) => [folder, options])) };
}

function gpuRequests(gpu: GpuRequest = 'none'): DeviceRequest[] {
  if (gpu === 'none') return [];
  const which = gpu === 'all' ? { Count: -1 } : { DeviceIDs: [...gpu.devices] };
  return [{ Driver: '', ...which, Capabilities: [['gpu']], Options: {} }];
}
