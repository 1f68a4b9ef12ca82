import fc from 'fast-check';

import { ABORT_REASON, PDU, ProtocolError, abortPdu, dataHeader, encodePdu, releaseRq } from '../../../src/dimse/pdu.js';
import { PduReader } from '../../../src/dimse/pdu-reader.js';
import type { WireEvent } from '../../../src/dimse/pdu-reader.js';

const LIMIT = 1024 * 1024;

function readAll(chunks: readonly Uint8Array[], reader = new PduReader(LIMIT)): WireEvent[] {
  const events: WireEvent[] = [];
  for (const chunk of chunks) {
    reader.push(Buffer.from(chunk));
    for (let event = reader.next(); event; event = reader.next()) events.push(event);
  }
  return events;
}

/** The same events with the pieces of each message put together, so that they can be compared over different cuts. */
function messagesOf(events: readonly WireEvent[]): string[] {
  const messages: string[] = [];
  let open = '';
  for (const event of events) {
    if (event.kind === 'control') messages.push(`control ${event.type} ${event.body.toString('hex')}`);
    else {
      open += event.bytes.toString('hex');
      if (event.endsMessage) {
        messages.push(`message ${event.contextId} ${event.isCommand} ${open}`);
        open = '';
      }
    }
  }
  return open === '' ? messages : [...messages, `unfinished ${open}`];
}

const bytes = (maxLength: number) => fc.uint8Array({ maxLength });
const dataPdu = fc
  .tuple(fc.integer({ min: 0, max: 255 }), fc.boolean(), fc.boolean(), bytes(300))
  .map(([id, isCommand, isLast, fragment]) => Buffer.concat([dataHeader(id, isCommand, isLast, fragment.length), fragment]));
const controlPdu = fc
  .tuple(fc.constantFrom(PDU.associateRq, PDU.associateAc), fc.uint8Array({ minLength: 4, maxLength: 300 }))
  .map(([type, body]) => encodePdu(type, body));
const stream = fc
  .array(fc.oneof(dataPdu, controlPdu, fc.constant(releaseRq()), fc.constant(abortPdu(2, 6))), { maxLength: 12 })
  .map((pdus) => Buffer.concat(pdus));

function cut(whole: Buffer, at: readonly number[]): Buffer[] {
  const marks = [0, ...at.map((mark) => mark % (whole.length + 1)).sort((a, b) => a - b), whole.length];
  return marks.slice(1).map((mark, i) => whole.subarray(marks[i], mark));
}

describe('the reader of PDUs', () => {
  it('gives the same messages however the bytes are cut', () => {
    fc.assert(
      fc.property(stream, fc.array(fc.nat(4000), { maxLength: 30 }), (whole, at) => {
        expect(messagesOf(readAll(cut(whole, at)))).toEqual(messagesOf(readAll([whole])));
      }),
    );
  });

  it('gives the same messages byte by byte', () => {
    fc.assert(
      fc.property(stream, (whole) => {
        expect(messagesOf(readAll([...whole].map((byte) => Uint8Array.of(byte))))).toEqual(messagesOf(readAll([whole])));
      }),
      { numRuns: 30 },
    );
  });

  it('holds nothing back: what was pushed is handed out or still held', () => {
    fc.assert(
      fc.property(stream, (whole) => {
        const reader = new PduReader(LIMIT);
        readAll([whole], reader);
        expect(reader.heldBytes).toBe(0);
        expect(reader.isMidPdu).toBe(false);
      }),
    );
  });

  it('throws nothing but a protocol error on garbage', () => {
    fc.assert(
      fc.property(fc.array(bytes(200), { maxLength: 8 }), fc.option(fc.integer({ min: 1, max: 7 })), (chunks, type) => {
        const first = type === null ? [] : [Uint8Array.of(type, 0, 0, 0, 1)];
        try {
          readAll([...first, ...chunks]);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(ProtocolError);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('hands a long fragment out piece by piece as it comes', () => {
    const reader = new PduReader(LIMIT);
    reader.push(dataHeader(1, false, true, 500_000));
    expect(reader.next()).toBeUndefined();
    reader.push(Buffer.alloc(1000));
    expect(reader.next()).toMatchObject({ kind: 'fragment', endsMessage: false });
    expect(reader.heldBytes).toBe(0);
    expect(reader.isMidPdu).toBe(true);
  });

  it('takes several fragments in one PDU, an empty one too', () => {
    const pdv = (control: number, text: string): Buffer =>
      Buffer.concat([Buffer.from([0, 0, 0, text.length + 2, 7, control]), Buffer.from(text)]);
    const body = Buffer.concat([pdv(3, 'command'), pdv(0, 'data'), pdv(2, '')]);
    const header = Buffer.from([4, 0, 0, 0, 0, body.length]);
    expect(messagesOf(readAll([header, body]))).toEqual([
      `message 7 true ${Buffer.from('command').toString('hex')}`,
      `message 7 false ${Buffer.from('data').toString('hex')}`,
    ]);
  });

  it.each([
    ['a length of 0xFFFFFFFF', [4, 0, 0xff, 0xff, 0xff, 0xff], ABORT_REASON.invalidParameter],
    ['an A-ASSOCIATE-RQ of 16 MB', [1, 0, 1, 0, 0, 0], ABORT_REASON.invalidParameter],
    ['an A-ABORT of 64 KB', [7, 0, 0, 1, 0, 0], ABORT_REASON.invalidParameter],
    ['a P-DATA-TF too short for a fragment', [4, 0, 0, 0, 0, 5], ABORT_REASON.invalidParameter],
    ['a fragment longer than its PDU', [4, 0, 0, 0, 0, 10, 0, 0, 0, 7, 1, 0], ABORT_REASON.invalidParameter],
    ['a fragment of length 1', [4, 0, 0, 0, 0, 10, 0, 0, 0, 1, 1, 0], ABORT_REASON.invalidParameter],
    ['the hello of TLS, at its first byte', [0x16], ABORT_REASON.unrecognizedPdu],
    ['an HTTP request, at its first byte', [0x47], ABORT_REASON.unrecognizedPdu],
    ['a PDU of type 0', [0], ABORT_REASON.unrecognizedPdu],
  ])('refuses %s', (_what, head, reason) => {
    let thrown: unknown;
    try {
      readAll([Uint8Array.from(head)]);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ name: 'ProtocolError', reason });
  });

  it('counts the PDUs that were begun', () => {
    const reader = new PduReader(LIMIT);
    readAll([releaseRq(), releaseRq().subarray(0, 3)], reader);
    expect(reader.pdusBegun).toBe(2);
    expect(reader.isMidPdu).toBe(true);
  });
});
