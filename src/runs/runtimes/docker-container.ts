/** One container by its name: look at it, stop it, make it go away. */
import type Docker from 'dockerode';
import type { ContainerInspectInfo } from 'dockerode';
import { AnteroomError } from '../../foundation/errors.js';
import type { DockerEngine } from './docker-engine.js';
import type { ContainerState } from './exit.js';
import { NODE_LABEL } from './runtime.js';

/** Between SIGTERM and SIGKILL. */
const STOP_GRACE_S = 5;
const STOP_TIMEOUT_MS = 60_000;
const SIZE_TIMEOUT_MS = 30_000;
const GONE_TIMEOUT_MS = 60_000;
const GONE_POLL_MS = 100;
const NOT_RUNNING = [304, 409] as const;

export interface Inspected {
  readonly labels: Readonly<Record<string, string>>;
  readonly state: ContainerState;
}

/** undefined: there is no container of that name. Error: ENGINE_UNREACHABLE, whatever else the engine answers than yes or no. */
export async function inspectContainer(engine: DockerEngine, name: string): Promise<Inspected | undefined> {
  const info = await engine.call((docker) => docker.getContainer(name).inspect(), { refusal: 'ENGINE_UNREACHABLE', timeoutMs: 10_000 });
  return info && { labels: info.Config.Labels, state: readState(info.State) };
}

/** What a container has written into its own layer, in bytes: the engine counts its files for that. undefined where it cannot be known. */
export async function layerSizeBytes(engine: DockerEngine, name: string): Promise<number | undefined> {
  const options = { size: true } as unknown as Parameters<Docker.Container['inspect']>[0];
  const info = await engine.call((docker) => docker.getContainer(name).inspect(options), {
    refusal: 'ENGINE_UNREACHABLE',
    timeoutMs: SIZE_TIMEOUT_MS,
  });
  return (info as { SizeRw?: number } | undefined)?.SizeRw;
}

function readState(state: ContainerInspectInfo['State']): ContainerState {
  const [startedAt, endedAt] = [readTime(state.StartedAt), readTime(state.FinishedAt)];
  return {
    status: state.Status,
    running: state.Running || state.Paused || state.Restarting,
    exitCode: state.ExitCode,
    oomKilled: state.OOMKilled,
    error: state.Error,
    startedAt,
    // The engine notes the start when it hears of it: a container that lives for milliseconds may have ended before.
    endedAt: endedAt === undefined ? undefined : Math.max(endedAt, startedAt ?? 0),
  };
}

/** Both engines write the year 1 for "never". */
function readTime(text: string): number | undefined {
  const time = Date.parse(text);
  return time > 0 ? time : undefined;
}

/** SIGTERM, then SIGKILL after the grace time; returns when it has stopped. */
export async function stopContainer(engine: DockerEngine, name: string): Promise<void> {
  await engine.call((docker) => docker.getContainer(name).stop({ t: STOP_GRACE_S }), {
    fine: NOT_RUNNING,
    timeoutMs: STOP_TIMEOUT_MS,
    refusal: 'ENGINE_UNREACHABLE',
  });
}

/** SIGKILL at once; one that does not run is fine. */
export async function killContainer(engine: DockerEngine, name: string): Promise<void> {
  await engine.call((docker) => docker.getContainer(name).kill(), { fine: NOT_RUNNING, refusal: 'ENGINE_UNREACHABLE' });
}

/** Removes a container of ours, killing it first if it runs; resolves when it is gone. Errors: CONTAINER_FOREIGN, ENGINE_UNREACHABLE. */
export async function removeContainer(engine: DockerEngine, name: string): Promise<void> {
  const deadline = Date.now() + GONE_TIMEOUT_MS;
  let found = await inspectContainer(engine, name);
  while (found) {
    if (found.labels[NODE_LABEL] === undefined) throw new AnteroomError('CONTAINER_FOREIGN', `${name} has no label ${NODE_LABEL}`);
    if (Date.now() > deadline)
      throw new AnteroomError('ENGINE_UNREACHABLE', `${name} is still there ${GONE_TIMEOUT_MS / 1000} s after its removal was asked for`);
    // 409: its removal is under way already.
    await engine.call((docker) => docker.getContainer(name).remove({ force: true, v: true }), {
      fine: [409],
      refusal: 'ENGINE_UNREACHABLE',
      timeoutMs: STOP_TIMEOUT_MS,
    });
    found = await inspectContainer(engine, name);
    if (found) await new Promise((resolve) => setTimeout(resolve, GONE_POLL_MS));
  }
}
