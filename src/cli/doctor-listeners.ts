/** What `anteroom doctor` says of the listeners: who may send, and until when their certificates are good. */
import { certificateTime, readTlsFiles } from '../dimse/tls-files.js';
import { tlsOf } from '../intake/listener-options.js';
import { listenersOf, type Listener } from '../settings/listeners.js';
import type { Settings } from '../settings/schema.js';
import { failure, type Finding } from './finding.js';

/** One or two findings for each listener. */
export function listenerFindings(settings: Settings): Finding[] {
  return listenersOf(settings).flatMap((listener) => [callers(listener), ...certificate(listener)]);
}

function callers({ name, key, host, port, callingAeTitles, addresses, tls }: Listener): Finding {
  const subject = `senders to ${name}`;
  const from = addresses === undefined ? '' : ` from ${addresses.join(', ')}`;
  if (callingAeTitles !== 'any') {
    const titles = callingAeTitles.map((caller) =>
      typeof caller === 'string' ? caller : `${caller.aeTitle} (${caller.addresses.join(', ')})`,
    );
    return { subject, standing: 'ok', seen: `only ${titles.join(', ')}${from} may send` };
  }
  if (tls?.clientCertificates === 'required')
    return { subject, standing: 'ok', seen: `anyone${from} with a certificate of ${tls.ca ?? ''} may send` };
  if (addresses !== undefined) return { subject, standing: 'ok', seen: `anyone${from} may send` };
  return {
    subject,
    standing: 'warning',
    seen: `anyone who reaches ${host}:${port} may send`,
    remedy: `Name the AE titles that may send in \`${key}.callingAeTitles\`, or their addresses in \`${key}.addresses\`.`,
  };
}

function certificate({ name, tls }: Listener): Finding[] {
  if (tls === undefined) return [];
  const subject = `certificate of ${name}`;
  try {
    readTlsFiles(tlsOf(tls, process.env));
    const { standing, validTo, daysLeft } = certificateTime(tls.cert, Date.now());
    const until = `${tls.cert}: valid to ${validTo.toISOString().slice(0, 10)}`;
    const remedy = 'Put a new certificate in its place; a running node takes it up by itself.';
    if (standing === 'expired') return [{ subject, standing: 'wrong', seen: `${until}, so it has expired`, remedy }];
    return [{ subject, standing: standing === 'expiring' ? 'warning' : 'ok', seen: `${until}, ${daysLeft} days from now`, remedy }];
  } catch (thrown) {
    return [failure(subject, thrown)];
  }
}
