/** An exported model is read as it was written, or refused with the part that is not as it should be, and then nothing stays. */
import { once } from 'node:events';
import { existsSync, readFileSync, readdirSync, readlinkSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { IMAGE_PIECE_BYTES, type ExportHead } from '../../../src/models/exported/manifest.js';
import { checkAndUnpack, imageIn, readHead } from '../../../src/models/exported/read.js';
import { writeExport } from '../../../src/models/exported/write.js';
import { changedPart, rewritten, type Part } from '../../support/exported-model.js';
import { until } from '../../support/until.js';
import { tempFolder } from '../../support/temp.js';

const IMAGE = Buffer.alloc(IMAGE_PIECE_BYTES + 1000, 'layer ');
const FILES: Readonly<Record<string, string>> = { 'meta.json': '{}', 'test/default/sample/1.dcm': 'pixels' };
const HEAD: ExportHead = {
  form: 1,
  writtenBy: 'anteroom 0.1.0',
  writtenAt: '2026-11-25T00:00:00.000Z',
  model: { name: 'lungs', version: '1.0.0', digest: `sha256:${'a'.repeat(64)}`, licence: { code: 'MIT', weights: 'MIT' } },
  image: { reference: 'anteroom/lungs', id: `sha256:${'a'.repeat(64)}`, os: 'linux', architecture: 'amd64', sizeBytes: 1, kit: null },
  packageBytes: 8,
};

async function exported(): Promise<string> {
  const folder = tempFolder('exported');
  const files = Object.entries(FILES).map(([name, text], n) => {
    writeFileSync(join(folder, String(n)), text);
    return { name, path: join(folder, String(n)) };
  });
  const file = join(folder, 'lungs.tar');
  // In chunks that do not fall on the ends of pieces.
  const image = Readable.from([IMAGE.subarray(0, 100_001), IMAGE.subarray(100_001)]);
  await writeExport(file, { head: HEAD, image, files }, () => undefined);
  return file;
}

const text = (from: string, to: string) => (content: Buffer) => Buffer.from(String(content).replace(from, to));
const flipped = (content: Buffer) => Buffer.concat([content.subarray(0, 500), Buffer.of(content[500] ^ 1), content.subarray(501)]);

function isLinkTo(file: string, link: string): boolean {
  try {
    return readlinkSync(link) === file;
  } catch {
    return false;
  }
}

async function take(file: string): Promise<string> {
  const folder = join(tempFolder('taken'), 'package');
  await checkAndUnpack(file, folder, await readHead(file), () => undefined);
  return folder;
}

describe('an exported model', () => {
  it('is read as it was written', async () => {
    const file = await exported();
    expect(await readHead(file)).toEqual(HEAD);
    const folder = await take(file);
    for (const [name, content] of Object.entries(FILES)) expect(readFileSync(join(folder, name), 'utf8')).toBe(content);
    expect((await buffer(imageIn(file))).equals(IMAGE)).toBe(true);
    expect(existsSync(`${file}.part`)).toBe(false);
  });

  it('is unpacked into the folder that is reserved for it, and into none in which something is', async () => {
    const file = await exported();
    const folder = tempFolder('reserved');
    const { ino } = statSync(folder);
    await checkAndUnpack(file, folder, await readHead(file), () => undefined);
    expect(statSync(folder).ino).toBe(ino);
    await expect(checkAndUnpack(file, folder, await readHead(file), () => undefined)).rejects.toThrow(/EEXIST/);
  });

  it('is closed where the engine wants no more of its image', async () => {
    const file = await exported();
    const isOpen = () => readdirSync('/proc/self/fd').some((fd) => isLinkTo(file, `/proc/self/fd/${fd}`));
    const image = imageIn(file);
    await once(image, 'readable');
    expect(isOpen()).toBe(true);
    image.destroy();
    await until('the file is closed', () => !isOpen(), 5000);
  });

  it('is not there at all where the engine breaks off', async () => {
    const file = join(tempFolder('exported'), 'lungs.tar');
    const breaking = Readable.from(
      (function* () {
        yield IMAGE;
        throw new Error('the engine went away');
      })(),
    );
    await expect(writeExport(file, { head: HEAD, image: breaking, files: [] }, () => undefined)).rejects.toThrow('the engine went away');
    expect(readdirSync(join(file, '..'))).toEqual([]);
  });

  it.each<[string, (parts: Part[]) => Part[], RegExp]>([
    ['a changed byte of the image', changedPart('image/000000', flipped), /image\/000000 has 4194304 bytes with SHA-256 \w+, expected/],
    ['a changed file of the package', changedPart('package/meta.json', text('{}', '[]')), /package\/meta\.json has .* it was changed/],
    ['a missing part', (parts) => parts.filter(({ header }) => header.name !== 'image/000001'), /image\/000001 is missing/],
    [
      'pieces that have changed places',
      (parts) => [parts[0], parts[1], parts[2], parts[4], parts[3], ...parts.slice(5)],
      /image\/000001 is not where the manifest names it/,
    ],
    [
      'a part too many',
      (parts) => [...parts.slice(0, -1), { header: { name: 'package/more' }, content: Buffer.alloc(0) }, ...parts.slice(-1)],
      /package\/more is not where/,
    ],
    [
      'a package larger than the head says',
      changedPart('package/test/default/sample/1.dcm', text('pixels', 'many pixels'), true),
      /with package\/test\/default\/sample\/1\.dcm its package has 13 bytes, expected 8, as head\.json says/,
    ],
    ['no manifest', (parts) => parts.slice(0, -1), /it ends before manifest\.json, its last part: it was cut off/],
    ['something after the manifest', (parts) => [...parts, parts[1]], /package\/meta\.json follows on the manifest/],
    [
      'a newer form',
      changedPart('head.json', text('"form": 1', '"form": 2'), true),
      /it has form 2, this release of Anteroom reads form 1: update/,
    ],
    ['a head that says too little', changedPart('head.json', text('"amd64"', '7'), true), /head\.json: .*image\.architecture/s],
    ['no head', (parts) => parts.slice(1), /it begins with package\/meta\.json, expected head\.json/],
    [
      'a name that leads out of the package',
      (parts) => parts.map((part) => (part.header.name === 'package/meta.json' ? { ...part, header: { name: 'package/../x' } } : part)),
      /package\/\.\.\/x is no place in a package/,
    ],
    [
      'a link',
      (parts) => [parts[0], { header: { name: 'package/link', type: 'symlink', linkname: '/etc/passwd' }, content: Buffer.alloc(0) }],
      /package\/link is a symlink, expected files only/,
    ],
  ])('is refused with %s', async (_, change, reason) => {
    const file = await rewritten(await exported(), change);
    const taking = tempFolder('taken');
    await expect(readHead(file).then((head) => checkAndUnpack(file, join(taking, 'package'), head, () => undefined))).rejects.toMatchObject(
      {
        code: 'MODEL_FILE_REFUSED',
        seen: expect.stringMatching(reason) as string,
      },
    );
    expect(readdirSync(taking)).toEqual([]);
  });

  it.each([0, 100, 512, 3000, IMAGE_PIECE_BYTES])('is refused where it was cut off after %i bytes', async (bytes) => {
    const file = await exported();
    truncateSync(file, bytes);
    await expect(take(file)).rejects.toMatchObject({ code: 'MODEL_FILE_REFUSED' });
  });

  it('is refused where it is cut off at the end of a part', async () => {
    const file = await exported();
    // Manifest and the end of the tar.
    truncateSync(file, Math.floor((statSync(file).size - 3072) / 512) * 512);
    await expect(take(file)).rejects.toMatchObject({ code: 'MODEL_FILE_REFUSED' });
  });
});
