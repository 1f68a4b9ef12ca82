/** Carrying out an attack against the node's port, to the end of the connection. */
import { setTimeout } from 'node:timers/promises';
import { decodeCommand } from '../../src/dimse/command.js';
import { PDU, abortPdu, releaseRq } from '../../src/dimse/pdu.js';
import { CONTROL, RawPeer } from '../support/dimse.js';
import { until } from '../support/until.js';
import type { Attack } from './attack.js';

/** What the node answered. */
export interface Outcome {
  readonly isAccepted: boolean;
  /** Status of every response. */
  readonly statuses: readonly number[];
  /** How the node ended it: the type of the last PDU that is none of data, or undefined where it just closed. */
  readonly lastControl: number | undefined;
}

/** A node that is asked in order and does not end within this time is at fault. */
const END_MS = 30_000;
/** A peer whose bytes no longer make sense to the node is not answered: it closes its side after this. */
const PATIENCE_MS = 300;
/** A deaf peer goes on for so long. */
const DEAF_MS = 100;

/** Resolves when the connection is closed on both sides. Rejects where the node does not close it. */
export async function carryOut(port: number, attack: Attack): Promise<Outcome> {
  const peer = await RawPeer.connect(port);
  const collected = collect(peer);
  try {
    await send(peer, [attack.request], attack.pieceBytes);
    if (attack.awaitsAccept) await Promise.race([collected.accepted, setTimeout(attack.kind === 'unusual' ? END_MS : PATIENCE_MS)]);
    if (attack.kind === 'deaf') peer.socket.pause();
    await send(peer, attack.rest, attack.pieceBytes);
    await end(peer, attack);
    await until('the node to end the connection', () => peer.isClosed, END_MS);
  } finally {
    peer.socket.destroy();
  }
  return collected.outcome;
}

async function end(peer: RawPeer, { ending, kind }: Attack): Promise<void> {
  if (kind === 'deaf') await setTimeout(DEAF_MS);
  if (ending === 'never') return; // the node's idle time-out must end it
  if (ending === 'reset') peer.socket.resetAndDestroy();
  else if (ending === 'fin') peer.socket.end();
  else {
    await send(peer, [ending === 'abort' ? abortPdu(0) : releaseRq()]);
    // Where the node takes our last PDU for a part of what came before, it waits for more: then we close, as broken peers do.
    if (kind !== 'unusual') void setTimeout(PATIENCE_MS).then(() => peer.socket.end());
  }
}

async function send(peer: RawPeer, parts: readonly Buffer[], pieceBytes?: number): Promise<void> {
  const bytes = Buffer.concat(parts);
  if (pieceBytes === undefined) {
    if (!peer.isClosed) peer.send(bytes);
    return;
  }
  // A few pieces in packets of their own; to send all of them so would take minutes.
  let at = 0;
  for (let n = 0; n < 20 && at < bytes.length && !peer.isClosed; n++) {
    peer.send(bytes.subarray(at, at + pieceBytes));
    at += pieceBytes;
    await new Promise(setImmediate);
  }
  if (at < bytes.length && !peer.isClosed) peer.send(bytes.subarray(at));
}

function collect(peer: RawPeer): { readonly accepted: Promise<void>; readonly outcome: Promise<Outcome> } {
  let onFirst: () => void = () => undefined;
  const accepted = new Promise<void>((resolve) => (onFirst = resolve));
  const read = async (): Promise<Outcome> => {
    const statuses: number[] = [];
    let isAccepted = false;
    let lastControl: number | undefined;
    for (let pdu = await peer.pdu(); pdu !== undefined; pdu = await peer.pdu()) {
      if (pdu.type === PDU.dataTf) statuses.push(...statusOf(pdu.body));
      else lastControl = pdu.type;
      isAccepted ||= pdu.type === PDU.associateAc;
      onFirst();
    }
    onFirst();
    return { isAccepted, statuses, lastControl };
  };
  return { accepted, outcome: read() };
}

/** None of a data set, nor where the response came in several PDUs, as a peer may ask for. */
function statusOf(body: Buffer): number[] {
  if ((body.readUInt8(5) & CONTROL.command) === 0) return [];
  try {
    return [decodeCommand(body.subarray(6)).status ?? -1];
  } catch {
    return [];
  }
}
