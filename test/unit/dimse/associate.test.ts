import fc from 'fast-check';

import { decodeAssociateAc, decodeAssociateRq, encodeAssociateAc, encodeAssociateRq } from '../../../src/dimse/associate.js';
import { ProtocolError } from '../../../src/dimse/pdu.js';

const uid = fc.array(fc.nat(99999), { minLength: 2, maxLength: 8 }).map((parts) => parts.join('.'));
const aeTitle = fc.stringMatching(/^[A-Z0-9_-]{1,16}$/);
const context = fc.record({ abstractSyntax: uid, transferSyntaxes: fc.array(uid, { minLength: 1, maxLength: 5 }) });
const role = fc.record({ sopClassUid: uid, scu: fc.boolean(), scp: fc.boolean() });
const request = fc.record({
  roles: fc.array(role, { maxLength: 4 }),
  calledAe: aeTitle,
  callingAe: aeTitle,
  maxPduBytes: fc.nat(0xffffffff),
  contexts: fc
    .uniqueArray(fc.tuple(fc.nat(127), context), { selector: ([n]) => n, maxLength: 20 })
    .map((all) => all.map(([n, rest]) => ({ id: 2 * n + 1, ...rest }))),
});

const body = (pdu: Buffer): Buffer => pdu.subarray(6);
const item = (type: number, value: Buffer): Buffer =>
  Buffer.concat([Buffer.from([type, 0, value.length >> 8, value.length & 0xff]), value]);

describe('A-ASSOCIATE-RQ', () => {
  it('reads what it writes, with context ids in any order', () => {
    fc.assert(
      fc.property(request, (rq) => {
        expect(decodeAssociateRq(body(encodeAssociateRq(rq)))).toEqual({
          ...rq,
          protocolVersion1: true,
          applicationContext: '1.2.840.10008.3.1.1.1',
        });
      }),
    );
  });

  it('skips unknown items, among the items and within the user information', () => {
    const rq = body(
      encodeAssociateRq({
        calledAe: 'A',
        callingAe: 'B',
        contexts: [{ id: 1, abstractSyntax: '1.2.3', transferSyntaxes: ['1.2.4'] }],
        maxPduBytes: 4711,
      }),
    );
    const information = rq.lastIndexOf(Buffer.from([0x50, 0]));
    const userIdentity = item(0x58, Buffer.from('user and passcode'));
    const changed = Buffer.concat([
      rq.subarray(0, 68),
      item(0x99, Buffer.from('?')),
      rq.subarray(68, information),
      item(0x50, Buffer.concat([userIdentity, item(0x56, Buffer.alloc(9)), rq.subarray(information + 4)])),
    ]);
    expect(decodeAssociateRq(changed)).toEqual(decodeAssociateRq(rq));
  });

  it('takes UIDs that a peer padded, and AE titles with spaces around them', () => {
    const rq = body(
      encodeAssociateRq({
        calledAe: ' A',
        callingAe: 'B',
        contexts: [{ id: 1, abstractSyntax: '1.2.3\0', transferSyntaxes: ['1.2.4 '] }],
        maxPduBytes: 0,
      }),
    );
    expect(decodeAssociateRq(rq)).toMatchObject({
      calledAe: 'A',
      callingAe: 'B',
      contexts: [{ abstractSyntax: '1.2.3', transferSyntaxes: ['1.2.4'] }],
    });
  });

  it('refuses a context id that is used twice', () => {
    const context = { id: 1, abstractSyntax: '1.2.3', transferSyntaxes: ['1.2.4'] };
    expect(() =>
      decodeAssociateRq(body(encodeAssociateRq({ calledAe: 'A', callingAe: 'B', contexts: [context, context], maxPduBytes: 0 }))),
    ).toThrow(ProtocolError);
  });

  it('throws nothing but a protocol error, wherever bytes are changed or missing', () => {
    fc.assert(
      fc.property(request, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 10 }), fc.nat(), (rq, changes, end) => {
        const bytes = Buffer.from(body(encodeAssociateRq(rq)));
        for (const [at, value] of changes) bytes[at % bytes.length] = value;
        for (const decode of [decodeAssociateRq, decodeAssociateAc]) {
          try {
            decode(bytes.subarray(0, end % (bytes.length + 1)));
          } catch (thrown) {
            expect(thrown).toBeInstanceOf(ProtocolError);
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('A-ASSOCIATE-AC', () => {
  it('reads what it writes', () => {
    const contexts = [
      { id: 5, result: 0, transferSyntax: '1.2.840.10008.1.2.1' },
      { id: 1, result: 4, transferSyntax: '' },
    ];
    const roles = [{ sopClassUid: '1.2.840.10008.1.20.1', scu: false, scp: true }];
    expect(decodeAssociateAc(body(encodeAssociateAc({ calledAe: 'A', callingAe: 'B' }, contexts, 131072, roles)))).toEqual({
      contexts,
      roles,
      maxPduBytes: 131072,
    });
  });
});
