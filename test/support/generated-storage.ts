/** An association that stores generated instances with our own SCU, and may be broken off on purpose. */
import { encodeStoreRq } from '../../src/dimse/command.js';
import { Requestor } from '../../src/dimse/requestor.js';
import { CT_STORAGE, EXPLICIT_LE } from './dimse.js';
import type { GeneratedInstance } from './generated-instance.js';

const CONTEXT_ID = 1;

/** Opens an association for CT storage in Explicit VR Little Endian. */
export function openStorage(port: number, callingAe: string, timeoutMs = 30_000): Promise<Requestor> {
  const peer = { host: '127.0.0.1', port, aeTitle: 'ANTEROOM', callingAe, timeoutMs };
  return Requestor.open(peer, [{ id: CONTEXT_ID, abstractSyntax: CT_STORAGE, transferSyntaxes: [EXPLICIT_LE] }]);
}

/** Stores one instance; the status of the answer. */
export async function store(association: Requestor, instance: GeneratedInstance): Promise<number | undefined> {
  const messageId = association.nextMessageId();
  await send(association, messageId, instance, instance.dataSet.length);
  return (await association.response(messageId)).status;
}

/** Sends the first bytes of an instance, or all of them, and aborts without waiting for an answer. */
export async function storeAndAbort(association: Requestor, instance: GeneratedInstance, bytes: number): Promise<void> {
  await send(association, association.nextMessageId(), instance, bytes);
  association.abort();
}

function send(association: Requestor, messageId: number, { sopInstanceUid, dataSet }: GeneratedInstance, bytes: number): Promise<void> {
  association.sendCommand(CONTEXT_ID, encodeStoreRq(messageId, CT_STORAGE, sopInstanceUid));
  return association.sendData(CONTEXT_ID, dataSet.subarray(0, bytes), bytes >= dataSet.length);
}
