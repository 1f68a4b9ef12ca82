/** Our C-STORE and C-ECHO SCP: the listening socket and the connections on it. */
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';

import { AnteroomError } from '../foundation/errors.js';
import { IpRanges, plainAddress } from '../foundation/ip-ranges.js';
import type { LogFields, Logger } from '../foundation/log.js';
import { Connection } from './connection.js';
import type { AssociationCaller, ConnectionLimits, Surroundings } from './surroundings.js';
import type { AcceptancePolicy } from './negotiation.js';
import { SharedReadBuffer } from './shared-read-buffer.js';
import type { ScpHandlers } from './store-sink.js';
import { TlsDoor } from './tls-door.js';
import type { TlsDoorOptions } from './tls-door.js';

export type { OfferedServices, ServicesFor } from './services/service.js';
export { encodeEventReportRq } from './command.js';
export { SERVICE_CLASS } from './uids.js';
export { FAILURE_REASON, commitmentHandlers, eventInformation, COMMITMENT_INSTANCE } from './services/commitment.js';
export type { CommitmentPort, CommitmentReport } from './services/commitment.js';
export type { RequestHere } from './services/service.js';
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
  writeTimeoutMs: 60_000,
  maxAssociationsPerCaller: Number.POSITIVE_INFINITY,
  sopClasses: {},
  transferSyntaxes: {},
  settingsKey: 'dimse',
} as const satisfies Omit<AcceptancePolicy, 'aeTitles'> & ConnectionLimits;

export interface ScpOptions extends Partial<ConnectionLimits>, Partial<Omit<AcceptancePolicy, 'aeTitles'>> {
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
  /** The called AE titles that are ours, or `any`. */
  readonly aeTitles: readonly string[] | 'any';
  /** IP addresses and ranges (CIDR); connections from others are closed at once. */
  readonly addresses?: readonly string[] | undefined;
  /** DICOM over TLS (PS3.15 B.12); without it the listener speaks DICOM alone. */
  readonly tls?: TlsDoorOptions | undefined;
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
 * @throws AnteroomError PORT_UNAVAILABLE, TLS_FILES
 */
export async function startScp(options: ScpOptions, handlers: ScpHandlers): Promise<RunningScp> {
  const settings = { ...SCP_DEFAULTS, ...definedOf(options) };
  const { log } = settings;
  const connections = new Set<Connection>();
  let closing = false;
  let onEmpty: (() => void) | undefined;
  const associations = (caller?: AssociationCaller): number =>
    [...connections].filter((connection) => (caller === undefined ? connection.isAssociated : connection.isOf(caller))).length;
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
  const take = (socket: Socket): void => void connections.add(new Connection(socket, around));
  const door = settings.tls && new TlsDoor(settings.tls, settings.associationTimeoutMs, log, take);
  const sockets = new Set<Socket>();
  const refusal = refuserOf(settings, sockets);
  const reading = new SharedReadBuffer();
  const server = createServer({ noDelay: true, keepAlive: true, pauseOnConnect: !door }, (accepted) => {
    // The TLS side reads by itself.
    const socket = door ? accepted : reading.attach(accepted);
    const refused = refusal(socket);
    if (refused) {
      log.warn(...refused);
      socket.on('error', () => undefined);
      socket.destroy();
      return;
    }
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    if (door) door.handshake(socket);
    else take(socket);
  });
  const port = await listen(server, settings.host, settings.port);
  server.on('error', (error) => log.error('accepting a connection failed', { port, seen: error.message }));
  const ticker = startTicker(connections, settings);

  const close = async (graceMs = 0): Promise<void> => {
    closing = true;
    server.close();
    door?.close();
    const emptied = connections.size === 0 ? Promise.resolve() : new Promise<void>((resolve) => (onEmpty = resolve));
    const abortAll = (): void => connections.forEach((connection) => connection.shutdown());
    const grace = setTimeout(abortAll, graceMs);
    await emptied;
    clearTimeout(grace);
    clearInterval(ticker);
  };
  return { port, close, associations: () => associations(), connections: () => connections.size };
}

/** Why a connection is closed before a word is spoken, as the log says it. */
function refuserOf({ addresses, callingAeTitles, maxAssociations, settingsKey }: AcceptancePolicy & ScpOptions, open: ReadonlySet<Socket>) {
  const allowed = addresses ?? addressesOf(callingAeTitles);
  const ranges = allowed && new IpRanges(allowed);
  return (socket: Socket): [message: string, fields: LogFields] | undefined => {
    const address = plainAddress(socket.remoteAddress);
    if (ranges && !ranges.contains(address))
      return [
        'connection closed: the address is not allowed',
        {
          address,
          seen: `expected one of ${allowed.join(', ')}`,
          remedy: `Add it to \`${settingsKey}.${addresses ? 'addresses' : 'callingAeTitles'}\` if this machine is meant to send here.`,
        },
      ];
    if (open.size < maxAssociations + SPARE_CONNECTIONS) return undefined;
    return ['connection refused: too many are open', { address, count: open.size, remedy: `See \`${settingsKey}.maxAssociations\`.` }];
  };
}

/** Where every caller has its addresses, nobody else needs to be heard. */
function addressesOf(callers: AcceptancePolicy['callingAeTitles']): readonly string[] | undefined {
  if (callers === 'any' || callers.some((caller) => typeof caller === 'string')) return undefined;
  return callers.flatMap((caller) => (typeof caller === 'string' ? [] : caller.addresses));
}

/** One timer looks after the deadlines of all connections: setting a deadline costs an assignment on the way of each chunk. */
function startTicker(connections: ReadonlySet<Connection>, limits: ConnectionLimits): NodeJS.Timeout {
  const shortestMs = Math.min(limits.associationTimeoutMs, limits.idleTimeoutMs, limits.stallTimeoutMs, limits.writeTimeoutMs);
  const ticker = setInterval(
    () => {
      // After what was received meanwhile is read: this thread may have stood still for longer than a peer may be silent.
      setImmediate(() => {
        const now = Date.now();
        for (const connection of connections) connection.checkDeadline(now);
      });
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
function definedOf<T extends object>(options: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}
