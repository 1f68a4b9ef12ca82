/** Connecting to another application entity, in plain TCP or over TLS. */
import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { ConnectionOptions } from 'node:tls';

import { AnteroomError } from '../foundation/errors.js';

/** Another application entity, and how we present ourselves to it. */
export interface Peer {
  readonly host: string;
  readonly port: number;
  /** The called AE title. */
  readonly aeTitle: string;
  readonly callingAe: string;
  /** For connecting, for the association, and for each answer; 60 s by default. */
  readonly timeoutMs?: number;
  /** Speaks TLS to the peer (PS3.15 B.12): `ca` for a private CA, `cert` and `key` for a client certificate. */
  readonly tls?: Pick<ConnectionOptions, 'ca' | 'cert' | 'key' | 'passphrase' | 'servername' | 'minVersion' | 'ciphers'>;
}

export const DEFAULT_TIMEOUT_MS = 60_000;
/**
 * Connects.
 * @throws AnteroomError DESTINATION_UNREACHABLE or DESTINATION_TLS
 */
export async function connect(peer: Peer): Promise<Socket> {
  const timeoutMs = peer.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const socket = peer.tls
    ? connectTls({ ...peer.tls, host: peer.host, port: peer.port })
    : connectTcp({ host: peer.host, port: peer.port });
  socket.setNoDelay(true);
  const timer = setTimeout(() => socket.destroy(new Error(`no connection within ${timeoutMs} ms`)), timeoutMs);
  try {
    await once(socket, peer.tls ? 'secureConnect' : 'connect');
    return socket;
  } catch (thrown) {
    throw connectError(peer, thrown as NodeJS.ErrnoException);
  } finally {
    clearTimeout(timer);
  }
}

/** Failures of the handshake come from OpenSSL or from the check of the certificate; all others are of the network. */
function connectError(peer: Peer, error: NodeJS.ErrnoException): AnteroomError {
  const isTls =
    peer.tls !== undefined && /^(ERR_SSL|ERR_TLS|CERT_|SELF_SIGNED|DEPTH_ZERO|UNABLE_TO|HOSTNAME_MISMATCH|EPROTO)/.test(error.code ?? '');
  return new AnteroomError(
    isTls ? 'DESTINATION_TLS' : 'DESTINATION_UNREACHABLE',
    `${peer.host}:${peer.port}: ${error.code ?? error.message}`,
    { cause: error },
  );
}
