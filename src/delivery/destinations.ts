/** From the settings' destinations to the outbox's. */
import type { Destination } from '../settings/schema.js';
import type { Environment } from '../settings/load.js';
import { webEndpoint } from '../settings/web-endpoint.js';
import { createArchiveSender, type OwnArchive } from './archive-sender.js';
import { cstorePeer } from './cstore-peer.js';
import { createCstoreSender } from './cstore-sender.js';
import type { OutboxDestination } from './outbox.js';
import { createStowSender } from './stow-sender.js';

/** The archive needs no patience: it is this node. */
const ARCHIVE_RETRY = { firstDelayMs: 1_000, maxDelayMs: 30_000, holdAfterMs: Number.POSITIVE_INFINITY };

/** All destinations of the settings. Throws CONFIG_INVALID, FILE_UNREADABLE or TLS_FILES where a secret or certificate that one names is not there. */
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
  if (destination.kind === 'stow') return { sender: createStowSender(webEndpoint(destination, surroundings.environment)), ...common };
  const peer = () => cstorePeer(destination, surroundings.ownAeTitle, surroundings.environment);
  // Asked once now: what is wrong with the files is told at the start, not at the first delivery.
  peer();
  return { sender: createCstoreSender(peer, destination.proof), ...common };
}
