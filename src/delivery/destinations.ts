/** From the settings' destinations to the outbox's. */
import type { Clock } from '../foundation/clock.js';
import type { Db } from '../ledger/database.js';
import type { Destination } from '../settings/schema.js';
import type { Environment } from '../settings/load.js';
import { webEndpoint } from '../settings/web-endpoint.js';
import type { Equipment } from '../dicom/equipment.js';
import { createArchiveSender, createArchiveWithdrawer, type OwnArchive } from './archive-sender.js';
import { compareRetrieved } from './compare-retrieved.js';
import { createCommitmentSender } from './commitment-sender.js';
import { cstorePeer } from './cstore-peer.js';
import { createCstoreSender } from './cstore-sender.js';
import { createDicomWebWithdrawer } from './dicomweb-withdrawer.js';
import { createNoteWithdrawer } from './note-withdrawer.js';
import { createOrthancWithdrawer } from './orthanc-withdrawer.js';
import type { OutboxDestination } from './outbox.js';
import type { Parcel, Sender } from './sender.js';
import { createStowSender } from './stow-sender.js';
import type { Standing, Withdrawer } from './withdrawer.js';

/** The archive needs no patience: it is this node. */
const ARCHIVE_RETRY = { firstDelayMs: 1_000, maxDelayMs: 30_000, holdAfterMs: Number.POSITIVE_INFINITY };

interface Surroundings {
  readonly environment: Environment;
  readonly archive: OwnArchive;
  readonly ownAeTitle: string;
  readonly resultsFolder: string;
  /** This node, as its objects name it. */
  readonly equipment: Equipment;
  readonly db: Db;
  readonly clock: Clock;
}

/** All destinations of the settings. Throws CONFIG_INVALID, FILE_UNREADABLE or TLS_FILES where a secret or certificate that one names is not there. */
export function outboxDestinations(
  destinations: Readonly<Record<string, Destination>>,
  surroundings: Surroundings,
): Map<string, OutboxDestination> {
  return new Map(Object.entries(destinations).map(([name, destination]) => [name, outboxDestination(name, destination, surroundings)]));
}

function outboxDestination(name: string, destination: Destination, surroundings: Surroundings): OutboxDestination {
  const { archive, environment, ownAeTitle, db, clock } = surroundings;
  if (destination.kind === 'archive')
    return { sender: createArchiveSender(archive), withdrawer: createArchiveWithdrawer(archive), concurrency: 1, retry: ARCHIVE_RETRY };
  const { firstDelayS, maxDelayS, holdAfterH } = destination.retry;
  const common = {
    concurrency: destination.concurrency,
    retry: { firstDelayMs: firstDelayS * 1000, maxDelayMs: maxDelayS * 1000, holdAfterMs: holdAfterH * 3_600_000 },
  };
  if (destination.kind === 'stow') {
    const endpoint = webEndpoint(destination, environment);
    const sender = createStowSender(endpoint);
    const compare = (old: Parcel) => compareRetrieved(endpoint, old);
    return { sender, withdrawer: withdrawerOf(destination, surroundings, sender, compare), ...common };
  }
  const peer = () => cstorePeer(destination, ownAeTitle, environment);
  // Asked once now: what is wrong with the files is told at the start, not at the first delivery.
  peer();
  const { proof } = destination;
  const sender = proof === 'commitment' ? createCommitmentSender(peer, { db, clock, destination: name }) : createCstoreSender(peer, proof);
  return { sender, withdrawer: withdrawerOf(destination, surroundings, sender), ...common };
}

function withdrawerOf(
  { withdraw, timeoutS }: Exclude<Destination, { kind: 'archive' }>,
  { environment, resultsFolder, equipment }: Surroundings,
  sender: Sender,
  compare?: (old: Parcel) => Promise<Standing>,
): Withdrawer | undefined {
  if (withdraw.kind === 'mark-only') return undefined;
  if (withdraw.kind === 'iocm-kos') return createNoteWithdrawer({ sender, resultsFolder, equipment, compare });
  const endpoint = webEndpoint({ ...withdraw, timeoutS }, environment);
  return withdraw.api === 'orthanc' ? createOrthancWithdrawer(endpoint) : createDicomWebWithdrawer(endpoint);
}
