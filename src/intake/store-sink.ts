/** One C-STORE under way: wire bytes to a part file, and at the end through the door. */
import { HEAD_BYTES, PartFile } from '../archive/part-file.js';
import type { StoreContext, StoreSink } from '../dimse/scp.js';
import { fileMeta } from '../dicom/element/write.js';
import { failpoint } from '../foundation/failpoint.js';
import type { InFlight } from './in-flight.js';
import type { DiskRoom } from './disk-space.js';
import { inspect } from './inspect.js';

/** DIMSE status Success (PS3.4 table B.2-1). */
const SUCCESS = 0x0000;

/** Opens the sinks of C-STOREs. */
export class StoreSinks {
  constructor(
    private readonly acceptor: Pick<InFlight, 'accept'>,
    private readonly disk: DiskRoom,
    private readonly incomingFolder: string,
    /** How many associations are open. */
    private readonly associations: () => number,
  ) {}

  /** The sink of one C-STORE. Throws DISK_LOW or STORE_FAILED, whose DIMSE status is answered. */
  open(context: StoreContext): StoreSink {
    const { transferSyntaxUid, callingAe, calledAe, remoteAddress, associationId, sopClassUid, sopInstanceUid } = context;
    this.disk.demand();
    const meta = fileMeta({ sopClassUid, sopInstanceUid, transferSyntaxUid, sourceAeTitle: callingAe });
    const alone = this.associations() === 1;
    const part = new PartFile(this.incomingFolder, meta);
    return {
      write: (chunk) => {
        failpoint('intake.receiving');
        this.disk.charge(chunk.length);
        part.write(chunk);
      },
      abort: () => part.discard(),
      end: async () => {
        try {
          const { found: facts, ...complete } = part.complete((head, dataSetBytes) =>
            inspect(head, { transferSyntaxUid, dataSetBytes, announced: context }),
          );
          const quick = alone && complete.dataSetBytes <= HEAD_BYTES;
          await this.acceptor.accept({ part: complete, facts, callingAe, calledAe, remoteAddress, associationId, alone: quick });
          return { status: SUCCESS };
        } catch (error) {
          part.discard();
          throw error;
        }
      },
    };
  }
}
