/** From the settings to what the receiver offers over DIMSE beside storage. */
import type { Settings } from '../settings/schema.js';
import type { ServiceSettings } from './dimse-services.js';

/** Who may query and retrieve, whether storage commitment is given, and whom we may call. */
export function serviceSettings(settings: Settings): ServiceSettings {
  return {
    queryCallers: settings.query === 'off' ? [] : settings.query.callers,
    peers: knownPeers(settings),
    commits: settings.storageCommitment !== 'off',
  };
}

/**
 * Application entities that we may call in plain DICOM, by AE title; what `peers` says comes first. Those that are spoken to over TLS are
 * not among them: nothing that is to be sealed goes out in the clear.
 */
function knownPeers({ peers, destinations, sources }: Settings): ServiceSettings['peers'] {
  const others = [...Object.values(destinations), ...Object.values(sources)]
    .filter((one) => one.kind === 'cstore' || one.kind === 'dimse')
    .filter((one) => !('tls' in one) || one.tls === undefined);
  return { ...Object.fromEntries(others.map(({ aeTitle, host, port }) => [aeTitle, { host, port }])), ...peers };
}
