/** C-MOVE as an SCU (PS3.4 annex C, Study Root): a peer is told to send to somebody, here to ourselves; what it sends comes through our listener. */
import dimse from 'dcmjs-dimse';
import { perform, type MoveResponse } from './query.js';
import type { Peer } from './requestor.js';
import { errorOfStatus, STATUS } from './statuses.js';

/** Final status: sub-operations complete, one or more failures or warnings (PS3.4 table C.4-2). What came counts, and what is missing shows. */
const SOME_FAILED = 0xb000;

/**
 * Has the peer send a study, or one series of it, to `moveTo`. Resolves when it has no more to send.
 * @param onProgress called with the instances that it says to have sent so far
 * @throws AnteroomError DESTINATION_UNREACHABLE, DESTINATION_REFUSED, DESTINATION_BUSY or DESTINATION_SETTINGS, such as where it does not know `moveTo`
 */
export async function move(
  peer: Peer,
  what: { readonly studyInstanceUid: string; readonly seriesInstanceUid: string },
  moveTo: string,
  onProgress: (completed: number) => void = () => undefined,
): Promise<void> {
  const request = dimse.requests.CMoveRequest.createSeriesMoveRequest(moveTo, what.studyInstanceUid, what.seriesInstanceUid);
  const note = (response: MoveResponse): void => onProgress(response.getCompleted());
  const status = await perform<MoveResponse>(peer, request, note, { name: 'C-MOVE', whileProgress: true });
  if (status !== STATUS.success && status !== SOME_FAILED) throw errorOfStatus(status, 'C-MOVE');
}
