/** Several listeners that are started and stopped as one. */
import type { Logger } from '../foundation/log.js';
import { startScp, type RunningScp, type ScpOptions } from './scp.js';
import type { ScpHandlers } from './store-sink.js';

export interface ListenerOptions extends Omit<ScpOptions, 'log'> {
  readonly name: string;
}

export interface RunningListeners {
  /** By name, in the order in which they were given. */
  readonly ports: ReadonlyMap<string, number>;
  /** Associations that are open now. */
  associations(): number;
  /** As `RunningScp.close`, of all of them at once. */
  close(graceMs: number): Promise<void>;
}

/**
 * Starts all listeners on the same handlers, or none of them.
 * @throws AnteroomError PORT_UNAVAILABLE, TLS_FILES of the first that cannot be started
 */
export async function startListeners(listeners: readonly ListenerOptions[], log: Logger, handlers: ScpHandlers): Promise<RunningListeners> {
  const running = new Map<string, RunningScp>();
  const close = async (graceMs: number): Promise<void> => {
    await Promise.all([...running.values()].map((scp) => scp.close(graceMs)));
  };
  try {
    for (const { name, ...options } of listeners) running.set(name, await startScp({ ...options, log }, handlers));
  } catch (thrown) {
    await close(0);
    throw thrown;
  }
  const associations = (): number => [...running.values()].reduce((sum, scp) => sum + scp.associations(), 0);
  return { ports: new Map([...running].map(([name, { port }]) => [name, port])), associations, close };
}
