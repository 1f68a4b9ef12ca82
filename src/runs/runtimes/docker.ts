/** The `docker` runtime: each run in a container of its own, over the socket of a Docker engine or of Podman. */
import { chmod, chown } from 'node:fs/promises';
import { AnteroomError } from '../../foundation/errors.js';
import type { Logger } from '../../foundation/log.js';
import { inspectContainer, removeContainer, stopContainer, type Inspected } from './docker-container.js';
import { connectDocker, type DockerAddress, type DockerEngine, type EngineFacts } from './docker-engine.js';
import { imageMissing, readImageFile, registryDigest, resolveImage } from './docker-images.js';
import { containerOptions } from './docker-spec.js';
import { watchContainer } from './docker-watch.js';
import { refuseForeign } from './labels.js';
import { openRunLog } from './run-log.js';
import { NODE_LABEL, type RunEvents, type RunSpec, type Runtime } from './runtime.js';
import { Watches, within, type EndingWatch } from './watches.js';

/** Creating unpacks nothing, but a busy disk can make it slow. */
const CREATE_TIMEOUT_MS = 120_000;
const DEFAULT_POLL_MS = 1000;
/** dockerd gives its containers 15 s. */
const DEFAULT_ENGINE_STOP_MS = 20_000;
const WATCH_END_TIMEOUT_MS = 15_000;

export interface DockerRuntimeOptions extends DockerAddress {
  readonly log: Logger;
  /** How often output, memory and state of a running container are looked at. */
  readonly pollMs?: number;
  /** How long the engine takes to stop: for that time the end of a container by a foreign signal is taken for a possible stop of the engine. */
  readonly engineStopMs?: number;
  /** Marks the short-lived containers out of which image files are read, so that `list` finds those left behind. */
  readonly nodeId?: string;
}

/** A runtime on the engine at that address; nothing is asked of the engine yet. */
export function createDockerRuntime(options: DockerRuntimeOptions): Runtime {
  const { log, pollMs = DEFAULT_POLL_MS, engineStopMs = DEFAULT_ENGINE_STOP_MS, nodeId = '' } = options;
  const engine = connectDocker(options);
  const watches = new Watches();

  const watch = async (spec: RunSpec, events: RunEvents, isNew: boolean): Promise<EndingWatch> => {
    const facts = await engine.facts();
    return watchContainer({ engine, facts, spec, runLog: openRunLog(spec, events, log), log, pollMs, engineStopMs, isNew });
  };

  return {
    kind: 'docker',
    async check() {
      const { version, apiVersion, podman, rootless } = await engine.facts();
      const limits = podman && rootless ? ' (Podman of a normal user: memory and CPU limits may be ignored)' : '';
      return {
        version: `${podman ? 'Podman' : 'Docker'} ${version} (API ${apiVersion})`,
        isolation: `container per run: no network, no capabilities, no new privileges, limits on memory, CPU and processes${limits}`,
      };
    },
    start: (spec, events) =>
      watches.only(spec.name, async () => {
        const isNew = await ensureStarted(engine, spec, events);
        return await watch(spec, events, isNew);
      }),
    async adopt(spec, events) {
      const found = await findOurs(engine, spec);
      if (found?.state.startedAt === undefined) return undefined;
      return await watches.only(spec.name, () => watch(spec, events, false));
    },
    async cancel(name) {
      const running = await watches.find(name);
      running?.intend('cancelled');
      await stopContainer(engine, name);
      // The watch reads the end of the log before the container goes.
      if (running) await within(running.done, WATCH_END_TIMEOUT_MS);
      await removeContainer(engine, name);
    },
    remove: (name) => removeContainer(engine, name),
    async list(node) {
      const found = await engine.call((docker) => docker.listContainers({ all: true, filters: { label: [`${NODE_LABEL}=${node}`] } }), {
        refusal: 'ENGINE_UNREACHABLE',
      });
      return (found ?? []).map((container) => container.Names[0].replace(/^\//, ''));
    },
    resolveImage: (reference) => resolveImage(engine, reference),
    registryDigest: (reference) => registryDigest(engine, reference),
    readImageFile: (reference, path) => readImageFile(engine, reference, path, { [NODE_LABEL]: nodeId }),
  };
}

/** After this a container of that name has been started: true if by this call, false if by an earlier one. A container that was only created may be of an older spec and is made again. */
async function ensureStarted(engine: DockerEngine, spec: RunSpec, events: RunEvents): Promise<boolean> {
  const found = await findOurs(engine, spec);
  if (found?.state.startedAt !== undefined) {
    events.onStarting?.();
    return false;
  }
  if (found) await removeContainer(engine, spec.name);
  const facts = await engine.facts();
  refuseGpuOnPodman(facts, spec);
  const { id } = await resolveImage(engine, spec.image ?? '');
  await makeWritable(spec);
  const container = await engine.call((docker) => docker.createContainer(containerOptions({ ...spec, image: id }, facts.cpus)), {
    timeoutMs: CREATE_TIMEOUT_MS,
  });
  if (!container) throw imageMissing(spec.image ?? '');
  events.onStarting?.();
  try {
    await engine.call(() => container.start(), { fine: [304], timeoutMs: CREATE_TIMEOUT_MS });
    return true;
  } catch (thrown) {
    // A refused start leaves the container behind; an engine that is gone cannot be asked, and the next start finds it.
    if (thrown instanceof AnteroomError && thrown.code === 'CONTAINER_START_FAILED') await removeContainer(engine, spec.name);
    throw thrown;
  }
}

/** The container of that name; CONTAINER_FOREIGN if its labels are not the run's. */
async function findOurs(engine: DockerEngine, spec: RunSpec): Promise<Inspected | undefined> {
  const found = await inspectContainer(engine, spec.name);
  if (!found) return undefined;
  refuseForeign(spec, found.labels);
  return found;
}

/** Podman's Docker API takes device requests and ignores them: the model would run on the CPU for hours without a word. */
function refuseGpuOnPodman(facts: EngineFacts, spec: RunSpec): void {
  if (spec.gpu === undefined || spec.gpu === 'none' || !facts.podman) return;
  throw new AnteroomError(
    'CONTAINER_START_FAILED',
    'the run asks for a GPU and the engine is Podman, which ignores such requests on this interface; expected a Docker engine, or gpu: none',
  );
}

/** Without capabilities not even root may write into another user's folder, so it is given to the container's user, or to everyone where that user is the image's. */
async function makeWritable(spec: RunSpec): Promise<void> {
  const user = /^(\d+):(\d+)$/.exec(spec.user ?? '');
  const uid = Number(user?.[1]);
  const ownUid = process.getuid?.();
  if (user && ownUid === 0) await chown(spec.outputDir, uid, Number(user[2]));
  else if (!user || ownUid !== uid) await chmod(spec.outputDir, 0o777);
}
