/** Our SCU against DCMTK, Orthanc, our own SCP, and peers that fail at each point. */
import { once } from 'node:events';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { join } from 'node:path';

import { encodeAssociateAc, encodeAssociateRj } from '../../src/dimse/associate.js';
import { abortPdu } from '../../src/dimse/pdu.js';
import { echo, findInstance, storeFile, storeFiles, type Peer, type StoreOutcome } from '../../src/dimse/scu.js';
import { startCuttingProxy } from '../support/cutting-proxy.js';
import { makeAuthority } from '../support/certificates.js';
import { describeWith, testData } from '../support/data.js';
import { startStorescp, type Storescp } from '../support/dcmtk.js';
import { dataSetOf, md5, startProbe, type Probe } from '../support/dimse.js';
import { freePort, missingForOrthanc, startOrthanc, type Orthanc } from '../support/orthanc.js';
import { part10Files } from '../support/part10.js';
import { tempFolder } from '../support/temp.js';
import { startTlsFront } from '../support/tls-front.js';
import { missingTools } from '../support/tools.js';

const needed = ['ct-chest-a0001', 'planar-us-rt', 'enhanced-multiframe', 'charset', 'seg-samples', 'ct-head-phantom-multiseries'];
const missingData = needed.filter((name) => testData(name) === undefined).map((name) => `data ${name}`);
const ctFiles = (): string[] => part10Files(join(testData('ct-chest-a0001') ?? '', 'B-jpegls')).map(({ path }) => path);

const peerAt = (port: number, change: Partial<Peer> = {}): Peer => ({
  host: '127.0.0.1',
  port,
  aeTitle: 'PACS',
  callingAe: 'ANTEROOM',
  timeoutMs: 5000,
  ...change,
});
const failed = (outcomes: readonly StoreOutcome[]): StoreOutcome[] => outcomes.filter(({ error }) => error !== undefined);

describeWith('our SCU to our SCP', missingData, () => {
  let probe: Probe;
  beforeEach(async () => {
    probe = await startProbe();
  });
  afterEach(() => probe.close());

  it('C-ECHO', async () => {
    await echo(peerAt(probe.port));
    await probe.settled();
    expect(probe.ended).toMatchObject([{ callingAe: 'ANTEROOM', calledAe: 'PACS', reason: 'released' }]);
  });

  it.each([[1], [3]])('sends all kinds of files over %s associations, byte for byte', async (concurrency) => {
    const files = needed
      .flatMap((name) => part10Files(testData(name) ?? ''))
      .filter(({ path }) => path.endsWith('.dcm') && readFileSync(path).toString('latin1', 128, 132) === 'DICM');
    const progress: number[] = [];
    const outcomes = await storeFiles(
      peerAt(probe.port),
      files.map(({ path }) => path),
      { concurrency, onProgress: (done, total) => progress.push(done / (total ?? 0)) },
    );
    // Files whose meta information has no UIDs cannot be sent; they are named as such.
    expect(failed(outcomes).filter(({ error }) => error?.code !== 'DICOM_UID_MISSING' && error?.code !== 'DICOM_DAMAGED')).toEqual([]);
    const sent = outcomes.filter(({ status }) => status === 0);
    expect(sent.length).toBeGreaterThan(150);
    expect(probe.received.map(({ md5: hash }) => hash).sort()).toEqual(sent.map(({ file }) => md5(dataSetOf(file))).sort());
    expect(progress.at(-1)).toBe(1);
    await probe.settled();
    expect(probe.ended.map(({ reason }) => reason)).toEqual(Array.from({ length: concurrency }, () => 'released'));
    expect(new Set(probe.received.map(({ context }) => context.transferSyntaxUid)).size).toBeGreaterThan(6);
  });

  it('takes the files from an iterable, and names those that are no DICOM', async () => {
    const noDicom = join(tempFolder('scu'), 'notes.txt');
    writeFileSync(noDicom, 'x'.repeat(1000));
    async function* files(): AsyncGenerator<string> {
      yield noDicom;
      yield* await Promise.resolve(ctFiles().slice(0, 2));
      yield '/does/not/exist.dcm';
    }
    const outcomes = await storeFiles(peerAt(probe.port), files());
    expect(outcomes.map(({ status, error }) => error?.code ?? status)).toEqual(['DICOM_NOT_P10', 'FILE_UNREADABLE', 0, 0]);
  });
});

describeWith('our SCU to storescp', [...missingTools('storescp'), ...missingData], () => {
  let storescp: Storescp;
  afterEach(() => storescp.stop());

  it.each([['4096'], ['131072']])('storescp that takes PDUs of %s bytes stores what we sent', async (pduBytes) => {
    const folder = tempFolder('storescp');
    storescp = await startStorescp('+B', '+xa', '-pdu', pduBytes, '-od', folder);
    await echo(peerAt(storescp.port));
    const files = ctFiles();
    expect(failed(await storeFiles(peerAt(storescp.port), files))).toEqual([]);
    const stored = readdirSync(folder).map((name) => md5(dataSetOf(join(folder, name))));
    expect(stored.sort()).toEqual(files.map((file) => md5(dataSetOf(file))).sort());
  });

  it('is refused, with SOP class and transfer syntax, where storescp does not take JPEG-LS', async () => {
    storescp = await startStorescp('--ignore');
    await expect(storeFile(peerAt(storescp.port), ctFiles()[0] ?? '')).rejects.toMatchObject({
      code: 'DESTINATION_REFUSED',
      seen: 'no presentation context accepted for SOP class 1.2.840.10008.5.1.4.1.1.2 with transfer syntax 1.2.840.10008.1.2.4.80',
    });
  });

  it('is refused where storescp rejects the association', async () => {
    storescp = await startStorescp('--refuse');
    await expect(echo(peerAt(storescp.port))).rejects.toMatchObject({
      code: 'DESTINATION_SETTINGS',
      seen: expect.stringContaining('rejected (permanent)') as unknown,
    });
  });

  it('a peer that aborts each C-STORE leaves every file unsure or unsent, and each file is tried', async () => {
    storescp = await startStorescp('--ignore', '+xa', '--abort-after');
    const outcomes = await storeFiles(peerAt(storescp.port), ctFiles().slice(0, 3));
    expect(outcomes.map(({ error }) => error?.code)).toEqual(['DESTINATION_UNSURE', 'DESTINATION_UNSURE', 'DESTINATION_UNSURE']);
  });
});

describeWith('our SCU to Orthanc', [...missingForOrthanc(), ...missingData], () => {
  let orthanc: Orthanc;
  beforeAll(async () => {
    orthanc = await startOrthanc({ config: { DicomAlwaysAllowFind: true } });
  }, 90_000);
  afterAll(() => orthanc.remove());

  it('C-ECHO, C-STORE, and C-FIND as proof of arrival', async () => {
    const peer = peerAt(orthanc.dicomPort, { aeTitle: 'ORTHANC' });
    await echo(peer);
    const [first, second] = part10Files(join(testData('ct-chest-a0001') ?? '', 'B-jpegls'));
    if (!first || !second) throw new Error('no files');
    expect(await findInstance(peer, first)).toBe(false);
    expect(await storeFile(peer, first.path)).toMatchObject({ status: 0, sopInstanceUid: first.sopInstanceUid });
    expect(await findInstance(peer, first)).toBe(true);
    expect(await findInstance(peer, second)).toBe(false);
    expect(await findInstance(peer, { ...first, studyInstanceUid: '1.2.3' })).toBe(false);
  }, 30_000);
});

describeWith('our SCU over TLS', missingTools('openssl').concat(missingData), () => {
  it('checks the peer by a private authority and shows a client certificate', async () => {
    const authority = makeAuthority(tempFolder('tls'), 'hospital');
    const client = authority.issue('anteroom');
    const probe = await startProbe();
    const front = await startTlsFront(probe.port, authority.issue('pacs'), authority.ca);
    try {
      const [file] = ctFiles();
      await echo(peerAt(front.port, { tls: { ca: authority.ca, ...client } }));
      expect(await storeFile(peerAt(front.port, { tls: { ca: authority.ca, ...client } }), file ?? '')).toMatchObject({ status: 0 });
      await expect(echo(peerAt(front.port, { tls: client }))).rejects.toMatchObject({ code: 'DESTINATION_TLS' });
    } finally {
      await front.close();
      await probe.close();
    }
  });
});

describeWith('our SCU when things break', missingData, () => {
  const file = (): string => ctFiles()[0] ?? '';
  const keys = { studyInstanceUid: '1.2', seriesInstanceUid: '1.2.3', sopInstanceUid: '1.2.3.4' };
  let close: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const one of close.splice(0)) await one();
    close = [];
  });

  /** A peer that answers the first bytes it gets with `bytes`, or leaves it to `answer`. */
  async function startFake(answer: Buffer | ((socket: Socket) => void)): Promise<Peer> {
    const sockets = new Set<Socket>();
    const server: Server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.once('data', () => (Buffer.isBuffer(answer) ? socket.write(answer) : answer(socket)));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    close.push(async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    });
    return peerAt((server.address() as AddressInfo).port, { timeoutMs: 500 });
  }

  it('nobody listens: unreachable', async () => {
    const peer = peerAt(await freePort());
    for (const attempt of [() => echo(peer), () => storeFile(peer, file()), () => findInstance(peer, keys)]) {
      await expect(attempt()).rejects.toMatchObject({
        code: 'DESTINATION_UNREACHABLE',
        seen: expect.stringContaining('ECONNREFUSED') as unknown,
      });
    }
  });

  const accept = encodeAssociateAc(
    { calledAe: 'PACS', callingAe: 'ANTEROOM' },
    [{ id: 1, result: 0, transferSyntax: '1.2.840.10008.1.2' }],
    16384,
  );
  const allRefused = encodeAssociateAc({ calledAe: 'PACS', callingAe: 'ANTEROOM' }, [{ id: 1, result: 3, transferSyntax: '' }], 16384);
  it.each([
    ['rejects for good', encodeAssociateRj({ result: 1, source: 1, reason: 7 }), 'DESTINATION_SETTINGS', 'called AE title not recognized'],
    ['rejects for now', encodeAssociateRj({ result: 2, source: 3, reason: 1 }), 'DESTINATION_BUSY', 'temporary congestion'],
    ['refuses the context', allRefused, 'DESTINATION_REFUSED', 'accept'],
    ['aborts', abortPdu(2, 0), 'DESTINATION_UNREACHABLE', ''],
    ['accepts and says nothing more', accept, 'DESTINATION_UNREACHABLE', 'within 500 ms'],
    ['accepts and aborts', Buffer.concat([accept, abortPdu(0)]), 'DESTINATION_UNREACHABLE', ''],
    ['says nothing', Buffer.alloc(0), 'DESTINATION_UNREACHABLE', 'within 500 ms'],
    ['closes', (socket: Socket) => socket.end(), 'DESTINATION_UNREACHABLE', ''],
    ['resets', (socket: Socket) => socket.resetAndDestroy(), 'DESTINATION_UNREACHABLE', ''],
  ])('a peer that %s', async (_what, answer, code, words) => {
    const peer = await startFake(answer);
    for (const attempt of [() => echo(peer), () => findInstance(peer, keys)]) {
      await expect(attempt()).rejects.toMatchObject({ code, seen: expect.stringContaining(words) as unknown });
    }
  });

  it('a peer that speaks HTTP', async () => {
    const peer = await startFake(Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'));
    await expect(echo(peer)).rejects.toMatchObject({
      code: 'DESTINATION_REFUSED',
      seen: expect.stringContaining('does not speak DICOM') as unknown,
    });
    await expect(findInstance(peer, keys)).rejects.toMatchObject({ code: 'DESTINATION_UNREACHABLE' });
  });

  it('the connection breaks within the data set: not there; at the answer: unsure', async () => {
    const probe = await startProbe();
    close.push(() => probe.close());
    // More than the buffers on the way hold: of what they have taken whole, nobody can say how far it came.
    const large = join(tempFolder('scu'), 'large.dcm');
    writeFileSync(large, Buffer.concat([readFileSync(file()), Buffer.alloc(40 * 1024 * 1024)]));
    const within = await startCuttingProxy(probe.port, { cutAfterClientBytes: 500_000 });
    const atAnswer = await startCuttingProxy(probe.port, { cutAfterServerBytes: 250 });
    close.push(
      () => within.close(),
      () => atAnswer.close(),
    );
    await expect(storeFile(peerAt(within.port), large)).rejects.toMatchObject({ code: 'DESTINATION_UNREACHABLE' });
    expect(probe.received).toHaveLength(0);
    await expect(storeFile(peerAt(atAnswer.port), file())).rejects.toMatchObject({ code: 'DESTINATION_UNSURE', kind: 'ambiguous' });
    expect(probe.received).toHaveLength(1);
  });

  it('an answer that does not come in time is unsure', async () => {
    let finish = (): void => undefined;
    const durable = new Promise<{ status: number }>((resolve) => (finish = () => resolve({ status: 0 })));
    const probe = await startProbe({}, { sink: () => ({ end: () => durable }) });
    await expect(storeFile(peerAt(probe.port, { timeoutMs: 300 }), file())).rejects.toMatchObject({ code: 'DESTINATION_UNSURE' });
    finish();
    await probe.close();
  });

  it.each([
    ['A700', 'DESTINATION_BUSY'],
    ['A900', 'DESTINATION_REFUSED'],
    ['C001', 'DESTINATION_REFUSED'],
    ['B000', undefined],
    ['0111', undefined],
  ])('a status of 0x%s', async (hex, code) => {
    const status = parseInt(hex, 16);
    const probe = await startProbe({}, { sink: () => ({ end: () => Promise.resolve({ status }) }) });
    close.push(() => probe.close());
    const [outcome] = await storeFiles(peerAt(probe.port), [file()]);
    expect(outcome).toMatchObject({ status });
    expect(outcome?.error?.code).toBe(code);
  });

  it('one file that is refused does not stop the next', async () => {
    let count = 0;
    const probe = await startProbe({}, { sink: () => ({ end: () => Promise.resolve({ status: ++count === 2 ? 0xc000 : 0 }) }) });
    close.push(() => probe.close());
    const outcomes = await storeFiles(peerAt(probe.port), ctFiles().slice(0, 3));
    expect(outcomes.map(({ status }) => status)).toEqual([0, 0xc000, 0]);
    await probe.settled();
    expect(probe.ended).toHaveLength(1);
  });
});
