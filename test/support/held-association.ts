/** An association that a test keeps in its hand: it sends when it is told to, and ends as it is told. */
import { encodeStoreRq } from '../../src/dimse/command.js';
import { Requestor } from '../../src/dimse/requestor.js';
import { parseInstance } from '../../src/dicom/element/parse.js';
import { TAG } from '../../src/dicom/element/tags.js';
import { SOP_CLASS, TRANSFER_SYNTAX } from '../../src/dicom/element/uids.js';

const CONTEXT = 1;

export interface HeldAssociation {
  /** Sends CT images (Part 10, Explicit VR Little Endian) one after the other; resolves with the statuses answered. */
  store(...files: readonly Uint8Array[]): Promise<number[]>;
  /** Sends the C-STORE-RQ and the first half of the data set, and leaves it at that. */
  storeHalf(file: Uint8Array): Promise<void>;
  release(): Promise<void>;
  abort(): void;
}

/** Opens an association with a node on this machine that proposes CT Image Storage. */
export async function holdAssociation(port: number, callingAe = 'HELD', calledAe = 'ANTEROOM'): Promise<HeldAssociation> {
  const requestor = await Requestor.open({ host: '127.0.0.1', port, aeTitle: calledAe, callingAe }, [
    { id: CONTEXT, abstractSyntax: SOP_CLASS.CTImageStorage, transferSyntaxes: [TRANSFER_SYNTAX.ExplicitVRLittleEndian] },
  ]);
  const begin = (file: Uint8Array) => {
    const { dataset, dataSetOffsetBytes } = parseInstance(file);
    const messageId = requestor.nextMessageId();
    requestor.sendCommand(CONTEXT, encodeStoreRq(messageId, SOP_CLASS.CTImageStorage, dataset.uid(TAG.SOPInstanceUID) ?? ''));
    return { messageId, bytes: Buffer.from(file.subarray(dataSetOffsetBytes)) };
  };
  return {
    store: async (...files) => {
      const statuses: number[] = [];
      for (const file of files) {
        const { messageId, bytes } = begin(file);
        for (let at = 0; at < bytes.length; at += requestor.fragmentBytes)
          await requestor.sendData(CONTEXT, bytes.subarray(at, at + requestor.fragmentBytes), at + requestor.fragmentBytes >= bytes.length);
        statuses.push((await requestor.response(messageId)).status ?? -1);
      }
      return statuses;
    },
    storeHalf: async (file) => {
      const { bytes } = begin(file);
      await requestor.sendData(CONTEXT, bytes.subarray(0, bytes.length >> 1), false);
    },
    release: () => requestor.release(),
    abort: () => requestor.abort(),
  };
}
