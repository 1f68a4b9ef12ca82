/** From the settings of the listeners to what the DIMSE listeners are started with. */
import type { ListenerOptions } from '../dimse/listeners.js';
import type { TlsDoorOptions } from '../dimse/tls-door.js';
import { listenersOf, type Listener } from '../settings/listeners.js';
import { resolveSecret, type Environment } from '../settings/load.js';
import type { Settings } from '../settings/schema.js';

/** All listeners of the settings, `dimse` first. Throws CONFIG_INVALID where a passphrase that one names is not there. */
export function listenerOptions(settings: Settings, environment: Environment): ListenerOptions[] {
  return listenersOf(settings).map((listener) => optionsOf(listener, environment));
}

function optionsOf(listener: Listener, environment: Environment): ListenerOptions {
  const { name, key, host, port, titles, callingAeTitles, addresses, maxAssociations, maxPduBytes, sopClasses, transferSyntaxes } =
    listener;
  return {
    name,
    settingsKey: key,
    host,
    port,
    aeTitles: titles,
    callingAeTitles,
    addresses,
    maxAssociations,
    ...(listener.maxAssociationsPerCaller === undefined ? {} : { maxAssociationsPerCaller: listener.maxAssociationsPerCaller }),
    maxPduBytes,
    associationTimeoutMs: listener.associationTimeoutS * 1000,
    idleTimeoutMs: listener.idleTimeoutS * 1000,
    stallTimeoutMs: listener.trickleTimeoutS * 1000,
    writeTimeoutMs: listener.writeTimeoutS * 1000,
    sopClasses,
    transferSyntaxes,
    tls: listener.tls && tlsOf(listener.tls, environment),
  };
}

/** The TLS files of a listener with the passphrase resolved. Throws CONFIG_INVALID where that is not there. */
export function tlsOf(tls: NonNullable<Listener['tls']>, environment: Environment): TlsDoorOptions {
  const { cert, key, ca, clientCertificates, keyPassphrase } = tls;
  const passphrase = keyPassphrase && resolveSecret(keyPassphrase, environment);
  return { cert, key, ca, clientCertificates, passphrase };
}
