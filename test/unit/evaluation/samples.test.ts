/** Samples and references out of archives in MHub's layout: what is taken, and what is refused. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { crc32, deflateRawSync } from 'node:zlib';
import { createHash } from 'node:crypto';
import { fetchSample, forgetOthers } from '../../../src/evaluation/samples/fetch-sample.js';
import { missingTools } from '../../support/tools.js';
import { tempFolder } from '../../support/temp.js';

interface Entry {
  readonly name: string;
  readonly content?: string | Buffer;
  readonly stored?: boolean;
  /** What the directory says in place of the truth. */
  readonly says?: { size?: number; crc?: number; method?: number; flags?: number; mode?: number };
}

/** An archive as any program writes it; `says` makes it a broken or a hostile one. */
function zipOf(entries: readonly Entry[]): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, content = '', stored, says = {} } of entries) {
    const raw = Buffer.from(content);
    const data = stored === true ? raw : deflateRawSync(raw);
    const bytes = Buffer.from(name);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(says.flags ?? 0, 2);
    common.writeUInt16LE(says.method ?? (stored === true ? 0 : 8), 4);
    common.writeUInt32LE(says.crc ?? crc32(raw), 10);
    common.writeUInt32LE(data.length, 14);
    common.writeUInt32LE(says.size ?? raw.length, 18);
    common.writeUInt16LE(bytes.length, 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), common, bytes, data]);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(((says.mode ?? 0o100644) << 16) >>> 0, 6);
    tail.writeUInt32LE(offset, 10);
    directory.push(Buffer.from('PK\x01\x02\x14\x00'), common, tail, bytes);
    parts.push(local);
    offset += local.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06');
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, central, end]);
}

const GOOD: Entry[] = [
  { name: 'default/', stored: true },
  { name: 'default/sample/ct/1.dcm', content: 'slice '.repeat(1000) },
  { name: 'default/sample/empty.txt', stored: true },
  { name: 'default/reference/lungs.json', content: '{"volume": 1}', stored: true },
  { name: 'fast/sample/1.dcm', content: 'another workflow' },
  { name: '__MACOSX/default/._x', content: 'x' },
];

let cache: string;
beforeEach(() => {
  cache = tempFolder('samples');
});

function written(bytes: Buffer): string {
  const path = join(tempFolder('zip'), 'test.zip');
  writeFileSync(path, bytes);
  return path;
}
const fetchOf = (data: string, sha256?: string) =>
  fetchSample({ data, workflow: 'default', ...(sha256 === undefined ? {} : { sha256 }) }, { cache, keepFreeBytes: 0 });

it('are unpacked once, with nothing of another workflow', async () => {
  const path = written(zipOf(GOOD));
  const { sampleDir, referenceDir } = await fetchOf(path);
  expect(readFileSync(join(sampleDir, 'ct/1.dcm'), 'utf8')).toBe('slice '.repeat(1000));
  expect(readdirSync(sampleDir).sort()).toEqual(['ct', 'empty.txt']);
  expect(readFileSync(join(referenceDir, 'lungs.json'), 'utf8')).toBe('{"volume": 1}');
  writeFileSync(join(sampleDir, 'mark'), '');
  expect(existsSync(join((await fetchOf(path)).sampleDir, 'mark'))).toBe(true);
});

(missingTools('python3').length > 0 ? it.skip : it)('are read as Python packs them, in a folder of another name', async () => {
  const folder = tempFolder('python');
  for (const { name, content = '' } of GOOD.slice(1, 4)) {
    mkdirSync(dirname(join(folder, 'lungs.test', name)), { recursive: true });
    writeFileSync(join(folder, 'lungs.test', name), content);
  }
  execFileSync('python3', ['-m', 'zipfile', '-c', 'made.zip', 'lungs.test'], { cwd: folder });
  const { referenceDir } = await fetchOf(join(folder, 'made.zip'));
  expect(readdirSync(referenceDir)).toEqual(['lungs.json']);
});

it('are taken from a folder as it is', async () => {
  const folder = tempFolder('folder');
  expect(await fetchOf(folder)).toEqual({ sampleDir: join(folder, 'default/sample'), referenceDir: join(folder, 'default/reference') });
});

it.each<[string, Entry[] | Buffer, RegExp]>([
  [
    'a name that leads out of the folder',
    [...GOOD, { name: 'default/sample/../../../evil', content: 'x' }],
    /"default\/sample\/\.\.\/.*" that leads elsewhere/,
  ],
  ['an absolute name', [...GOOD, { name: '/etc/passwd', content: 'x' }], /leads elsewhere/],
  ['a backslash in a name', [...GOOD, { name: 'default\\sample\\..\\x', content: 'x' }], /leads elsewhere/],
  ['a symbolic link', [...GOOD, { name: 'default/sample/link', content: '/etc', says: { mode: 0o120777 } }], /leads elsewhere/],
  [
    'more bytes than it says',
    [...GOOD, { name: 'default/sample/bomb', content: 'x'.repeat(1e6), says: { size: 10 } }],
    /bomb longer than it says/,
  ],
  ['other bytes than it says', [...GOOD, { name: 'default/sample/x', content: 'x', says: { crc: 1 } }], /x damaged \(1 bytes/],
  [
    'more than may be',
    [...GOOD, { name: 'default/sample/x', says: { size: 4e9 } }, { name: 'default/sample/y', says: { size: 4.2e9 } }],
    /unpacks to 8200\d+ bytes, expected at most/,
  ],
  [
    'encrypted entries',
    [...GOOD, { name: 'default/sample/x', content: 'x', says: { flags: 1 } }],
    /encrypted, expected stored or deflated/,
  ],
  ['another packing', [...GOOD, { name: 'default/sample/x', content: 'x', says: { method: 14 } }], /method 14/],
  ['no reference', GOOD.slice(0, 2), /has the workflows default, expected files below default\/reference\//],
  ['nothing of use', [{ name: 'x' }], /has 1 entries, none in such a folder/],
  ['two entries of one name', [...GOOD, GOOD[1]], /has sample\/ct\/1\.dcm twice, expected one entry of each name/],
  ['no archive', Buffer.from('<html>'), /no end of a central directory/],
  ['half an archive', zipOf(GOOD).subarray(2000), /expected a whole/],
])('are refused with %s, and nothing is left', async (_, content, reason) => {
  const path = written(Buffer.isBuffer(content) ? content : zipOf(content));
  await expect(fetchOf(path)).rejects.toThrow(reason);
  expect(readdirSync(cache)).toEqual([]);
});

it('are downloaded, checked by their SHA-256, and not downloaded again', async () => {
  const bytes = zipOf(GOOD);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  let asked = 0;
  const server = createServer(({ url }, response) => {
    asked++;
    if (url === '/gone') response.writeHead(404).end();
    else response.writeHead(200, { 'content-length': bytes.length }).end(bytes);
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const root = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    await expect(fetchOf(`${root}/test.zip`, 'f'.repeat(64))).rejects.toThrow(`SHA-256 ${sha256}, expected ${'f'.repeat(64)}`);
    expect(readdirSync(cache)).toEqual([]);
    const { referenceDir } = await fetchOf(`${root}/test.zip`, sha256);
    expect(existsSync(join(referenceDir, 'lungs.json'))).toBe(true);
    const before = asked;
    await expect(fetchOf(`${root}/test.zip`)).rejects.toThrow('http without the SHA-256 of the archive');
    await fetchOf(`${root}/test.zip`, sha256);
    expect(asked).toBe(before);
    await expect(fetchOf(`${root}/gone`, 'f'.repeat(64))).rejects.toThrow('status 404, expected 200');
  } finally {
    server.close();
  }
});

it('leave free what the node needs to receive, before anything is written', async () => {
  const bytes = zipOf(GOOD);
  const options = { cache, keepFreeBytes: 1e15 };
  await expect(fetchSample({ data: written(bytes), workflow: 'default' }, options)).rejects.toMatchObject({
    code: 'DISK_LOW',
    seen: expect.stringMatching(/MB for the sample, of which 1000000000 MB stay free$/) as string,
  });
  const server = createServer((_, response) => response.end(bytes)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/test.zip`;
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  try {
    await expect(fetchSample({ data: url, workflow: 'default', sha256 }, options)).rejects.toMatchObject({
      code: 'DISK_LOW',
      seen: expect.stringMatching(/MB for the download, of which/) as string,
    });
  } finally {
    server.close();
  }
  expect(readdirSync(cache)).toEqual([]);
});

it('stay for the last test alone, by workflow', async () => {
  await fetchOf(written(zipOf(GOOD)));
  const other = [{ name: 'fast/reference/1.json', content: '{}' }, ...GOOD];
  const fast = await fetchSample({ data: written(zipOf(other)), workflow: 'fast' }, { cache, keepFreeBytes: 0 });
  const last = await fetchOf(written(zipOf(other)));
  expect(readdirSync(cache)).toHaveLength(3);
  forgetOthers(cache, 'default', last);
  expect(readdirSync(cache).sort()).toEqual([fast, last].map(({ sampleDir }) => basename(dirname(sampleDir))).sort());
});
