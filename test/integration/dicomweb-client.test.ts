/** Our DICOMweb client against a real Orthanc, and against wires that break. */
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { closeConnections } from '../../src/dicomweb/client/http.js';
import { instanceExists, retrieveMetadata, searchInstances, searchSeries, searchStudies } from '../../src/dicomweb/client/qido.js';
import { stow } from '../../src/dicomweb/client/stow.js';
import type { DicomWebEndpoint } from '../../src/dicomweb/client/types.js';
import { retrieveInstance, retrieveSeries, retrieveStudy } from '../../src/dicomweb/client/wado.js';
import { makeAuthority, type Authority } from '../support/certificates.js';
import { startCuttingProxy, type Misbehaviour } from '../support/cutting-proxy.js';
import { describeWith, testData } from '../support/data.js';
import { freePort, missingForOrthanc, startOrthanc, type Orthanc } from '../support/orthanc.js';
import { part10Files } from '../support/part10.js';
import { startTlsFront, type TlsFront } from '../support/tls-front.js';

const START_MS = 90_000;
const SLOW_MS = 60_000;

const missing = [...missingForOrthanc(), ...(testData('ct-chest-a0002') === undefined ? ['data ct-chest-a0002'] : [])];
const auth = { kind: 'basic', user: 'anteroom', password: 'right' } as const;

describeWith('DICOMweb client and Orthanc', missing, () => {
  const files = missing.length === 0 ? part10Files(testData('ct-chest-a0002') ?? '').slice(0, 40) : [];
  const first = files[0];
  let folder: string;
  let orthanc: Orthanc;
  let endpoint: DicomWebEndpoint;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'anteroom-dicomweb-'));
    orthanc = await startOrthanc({ users: { anteroom: 'right' } });
    endpoint = { url: `${orthanc.dicomWebUrl}/`, auth, timeoutMs: 20_000 };
  }, START_MS);

  afterAll(async () => {
    closeConnections(endpoint);
    await orthanc.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  const through = async <T>(
    misbehaviour: Misbehaviour,
    use: (endpoint: DicomWebEndpoint) => Promise<T>,
    timeoutMs = 20_000,
  ): Promise<T> => {
    const proxy = await startCuttingProxy(orthanc.httpPort, misbehaviour);
    try {
      return await use({ ...endpoint, url: `http://127.0.0.1:${String(proxy.port)}/dicom-web`, timeoutMs });
    } finally {
      await proxy.close();
    }
  };

  it('does not find what was not stored, as an instance of an unknown and of a known study', async () => {
    await expect(instanceExists(endpoint, first)).resolves.toBe(false);
    await expect(searchStudies(endpoint)).resolves.toEqual([]);
  });

  it(
    'stores a study in one request, and the same again',
    async () => {
      for (let time = 1; time <= 2; time++) {
        const outcomes = await stow(endpoint, files, first.studyInstanceUid);
        expect(outcomes).toEqual(files.map(({ sopInstanceUid }) => ({ sopInstanceUid, stored: true })));
      }
      await expect(instanceExists(endpoint, first)).resolves.toBe(true);
      await expect(instanceExists(endpoint, { ...first, seriesInstanceUid: undefined })).resolves.toBe(true);
      await expect(instanceExists(endpoint, { ...first, sopInstanceUid: '1.2.3' })).resolves.toBe(false);
    },
    SLOW_MS,
  );

  it('tells of each instance whether it was stored where one of two is refused', async () => {
    const junk = join(folder, 'junk.dcm');
    writeFileSync(junk, Buffer.alloc(3000, 7));
    const outcomes = await stow(endpoint, [first, { path: junk, sizeBytes: 3000, sopClassUid: '1.2', sopInstanceUid: '1.2.3.4' }]);
    expect(outcomes[0]).toMatchObject({ sopInstanceUid: first.sopInstanceUid, stored: true });
    expect(outcomes[1]).toMatchObject({ sopInstanceUid: '1.2.3.4', stored: false });
    await expect(stow(endpoint, [{ path: junk, sizeBytes: 3000, sopClassUid: '1.2', sopInstanceUid: '1.2.3.4' }])).rejects.toMatchObject({
      code: 'DESTINATION_REFUSED',
    });
  });

  it('tells the reason for an instance of another study', async () => {
    const [outcome] = await stow(endpoint, [first], '1.2.3');
    expect(outcome).toEqual({
      sopInstanceUid: first.sopInstanceUid,
      stored: false,
      failureReason: 0x0110,
      text: '0110H: processing failure',
    });
  });

  it('lists studies, series and instances, and their metadata', async () => {
    const [study] = await searchStudies(endpoint, { matches: { StudyInstanceUID: first.studyInstanceUid }, includeFields: ['00081030'] });
    expect(study?.['00201208']?.Value).toEqual([files.length]);
    const series = await searchSeries(endpoint, { studyInstanceUid: first.studyInstanceUid });
    expect(new Set(series.map((header) => header['0020000E']?.Value?.[0]))).toEqual(new Set(files.map((file) => file.seriesInstanceUid)));
    const instances = await searchInstances(endpoint, { studyInstanceUid: first.studyInstanceUid, limit: 3 });
    expect(instances).toHaveLength(3);
    const metadata = await retrieveMetadata(endpoint, first);
    expect(metadata.map((header) => header['00080018']?.Value?.[0])).toEqual([first.sopInstanceUid]);
  });

  it(
    'retrieves an instance, a series and a study byte for byte',
    async () => {
      const path = join(folder, 'back.dcm');
      await expect(retrieveInstance(endpoint, first, path)).resolves.toEqual({ sizeBytes: first.sizeBytes });
      expect(readFileSync(path).equals(readFileSync(first.path))).toBe(true);

      const originals = (of: typeof files): string[] => of.map((file) => readFileSync(file.path).toString('base64')).sort();
      const received: string[] = [];
      const collect = async (bytes: AsyncIterable<Buffer>): Promise<void> => {
        const chunks: Buffer[] = [];
        for await (const chunk of bytes) chunks.push(chunk);
        received.push(Buffer.concat(chunks).toString('base64'));
      };
      await retrieveSeries(endpoint, first, collect);
      expect(received.splice(0).sort()).toEqual(originals(files.filter((file) => file.seriesInstanceUid === first.seriesInstanceUid)));
      await retrieveStudy(endpoint, first, collect);
      expect(received.sort()).toEqual(originals(files));
    },
    SLOW_MS,
  );

  it('leaves no file behind where there is nothing to retrieve', async () => {
    const path = join(folder, 'nothing.dcm');
    await expect(retrieveInstance(endpoint, { ...first, sopInstanceUid: '1.2.3' }, path)).rejects.toMatchObject({
      code: 'DESTINATION_NO_SERVICE',
    });
    expect(() => readFileSync(path)).toThrow('ENOENT');
    expect(() => readFileSync(`${path}.part`)).toThrow('ENOENT');
  });

  it(
    'knows wrong credentials for what they are, with a body of any size',
    async () => {
      const wrong = { ...endpoint, auth: { ...auth, password: 'wrong' } };
      await expect(stow(wrong, [first])).rejects.toMatchObject({ code: 'DESTINATION_AUTH', kind: 'operator' });
      await expect(stow(wrong, files)).rejects.toMatchObject({ code: 'DESTINATION_AUTH' });
      await expect(instanceExists(wrong, first)).rejects.toMatchObject({ code: 'DESTINATION_AUTH' });
      await expect(stow({ ...endpoint, auth: { kind: 'bearer', token: 'nobody' } }, [first])).rejects.toMatchObject({
        code: 'DESTINATION_AUTH',
      });
    },
    SLOW_MS,
  );

  it('refuses to send a file that is not as long as it was announced, or not there', async () => {
    await expect(stow(endpoint, [{ ...first, sizeBytes: first.sizeBytes + 1 }])).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
    await expect(stow(endpoint, [{ ...first, path: join(folder, 'absent') }])).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
  });

  it(
    'is unsure when the wire breaks after bytes have left',
    async () => {
      const unsure = { code: 'DESTINATION_UNSURE', kind: 'ambiguous' };
      await expect(through({ cutAfterClientBytes: 50_000 }, (broken) => stow(broken, files))).rejects.toMatchObject(unsure);
      await expect(through({ swallowAnswer: true }, (broken) => stow(broken, [first]))).rejects.toMatchObject(unsure);
      await expect(through({ cutAfterServerBytes: 300 }, (broken) => stow(broken, files))).rejects.toMatchObject(unsure);
      await expect(through({ stallAfterClientBytes: 50_000 }, (broken) => stow(broken, files), 300)).rejects.toMatchObject(unsure);
    },
    SLOW_MS,
  );

  it('may try again when a retrieval or a question breaks', async () => {
    const path = join(folder, 'broken.dcm');
    const unreachable = { code: 'DESTINATION_UNREACHABLE', kind: 'transient' };
    await expect(through({ cutAfterServerBytes: 50_000 }, (broken) => retrieveInstance(broken, first, path))).rejects.toMatchObject(
      unreachable,
    );
    await expect(through({ cutAfterServerBytes: 300 }, (broken) => searchInstances(broken))).rejects.toMatchObject(unreachable);
    await expect(through({ stallAfterClientBytes: 10 }, (broken) => searchInstances(broken), 300)).rejects.toMatchObject(unreachable);
    expect(() => readFileSync(`${path}.part`)).toThrow('ENOENT');
  });

  it(
    'finds an idle connection closed without troubling the caller',
    async () => {
      await searchStudies(endpoint);
      await orthanc.stop();
      await expect(searchStudies(endpoint)).rejects.toMatchObject({ code: 'DESTINATION_UNREACHABLE' });
      await expect(stow(endpoint, [first])).rejects.toMatchObject({ code: 'DESTINATION_UNREACHABLE', kind: 'transient' });
      await orthanc.start();
      await expect(searchStudies(endpoint)).resolves.toHaveLength(1);
    },
    START_MS,
  );
});

describeWith('DICOMweb client over TLS', missing, () => {
  const file = missing.length === 0 ? part10Files(testData('ct-chest-a0002') ?? '')[0] : undefined!;
  let folder: string;
  let orthanc: Orthanc;
  let front: TlsFront;
  let authority: Authority;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'anteroom-tls-'));
    authority = makeAuthority(folder, 'hospital');
    orthanc = await startOrthanc();
    front = await startTlsFront(orthanc.httpPort, authority.issue('pacs'), authority.ca);
  }, START_MS);

  afterAll(async () => {
    await front.close();
    await orthanc.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  const endpointWith = (tls: DicomWebEndpoint['tls'], url = `https://127.0.0.1:${String(front.port)}/dicom-web`): DicomWebEndpoint => ({
    url,
    tls,
    timeoutMs: 20_000,
  });

  it('stores and asks with a private authority and a client certificate', async () => {
    const { cert, key } = authority.issue('anteroom');
    const endpoint = endpointWith({ ca: authority.ca, cert, key });
    await expect(stow(endpoint, [file])).resolves.toMatchObject([{ stored: true }]);
    await expect(instanceExists(endpoint, file)).resolves.toBe(true);
    closeConnections(endpoint);
  });

  it.each([
    ['the authority is not known', () => endpointWith(undefined)],
    ['another authority is trusted', () => endpointWith({ ca: makeAuthority(folder, 'other').ca })],
    ['the certificate is for another name', () => endpointWith({ ca: authority.ca }, `https://localhost:${String(front.port)}`)],
    ['the certificate of ours cannot be read', () => endpointWith({ ca: authority.ca, cert: 'no PEM', key: 'no PEM' })],
  ])('is stopped with DESTINATION_TLS where %s', async (_why, endpoint) => {
    await expect(stow(endpoint(), [file])).rejects.toMatchObject({ code: 'DESTINATION_TLS', kind: 'operator' });
    await expect(instanceExists(endpoint(), file)).rejects.toMatchObject({ code: 'DESTINATION_TLS' });
  });

  it('does not take a missing client certificate for a stored object', async () => {
    const asked = instanceExists(endpointWith({ ca: authority.ca }), file);
    await expect(asked).rejects.toMatchObject({ code: expect.stringMatching(/^DESTINATION_(TLS|UNREACHABLE)$/) as unknown });
    const sent = stow(endpointWith({ ca: authority.ca }), [file]);
    await expect(sent).rejects.toMatchObject({ code: expect.stringMatching(/^DESTINATION_(TLS|UNSURE|UNREACHABLE)$/) as unknown });
  });

  it('says that plain HTTP is not TLS', async () => {
    const plain = await startServer((_, response) => response.end('hello'));
    await expect(stow(endpointWith(undefined, `https://127.0.0.1:${String(plain.port)}`), [file])).rejects.toMatchObject({
      code: 'DESTINATION_TLS',
    });
    await plain.close();
  });
});

describe('DICOMweb client and servers of other manners', () => {
  let folder: string;
  let item: { path: string; sizeBytes: number; sopInstanceUid: string; sopClassUid: string };

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'anteroom-manners-'));
    item = { path: join(folder, 'object'), sizeBytes: 2_000_000, sopInstanceUid: '1.2.3', sopClassUid: '1.2' };
    writeFileSync(item.path, Buffer.alloc(item.sizeBytes));
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const answering = async <T>(
    status: number,
    headers: Record<string, string>,
    body: string,
    use: (endpoint: DicomWebEndpoint) => Promise<T>,
  ): Promise<T> => {
    const server = await startServer((request, response) => {
      request.resume().on('end', () => response.writeHead(status, headers).end(body));
    });
    try {
      return await use({ url: `http://127.0.0.1:${String(server.port)}`, timeoutMs: 5_000 });
    } finally {
      await server.close();
    }
  };
  const json = { 'content-type': 'application/dicom+json' };

  it.each([
    [200, {}, '', [{ stored: true, text: expect.any(String) as unknown }]],
    [
      202,
      json,
      '{"00081199":{"vr":"SQ"},"00081198":{"vr":"SQ","Value":[{"00081155":{"vr":"UI","Value":["1.2.3"]},"00081197":{"vr":"US","Value":[42752]}}]}}',
      [{ stored: false, failureReason: 0xa700, text: 'A700H: out of resources' }],
    ],
    [
      202,
      json,
      '{"00081199":{"vr":"SQ","Value":[{"00081155":{"vr":"UI","Value":["1.2.3"]},"00081196":{"vr":"US","Value":[45056]}}]}}',
      [{ stored: true, failureReason: 0xb000 }],
    ],
    [
      409,
      json,
      '{"00081198":{"vr":"SQ","Value":[{"00081155":{"vr":"UI","Value":["1.2.3"]},"00081197":{"vr":"US","Value":[45070]}}]}}',
      [{ stored: true, alreadyThere: true, failureReason: 45070 }],
    ],
    [200, json, '{"00081199":{"vr":"SQ","Value":[{"00081155":{"vr":"UI","Value":["9.9"]}}]}}', [{ stored: false }]],
  ])('reads the answer %i instance by instance', async (status, headers, body, outcomes) => {
    await expect(answering(status, headers, body, (endpoint) => stow(endpoint, [item]))).resolves.toMatchObject(outcomes);
  });

  it.each([
    [202, {}, '', 'DESTINATION_UNSURE'],
    [200, { 'content-type': 'application/dicom+xml' }, '<NativeDicomModel/>', 'DESTINATION_UNSURE'],
    [409, json, '{}', 'DESTINATION_REFUSED'],
    [404, { 'content-type': 'text/plain' }, 'no such service', 'DESTINATION_NO_SERVICE'],
    [301, { location: 'https://pacs/dicom-web/studies?token=secret' }, '', 'DESTINATION_SETTINGS'],
    [413, {}, '', 'DESTINATION_REFUSED'],
    [403, {}, '', 'DESTINATION_AUTH'],
    [500, {}, '', 'DESTINATION_UNSURE'],
    [504, {}, '', 'DESTINATION_UNSURE'],
    [507, {}, '', 'DESTINATION_BUSY'],
  ])('turns %i into an error that says what to do', async (status, headers, body, code) => {
    const error: unknown = await answering(status, headers as Record<string, string>, body, (endpoint) => stow(endpoint, [item])).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({ code, seen: expect.stringContaining(`answered ${String(status)}`) as unknown });
    expect(String(error)).not.toContain('secret');
  });

  it('keeps the time that a busy server asks for', async () => {
    await expect(answering(503, { 'retry-after': '120' }, '', (endpoint) => stow(endpoint, [item]))).rejects.toMatchObject({
      code: 'DESTINATION_BUSY',
      retryAfterMs: 120_000,
    });
  });

  it('refuses an answer to a question that is no list of headers', async () => {
    await expect(answering(200, {}, '<html>', (endpoint) => searchStudies(endpoint))).rejects.toMatchObject({
      code: 'DESTINATION_REFUSED',
      seen: expect.stringContaining('not JSON') as unknown,
    });
    await expect(answering(200, json, '{"a":1}', (endpoint) => searchStudies(endpoint))).rejects.toMatchObject({
      code: 'DESTINATION_REFUSED',
    });
    await expect(answering(204, {}, '', (endpoint) => searchStudies(endpoint))).resolves.toEqual([]);
    await expect(
      answering(404, {}, '', (endpoint) => instanceExists(endpoint, { studyInstanceUid: '1.2', sopInstanceUid: '1.2.3' })),
    ).resolves.toBe(false);
  });

  it('takes an object that is sent bare, without multipart', async () => {
    const ids = { studyInstanceUid: '1.2', seriesInstanceUid: '1.2.1', sopInstanceUid: '1.2.3' };
    const path = join(folder, 'bare');
    await answering(200, { 'content-type': 'application/dicom' }, 'DICM', (endpoint) => retrieveInstance(endpoint, ids, path));
    expect(readFileSync(path, 'utf8')).toBe('DICM');
    await expect(
      answering(200, { 'content-type': 'text/html' }, 'login', (endpoint) => retrieveInstance(endpoint, ids, path)),
    ).rejects.toMatchObject({ code: 'DESTINATION_REFUSED' });
  });

  it(
    'says that nobody listens, or that the name is not known, before a byte has left',
    async () => {
      const port = await freePort();
      await expect(stow({ url: `http://127.0.0.1:${String(port)}`, timeoutMs: 5_000 }, [item])).rejects.toMatchObject({
        code: 'DESTINATION_UNREACHABLE',
        seen: expect.stringContaining('ECONNREFUSED') as unknown,
      });
      await expect(stow({ url: 'http://pacs.invalid', timeoutMs: 20_000 }, [item])).rejects.toMatchObject({
        code: 'DESTINATION_UNREACHABLE',
      });
      await expect(stow({ url: 'pacs', timeoutMs: 5_000 }, [item])).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    },
    SLOW_MS,
  );

  it('ends an exchange when it is asked to', async () => {
    const stop = new AbortController();
    const server = await startServer((request) => request.once('data', () => stop.abort()));
    await expect(
      stow({ url: `http://127.0.0.1:${String(server.port)}`, timeoutMs: 5_000 }, [item], undefined, { signal: stop.signal }),
    ).rejects.toMatchObject({ code: 'DESTINATION_UNSURE' });
    await server.close();
  });
});

async function startServer(listener: RequestListener): Promise<{ port: number; close(): Promise<void> }> {
  const server: Server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
