/** A source over C-FIND and C-MOVE: it sends what is missing to our own listener. */
import { move } from '../dimse/move.js';
import { findInstances, findStudies } from '../dimse/query.js';
import type { Peer } from '../dimse/requestor.js';
import type { FetchSource, FoundStudy, InstanceName } from './source.js';

export interface DimseSourceOptions {
  readonly peer: Peer;
  /** Our AE title as the source knows it. */
  readonly moveTo: string;
  readonly concurrency: number;
  readonly maxMatches: number;
  readonly attempts: number;
}

/** A source over DIMSE. Whole series are moved: few archives move single instances well. */
export function createDimseSource({ peer, moveTo, concurrency, maxMatches, attempts }: DimseSourceOptions): FetchSource {
  return {
    maxMatches,
    attempts,
    find: async ({ studyInstanceUid, accessionNumber, patientId, studyDate }) => {
      const keys = { StudyInstanceUID: studyInstanceUid, AccessionNumber: accessionNumber, PatientID: patientId, StudyDate: studyDate };
      const given = Object.fromEntries(Object.entries(keys).filter(([, value]) => value !== undefined));
      return (await findStudies(peer, given)).map((answer): FoundStudy => {
        const instances = Number(answer.NumberOfStudyRelatedInstances ?? NaN);
        return {
          studyInstanceUid: answer.StudyInstanceUID ?? '',
          patientId: answer.PatientID,
          patientName: answer.PatientName,
          studyDate: answer.StudyDate,
          accessionNumber: answer.AccessionNumber,
          description: answer.StudyDescription,
          modalities: answer.ModalitiesInStudy?.replaceAll('\\', ', '),
          instances: Number.isInteger(instances) ? instances : undefined,
        };
      });
    },
    list: (studyInstanceUid) => findInstances(peer, studyInstanceUid),
    pull: async (missing, onPulled) => {
      const queue = seriesOf(missing).values();
      const work = async (): Promise<void> => {
        for (const series of queue) await move(peer, series, moveTo, onPulled);
      };
      await Promise.all(Array.from({ length: concurrency }, work));
    },
  };
}

function seriesOf(missing: readonly InstanceName[]): InstanceName[] {
  return [...new Map(missing.map((name) => [name.seriesInstanceUid, name])).values()];
}
