/** Whom to ask how many instances a study has: a PACS over QIDO-RS (PS3.18 10.6) or C-FIND (PS3.4 annex C). */
import { tagKey, TAG } from '../dicom/element/tags.js';
import { firstText, type Header } from '../dicom/header.js';
import { searchInstances, searchSeries } from '../dicomweb/client/qido.js';
import type { DicomWebEndpoint } from '../dicomweb/client/types.js';
import { findSeriesCounts } from '../dimse/query.js';
import type { Peer } from '../dimse/requestor.js';
import { AnteroomError } from '../foundation/errors.js';
import type { SeriesCounts } from '../ledger/expected-counts.js';
import type { Environment } from '../settings/load.js';
import type { Settings } from '../settings/schema.js';
import { webEndpoint } from '../settings/web-endpoint.js';

/** Answers how many instances each series of a study has there; none where it does not know the study. Rejects where nothing is known. */
export type CountSource = (studyInstanceUid: string) => Promise<SeriesCounts>;

const SERIES = tagKey(TAG.SeriesInstanceUID);
const STUDY = tagKey(TAG.StudyInstanceUID);
const INSTANCES = tagKey(TAG.NumberOfSeriesRelatedInstances);

/** Who does not answer a count in this time is asked again later. */
const TIMEOUT_MS = 10_000;

/** Whom `settle.countFrom` may name. Throws CONFIG_INVALID or FILE_UNREADABLE where a secret or certificate that one names is not there. */
export function countSources({ destinations, sources, dimse }: Settings, environment: Environment): Map<string, CountSource> {
  const sourceOf = (peer: Settings['destinations'][string] | Settings['sources'][string]): CountSource[] => {
    switch (peer.kind) {
      case 'stow':
      case 'dicomweb':
        return [qidoCounts({ ...webEndpoint(peer, environment), timeoutMs: TIMEOUT_MS })];
      case 'cstore':
      case 'dimse': {
        const { host, port, aeTitle, callingAe = dimse.aeTitle } = peer;
        return [cfindCounts({ host, port, aeTitle, callingAe, timeoutMs: TIMEOUT_MS })];
      }
      case 'archive':
        return [];
    }
  };
  const named = [...Object.entries(destinations), ...Object.entries(sources)];
  return new Map(named.flatMap(([name, peer]) => sourceOf(peer).map((source) => [name, source] as const)));
}

/** Asks by QIDO-RS, and counts the instances themselves where the server does not say their number. */
export function qidoCounts(endpoint: DicomWebEndpoint): CountSource {
  return async (studyInstanceUid) => {
    const series = await orNone(searchSeries(endpoint, { studyInstanceUid, includeFields: ['NumberOfSeriesRelatedInstances'] }));
    // A server that does not know the study level of the path answers all it has.
    const ours = series.filter((header) => [undefined, studyInstanceUid].includes(firstText(header, STUDY)));
    const counts = ours.map((header) => [firstText(header, SERIES) ?? '', countIn(header)] as const);
    if (counts.every(([, count]) => count !== undefined)) return Object.fromEntries(counts) as SeriesCounts;
    return byInstances(await orNone(searchInstances(endpoint, { studyInstanceUid })));
  };
}

/** Asks by C-FIND on the series level. */
export function cfindCounts(peer: Peer): CountSource {
  return (studyInstanceUid) => findSeriesCounts(peer, studyInstanceUid);
}

function countIn(header: Header): number | undefined {
  const [value] = header[INSTANCES]?.Value ?? [];
  const count = Number(value);
  return value === undefined || !Number.isInteger(count) ? undefined : count;
}

function byInstances(instances: readonly Header[]): SeriesCounts {
  const counts: Record<string, number> = {};
  for (const header of instances) {
    const uid = firstText(header, SERIES) ?? '';
    counts[uid] = (counts[uid] ?? 0) + 1;
  }
  return counts;
}

/** A server may answer 404 for a study that it does not know. */
async function orNone(search: Promise<Header[]>): Promise<Header[]> {
  try {
    return await search;
  } catch (error) {
    if (error instanceof AnteroomError && error.code === 'DESTINATION_NO_SERVICE') return [];
    throw error;
  }
}
