/** What the node offers over DIMSE beside storage, and to whom. */
import { join } from 'node:path';
import { IpRanges } from '../foundation/ip-ranges.js';
import {
  SERVICE_CLASS,
  commitmentHandlers,
  queryRetrieveServices,
  type CommitmentPort,
  type OfferedServices,
  type QueryPort,
  type RetrievePort,
  type ServicesFor,
} from '../dimse/scp.js';
import type { Db } from '../ledger/database.js';
import { headerOf, storedSeries } from '../ledger/instances.js';
import { instancesOfSeries, patientHeaders, pathOfInstance, retrievedInstances, studiesOfPatient } from '../ledger/query-retrieve.js';

/** Another application entity that we may call. */
export interface KnownPeer {
  readonly host: string;
  readonly port: number;
}

export type Caller = string | { readonly aeTitle: string; readonly addresses: readonly string[] };

/** As the node hands them to its receiver. */
export interface ServiceSettings {
  /** Who may query and retrieve: AE titles, or AE titles from some addresses only; none where it is off. */
  readonly queryCallers: readonly Caller[];
  /** Whether storage commitment is given. */
  readonly commits: boolean;
  /** By AE title. */
  readonly peers: Readonly<Record<string, KnownPeer>>;
}

/** Few, for the receiver's thread reads them. */
const STUDIES_AT_ONCE = 10;

/** The services for each caller; those that he may not use are refused when he proposes them. */
export function servicesFor(
  db: Db,
  archiveFolder: string,
  { queryCallers, peers }: ServiceSettings,
  commitment: CommitmentPort,
): ServicesFor {
  const forAll: OfferedServices = new Map([[SERVICE_CLASS.storageCommitment, commitmentHandlers(commitment)]]);
  const queryRetrieve = queryRetrieveServices({
    ...queryPort(db),
    ...retrievePort(db, archiveFolder),
    moveDestination: (aeTitle) => (Object.hasOwn(peers, aeTitle) ? peers[aeTitle] : undefined),
  });
  const callers = queryCallers.map((one) =>
    typeof one === 'string' ? { aeTitle: one, ranges: undefined } : { aeTitle: one.aeTitle, ranges: new IpRanges(one.addresses) },
  );
  const mayQuery = (callingAe: string, address: string): boolean =>
    callers.some(({ aeTitle, ranges }) => aeTitle === callingAe && (ranges?.contains(address) ?? true));
  return ({ callingAe, remoteAddress }) => (mayQuery(callingAe, remoteAddress) ? new Map([...forAll, ...queryRetrieve]) : forAll);
}

function queryPort(db: Db): QueryPort {
  return {
    *series(studyInstanceUids, hints) {
      for (const row of storedSeries(db, studyInstanceUids, STUDIES_AT_ONCE, hints)) {
        yield {
          studyInstanceUid: row.study_instance_uid,
          seriesInstanceUid: row.series_instance_uid,
          instanceCount: row.instance_count,
          header: headerOf(row),
        };
      }
    },
    *instances({ studyInstanceUid, seriesInstanceUid }) {
      for (const row of instancesOfSeries(db, studyInstanceUid, seriesInstanceUid)) {
        yield { studyInstanceUid, seriesInstanceUid, sopInstanceUid: row.sop_instance_uid, header: headerOf(row) };
      }
    },
    patients: () => patientHeaders(db),
    studiesOfPatient: (patientId) => studiesOfPatient(db, patientId),
  };
}

function retrievePort(db: Db, archiveFolder: string): Pick<RetrievePort, 'files'> {
  return {
    files: (keys) => {
      const ids = retrievedInstances(db, keys);
      return { count: ids.length, paths: pathsOf(ids) };
    },
  };
  function* pathsOf(ids: readonly number[]): Generator<string> {
    for (const id of ids) {
      const path = pathOfInstance(db, id);
      if (path !== undefined) yield join(archiveFolder, path);
    }
  }
}
