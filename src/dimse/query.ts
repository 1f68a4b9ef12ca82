/**
 * C-FIND as proof of arrival (PS3.4 annex C, Study Root). Here dcmjs-dimse does the wire: identifiers have to be encoded and
 * decoded, and nothing is large. What its client leaves open is closed here: a deadline for the whole, an association that
 * ends without an answer, contexts that are refused, its log.
 */
import type { Socket } from 'node:net';

import dimse from 'dcmjs-dimse';

import { silenceDcmjs } from '../dicom/dcmjs.js';
import { IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME } from '../dicom/element/write.js';
import { AnteroomError } from '../foundation/errors.js';
import type { ErrorCode } from '../foundation/errors.js';
import { CONTEXT_RESULT } from './associate.js';
import type { AssociateReject } from './associate.js';
import { DEFAULT_TIMEOUT_MS } from './requestor.js';
import type { Peer } from './requestor.js';
import { STATUS, errorOfReject, errorOfStatus } from './statuses.js';

const { Client, Implementation, log, requests } = dimse;

// Both libraries print on their own, element values included.
silenceDcmjs();
log.setLevel('silent', false);

// Peers see one implementation, whichever part of it asks.
Implementation.setImplementationClassUid(IMPLEMENTATION_CLASS_UID);
Implementation.setImplementationVersion(IMPLEMENTATION_VERSION_NAME);

/** The keys of one instance in the Study Root model. */
export interface InstanceKeys {
  readonly studyInstanceUid: string;
  readonly seriesInstanceUid: string;
  readonly sopInstanceUid: string;
}

/** High byte of the statuses FF00 and FF01: a match, more may follow (PS3.4 table C.4-1). */
const PENDING = 0xff;

type Association = InstanceType<typeof dimse.association.Association>;
type FindClient = InstanceType<typeof Client>;
type ClientSecurity = NonNullable<Parameters<FindClient['send']>[4]>['securityOptions'];
type FindRequest = InstanceType<typeof requests.CFindRequest>;
type FindResponse = InstanceType<typeof dimse.responses.CFindResponse>;
type MoveRequest = InstanceType<typeof requests.CMoveRequest>;
export type MoveResponse = InstanceType<typeof dimse.responses.CMoveResponse>;

/**
 * Whether the peer lists this instance.
 * @throws AnteroomError DESTINATION_UNREACHABLE, DESTINATION_REFUSED or DESTINATION_BUSY; then nothing is known
 */
export async function findInstance(peer: Peer, keys: InstanceKeys): Promise<boolean> {
  let isFound = false;
  const request = requests.CFindRequest.createImageFindRequest({
    StudyInstanceUID: keys.studyInstanceUid,
    SeriesInstanceUID: keys.seriesInstanceUid,
    SOPInstanceUID: keys.sopInstanceUid,
  });
  const status = await perform(peer, request, (response) => {
    // A peer that does not know a key answers all that it has (PS3.4 C.2.2.1): only the UID itself counts.
    if (response.getDataset()?.getElement('SOPInstanceUID') === keys.sopInstanceUid) isFound = true;
  });
  if (status !== STATUS.success) throw errorOfStatus(status, 'C-FIND');
  return isFound;
}

/**
 * How many instances each series of a study has at the peer; empty where it does not know the study. Where it does not say
 * the number (0020,1209), its instances are counted.
 * @throws AnteroomError DESTINATION_UNREACHABLE, DESTINATION_REFUSED or DESTINATION_BUSY; then nothing is known
 */
export async function findSeriesCounts(peer: Peer, studyInstanceUid: string): Promise<Readonly<Record<string, number>>> {
  const found: Record<string, number> = {};
  const uncounted: string[] = [];
  const keys = { StudyInstanceUID: studyInstanceUid, SeriesInstanceUID: '', NumberOfSeriesRelatedInstances: '' };
  await matches(peer, requests.CFindRequest.createSeriesFindRequest(keys), (element) => {
    const [series, count] = [element('SeriesInstanceUID'), Number(element('NumberOfSeriesRelatedInstances') ?? NaN)];
    // As in `findInstance`: a peer that does not know a key answers all that it has.
    if (series === undefined || element('StudyInstanceUID') !== studyInstanceUid) return;
    if (Number.isInteger(count)) found[series] = count;
    else uncounted.push(series);
  });
  for (const series of uncounted) found[series] = await countInstances(peer, studyInstanceUid, series);
  return found;
}

async function countInstances(peer: Peer, studyInstanceUid: string, seriesInstanceUid: string): Promise<number> {
  const uids = new Set<string>();
  const keys = { StudyInstanceUID: studyInstanceUid, SeriesInstanceUID: seriesInstanceUid, SOPInstanceUID: '' };
  await matches(peer, requests.CFindRequest.createImageFindRequest(keys), (element) => {
    const uid = element('SOPInstanceUID');
    if (uid !== undefined && element('SeriesInstanceUID') === seriesInstanceUid) uids.add(uid);
  });
  return uids.size;
}

/** What a study is asked for by, each optional; wildcards and ranges as PS3.4 C.2.2.2 has them. */
export type StudyKeys = Readonly<Partial<Record<'StudyInstanceUID' | 'AccessionNumber' | 'PatientID' | 'StudyDate', string>>>;

/** What is told of a study, by keyword. */
const STUDY_ANSWER = {
  StudyInstanceUID: '',
  PatientID: '',
  PatientName: '',
  StudyDate: '',
  AccessionNumber: '',
  StudyDescription: '',
  ModalitiesInStudy: '',
  NumberOfStudyRelatedInstances: '',
} as const;

export type StudyAnswer = Readonly<Partial<Record<keyof typeof STUDY_ANSWER, string>>>;

/**
 * The studies of the peer that match.
 * @throws AnteroomError DESTINATION_UNREACHABLE, DESTINATION_REFUSED or DESTINATION_BUSY
 */
export async function findStudies(peer: Peer, keys: StudyKeys): Promise<StudyAnswer[]> {
  const found: StudyAnswer[] = [];
  await matches(peer, requests.CFindRequest.createStudyFindRequest({ ...STUDY_ANSWER, ...keys }), (element) => {
    const answer = Object.keys(STUDY_ANSWER).map((keyword) => [keyword, element(keyword)] as const);
    found.push(Object.fromEntries(answer.filter(([, value]) => value !== undefined)));
  });
  return found;
}

/** The instances of a study, series by series. @throws AnteroomError as `findStudies` */
export async function findInstances(peer: Peer, studyInstanceUid: string): Promise<InstanceKeys[]> {
  const found: InstanceKeys[] = [];
  for (const seriesInstanceUid of Object.keys(await findSeriesCounts(peer, studyInstanceUid))) {
    const keys = { StudyInstanceUID: studyInstanceUid, SeriesInstanceUID: seriesInstanceUid, SOPInstanceUID: '' };
    await matches(peer, requests.CFindRequest.createImageFindRequest(keys), (element) => {
      const sopInstanceUid = element('SOPInstanceUID');
      if (sopInstanceUid !== undefined && element('SeriesInstanceUID') === seriesInstanceUid)
        found.push({ studyInstanceUid, seriesInstanceUid, sopInstanceUid });
    });
  }
  return found;
}

/** Calls `onMatch` with a reader of each match's elements; text without its padding, undefined where there is none. */
async function matches(
  peer: Peer,
  request: FindRequest,
  onMatch: (element: (keyword: string) => string | undefined) => void,
): Promise<void> {
  const status = await perform(peer, request, (response) => {
    const dataset = response.getDataset();
    onMatch((keyword) => {
      const value: unknown = dataset?.getElement(keyword);
      const text = textOf(value);
      return text === '' ? undefined : text;
    });
  });
  if (status !== STATUS.success) throw errorOfStatus(status, 'C-FIND');
}

/** Several values as DICOM joins them; of a person's name its alphabetic form, which is what the library prints of it. */
function textOf(value: unknown): string {
  if (Array.isArray(value)) return value.map(textOf).join('\\');
  if (typeof value === 'object' && value !== null && 'Alphabetic' in value) return textOf(value.Alphabetic);
  return typeof value === 'string' || typeof value === 'number' ? String(value).trim() : '';
}

/**
 * Sends the request over an association of its own; resolves with the final status. `whileProgress`: the time limit is on
 * standstill and begins anew with each answer.
 * @throws AnteroomError as `findInstance`
 */
export async function perform<R extends FindResponse | MoveResponse>(
  peer: Peer,
  request: FindRequest | MoveRequest,
  onMatch: (response: R) => void,
  { name = 'C-FIND', whileProgress = false } = {},
): Promise<number> {
  const client = new Client();
  const timeoutMs = peer.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  let finalStatus: number | undefined;
  let failure: AnteroomError | undefined;
  const fail = (code: ErrorCode, what: string): void => {
    failure ??= new AnteroomError(code, `${peer.host}:${peer.port}: ${what}`);
  };
  let progressed = (): unknown => undefined;
  request.on('response', (response: R) => {
    progressed();
    if (response.getStatus() >> 8 === PENDING) onMatch(response);
    else finalStatus = response.getStatus();
  });
  client.on('associationAccepted', (association: Association) => {
    // Requests without a context are left out by the client without a word.
    if (!association.getPresentationContexts().some(({ context }) => context.getResult() === CONTEXT_RESULT.accepted)) {
      fail('DESTINATION_REFUSED', `the peer does not accept ${name} in the Study Root model`);
    }
  });
  client.on('associationRejected', (rejection: AssociateReject) => {
    failure ??= errorOfReject(rejection, peer.aeTitle, peer.callingAe);
  });
  client.addRequest(request);
  await ended(
    client,
    peer,
    { name, timeoutMs, onTimer: (timer) => (progressed = () => (whileProgress ? timer.refresh() : undefined)) },
    (what) => fail('DESTINATION_UNREACHABLE', what),
  );
  if (finalStatus === undefined)
    throw (
      failure ??
      new AnteroomError(
        'DESTINATION_UNREACHABLE',
        `${peer.host}:${peer.port}: the peer closed the association without an answer to ${name}`,
      )
    );
  return finalStatus;
}

/** Lets the client work until its association has ended, in whatever way, or until the time is over; then its socket is closed. */
async function ended(
  client: FindClient,
  peer: Peer,
  { name, timeoutMs, onTimer }: { name: string; timeoutMs: number; onTimer: (timer: NodeJS.Timeout) => void },
  complain: (what: string) => void,
): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  await new Promise<void>((resolve) => {
    timer = setTimeout(() => {
      complain(`${name} was not answered within ${timeoutMs} ms`);
      resolve();
    }, timeoutMs);
    onTimer(timer);
    client.on('networkError', (error: Error) => {
      complain(error.message);
      resolve();
    });
    client.on('closed', () => resolve());
    const securityOptions = peer.tls && { ...peer.tls };
    client.send(peer.host, peer.port, peer.callingAe, peer.aeTitle, { securityOptions: securityOptions as ClientSecurity });
    socketOf(client)?.setNoDelay(true);
  });
  clearTimeout(timer);
  socketOf(client)?.destroy();
}

/** The client keeps its socket to itself, and has neither a way to set TCP_NODELAY nor one to give up. */
function socketOf(client: FindClient): Socket | undefined {
  return (client as unknown as { network?: { socket?: Socket } }).network?.socket;
}
