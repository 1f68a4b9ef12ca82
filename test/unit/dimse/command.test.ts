import fc from 'fast-check';

import {
  decodeCommand,
  encodeActionRq,
  encodeEchoRq,
  encodeEventReportRq,
  encodeResponse,
  encodeStoreRq,
} from '../../../src/dimse/command.js';
import { ProtocolError } from '../../../src/dimse/pdu.js';

const CT = '1.2.840.10008.5.1.4.1.1.2';

describe('command sets', () => {
  it('reads a C-STORE-RQ that it wrote', () => {
    expect(decodeCommand(encodeStoreRq(77, CT, '1.2.3'))).toEqual({
      commandField: 1,
      messageId: 77,
      messageIdBeingRespondedTo: 0,
      hasDataSet: true,
      affectedSopClassUid: CT,
      affectedSopInstanceUid: '1.2.3',
      status: undefined,
      errorComment: undefined,
    });
  });

  it('answers with the ids and UIDs of the request, and with a comment of at most 64 characters', () => {
    const response = decodeCommand(encodeResponse(decodeCommand(encodeStoreRq(65535, CT, '1.2.34')), 0xa700, 'x'.repeat(100)));
    expect(response).toMatchObject({
      commandField: 0x8001,
      messageIdBeingRespondedTo: 65535,
      hasDataSet: false,
      affectedSopClassUid: CT,
      affectedSopInstanceUid: '1.2.34',
      status: 0xa700,
      errorComment: 'x'.repeat(64),
    });
  });

  it('answers N-ACTION and N-EVENT-REPORT with the class, instance and type of the request (PS3.7 10.3)', () => {
    const action = decodeCommand(encodeActionRq(3, '1.2.840.10008.1.20.1', '1.2.840.10008.1.20.1.1', 1));
    expect(action).toMatchObject({ commandField: 0x130, requestedSopClassUid: '1.2.840.10008.1.20.1', actionTypeId: 1, hasDataSet: true });
    const answers = [action, decodeCommand(encodeEventReportRq(4, '1.2.840.10008.1.20.1', '1.2.840.10008.1.20.1.1', 2))].map((request) =>
      decodeCommand(encodeResponse(request, 0)),
    );
    const common = { affectedSopClassUid: '1.2.840.10008.1.20.1', affectedSopInstanceUid: '1.2.840.10008.1.20.1.1', hasDataSet: false };
    expect(answers).toMatchObject([
      { ...common, commandField: 0x8130, actionTypeId: 1 },
      { ...common, commandField: 0x8100, eventTypeId: 2 },
    ]);
  });

  it('gives the group length of PS3.7 annex E and even lengths', () => {
    const bytes = encodeEchoRq(1, '1.2.840.10008.1.1');
    expect(bytes.readUInt32LE(8)).toBe(bytes.length - 12);
    expect(bytes.length % 2).toBe(0);
  });

  it.each([
    ['an element that claims 400 MB', Buffer.from([0, 0, 0, 1, 0, 0, 0xd7, 0x17, 1, 0])],
    ['an element of another group', Buffer.from([8, 0, 0, 1, 2, 0, 0, 0, 1, 0])],
    ['no CommandField', Buffer.from([0, 0, 0x10, 1, 2, 0, 0, 0, 1, 0])],
    ['nothing', Buffer.alloc(0)],
  ])('refuses %s', (_what, bytes) => {
    expect(() => decodeCommand(bytes)).toThrow(ProtocolError);
  });

  it('throws nothing but a protocol error on garbage', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(), fc.boolean(), (garbage, at, mixed) => {
        const bytes = mixed ? Buffer.from(encodeStoreRq(1, CT, '1.2.3')) : Buffer.from(garbage);
        if (mixed) bytes.set(garbage.subarray(0, bytes.length - (at % bytes.length)), at % bytes.length);
        try {
          decodeCommand(bytes);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(ProtocolError);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
