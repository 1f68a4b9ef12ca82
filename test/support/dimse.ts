/** Our SCP with sinks that remember, and a peer of bare bytes that does what no toolkit would. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';

import { encodeAssociateRq } from '../../src/dimse/associate.js';
import {
  startScp,
  type ClosedAssociation,
  type RunningScp,
  type ScpOptions,
  type StoreContext,
  type StoreSink,
} from '../../src/dimse/scp.js';
import type { LogFields } from '../../src/foundation/log.js';
import { until } from './until.js';

export const CT_STORAGE = '1.2.840.10008.5.1.4.1.1.2';
export const VERIFICATION = '1.2.840.10008.1.1';
export const EXPLICIT_LE = '1.2.840.10008.1.2.1';
export const IMPLICIT_LE = '1.2.840.10008.1.2';

export interface Received {
  readonly context: StoreContext;
  readonly sizeBytes: number;
  readonly md5: string;
}

export interface Probe extends RunningScp {
  readonly received: Received[];
  readonly ended: ClosedAssociation[];
  readonly logged: { readonly level: string; readonly message: string; readonly fields: LogFields }[];
  /** Sinks opened, and those of them that were told to throw away what they had. */
  readonly opened: () => number;
  readonly aborted: () => number;
  /** Resolves when all connections are closed: a sender that has ended may be ahead of us. */
  readonly settled: () => Promise<void>;
}

export interface ProbeBehaviour {
  /** Called before a sink is opened; may throw. */
  readonly onOpen?: (context: StoreContext) => void;
  /** Replaces parts of the remembering sink. */
  readonly sink?: (context: StoreContext) => Partial<StoreSink>;
}

export async function startProbe(options: Partial<ScpOptions> = {}, behaviour: ProbeBehaviour = {}): Promise<Probe> {
  const received: Received[] = [];
  const ended: ClosedAssociation[] = [];
  const logged: { level: string; message: string; fields: LogFields }[] = [];
  let opened = 0;
  let aborted = 0;
  const at =
    (level: string) =>
    (message: string, fields: LogFields = {}): void => {
      logged.push({ level, message, fields });
    };
  const log = { error: at('error'), warn: at('warn'), info: at('info'), debug: at('debug') };
  const openStore = (context: StoreContext): StoreSink => {
    behaviour.onOpen?.(context);
    opened++;
    const hash = createHash('md5');
    let sizeBytes = 0;
    return {
      write: (chunk) => {
        hash.update(chunk);
        sizeBytes += chunk.length;
      },
      end: () => {
        received.push({ context, sizeBytes, md5: hash.digest('hex') });
        return Promise.resolve({ status: 0 });
      },
      abort: () => {
        aborted++;
      },
      ...behaviour.sink?.(context),
    };
  };
  const scp = await startScp(
    { host: '127.0.0.1', port: 0, aeTitles: 'any', log, ...options },
    { openStore, associationClosed: (info) => void ended.push(info) },
  );
  const settled = async (): Promise<void> => {
    await until('all connections are closed', () => scp.connections() === 0);
  };
  return { ...scp, settled, received, ended, logged, opened: () => opened, aborted: () => aborted };
}

/** The bytes of a Part 10 file after its file meta information, found by the group length (PS3.10 section 7.1). */
export function dataSetOf(file: string): Buffer {
  const bytes = readFileSync(file);
  return bytes.subarray(144 + bytes.readUInt32LE(140));
}

export const md5 = (bytes: Buffer): string => createHash('md5').update(bytes).digest('hex');

/** A connection on which the tester writes what he likes. */
export class RawPeer {
  readonly socket: Socket;
  private bytes = Buffer.alloc(0);
  private wake: (() => void) | undefined;
  isClosed = false;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk) => {
      this.bytes = Buffer.concat([this.bytes, chunk]);
      this.wake?.();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.isClosed = true;
      this.wake?.();
    });
  }

  /** @param localAddress any of 127.0.0.0/8, to be a peer at another address. */
  static async connect(port: number, localAddress?: string): Promise<RawPeer> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true, ...(localAddress === undefined ? {} : { localAddress }) });
    await once(socket, 'connect');
    return new RawPeer(socket);
  }

  /** A peer whose association for CT storage (id 1) and Verification (id 3) is open. */
  static async associated(port: number): Promise<RawPeer> {
    const peer = await RawPeer.connect(port);
    peer.send(associateRq());
    const answer = await peer.pdu();
    if (answer?.type !== 2) throw new Error(`no A-ASSOCIATE-AC but ${answer?.type}`);
    return peer;
  }

  send(...bytes: Uint8Array[]): void {
    this.socket.write(Buffer.concat(bytes));
  }

  /** The next PDU that the other side sends; undefined where it closes instead. */
  async pdu(): Promise<{ readonly type: number; readonly body: Buffer } | undefined> {
    for (;;) {
      const lengthBytes = this.bytes.length >= 6 ? this.bytes.readUInt32BE(2) : Infinity;
      if (this.bytes.length >= 6 + lengthBytes) {
        const pdu = { type: this.bytes.readUInt8(0), body: Buffer.from(this.bytes.subarray(6, 6 + lengthBytes)) };
        this.bytes = this.bytes.subarray(6 + lengthBytes);
        return pdu;
      }
      if (this.isClosed) return undefined;
      await new Promise<void>((resolve) => (this.wake = resolve));
    }
  }

  /** Reads to the end; the A-ABORT's source and reason where that was the last PDU. */
  async ending(): Promise<{ readonly source: number; readonly reason: number } | undefined> {
    let last: { readonly type: number; readonly body: Buffer } | undefined;
    for (let pdu = await this.pdu(); pdu; pdu = await this.pdu()) last = pdu;
    return last?.type === 7 ? { source: last.body.readUInt8(2), reason: last.body.readUInt8(3) } : undefined;
  }
}

export function associateRq(titles: { calledAe?: string; callingAe?: string } = {}): Buffer {
  return encodeAssociateRq({
    calledAe: titles.calledAe ?? 'ANTEROOM',
    callingAe: titles.callingAe ?? 'RAW',
    contexts: [
      { id: 1, abstractSyntax: CT_STORAGE, transferSyntaxes: [EXPLICIT_LE] },
      { id: 3, abstractSyntax: VERIFICATION, transferSyntaxes: [IMPLICIT_LE] },
      { id: 5, abstractSyntax: '1.2.840.10008.5.1.4.1.2.2.1', transferSyntaxes: [IMPLICIT_LE] },
    ],
    maxPduBytes: 16384,
  });
}

/** One P-DATA-TF with one fragment; `lengthBytes` and `pduLengthBytes` may lie. */
export function pData(
  contextId: number,
  control: number,
  fragment: Uint8Array,
  lies: { lengthBytes?: number; pduLengthBytes?: number } = {},
): Buffer {
  const header = Buffer.alloc(12);
  header.writeUInt8(4, 0);
  header.writeUInt32BE(lies.pduLengthBytes ?? fragment.length + 6, 2);
  header.writeUInt32BE(lies.lengthBytes ?? fragment.length + 2, 6);
  header.writeUInt8(contextId, 10);
  header.writeUInt8(control, 11);
  return Buffer.concat([header, fragment]);
}

/** Message control header (PS3.8 annex E.2). */
export const CONTROL = { data: 0, command: 1, lastData: 2, lastCommand: 3 } as const;
