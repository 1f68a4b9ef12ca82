/** What a broken or hostile peer can do to our SCP: it harms nobody else and leaves nothing behind. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';

import { encodeEchoRq, encodeStoreRq } from '../../src/dimse/command.js';
import { abortPdu, releaseRq } from '../../src/dimse/pdu.js';
import { describeWith, testData } from '../support/data.js';
import { dcmtk } from '../support/dcmtk.js';
import {
  CONTROL,
  CT_STORAGE,
  RawPeer,
  VERIFICATION,
  associateRq,
  dataSetOf,
  md5,
  pData,
  startProbe,
  type Probe,
} from '../support/dimse.js';
import { part10Files } from '../support/part10.js';
import { missingTools } from '../support/tools.js';
import { until } from '../support/until.js';

const missing = [...missingTools('storescu'), ...(testData('ct-chest-a0001') === undefined ? ['data ct-chest-a0001'] : [])];
const LIMITS = { associationTimeoutMs: 200, idleTimeoutMs: 300, stallTimeoutMs: 200, writeTimeoutMs: 300 };
const storeRq = (messageId = 1): Buffer => pData(1, CONTROL.lastCommand, encodeStoreRq(messageId, CT_STORAGE, '1.2.3.4'));
const echoRq = (messageId: number): Buffer => pData(3, CONTROL.lastCommand, encodeEchoRq(messageId, VERIFICATION));

/** A-ABORT by the provider (source 2) with the reason of PS3.8 table 9-26. */
const abortOf = (reason: number) => ({ source: 2, reason });

describeWith('a hostile peer', missing, () => {
  const ct = join(testData('ct-chest-a0001') ?? '', 'B-jpegls');
  let probe: Probe;

  beforeAll(async () => {
    probe = await startProbe(LIMITS);
  });

  afterAll(() => probe.close());

  /** After each case: a healthy sender gets through, all is closed, and each sink was either ended or told to throw away. */
  afterEach(async () => {
    const before = probe.received.length;
    expect(await dcmtk('storescu', '-R', '-xt', '+sd', '127.0.0.1', String(probe.port), ct)).toMatchObject({ code: 0 });
    const source = new Map(part10Files(ct).map((file) => [file.sopInstanceUid, md5(dataSetOf(file.path))]));
    for (const { context, md5: hash } of probe.received.slice(before)) expect(hash).toBe(source.get(context.sopInstanceUid));
    await until('all connections are closed', () => probe.connections() === 0, 5000);
    expect(probe.opened()).toBe(probe.received.length + probe.aborted());
    expect(probe.logged.filter(({ level }) => level === 'error')).toEqual([]);
  });

  it.each(Array.from({ length: 20 }, (_, i) => [i]))('random bytes, no. %s', async () => {
    const peer = await RawPeer.connect(probe.port);
    peer.send(randomBytes(5000));
    await peer.ending();
    expect(peer.isClosed).toBe(true);
  });

  it.each([1, 2, 3, 4, 5, 6, 7].map((type) => [type]))(
    'random bytes in a PDU of type %s, before and after an association',
    async (type) => {
      for (const peer of [await RawPeer.connect(probe.port), await RawPeer.associated(probe.port)]) {
        peer.send(Buffer.from([type, 0, 0, 0, 0, 200]), randomBytes(200));
        await peer.ending();
        expect(peer.isClosed).toBe(true);
      }
    },
  );

  it('a length of 0xFFFFFFFF is aborted after the first bytes, before and after an association', async () => {
    for (const type of [1, 4]) {
      for (const peer of [await RawPeer.connect(probe.port), await RawPeer.associated(probe.port)]) {
        peer.send(Buffer.from([type, 0, 0xff, 0xff, 0xff, 0xff]));
        expect(await peer.ending()).toEqual(abortOf(6));
      }
    }
  });

  it('TLS and HTTP are aborted at the first byte', async () => {
    for (const hello of [Buffer.from([0x16, 3, 1]), Buffer.from('GET / HTTP/1.1\r\n')]) {
      const peer = await RawPeer.connect(probe.port);
      peer.send(hello);
      expect(await peer.ending()).toEqual(abortOf(1));
    }
  });

  it('data before an association', async () => {
    const peer = await RawPeer.connect(probe.port);
    peer.send(storeRq());
    expect(await peer.ending()).toEqual(abortOf(2));
  });

  it.each([
    ['a second A-ASSOCIATE-RQ', () => associateRq(), 2],
    ['an A-RELEASE-RP out of the blue', () => Buffer.from([6, 0, 0, 0, 0, 4, 0, 0, 0, 0]), 2],
    ['a fragment longer than its PDU', () => pData(1, CONTROL.command, Buffer.alloc(10), { lengthBytes: 5000 }), 6],
    ['a context id that was never proposed', () => pData(77, CONTROL.lastCommand, encodeEchoRq(1, VERIFICATION)), 6],
    ['a context that was refused', () => pData(5, CONTROL.lastCommand, encodeEchoRq(1, VERIFICATION)), 6],
    ['a data set without a command', () => pData(1, CONTROL.lastData, Buffer.alloc(10)), 5],
    ['a data set in another context than its command', () => Buffer.concat([storeRq(), pData(3, CONTROL.lastData, Buffer.alloc(10))]), 6],
    ['a command in place of the data set', () => Buffer.concat([storeRq(), echoRq(2)]), 5],
    ['random bytes as a command', () => pData(1, CONTROL.lastCommand, randomBytes(300)), 6],
    [
      'a command set whose element claims 400 MB',
      () => pData(1, CONTROL.lastCommand, Buffer.from([0, 0, 0, 1, 0, 0, 0xd7, 0x17, 1, 0])),
      6,
    ],
    ['a command set without end', () => Buffer.concat(Array.from({ length: 20 }, () => pData(1, CONTROL.command, Buffer.alloc(8192)))), 6],
    [
      'a command set of endless empty fragments',
      () => Buffer.concat(Array.from({ length: 70_000 }, () => pData(1, CONTROL.command, Buffer.alloc(0)))),
      6,
    ],
    ['a response that nobody asked for', () => pData(1, CONTROL.lastCommand, Buffer.from([0, 0, 0, 1, 2, 0, 0, 0, 1, 0x80])), 5],
  ])('%s', async (_what, bytes, reason) => {
    const peer = await RawPeer.associated(probe.port);
    peer.send(bytes());
    expect(await peer.ending()).toEqual(abortOf(reason));
  });

  it('truncated PDUs: the connection ends at every byte of a C-STORE', async () => {
    const whole = Buffer.concat([associateRq(), storeRq(), pData(1, CONTROL.lastData, randomBytes(100))]);
    for (let end = 0; end < whole.length; end += 7) {
      const peer = await RawPeer.connect(probe.port);
      peer.socket.end(whole.subarray(0, end));
      await peer.ending();
    }
  });

  it('twenty A-ABORTs and twenty resets in mid-store', async () => {
    const before = probe.aborted();
    for (let i = 0; i < 20; i++) {
      for (const isReset of [false, true]) {
        const opened = probe.opened();
        const peer = await RawPeer.associated(probe.port);
        peer.send(storeRq(), pData(1, CONTROL.data, randomBytes(20_000)));
        await until('the sink is open', () => probe.opened() > opened, 5000);
        if (isReset) peer.socket.resetAndDestroy();
        else peer.send(abortPdu(0));
        await peer.ending();
      }
    }
    await until('all sinks were told', () => probe.aborted() === before + 40, 5000);
  });

  it('a release in mid-store is answered, and the sink told', async () => {
    const before = probe.aborted();
    const peer = await RawPeer.associated(probe.port);
    peer.send(storeRq(), pData(1, CONTROL.data, randomBytes(1000)), releaseRq());
    expect(await peer.pdu()).toMatchObject({ type: 6 });
    expect(await peer.pdu()).toBeUndefined();
    expect(probe.aborted()).toBe(before + 1);
  });

  it('a connection that says nothing is closed', async () => {
    const peer = await RawPeer.connect(probe.port);
    expect(await peer.ending()).toBeUndefined();
    expect(probe.logged.at(-1)?.message).toBe('connection closed: no association was requested in time');
  });

  it('an association that falls silent is aborted, between instances and within one', async () => {
    for (const bytes of [Buffer.alloc(0), Buffer.concat([storeRq(), pData(1, CONTROL.data, randomBytes(100))])]) {
      const peer = await RawPeer.associated(probe.port);
      peer.send(bytes);
      expect(await peer.ending()).toEqual(abortOf(0));
      await until('the end is reported', () => probe.ended.at(-1)?.reason === 'timeout', 5000);
    }
  });

  it('a peer that spoke while we stood still is not taken for silent', async () => {
    const peer = await RawPeer.associated(probe.port);
    peer.send(echoRq(1));
    const endAt = Date.now() + 2 * LIMITS.idleTimeoutMs;
    while (Date.now() < endAt); // nothing of this process gets a turn
    const answer = await peer.pdu();
    expect([answer?.type, statusOf(answer?.body)]).toEqual([4, 0]);
    peer.send(releaseRq());
    expect(await peer.pdu()).toMatchObject({ type: 6 });
  });

  it('a trickle of single bytes is cut, in the request and in a PDU of the association', async () => {
    for (const [peer, bytes] of [
      [await RawPeer.connect(probe.port), associateRq()],
      [await RawPeer.associated(probe.port), pData(1, CONTROL.data, randomBytes(1000))],
    ] as const) {
      let at = 0;
      const trickle = setInterval(() => peer.send(bytes.subarray(at, ++at)), 20);
      await peer.ending();
      clearInterval(trickle);
      expect(at).toBeLessThan(100);
    }
  });

  it('an abort that the peer never takes notice of still ends', async () => {
    const peer = await RawPeer.associated(probe.port);
    peer.socket.pause();
    peer.send(Buffer.from([0x16]));
    await until('the connection is closed', () => probe.connections() === 0, 5000);
    peer.socket.destroy();
  });

  it('requests sent ahead are answered in order', async () => {
    const peer = await RawPeer.associated(probe.port);
    const store = (id: number): Buffer =>
      Buffer.concat([storeRq(id), pData(1, CONTROL.data, randomBytes(3000)), pData(1, CONTROL.lastData, randomBytes(3000))]);
    peer.send(store(1), echoRq(2), store(3), store(4), echoRq(5), releaseRq());
    const answered: number[] = [];
    for (let pdu = await peer.pdu(); pdu && pdu.type === 4; pdu = await peer.pdu()) answered.push(messageIdOf(pdu.body));
    expect(answered).toEqual([1, 2, 3, 4, 5]);
  });

  it('a C-STORE without valid UIDs is answered, not aborted', async () => {
    const opened = probe.opened();
    const peer = await RawPeer.associated(probe.port);
    for (const uid of ['', '1..2', 'not a uid', `1.${'2'.repeat(70)}`]) {
      peer.send(pData(1, CONTROL.lastCommand, encodeStoreRq(9, CT_STORAGE, uid)), pData(1, CONTROL.lastData, randomBytes(100)));
      const answer = await peer.pdu();
      expect(statusOf(answer?.body)).toBe(0xa900);
    }
    peer.send(releaseRq());
    expect(await peer.pdu()).toMatchObject({ type: 6 });
    expect(probe.opened()).toBe(opened);
  });

  it('a peer that never reads its answers is stopped, and cut in the end', async () => {
    const peer = await RawPeer.associated(probe.port);
    peer.socket.pause();
    const requests = Buffer.concat(Array.from({ length: 2000 }, (_, i) => echoRq(i)));
    const flood = setInterval(() => peer.socket.writableLength < 4_000_000 && peer.socket.write(requests), 1);
    await until('the connection is closed', () => probe.connections() === 0, 20_000);
    clearInterval(flood);
    peer.socket.destroy();
  }, 30_000);
});

const us = (body: Buffer | undefined, element: number): number => {
  const at = (body ?? Buffer.alloc(0)).indexOf(Buffer.from([0, 0, element & 0xff, element >> 8, 2, 0, 0, 0]));
  return body?.readUInt16LE(at + 8) ?? -1;
};
/** MessageIDBeingRespondedTo (0000,0120) */
const messageIdOf = (body: Buffer): number => us(body, 0x0120);
/** Status (0000,0900) */
const statusOf = (body: Buffer | undefined): number => us(body, 0x0900);
