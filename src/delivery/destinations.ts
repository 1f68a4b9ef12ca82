/** From the settings' destinations to the outbox's. */
import { readFileSync } from 'node:fs';
import type { DicomWebEndpoint } from '../dicomweb/client/types.js';
import { AnteroomError } from '../foundation/errors.js';
import type { Destination, StowDestination } from '../settings/schema.js';
import { resolveSecret, type Environment } from '../settings/load.js';
import { createArchiveSender, type OwnArchive } from './archive-sender.js';
import { createCstoreSender } from './cstore-sender.js';
import type { OutboxDestination } from './outbox.js';
import { createStowSender } from './stow-sender.js';

/** The archive needs no patience: it is this node. */
const ARCHIVE_RETRY = { firstDelayMs: 1_000, maxDelayMs: 30_000, holdAfterMs: Number.POSITIVE_INFINITY };

/** All destinations of the settings. Throws CONFIG_INVALID or FILE_UNREADABLE where a secret or certificate that one names is not there. */
export function outboxDestinations(
  destinations: Readonly<Record<string, Destination>>,
  surroundings: { environment: Environment; archive: OwnArchive; ownAeTitle: string },
): Map<string, OutboxDestination> {
  return new Map(Object.entries(destinations).map(([name, destination]) => [name, outboxDestination(destination, surroundings)]));
}

function outboxDestination(destination: Destination, surroundings: Parameters<typeof outboxDestinations>[1]): OutboxDestination {
  if (destination.kind === 'archive') return { sender: createArchiveSender(surroundings.archive), concurrency: 1, retry: ARCHIVE_RETRY };
  const { firstDelayS, maxDelayS, holdAfterH } = destination.retry;
  const common = {
    concurrency: destination.concurrency,
    retry: { firstDelayMs: firstDelayS * 1000, maxDelayMs: maxDelayS * 1000, holdAfterMs: holdAfterH * 3_600_000 },
  };
  if (destination.kind === 'stow') return { sender: createStowSender(stowEndpoint(destination, surroundings.environment)), ...common };
  const { host, port, aeTitle, callingAe = surroundings.ownAeTitle, timeoutS, proof } = destination;
  return { sender: createCstoreSender({ host, port, aeTitle, callingAe, timeoutMs: timeoutS * 1000 }, proof), ...common };
}

/** The endpoint of a STOW-RS destination with its secrets resolved. */
export function stowEndpoint(destination: StowDestination, environment: Environment): DicomWebEndpoint {
  const auth = destination.auth && credentials(destination.auth, environment);
  const pem = (path: string | undefined) => (path === undefined ? undefined : readPem(path));
  const tls = destination.tls && { ca: pem(destination.tls.ca), cert: pem(destination.tls.cert), key: pem(destination.tls.key) };
  return { url: destination.url, auth, tls, timeoutMs: destination.timeoutS * 1000 };
}

function credentials(auth: NonNullable<StowDestination['auth']>, environment: Environment): DicomWebEndpoint['auth'] {
  if ('basic' in auth) return { kind: 'basic', user: auth.basic.user, password: resolveSecret(auth.basic.password, environment) };
  if ('bearer' in auth) return { kind: 'bearer', token: resolveSecret(auth.bearer.token, environment) };
  return undefined;
}

function readPem(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new AnteroomError('FILE_UNREADABLE', `${path} (${(cause as NodeJS.ErrnoException).code ?? 'unknown reason'})`, { cause });
  }
}
