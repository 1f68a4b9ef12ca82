/** The archive's DICOMweb face before a folder of real files: asked by our client, by dicomweb-client, by fetch and by Orthanc. */
import { execFileSync, spawnSync } from 'node:child_process';
import { createReadStream, readFileSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { api } from 'dicomweb-client';
import { parseInstance } from '../../src/dicom/element/parse.js';
import { TAG } from '../../src/dicom/element/tags.js';
import type { Header } from '../../src/dicom/header.js';
import { instanceExists, retrieveMetadata, searchInstances, searchSeries, searchStudies } from '../../src/dicomweb/client/qido.js';
import { stow } from '../../src/dicomweb/client/stow.js';
import { retrieveInstance, retrieveStudy } from '../../src/dicomweb/client/wado.js';
import { describeWith, testData } from '../support/data.js';
import { startFolderServer, type FolderServer } from '../support/folder-server.js';
import { missingForOrthanc, startOrthanc, type Orthanc } from '../support/orthanc.js';
import { part10Files, type Part10File } from '../support/part10.js';
import { PYTHON } from '../support/seg.js';
import { missingTools } from '../support/tools.js';
import { XhrOverFetch } from '../support/xhr-over-fetch.js';

const START_MS = 90_000;
const dataSets = ['ct-chest-a0001', 'seg-samples', 'planar-us-rt'];
const missing = dataSets.filter((name) => testData(name) === undefined).map((name) => `data ${name}`);
const dataFiles = (name: string, below = ''): Part10File[] => (missing.length > 0 ? [] : part10Files(join(testData(name) ?? '', below)));

const pathOf = ({ studyInstanceUid, seriesInstanceUid, sopInstanceUid }: Omit<Part10File, 'transferSyntaxUid' | 'sopClassUid'>): string =>
  `/studies/${studyInstanceUid}/series/${seriesInstanceUid}/instances/${sopInstanceUid}`;
const firstValue = (header: Header | undefined, key: string): unknown => header?.[key]?.Value?.[0];

describeWith('DICOMweb server', missing, () => {
  const chest = dataFiles('ct-chest-a0001').slice(0, 12);
  const seg = dataFiles('seg-samples', 'dcmqi').find((file) => file.sopClassUid === '1.2.840.10008.5.1.4.1.1.66.4')!;
  const native = dataFiles('seg-samples', 'dcmqi/ct-3slice')[0];
  const first = chest[0];
  let node: FolderServer;

  beforeAll(async () => {
    node = await startFolderServer();
    for (const file of [...chest, seg, native]) node.archive.add(file.path);
  });
  afterAll(() => node.close());

  const get = (path: string, accept?: string, method = 'GET'): Promise<Response> =>
    fetch(node.base + path, { method, headers: accept === undefined ? {} : { accept } });

  it('lists studies with their counts, page by page', async () => {
    const [study] = await searchStudies(node.endpoint, { matches: { StudyInstanceUID: first.studyInstanceUid } });
    expect(firstValue(study, '00201208')).toBe(12);
    expect(firstValue(study, '00080061')).toBe('CT');
    expect(firstValue(study, '00081190')).toBe(`${node.base}/studies/${first.studyInstanceUid}`);
    const all = await searchStudies(node.endpoint);
    const pages = [await searchStudies(node.endpoint, { limit: 1 }), await searchStudies(node.endpoint, { limit: 5, offset: 1 })].flat();
    expect(pages).toEqual(all);
    expect(all.length).toBeGreaterThan(1);
  });

  // PS3.18 tables 10.6.1-5 and 10.6.3-3 to 10.6.3-5.
  const ofStudy =
    '00080020 00080030 00080050 00080056 00080061 00080090 00081190 00100010 00100020 00100030 00100040 0020000D 00200010 00201206 00201208';
  const ofSeries = '00080060 0008103E 00081190 0020000E 00200011 00201209';
  const ofInstance = '00080016 00080018 00080056 00081190 00200013 00280010 00280011 00280100';
  it.each([
    ['/studies', ofStudy],
    ['/studies/:study/series', ofSeries],
    ['/series', `${ofStudy} ${ofSeries}`],
    ['/studies/:study/series/:series/instances', ofInstance],
    ['/studies/:study/instances', `${ofSeries} ${ofInstance}`],
    ['/instances', `${ofStudy} ${ofSeries} ${ofInstance}`],
  ])('tells every attribute of %s that the standard wants', async (resource, required) => {
    const path = resource.replace(':study', first.studyInstanceUid).replace(':series', first.seriesInstanceUid);
    const found = (await (await get(`${path}?StudyInstanceUID=${first.studyInstanceUid}`)).json()) as Header[];
    expect(found.length).toBeGreaterThan(0);
    for (const header of found) expect(Object.keys(header)).toEqual(expect.arrayContaining(required.split(' ')));
  });

  it('lists series and instances, with what was asked beyond the usual', async () => {
    const series = await searchSeries(node.endpoint, { studyInstanceUid: first.studyInstanceUid, matches: { Modality: 'CT' } });
    expect(series.map((header) => firstValue(header, '00201209'))).toEqual([12]);
    const instances = await searchInstances(node.endpoint, {
      studyInstanceUid: first.studyInstanceUid,
      seriesInstanceUid: first.seriesInstanceUid,
      includeFields: ['SliceThickness'],
    });
    expect(instances).toHaveLength(12);
    expect(firstValue(instances[0], '00180050')).toBe(5);
    expect(await searchInstances(node.endpoint, { matches: { SOPClassUID: seg.sopClassUid } })).toHaveLength(1);
    await expect(instanceExists(node.endpoint, first)).resolves.toBe(true);
    await expect(instanceExists(node.endpoint, { ...first, sopInstanceUid: '1.2.3' })).resolves.toBe(false);
  });

  it('gives objects back byte for byte', async () => {
    const path = join(node.folder, 'back.dcm');
    await retrieveInstance(node.endpoint, first, path);
    expect(readFileSync(path).equals(readFileSync(first.path))).toBe(true);
    const sizes: number[] = [];
    await retrieveStudy(node.endpoint, first, async (bytes) => {
      let size = 0;
      for await (const chunk of bytes as AsyncIterable<Buffer>) size += chunk.length;
      sizes.push(size);
    });
    expect(sizes).toEqual(chest.map((file) => file.sizeBytes));
    // One after another over the same connection, whether read or not.
    let seen = 0;
    await retrieveStudy(node.endpoint, first, () => {
      seen++;
    });
    expect(seen).toBe(12);
  });

  it('tells the whole metadata, of a segmentation too, with pixel data by URI', async () => {
    const [header] = await retrieveMetadata(node.endpoint, seg);
    const frames = parseInstance(readFileSync(seg.path)).dataset.number(TAG.NumberOfFrames);
    expect(header?.['52009230']?.Value).toHaveLength(frames ?? -1);
    expect(header?.['7FE00010']).toEqual({ vr: 'OW', BulkDataURI: `${node.base}${pathOf(seg)}/bulkdata/7FE00010` });
    expect(await retrieveMetadata(node.endpoint, { studyInstanceUid: first.studyInstanceUid })).toHaveLength(12);
  });

  it('serves compressed frames as they are stored, under the media types that viewers ask for', async () => {
    const [stored] = parseInstance(readFileSync(first.path)).dataset.fragments(TAG.PixelData)?.fragments ?? [];
    for (const [accept, type] of [
      ['multipart/related; type="image/jls"', 'image/jls'],
      ['multipart/related; type=image/*; transfer-syntax=*', 'image/jls'],
      ['multipart/related; type=application/octet-stream; transfer-syntax=*', 'application/octet-stream'],
      ['*/*', 'image/jls'],
    ] as const) {
      const answer = await get(`${pathOf(first)}/frames/1`, accept);
      expect([answer.status, answer.headers.get('content-type')]).toEqual([
        200,
        expect.stringContaining(`multipart/related; type="${type}"`) as unknown,
      ]);
      const body = Buffer.from(await answer.arrayBuffer());
      expect(body.toString('latin1', 0, 300)).toContain(`Content-Type: ${type}; transfer-syntax=1.2.840.10008.1.2.4.80`);
      expect(body.includes(Buffer.from(stored ?? [0]))).toBe(true);
    }
    const bare = await get(`${pathOf(first)}/frames/1`, 'image/jls');
    expect(Buffer.from(await bare.arrayBuffer()).equals(stored ?? Buffer.alloc(0))).toBe(true);
  });

  (spawnSync('dcmdjpls', ['--version']).error ? it.skip : it)(
    'decodes frames for a client that takes only octets, as dcmtk decodes them',
    async () => {
      const decoded = join(node.folder, 'decoded.dcm');
      execFileSync('dcmdjpls', [first.path, decoded]);
      const pixels = Buffer.from(parseInstance(readFileSync(decoded)).dataset.bytesOf(TAG.PixelData) ?? [0]);
      const answer = await get(`${pathOf(first)}/frames/1`, 'multipart/related; type="application/octet-stream"');
      const body = Buffer.from(await answer.arrayBuffer());
      expect(body.includes(pixels)).toBe(true);
      expect(body.toString('latin1', 0, 300)).toContain('application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1');
    },
  );

  (missingTools('dcmdjpls', 'python3-pydicom').length > 0 ? it.skip : it)(
    'gives objects in Explicit VR Little Endian to those who ask for it, with everything in them that was there',
    async () => {
      const explicit = 'application/dicom; transfer-syntax=1.2.840.10008.1.2.1';
      const implicit = node.archive.add(join(testData('planar-us-rt') ?? '', 'pydicom/rtplan.dcm'));
      for (const [stored, name] of [
        [first, 'jpeg-ls'],
        [implicit, 'implicit'],
      ] as const) {
        const answer = await get(pathOf(stored), explicit);
        expect([answer.status, answer.headers.get('content-type')]).toEqual([200, explicit]);
        const bytes = Buffer.from(await answer.arrayBuffer());
        expect(answer.headers.get('content-length')).toBe(String(bytes.length));
        const recoded = join(node.folder, `${name}.explicit`);
        writeFileSync(recoded, bytes);
        const original = name === 'implicit' ? stored.path : join(node.folder, 'jpeg-ls.native');
        if (name !== 'implicit') execFileSync('dcmdjpls', [stored.path, original]);
        expect(JSON.parse(execFileSync(PYTHON, ['test/support/same-data-set.py', original, recoded], { encoding: 'utf8' }))).toEqual([]);
      }
      const series = await get(
        `/studies/${first.studyInstanceUid}`,
        `multipart/related; type="application/dicom"; transfer-syntax=1.2.840.10008.1.2.1`,
      );
      expect((await series.text()).split('transfer-syntax=1.2.840.10008.1.2.1\r\n')).toHaveLength(13);
    },
  );

  it('serves native frames, one-bit ones that begin inside a byte too', async () => {
    const answer = await get(`${pathOf(native)}/frames/1`, 'multipart/related; type=application/octet-stream; transfer-syntax=*');
    expect(
      Buffer.from(await answer.arrayBuffer()).includes(
        Buffer.from(parseInstance(readFileSync(native.path)).dataset.bytesOf(TAG.PixelData) ?? [0]),
      ),
    ).toBe(true);
    expect((await get(`${pathOf(native)}/bulkdata/7FE00010`)).status).toBe(200);

    const { dataset } = parseInstance(readFileSync(seg.path));
    const pixels = dataset.bytesOf(TAG.PixelData) ?? Buffer.alloc(0);
    const frameBits = (dataset.number(TAG.Rows) ?? 0) * (dataset.number(TAG.Columns) ?? 0);
    const second = Buffer.from(await (await get(`${pathOf(seg)}/frames/2`, 'application/octet-stream')).arrayBuffer());
    const bit = (bytes: Uint8Array, at: number): number => ((bytes[at >> 3] ?? 0) >> (at & 7)) & 1;
    expect(second).toHaveLength(Math.ceil(frameBits / 8));
    for (let n = 0; n < frameBits; n++) if (bit(second, n) !== bit(pixels, frameBits + n)) throw new Error(`bit ${String(n)} differs`);
  });

  it.each([
    ['GET', '/studies/not-a-uid', undefined, 400],
    ['GET', '/studies/1.2.3', undefined, 404],
    ['GET', '/studies/1.2.3/metadata', undefined, 404],
    ['GET', '/studies/%zz', undefined, 400],
    ['GET', '/studies?StudyDate=yesterday', undefined, 400],
    ['GET', '/studies?PatientID=nobody', undefined, 204],
    ['GET', '/studies', 'application/dicom+xml', 406],
    ['GET', '/studies', 'application/json', 200],
    ['GET', '/series', undefined, 200],
    ['GET', '/instances?limit=1', undefined, 200],
    ['GET', '/elsewhere', undefined, 404],
    ['DELETE', '/studies/1.2.3', undefined, 405],
    ['HEAD', '/studies', undefined, 200],
    ['GET', ':instance', 'multipart/related; type="application/dicom"', 200],
    ['GET', ':instance', 'multipart/related; type="application/dicom"; transfer-syntax=1.2.840.10008.1.2.4.80', 200],
    ['GET', ':instance', 'multipart/related; type="application/dicom"; transfer-syntax=1.2.840.10008.1.2.1', 200],
    ['GET', ':instance', 'multipart/related; type="application/dicom"; transfer-syntax=1.2.840.10008.1.2.4.90', 406],
    ['GET', ':instance', 'multipart/related; type="image/jpeg"', 406],
    ['GET', ':instance', 'application/dicom', 200],
    ['HEAD', ':instance', undefined, 200],
    ['GET', ':instance/frames/2', undefined, 404],
    ['GET', ':instance/frames/0', undefined, 404],
    ['GET', ':instance/frames/one', undefined, 400],
    ['GET', ':instance/frames/1', 'multipart/related; type="image/jp2"', 406],
  ])('%s %s accepting %p is %i', async (method, path, accept, status) => {
    const answer = await get(path.replace(':instance', pathOf(first)), accept, method);
    expect(answer.status).toBe(status);
    const body = await answer.text();
    if (status >= 400) expect(JSON.parse(body)).toHaveProperty('message');
    if (method === 'HEAD') expect(body).toBe('');
  });

  it('says that fuzzy matching was not done', async () => {
    expect((await get('/studies?fuzzymatching=true')).headers.get('warning')).toContain('299');
  });
});

describeWith('DICOMweb server, storing', missing, () => {
  const chest = dataFiles('ct-chest-a0001').slice(0, 12);
  const first = chest[0];
  let node: FolderServer;
  let junk: { path: string; sizeBytes: number; sopInstanceUid: string; sopClassUid: string };

  beforeEach(async () => {
    node = await startFolderServer();
    junk = { path: join(node.folder, 'junk'), sizeBytes: 100_000, sopInstanceUid: '1.2.3', sopClassUid: '1.2' };
    writeFileSync(junk.path, Buffer.alloc(junk.sizeBytes, 7));
  });
  afterEach(() => node.close());

  it('stores a series and gives it back', async () => {
    await expect(stow(node.endpoint, chest, first.studyInstanceUid)).resolves.toEqual(
      chest.map(({ sopInstanceUid }) => ({ sopInstanceUid, stored: true })),
    );
    for (const file of chest)
      expect(readFileSync(node.archive.instancesByUid.get(file.sopInstanceUid)?.path ?? '').equals(readFileSync(file.path))).toBe(true);
  });

  it('tells what became of each instance where one is refused, and goes on with the next', async () => {
    const outcomes = await stow(node.endpoint, [first, junk, chest[1]]);
    expect(outcomes.map(({ stored }) => stored)).toEqual([true, false, true]);
    await expect(stow(node.endpoint, [first], '1.2.3')).resolves.toEqual([
      { sopInstanceUid: first.sopInstanceUid, stored: false, failureReason: 0xa900, text: expect.any(String) as unknown },
    ]);
  });

  it('is busy, not refusing, where there is no room', async () => {
    node.archive.full = true;
    await expect(stow(node.endpoint, chest)).rejects.toMatchObject({ code: 'DESTINATION_BUSY' });
    node.archive.full = false;
    await expect(stow(node.endpoint, [first])).resolves.toMatchObject([{ stored: true }]);
  });

  it.each([
    ['application/json', '{}', undefined, 415],
    ['multipart/related; type="application/dicom+json"; boundary=b', '', undefined, 415],
    ['application/dicom+json', '[]', undefined, 415],
    ['multipart/related; type="application/dicom"', '', undefined, 400],
    ['multipart/related; type="application/dicom"; boundary=b', '--b--', undefined, 400],
    ['multipart/related; type="application/dicom"; boundary=b', '--b\r\nContent-Type: application/dicom\r\n\r\ncut off', undefined, 400],
    ['multipart/related; type="application/dicom"; boundary=b', '--b\r\nContent-Type: text/plain\r\n\r\nhello\r\n--b--', undefined, 409],
    ['multipart/related; type="application/dicom"; boundary=b', '--b--', 'application/dicom+xml', 406],
  ])('answers %s with %j accepting %p with %i', async (type, body, accept, status) => {
    const answer = await fetch(`${node.base}/studies`, {
      method: 'POST',
      body,
      headers: { 'content-type': type, ...(accept === undefined ? {} : { accept }) },
    });
    expect(answer.status).toBe(status);
    expect(node.archive.instancesByUid.size).toBe(0);
  });

  it('takes one object as the body, also where its length is not told', async () => {
    const send = (body: RequestInit['body'], path = '/studies') =>
      fetch(node.base + path, { method: 'POST', body, headers: { 'content-type': 'application/dicom' }, duplex: 'half' });
    const whole = await send(readFileSync(first.path));
    expect([whole.status, await whole.json()]).toEqual([200, expect.objectContaining({ '00081199': expect.anything() })]);
    const chunked = await send(Readable.toWeb(createReadStream(chest[1].path)) as RequestInit['body']);
    expect(chunked.status).toBe(200);
    expect(readFileSync(node.archive.instancesByUid.get(chest[1].sopInstanceUid)?.path ?? '').equals(readFileSync(chest[1].path))).toBe(
      true,
    );
    const failed = await send(readFileSync(first.path), '/studies/1.2.3');
    expect([failed.status, await failed.json()]).toEqual([409, expect.objectContaining({ '00081198': expect.anything() })]);
    expect((await send('no object')).status).toBe(409);
  });

  it('says to pages of other origins, and to OPTIONS, what they may do', async () => {
    const ask = (method: string, headers: Record<string, string>, path = '/studies') => fetch(node.base + path, { method, headers });
    const plain = await ask('OPTIONS', {});
    expect([plain.status, plain.headers.get('allow')]).toEqual([204, 'GET, HEAD, OPTIONS, POST']);
    expect((await ask('OPTIONS', {}, '/series')).headers.get('allow')).toBe('GET, HEAD, OPTIONS');
    expect((await ask('GET', { origin: 'https://viewer.example.org' })).headers.get('access-control-allow-origin')).toBeNull();

    const open = await startFolderServer({ corsOrigins: ['https://viewer.example.org'] });
    const asked = (origin: string, method = 'OPTIONS') => fetch(`${open.base}/studies`, { method, headers: { origin } });
    expect((await asked('https://viewer.example.org')).headers.get('access-control-allow-methods')).toContain('POST');
    expect((await asked('https://viewer.example.org', 'GET')).headers.get('access-control-allow-origin')).toBe(
      'https://viewer.example.org',
    );
    expect((await asked('https://elsewhere.example.org', 'GET')).headers.get('access-control-allow-origin')).toBeNull();
    await open.close();
  });

  it('keeps nothing of an object whose sender goes away, and serves the next one', async () => {
    const outgoing = httpRequest(`${node.base}/studies`, {
      method: 'POST',
      headers: { 'content-type': 'multipart/related; type="application/dicom"; boundary=b', 'content-length': 10_000_000 },
    });
    outgoing.on('error', () => undefined);
    outgoing.write('--b\r\nContent-Type: application/dicom\r\n\r\n');
    await new Promise<void>((resolve) => outgoing.write(readFileSync(first.path).subarray(0, 100_000), () => resolve()));
    outgoing.destroy();
    await expect(stow(node.endpoint, [chest[1]])).resolves.toMatchObject([{ stored: true }]);
    expect([...node.archive.instancesByUid.keys()]).toEqual([chest[1].sopInstanceUid]);
  });

  it('serves dicomweb-client as a viewer uses it', async () => {
    (globalThis as { XMLHttpRequest?: unknown }).XMLHttpRequest = XhrOverFetch;
    const client = new api.DICOMwebClient({ url: node.base, verbose: false, singlepart: '' }) as unknown as Record<
      string,
      (options: unknown) => Promise<unknown>
    >;
    const ids = {
      studyInstanceUID: first.studyInstanceUid,
      seriesInstanceUID: first.seriesInstanceUid,
      sopInstanceUID: first.sopInstanceUid,
    };
    const original = readFileSync(first.path);
    const exact = original.buffer.slice(original.byteOffset, original.byteOffset + original.byteLength);
    await client.storeInstances?.({ datasets: [exact] });
    expect(node.archive.instancesByUid.has(first.sopInstanceUid)).toBe(true);
    const whole = (await client.retrieveInstance?.(ids)) as ArrayBuffer;
    expect(Buffer.from(whole).equals(original)).toBe(true);
    const [frame] = (await client.retrieveInstanceFrames?.({ ...ids, frameNumbers: [1] })) as ArrayBuffer[];
    expect(frame?.byteLength).toBe(512 * 512 * 2);
    const [jls] = (await client.retrieveInstanceFrames?.({
      ...ids,
      frameNumbers: [1],
      mediaTypes: [{ mediaType: 'image/jls', transferSyntaxUID: '1.2.840.10008.1.2.4.80' }],
    })) as ArrayBuffer[];
    expect(jls?.byteLength).toBeLessThan(512 * 512 * 2);
    expect(await client.searchForStudies?.({ queryParams: { PatientID: 'nobody' } })).toEqual([]);
    const [rendered] = (await client.retrieveInstanceRendered?.({ ...ids, mediaTypes: [{ mediaType: 'image/jpeg' }] })) as ArrayBuffer[];
    expect([...new Uint8Array(rendered, 0, 3)]).toEqual([0xff, 0xd8, 0xff]);
    const [metadata] = (await client.retrieveSeriesMetadata?.(ids)) as Header[];
    expect(firstValue(metadata, '00080018')).toBe(first.sopInstanceUid);
  });
});

describeWith('DICOMweb server and Orthanc as its client', [...missing, ...missingForOrthanc()], () => {
  const chest = dataFiles('ct-chest-a0001').slice(0, 5);
  const first = chest[0];
  let node: FolderServer;
  let orthanc: Orthanc;

  beforeAll(async () => {
    node = await startFolderServer();
    orthanc = await startOrthanc();
    await ask('PUT', '/dicom-web/servers/node', { Url: `${node.base}/` });
  }, START_MS);

  afterAll(async () => {
    await orthanc.remove();
    await node.close();
  });

  async function ask(method: string, path: string, body: unknown): Promise<string> {
    const answer = await fetch(orthanc.url + path, { method, body: JSON.stringify(body) });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${String(answer.status)} ${text}\n${orthanc.log()}`);
    return text;
  }

  it(
    'takes a study from it, answers its questions and gives the study back',
    async () => {
      await stow({ url: orthanc.dicomWebUrl, timeoutMs: 20_000 }, chest);
      const studies = JSON.parse(await (await fetch(`${orthanc.url}/studies`)).text()) as string[];
      await ask('POST', '/dicom-web/servers/node/stow', { Resources: studies, Synchronous: true });
      expect([...node.archive.instancesByUid.keys()].sort()).toEqual(chest.map((file) => file.sopInstanceUid).sort());

      const found = JSON.parse(
        await ask('POST', '/dicom-web/servers/node/qido', { Uri: '/studies', Arguments: { StudyInstanceUID: first.studyInstanceUid } }),
      ) as unknown[];
      expect(found).toHaveLength(1);

      for (const study of studies) await fetch(`${orthanc.url}/studies/${study}`, { method: 'DELETE' });
      await ask('POST', '/dicom-web/servers/node/retrieve', { Resources: [{ Study: first.studyInstanceUid }], Synchronous: true });
      const back = JSON.parse(await (await fetch(`${orthanc.url}/instances`)).text()) as string[];
      expect(back).toHaveLength(chest.length);
    },
    START_MS,
  );
});
