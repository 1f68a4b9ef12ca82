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
      const text = typeof value === 'string' || typeof value === 'number' ? String(value).trim() : '';
      return text === '' ? undefined : text;
    });
  });
  if (status !== STATUS.success) throw errorOfStatus(status, 'C-FIND');
}

/** Sends the request over an association of its own; resolves with the final status. */
async function perform(peer: Peer, request: FindRequest, onMatch: (response: FindResponse) => void): Promise<number> {
  const client = new Client();
  const timeoutMs = peer.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  let finalStatus: number | undefined;
  let failure: AnteroomError | undefined;
  const fail = (code: ErrorCode, what: string): void => {
    failure ??= new AnteroomError(code, `${peer.host}:${peer.port}: ${what}`);
  };
  request.on('response', (response: FindResponse) => {
    if (response.getStatus() >> 8 === PENDING) onMatch(response);
    else finalStatus = response.getStatus();
  });
  client.on('associationAccepted', (association: Association) => {
    // Requests without a context are left out by the client without a word.
    if (!association.getPresentationContexts().some(({ context }) => context.getResult() === CONTEXT_RESULT.accepted)) {
      fail('DESTINATION_REFUSED', 'the peer does not accept C-FIND in the Study Root model');
    }
  });
  client.on('associationRejected', (rejection: AssociateReject) => {
    failure ??= errorOfReject(rejection, peer.aeTitle, peer.callingAe);
  });
  client.addRequest(request);
  await ended(client, peer, timeoutMs, (what) => fail('DESTINATION_UNREACHABLE', what));
  if (finalStatus === undefined)
    throw (
      failure ??
      new AnteroomError('DESTINATION_UNREACHABLE', `${peer.host}:${peer.port}: the peer closed the association without an answer to C-FIND`)
    );
  return finalStatus;
}

/** Lets the client work until its association has ended, in whatever way, or until the time is over; then its socket is closed. */
async function ended(client: FindClient, peer: Peer, timeoutMs: number, complain: (what: string) => void): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  await new Promise<void>((resolve) => {
    timer = setTimeout(() => {
      complain(`C-FIND was not answered within ${timeoutMs} ms`);
      resolve();
    }, timeoutMs);
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
