/** QIDO-RS and WADO-RS metadata as a client (PS3.18 10.6, 10.4.1.1.2), by dicomweb-client over our own exchange. */
import { api } from 'dicomweb-client';
import { AnteroomError, toAnteroomError } from '../../foundation/errors.js';
import { tagKey, TAG } from '../../dicom/element/tags.js';
import { firstText, type Header } from '../../dicom/header.js';
import type { LevelIds, StudyIds } from '../ids.js';
import { hostOf } from './http.js';
import type { DicomWebEndpoint } from './types.js';
import { LIBRARY_BASE, ListRequest } from './xhr.js';

export interface QidoSearch {
  /** Levels that become part of the path. */
  readonly studyInstanceUid?: string;
  readonly seriesInstanceUid?: string;
  /** Keyword or tag to the value sought, wildcards and ranges as PS3.18 8.3.4.1 has them. */
  readonly matches?: Readonly<Record<string, string>>;
  /** Keywords or tags wanted beyond the usual ones, or `all`. */
  readonly includeFields?: readonly string[];
  readonly limit?: number;
  readonly offset?: number;
}

const SOP_INSTANCE_UID = tagKey(TAG.SOPInstanceUID);

/** Searches studies. Empty where nothing matches. @throws AnteroomError as `exchangeExpecting` */
export function searchStudies(endpoint: DicomWebEndpoint, search: QidoSearch = {}): Promise<Header[]> {
  return headersFrom(endpoint, (client, request) => client.searchForStudies({ queryParams: queryParams(search), request }));
}

/** Searches series, of one study where it is named. @throws AnteroomError as `exchangeExpecting` */
export function searchSeries(endpoint: DicomWebEndpoint, search: QidoSearch = {}): Promise<Header[]> {
  return headersFrom(endpoint, (client, request) =>
    client.searchForSeries({ ...levels(search), queryParams: queryParams(search), request }),
  );
}

/** Searches instances, of one study or series where they are named. @throws AnteroomError as `exchangeExpecting` */
export function searchInstances(endpoint: DicomWebEndpoint, search: QidoSearch = {}): Promise<Header[]> {
  return headersFrom(endpoint, (client, request) =>
    client.searchForInstances({ ...levels(search), queryParams: queryParams(search), request }),
  );
}

/**
 * Whether the destination lists this instance; a server that answers 404 because it does not know the study says no.
 * An index row is what QIDO-RS proves, not the bytes.
 * @throws AnteroomError as `exchangeExpecting`
 */
export async function instanceExists(
  endpoint: DicomWebEndpoint,
  ids: StudyIds & { readonly seriesInstanceUid?: string; readonly sopInstanceUid: string },
): Promise<boolean> {
  const { studyInstanceUid, seriesInstanceUid, sopInstanceUid } = ids;
  try {
    const found = await searchInstances(endpoint, { studyInstanceUid, seriesInstanceUid, matches: { SOPInstanceUID: sopInstanceUid } });
    // Looked up in what came back: a server that does not know the parameter lists every instance.
    return found.some((header) => firstText(header, SOP_INSTANCE_UID) === sopInstanceUid);
  } catch (error) {
    if (error instanceof AnteroomError && error.code === 'DESTINATION_NO_SERVICE') return false;
    throw error;
  }
}

/** The headers of all instances of a study or series, or of one instance. @throws AnteroomError as `exchangeExpecting` */
export function retrieveMetadata(endpoint: DicomWebEndpoint, ids: LevelIds): Promise<Header[]> {
  const { studyInstanceUid: studyInstanceUID, seriesInstanceUid: seriesInstanceUID, sopInstanceUid: sopInstanceUID } = ids;
  return headersFrom(endpoint, (client, request) => {
    if (seriesInstanceUID === undefined) return client.retrieveStudyMetadata({ studyInstanceUID, request });
    if (sopInstanceUID === undefined) return client.retrieveSeriesMetadata({ studyInstanceUID, seriesInstanceUID, request });
    return client.retrieveInstanceMetadata({ studyInstanceUID, seriesInstanceUID, sopInstanceUID, request });
  });
}

interface LibraryOptions {
  readonly studyInstanceUID?: string;
  readonly seriesInstanceUID?: string;
  readonly sopInstanceUID?: string;
  readonly queryParams?: Readonly<Record<string, string>>;
  readonly request: { readonly instance: ListRequest };
}

/** As much of the library as is used here. Its own types name the browser's objects, forget `request` and make `singlepart` compulsory. */
type LibraryMethod =
  | 'searchForStudies'
  | 'searchForSeries'
  | 'searchForInstances'
  | 'retrieveStudyMetadata'
  | 'retrieveSeriesMetadata'
  | 'retrieveInstanceMetadata';
type LibraryClient = Record<LibraryMethod, (options: LibraryOptions) => Promise<unknown>>;
const LibraryClient = api.DICOMwebClient as unknown as new (options: { url: string; verbose: boolean }) => LibraryClient;

async function headersFrom(
  endpoint: DicomWebEndpoint,
  ask: (client: LibraryClient, request: LibraryOptions['request']) => Promise<unknown>,
): Promise<Header[]> {
  const listRequest = new ListRequest(endpoint);
  // The library prints the whole request object unless it is told not to.
  const client = new LibraryClient({ url: LIBRARY_BASE, verbose: false });
  try {
    const list = await ask(client, { instance: listRequest });
    if (!Array.isArray(list) || !list.every(isHeader))
      throw new AnteroomError('DESTINATION_REFUSED', `${hostOf(endpoint)} answered with JSON that is no list of DICOM headers`);
    return list;
  } catch (error) {
    throw listRequest.failure ?? toAnteroomError(error);
  }
}

function isHeader(value: unknown): value is Header {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function levels(search: QidoSearch): { studyInstanceUID?: string; seriesInstanceUID?: string } {
  return {
    ...(search.studyInstanceUid === undefined ? {} : { studyInstanceUID: search.studyInstanceUid }),
    ...(search.seriesInstanceUid === undefined ? {} : { seriesInstanceUID: search.seriesInstanceUid }),
  };
}

function queryParams({ matches = {}, includeFields = [], limit, offset }: QidoSearch): Record<string, string> {
  return {
    ...matches,
    ...(includeFields.length === 0 ? {} : { includefield: includeFields.join(',') }),
    ...(limit === undefined ? {} : { limit: String(limit) }),
    ...(offset === undefined ? {} : { offset: String(offset) }),
  };
}
