/** Our C-STORE and C-ECHO SCP: the listening socket and the connections on it. */
import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';

import { AnteroomError } from '../foundation/errors.js';
import type { Logger } from '../foundation/log.js';
import { Connection } from './connection.js';
import type { ConnectionLimits, Surroundings } from './surroundings.js';
import type { AcceptancePolicy } from './negotiation.js';
import type { ScpHandlers } from './store-sink.js';

export type { ServicesFor } from './services/service.js';
export { queryRetrieveServices } from './services/query-retrieve.js';
export type { QueryPort } from './services/find.js';
export type { RetrievePort } from './services/move.js';
export type { AssociationInfo, ClosedAssociation, EndReason, ScpHandlers, StoreContext, StoreSink } from './store-sink.js';

/** What a site that configures nothing gets. */
export const SCP_DEFAULTS = {
  callingAeTitles: 'any',
  maxAssociations: 64,
  maxPduBytes: 128 * 1024,
  maxPduLengthBytes: 8 * 1024 * 1024,
  associationTimeoutMs: 30_000,
  idleTimeoutMs: 300_000,
  stallTimeoutMs: 60_000,
} as const satisfies Omit<AcceptancePolicy, 'aeTitles'> & ConnectionLimits;

export interface ScpOptions extends Partial<ConnectionLimits>, Partial<Omit<AcceptancePolicy, 'aeTitles'>> {
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
  /** The called AE titles that are ours, or `any`. */
  readonly aeTitles: readonly string[] | 'any';
  readonly log: Logger;
}

export interface RunningScp {
  readonly port: number;
  /** Stops listening at once, lets open associations end within `graceMs`, then aborts them. Resolves when all sockets are closed and no sink is at work. */
  close(graceMs?: number): Promise<void>;
  /** Associations that are open now. */
  associations(): number;
  /** Connections that are open now, with an association or without. */
  connections(): number;
}

/** Connections beyond the associations: those that are about to be rejected with a proper answer. */
const SPARE_CONNECTIONS = 64;

/**
 * Starts to listen. Resolves when the port is open.
 * @throws AnteroomError PORT_UNAVAILABLE
 */
export async function startScp(options: ScpOptions, handlers: ScpHandlers): Promise<RunningScp> {
  const settings = { ...SCP_DEFAULTS, ...definedOf(options) };
  const { log, maxAssociations } = settings;
  const connections = new Set<Connection>();
  let closing = false;
  let onEmpty: (() => void) | undefined;
  const associations = (): number => [...connections].filter((connection) => connection.isAssociated).length;
  const around: Surroundings<Connection> = {
    policy: settings,
    limits: settings,
    handlers,
    log,
    openAssociations: associations,
    isClosing: () => closing,
    ended: (connection) => {
      connections.delete(connection);
      if (connections.size === 0) onEmpty?.();
    },
  };
  const server = createServer({ noDelay: true, keepAlive: true }, (socket) => {
    if (connections.size < maxAssociations + SPARE_CONNECTIONS) {
      connections.add(new Connection(socket, around));
      return;
    }
    log.warn('connection refused: too many are open', { address: socket.remoteAddress, count: connections.size });
    socket.on('error', () => undefined);
    socket.destroy();
  });
  const port = await listen(server, settings.host, settings.port);
  server.on('error', (error) => log.error('accepting a connection failed', { port, seen: error.message }));
  const ticker = startTicker(connections, settings);

  const close = async (graceMs = 0): Promise<void> => {
    closing = true;
    server.close();
    const emptied = connections.size === 0 ? Promise.resolve() : new Promise<void>((resolve) => (onEmpty = resolve));
    const abortAll = (): void => connections.forEach((connection) => connection.shutdown());
    const grace = setTimeout(abortAll, graceMs);
    await emptied;
    clearTimeout(grace);
    clearInterval(ticker);
  };
  return { port, close, associations, connections: () => connections.size };
}

/** One timer looks after the deadlines of all connections: setting a deadline costs an assignment on the way of each chunk. */
function startTicker(connections: ReadonlySet<Connection>, limits: ConnectionLimits): NodeJS.Timeout {
  const shortestMs = Math.min(limits.associationTimeoutMs, limits.idleTimeoutMs, limits.stallTimeoutMs);
  const ticker = setInterval(
    () => {
      const now = Date.now();
      for (const connection of connections) connection.checkDeadline(now);
    },
    Math.min(Math.max(shortestMs / 4, 10), 1000),
  );
  return ticker.unref();
}

function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const refuse = (error: NodeJS.ErrnoException): void =>
      reject(new AnteroomError('PORT_UNAVAILABLE', `${host}:${port} (${error.code ?? error.message})`, { cause: error }));
    server.once('error', refuse);
    server.listen({ host, port }, () => {
      server.off('error', refuse);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

/** Without the entries that are undefined, so that they do not hide a default. */
function definedOf(options: ScpOptions): ScpOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as unknown as ScpOptions;
}
