/** One C-STORE under way: wire bytes to a part file, and at the end through the door. */
import { PartFile } from '../archive/part-file.js';
import type { StoreContext, StoreSink } from '../dimse/scp.js';
import { fileMeta } from '../dicom/element/write.js';
import { failpoint } from '../foundation/failpoint.js';
import type { InFlight } from './in-flight.js';
import type { DiskRoom } from './disk-space.js';
import { inspect } from './inspect.js';

/** DIMSE status Success (PS3.4 table B.2-1). */
const SUCCESS = 0x0000;

/** Opens the sink of one C-STORE. Throws DISK_LOW or STORE_FAILED, whose DIMSE status is answered. */
export function openStoreSink(
  context: StoreContext,
  acceptor: Pick<InFlight, 'accept'>,
  disk: DiskRoom,
  incomingFolder: string,
): StoreSink {
  disk.demand();
  const part = new PartFile(
    incomingFolder,
    fileMeta({
      sopClassUid: context.sopClassUid,
      sopInstanceUid: context.sopInstanceUid,
      transferSyntaxUid: context.transferSyntaxUid,
      sourceAeTitle: context.callingAe,
    }),
  );
  return {
    write: (chunk) => {
      failpoint('intake.receiving');
      disk.charge(chunk.length);
      part.write(chunk);
    },
    abort: () => part.discard(),
    end: async () => {
      const { transferSyntaxUid, callingAe, calledAe, remoteAddress, associationId } = context;
      const { found: facts, ...sealed } = await part.seal((head, dataSetBytes) =>
        inspect(head, { transferSyntaxUid, dataSetBytes, announced: context }),
      );
      try {
        await acceptor.accept({ part: sealed, facts, callingAe, calledAe, remoteAddress, associationId });
      } catch (error) {
        part.discard();
        throw error;
      }
      return { status: SUCCESS };
    },
  };
}
