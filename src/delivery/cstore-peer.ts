/** From the settings of a C-STORE destination to the peer that the wire talks to. */
import type { Peer } from '../dimse/scu.js';
import { readTlsFiles } from '../dimse/tls-files.js';
import { resolveSecret, type Environment } from '../settings/load.js';
import type { CstoreDestination } from '../settings/schema.js';

/** The peer, its TLS files read. Throws CONFIG_INVALID or TLS_FILES where a secret or file that the destination names is of no use. */
export function cstorePeer(destination: CstoreDestination, ownAeTitle: string, environment: Environment): Peer {
  const { host, port, aeTitle, callingAe = ownAeTitle, timeoutS, tls } = destination;
  const peer = { host, port, aeTitle, callingAe, timeoutMs: timeoutS * 1000 };
  if (tls === undefined) return peer;
  const { keyPassphrase, ...files } = tls;
  return { ...peer, tls: readTlsFiles({ ...files, passphrase: keyPassphrase && resolveSecret(keyPassphrase, environment) }) };
}
