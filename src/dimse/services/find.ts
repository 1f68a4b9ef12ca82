/** C-FIND SCP over an archive (PS3.4 annex C): matches are told as they are found, at the pace at which the peer reads them. */
import { TAG, dictionaryVr } from '../../dicom/element/tags.js';
import type { Header, HeaderElement } from '../../dicom/header.js';
import {
  headerOf,
  matchingInstances,
  matchingSeries,
  matchingStudies,
  type Found,
  type Holdings,
  type Scope,
  type Search,
} from '../../dicom/query/levels.js';
import { matches } from '../../dicom/query/match.js';
import { STATUS } from '../statuses.js';
import { queryOf, type InformationModel, type Level, type Query } from './identifier.js';
import { sharedThread, type Responder, type ServiceHandler, type ServiceRequest, type ServiceResponse } from './service.js';

/** What C-FIND needs of an archive. */
export interface QueryPort extends Holdings {
  /** One header of each patient, in stable order; lazy. */
  patients(): Iterable<Header>;
  /** The studies in which this patient ID is. */
  studiesOfPatient(patientId: string): readonly string[];
}

/** More matches than these are told to nobody: the query is to be narrowed. */
const MAX_MATCHES = 5000;

/** The handler of C-FIND-RQ for one information model. */
export function findHandler(port: QueryPort, model: InformationModel, maxMatches = MAX_MATCHES): ServiceHandler {
  return async (request, responder) => {
    const query = queryOf(request.dataSet, model);
    return tellMatches(search(port, query), query, { request, responder, maxMatches });
  };
}

interface Telling {
  readonly request: ServiceRequest;
  readonly responder: Responder;
  readonly maxMatches: number;
}

async function tellMatches(found: Search, query: Query, { request, responder, maxMatches }: Telling): Promise<ServiceResponse> {
  const pause = sharedThread();
  const status = query.allSupported ? STATUS.pending : STATUS.pendingWithoutOptionalKeys;
  let told = 0;
  for (const one of found) {
    if (responder.signal.aborted) return { status: STATUS.cancelled };
    if (one !== undefined) {
      if (told++ === maxMatches) {
        return { status: STATUS.outOfResources, comment: `more than ${maxMatches} match; narrow the query` };
      }
      await responder.respond({ status, dataSet: answerOf(one, query, request.association.calledAe) });
    }
    await pause();
  }
  return { status: responder.signal.aborted ? STATUS.cancelled : STATUS.success };
}

function search(port: QueryPort, { level, conditions, unique }: Query): Search {
  if (level === 'PATIENT') return matchingPatients(port, conditions);
  const scope: Scope = {
    studyInstanceUids: studiesNamed(port, unique),
    seriesInstanceUid: level === 'IMAGE' ? unique.seriesInstanceUids?.[0] : undefined,
  };
  if (level === 'STUDY') return matchingStudies(port, conditions, scope);
  return level === 'SERIES' ? matchingSeries(port, conditions, scope) : matchingInstances(port, conditions, scope);
}

function studiesNamed(port: QueryPort, { patientId, studyInstanceUids }: Query['unique']): readonly string[] | undefined {
  if (patientId === undefined) return studyInstanceUids;
  const ofPatient = port.studiesOfPatient(patientId);
  return studyInstanceUids === undefined ? ofPatient : ofPatient.filter((uid) => studyInstanceUids.includes(uid));
}

function* matchingPatients(port: QueryPort, conditions: Query['conditions']): Search {
  for (const header of port.patients()) yield matches(header, conditions) ? { ids: { studyInstanceUid: '' }, header } : undefined;
}

/** Attributes that tell one level from those below it: of a study, say, no single series number is an answer. */
const BELOW: Readonly<Record<Level, readonly number[]>> = {
  IMAGE: [],
  SERIES: [TAG.SOPInstanceUID, TAG.SOPClassUID, TAG.InstanceNumber],
  STUDY: [TAG.SeriesInstanceUID, TAG.SeriesNumber, TAG.SeriesDescription, TAG.SOPInstanceUID, TAG.SOPClassUID, TAG.InstanceNumber],
  PATIENT: [],
};
/** The attributes that were asked for, empty where they have no value here, with level and where to retrieve (PS3.4 C.4.1.1.3.2). */
function answerOf({ header }: Found, { level, requested }: Query, calledAe: string): Header {
  const isTold = (key: string): boolean =>
    level === 'PATIENT' ? key.startsWith('0010') : !BELOW[level].includes(Number.parseInt(key, 16));
  const asked = requested.map((key): [string, HeaderElement] => [
    key,
    (isTold(key) ? header[key] : undefined) ?? { vr: dictionaryVr(Number.parseInt(key, 16)) },
  ]);
  return {
    ...Object.fromEntries(asked),
    ...headerOf([
      [TAG.QueryRetrieveLevel, [level]],
      [TAG.RetrieveAETitle, [calledAe]],
    ]),
  };
}
