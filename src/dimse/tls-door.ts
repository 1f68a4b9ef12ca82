/** The TLS side of a listener: handshakes on accepted sockets, certificate files that are taken up when they change, and why a handshake failed. */
import type { Socket } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';

import { toAnteroomError } from '../foundation/errors.js';
import { plainAddress } from '../foundation/ip-ranges.js';
import type { Logger } from '../foundation/log.js';
import { certificateTime, readTlsFiles, tlsFilesMark, type TlsFiles } from './tls-files.js';
import { handshakeTrouble } from './tls-trouble.js';

export interface TlsDoorOptions extends TlsFiles {
  readonly cert: string;
  readonly key: string;
  /** `required`: a sender without a certificate of `ca` does not get in. */
  readonly clientCertificates: 'none' | 'required';
  /** How often the files are looked at; 5 s by default. */
  readonly lookEveryMs?: number;
}

const LOOK_EVERY_MS = 5_000;
const TELL_EXPIRY_EVERY_MS = 24 * 3_600_000;

/** A TLS server that listens to nothing: the listener hands it the sockets that it lets in. */
export class TlsDoor {
  private readonly server: Server;
  private readonly timer: NodeJS.Timeout;
  private mark: string;
  private expiryToldAt = -Infinity;
  /** Sockets whose handshake may not have ended, with their address, which a closed socket no longer tells. */
  private readonly pending = new Map<Socket, string>();

  /** Throws TLS_FILES. `onSecure` gets each socket whose handshake has succeeded. */
  constructor(
    private readonly options: TlsDoorOptions,
    handshakeTimeoutMs: number,
    private readonly log: Logger,
    onSecure: (socket: TLSSocket) => void,
  ) {
    const mutual = options.clientCertificates === 'required';
    this.mark = tlsFilesMark(options);
    this.server = createServer(
      { ...readTlsFiles(options), handshakeTimeout: handshakeTimeoutMs, requestCert: mutual, rejectUnauthorized: mutual, noDelay: true },
      onSecure,
    );
    this.server.on('tlsClientError', (error: NodeJS.ErrnoException, socket) => this.failed(error, socket));
    this.tellExpiry();
    this.timer = setInterval(() => this.look(), options.lookEveryMs ?? LOOK_EVERY_MS).unref();
  }

  /** Begins the handshake on a socket that was accepted. */
  handshake(socket: Socket): void {
    this.pending.set(socket, plainAddress(socket.remoteAddress));
    socket.once('close', () => setImmediate(() => this.pending.delete(socket)));
    this.server.emit('connection', socket);
  }

  /** Gives up the handshakes under way; sockets that are secure go on. */
  close(): void {
    clearInterval(this.timer);
    for (const socket of this.pending.keys()) socket.destroy();
  }

  /** Takes up files that have changed; where they are of no use, those before them stay. */
  private look(): void {
    this.tellExpiry();
    const mark = tlsFilesMark(this.options);
    if (mark === this.mark) return;
    this.mark = mark;
    try {
      this.server.setSecureContext(readTlsFiles(this.options));
      this.expiryToldAt = -Infinity;
      this.log.info('changed TLS files are in use', { file: this.options.cert });
      this.tellExpiry();
    } catch (thrown) {
      const { code, seen, remedy } = toAnteroomError(thrown);
      this.log.error('changed TLS files are of no use; those before them stay', { code, seen, remedy });
    }
  }

  private tellExpiry(): void {
    const now = Date.now();
    if (now - this.expiryToldAt < TELL_EXPIRY_EVERY_MS) return;
    this.expiryToldAt = now;
    try {
      const { standing, validTo } = certificateTime(this.options.cert, now);
      if (standing === 'valid') return;
      const seen = `valid to ${validTo.toISOString()}`;
      const fields = { file: this.options.cert, seen, remedy: 'Put a new certificate in its place; it is taken up without a restart.' };
      if (standing === 'expired') this.log.error('the TLS certificate has expired: senders that check it refuse us', fields);
      else this.log.warn('the TLS certificate expires soon', fields);
    } catch (thrown) {
      this.log.error('the TLS certificate cannot be read', { seen: toAnteroomError(thrown).seen });
    }
  }

  private failed(error: NodeJS.ErrnoException, socket: TLSSocket): void {
    const { seen, remedy } = handshakeTrouble(error, socket.authorizationError);
    this.log.warn('TLS handshake failed', { address: plainAddress(socket.remoteAddress) || this.addressOfClosed(), seen, remedy });
    socket.destroy();
  }

  /** Whose connection has just closed, unless two are in question. */
  private addressOfClosed(): string | undefined {
    const [only, ...others] = new Set([...this.pending].filter(([socket]) => socket.destroyed).map(([, address]) => address));
    return others.length === 0 ? only : undefined;
  }
}
