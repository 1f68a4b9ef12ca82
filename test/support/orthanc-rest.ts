/** What an Orthanc holds, asked over its own REST and over QIDO-RS: independent of the code under test. */
import type { Orthanc } from './orthanc.js';

export interface Credentials {
  readonly user: string;
  readonly password: string;
}

/** One instance as Orthanc lists it; the tags are those that it keeps in its index. */
export interface StoredInstance {
  readonly orthancId: string;
  readonly sopInstanceUid: string;
  readonly seriesInstanceUid: string;
  readonly studyInstanceUid: string;
  readonly modality: string;
}

interface RequestedTags {
  readonly SOPInstanceUID?: string;
  readonly SeriesInstanceUID?: string;
  readonly StudyInstanceUID?: string;
  readonly Modality?: string;
}

/** All instances that it holds; one that is stored twice under two parents is listed twice. */
export async function storedInstances(orthanc: Orthanc, credentials?: Credentials): Promise<StoredInstance[]> {
  const ids = await json<string[]>(orthanc, '/instances', credentials);
  return Promise.all(
    ids.map(async (orthancId) => {
      const tags = await json<RequestedTags>(orthanc, `/instances/${orthancId}/simplified-tags`, credentials);
      const { SOPInstanceUID = '', SeriesInstanceUID = '', StudyInstanceUID = '', Modality = '' } = tags;
      return {
        orthancId,
        sopInstanceUid: SOPInstanceUID,
        seriesInstanceUid: SeriesInstanceUID,
        studyInstanceUid: StudyInstanceUID,
        modality: Modality,
      };
    }),
  );
}

/** The Part 10 file of one instance, byte for byte as it was received. */
export async function storedFile(orthanc: Orthanc, orthancId: string, credentials?: Credentials): Promise<Buffer> {
  const response = await get(orthanc, `/instances/${orthancId}/file`, credentials);
  return Buffer.from(await response.arrayBuffer());
}

/** QIDO-RS (PS3.18 10.6): `path` such as `/instances?SOPInstanceUID=...`; DICOM JSON objects, none for 204. */
export async function qido(
  orthanc: Orthanc,
  path: string,
  credentials?: Credentials,
): Promise<Record<string, { readonly Value?: readonly unknown[] }>[]> {
  const response = await get(orthanc, `/dicom-web${path}`, credentials);
  const text = await response.text();
  return text === '' ? [] : (JSON.parse(text) as Record<string, { readonly Value?: readonly unknown[] }>[]);
}

/** The part of Orthanc's configuration that makes DICOM peers known to it, by AE title. */
export function modalities(peers: Readonly<Record<string, number>>): Record<string, unknown> {
  return { DicomModalities: Object.fromEntries(Object.entries(peers).map(([aeTitle, port]) => [aeTitle, [aeTitle, '127.0.0.1', port]])) };
}

async function json<T>(orthanc: Orthanc, path: string, credentials?: Credentials): Promise<T> {
  return (await (await get(orthanc, path, credentials)).json()) as T;
}

async function get(orthanc: Orthanc, path: string, credentials?: Credentials): Promise<Response> {
  const basic = credentials && Buffer.from(`${credentials.user}:${credentials.password}`).toString('base64');
  // Orthanc closes idle connections, and may close one before the last byte of a compressed answer is read
  const headers = {
    connection: 'close',
    'accept-encoding': 'identity',
    ...(basic === undefined ? {} : { authorization: `Basic ${basic}` }),
  };
  const response = await fetch(`${orthanc.url}${path}`, { headers });
  if (!response.ok) throw new Error(`Orthanc answers ${String(response.status)} to GET ${path}`);
  return response;
}
