/**
 * The connection to a Docker engine or to Podman's socket. Every call has a deadline: docker-modem leaves a promise open for
 * ever when the engine dies between the head and the body of an answer.
 */
import Docker from 'dockerode';
import { AnteroomError, type ErrorCode } from '../../foundation/errors.js';

const CALL_TIMEOUT_MS = 30_000;
/** How `docker info` calls the driver of images where containerd keeps them. */
const CONTAINERD_STORE = 'io.containerd.snapshotter';

export interface DockerAddress {
  /** Default: DOCKER_HOST, else the usual sockets. */
  readonly socketPath?: string;
  readonly host?: string;
  readonly port?: number;
  readonly protocol?: 'http' | 'https';
}

export interface EngineFacts {
  readonly version: string;
  readonly apiVersion: string;
  readonly podman: boolean;
  /** Podman of a normal user: limits may be ignored there. */
  readonly rootless: boolean;
  /** Its containers go on while it is away: Podman has no daemon, Docker has live-restore. */
  readonly keepsContainers: boolean;
  /** A registry's digest of an image proves that it came from there: containerd's image store and Podman have one for images made here too. */
  readonly provesOrigin: boolean;
  readonly cpus: number;
}

export interface DockerEngine {
  readonly docker: Docker;
  /** Asked once, then remembered. Error: ENGINE_UNREACHABLE. */
  facts(): Promise<EngineFacts>;
  /** One call: the answer, or an error of the catalogue; `undefined` for 404. */
  call<T>(request: (docker: Docker) => Promise<T>, options?: CallOptions): Promise<T | undefined>;
}

export interface CallOptions {
  readonly timeoutMs?: number;
  /** The code for a refusal by the engine; default CONTAINER_START_FAILED. */
  readonly refusal?: ErrorCode;
  /** Statuses that mean that it was done already. */
  readonly fine?: readonly number[];
}

/** Makes no connection yet; the first call does. */
export function connectDocker(address: DockerAddress): DockerEngine {
  // host must be named even if it is undefined: else DOCKER_HOST of the environment wins over socketPath.
  const docker = new Docker(address.socketPath === undefined ? { ...address } : { socketPath: address.socketPath, host: undefined });
  const where = address.socketPath ?? address.host ?? 'the default socket';
  let remembered: EngineFacts | undefined;

  const engine: DockerEngine = {
    docker,
    async call(request, options = {}) {
      try {
        return await withDeadline(request(docker), options.timeoutMs ?? CALL_TIMEOUT_MS);
      } catch (thrown) {
        const status = statusOf(thrown);
        if (status === 404 || (status !== undefined && options.fine?.includes(status))) return undefined;
        throw translate(thrown, where, options.refusal ?? 'CONTAINER_START_FAILED');
      }
    },
    async facts() {
      remembered ??= await askFacts(engine, where);
      return remembered;
    },
  };
  return engine;
}

/** What is asked of `docker info`. */
interface EngineInfo {
  readonly SecurityOptions?: string[] | null;
  readonly LiveRestoreEnabled?: boolean;
  readonly NCPU?: number;
  readonly DriverStatus?: [name: string, value: string][] | null;
}

async function askFacts(engine: DockerEngine, where: string): Promise<EngineFacts> {
  const [version, info] = await Promise.all([
    engine.call((docker) => docker.version(), { refusal: 'ENGINE_UNREACHABLE' }),
    engine.call((docker): Promise<EngineInfo> => docker.info(), { refusal: 'ENGINE_UNREACHABLE' }),
  ]);
  if (!version)
    throw new AnteroomError('ENGINE_UNREACHABLE', `${where} answered 404 to a question for its version, expected a Docker engine`);
  const podman = version.Components.some((component) => component.Name.toLowerCase().includes('podman'));
  return {
    version: version.Version,
    apiVersion: version.ApiVersion,
    podman,
    provesOrigin: !podman && !(info?.DriverStatus ?? []).some(([, value]) => value.startsWith(CONTAINERD_STORE)),
    keepsContainers: podman || info?.LiveRestoreEnabled === true,
    cpus: info?.NCPU ?? Number.POSITIVE_INFINITY,
    rootless: (info?.SecurityOptions ?? []).some((option) => option.includes('rootless')),
  };
}

/** A deadline that is missed is the engine not answering; the late answer is dropped. */
async function withDeadline<T>(promise: Promise<T>, timeoutMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new EngineSilent(timeoutMs));
    }, timeoutMs);
  });
  try {
    return await Promise.race([promise, deadline]);
  } finally {
    clearTimeout(timer);
  }
}

class EngineSilent extends Error {
  constructor(timeoutMs: number) {
    super(`no answer within ${timeoutMs} ms`);
  }
}

/** An answer with a status is the engine's word; anything else means that it could not be heard. */
function translate(thrown: unknown, where: string, refusal: ErrorCode): AnteroomError {
  const message = thrown instanceof Error ? thrown.message.trim() : String(thrown);
  const status = statusOf(thrown);
  if (status === undefined) return new AnteroomError('ENGINE_UNREACHABLE', `${where}: ${message}`, { cause: thrown });
  return new AnteroomError(refusal, `the engine answered ${status}: ${engineWords(thrown) ?? message}`, { cause: thrown });
}

function statusOf(thrown: unknown): number | undefined {
  const status = (thrown as { statusCode?: unknown } | null)?.statusCode;
  return typeof status === 'number' ? status : undefined;
}

function engineWords(thrown: unknown): string | undefined {
  const message = (thrown as { json?: { message?: unknown } | null }).json?.message;
  return typeof message === 'string' ? message.trim() : undefined;
}
