/** A source over QIDO-RS and WADO-RS: each missing instance is streamed from there through the door for Part 10 objects. */
import type { Readable } from 'node:stream';
import { tagKey, TAG } from '../dicom/element/tags.js';
import { firstText, type Header, type PersonName } from '../dicom/header.js';
import { searchInstances, searchStudies } from '../dicomweb/client/qido.js';
import type { DicomWebEndpoint } from '../dicomweb/client/types.js';
import { streamInstance } from '../dicomweb/client/wado.js';
import { AnteroomError } from '../foundation/errors.js';
import type { FetchSource, FoundStudy, InstanceName, StudyQuery } from './source.js';

/** Takes one object as it comes; resolves when it is durable. */
export type StoreThroughDoor = (bytes: Readable) => Promise<void>;

export interface DicomWebSourceOptions {
  readonly endpoint: DicomWebEndpoint;
  readonly concurrency: number;
  readonly instancesPerS?: number;
  readonly maxMatches: number;
  readonly attempts: number;
  readonly store: StoreThroughDoor;
}

const text = (header: Header, tag: number): string | undefined => firstText(header, tagKey(tag));

/** A source over DICOMweb. */
export function createDicomWebSource(options: DicomWebSourceOptions): FetchSource {
  const { endpoint, maxMatches, attempts } = options;
  return {
    maxMatches,
    attempts,
    find: async (query) => {
      const includeFields = ['StudyDescription', 'ModalitiesInStudy', 'NumberOfStudyRelatedInstances'];
      const found = await searchStudies(endpoint, { matches: matchesOf(query), includeFields, limit: maxMatches + 1 });
      return found.map(studyOf);
    },
    list: async (studyInstanceUid) => {
      const found = await searchInstances(endpoint, { studyInstanceUid }).catch((thrown: unknown) => {
        if (thrown instanceof AnteroomError && thrown.code === 'DESTINATION_NO_SERVICE') return [];
        throw thrown;
      });
      return found.flatMap((header): InstanceName[] => {
        const [seriesInstanceUid, sopInstanceUid] = [text(header, TAG.SeriesInstanceUID), text(header, TAG.SOPInstanceUID)];
        return seriesInstanceUid && sopInstanceUid ? [{ studyInstanceUid, seriesInstanceUid, sopInstanceUid }] : [];
      });
    },
    pull: (missing, onPulled) => pullAll(options, missing, onPulled),
  };
}

async function pullAll(options: DicomWebSourceOptions, missing: readonly InstanceName[], onPulled: () => void): Promise<void> {
  const { endpoint, concurrency, store } = options;
  const queue = missing.values();
  const turn = paced(options.instancesPerS);
  let failure: unknown;
  const work = async (): Promise<void> => {
    for (const name of queue) {
      if (failure !== undefined) return;
      try {
        await turn();
        await streamInstance(endpoint, name, store);
        onPulled();
      } catch (thrown) {
        // One that is damaged or gone must not keep the others from coming; a source that is away ends the attempt.
        if (!(thrown instanceof AnteroomError) || thrown.kind !== 'permanent') failure ??= thrown;
      }
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  if (failure !== undefined) throw failure as Error;
}

/** Waits until the next one may go, so that not more than so many go in a second. */
function paced(perS: number | undefined): () => Promise<void> {
  let nextAt = 0;
  return async () => {
    if (perS === undefined) return;
    const at = Math.max(Date.now(), nextAt);
    nextAt = at + 1000 / perS;
    await new Promise((resolve) => setTimeout(resolve, at - Date.now()));
  };
}

function matchesOf({ studyInstanceUid, accessionNumber, patientId, studyDate }: StudyQuery): Record<string, string> {
  const all = { StudyInstanceUID: studyInstanceUid, AccessionNumber: accessionNumber, PatientID: patientId, StudyDate: studyDate };
  return Object.fromEntries(Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined));
}

function studyOf(header: Header): FoundStudy {
  const [name] = header[tagKey(TAG.PatientName)]?.Value ?? [];
  const instances = Number(text(header, TAG.NumberOfStudyRelatedInstances) ?? NaN);
  return {
    studyInstanceUid: text(header, TAG.StudyInstanceUID) ?? '',
    patientId: text(header, TAG.PatientID),
    patientName: typeof name === 'object' ? (name as PersonName | null)?.Alphabetic : undefined,
    studyDate: text(header, TAG.StudyDate),
    accessionNumber: text(header, TAG.AccessionNumber),
    description: text(header, TAG.StudyDescription),
    modalities: header[tagKey(TAG.ModalitiesInStudy)]?.Value?.filter((value) => typeof value === 'string').join(', '),
    instances: Number.isInteger(instances) ? instances : undefined,
  };
}
