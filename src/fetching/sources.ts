/** From the settings' sources to those that are asked and pulled from. */
import type { Environment } from '../settings/load.js';
import type { Source } from '../settings/schema.js';
import { webEndpoint } from '../settings/web-endpoint.js';
import { createDicomWebSource, type StoreThroughDoor } from './dicomweb-source.js';
import { createDimseSource } from './dimse-source.js';
import type { FetchSource } from './source.js';

/** All sources of the settings. Throws CONFIG_INVALID or FILE_UNREADABLE where a secret or certificate that one names is not there. */
export function fetchSources(
  sources: Readonly<Record<string, Source>>,
  { environment, ownAeTitle, storeFrom }: { environment: Environment; ownAeTitle: string; storeFrom: (host: string) => StoreThroughDoor },
): Map<string, FetchSource> {
  const made = Object.entries(sources).map(([name, source]): [string, FetchSource] => {
    const { concurrency, maxMatches, attempts, timeoutS } = source;
    if (source.kind === 'dicomweb') {
      const endpoint = webEndpoint(source, environment);
      const store = storeFrom(new URL(source.url).hostname);
      return [name, createDicomWebSource({ endpoint, concurrency, instancesPerS: source.instancesPerS, maxMatches, attempts, store })];
    }
    const { host, port, aeTitle, callingAe = ownAeTitle, moveTo = ownAeTitle } = source;
    const peer = { host, port, aeTitle, callingAe, timeoutMs: timeoutS * 1000 };
    return [name, createDimseSource({ peer, moveTo, concurrency, maxMatches, attempts })];
  });
  return new Map(made);
}
