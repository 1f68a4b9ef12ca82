/** Reading an exported model: everything is checked before anything of it is used. */
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { PassThrough, type Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import tar from 'tar-stream';
import { AnteroomError } from '../../foundation/errors.js';
import {
  HEAD_PART,
  IMAGE_FOLDER,
  MANIFEST_PART,
  PACKAGE_FOLDER,
  parseHead,
  parseManifest,
  refused,
  type ExportHead,
  type ExportManifest,
  type ExportPart,
} from './manifest.js';
import { Summing } from './write.js';

/** Head and manifest are kilobytes; what claims more is no export. */
const MAX_JSON_BYTES = 4 * 1024 * 1024;

/** Looks at one entry, whose content it must read to its end; true: no further entry is wanted. */
type Visit = (header: tar.Headers, content: Readable) => Promise<boolean>;

/** What the file says of itself, without reading on. @throws AnteroomError MODEL_FILE_REFUSED, FILE_UNREADABLE */
export async function readHead(file: string): Promise<ExportHead> {
  let head: ExportHead | undefined;
  await readEntries(file, async (header, content) => {
    if (header.name !== HEAD_PART) throw refused(`it begins with ${header.name}, expected ${HEAD_PART}: it is no exported model`);
    head = parseHead(await jsonText(header, content));
    return true;
  });
  if (head === undefined) throw refused('it is empty, expected an exported model');
  return head;
}

/**
 * Holds every part against the manifest, and unpacks the package into `folder` on the way, which is empty or not there yet. Where the file is not whole
 * nothing of it stays, and no more is unpacked than the head says, for which room was found.
 * @param onBytes is told how much has been read
 * @throws AnteroomError MODEL_FILE_REFUSED, FILE_UNREADABLE, and what the disk throws
 */
export async function checkAndUnpack(
  file: string,
  folder: string,
  { packageBytes }: ExportHead,
  onBytes: (bytes: number) => void,
): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  try {
    const seen: ExportPart[] = [];
    let manifest: ExportManifest | undefined;
    let unpackedBytes = 0;
    await readEntries(
      file,
      async (header, content) => {
        const path = header.name;
        if (manifest !== undefined) throw refused(`${path} follows on the manifest, expected nothing`);
        if (header.type !== 'file') throw refused(`${path} is a ${header.type ?? 'thing of no type'}, expected files only`);
        if (path.startsWith(PACKAGE_FOLDER)) unpackedBytes += header.size ?? 0;
        if (unpackedBytes > packageBytes)
          throw refused(`with ${path} its package has ${unpackedBytes} bytes, expected ${packageBytes}, as ${HEAD_PART} says`);
        if (path === MANIFEST_PART) manifest = parseManifest(await jsonText(header, content));
        else seen.push(await takePart(path, content, folder));
        return false;
      },
      onBytes,
    );
    if (manifest === undefined) throw refused(`it ends before ${MANIFEST_PART}, its last part: it was cut off`);
    demandSame(seen, manifest.parts);
  } catch (thrown) {
    await rm(folder, { recursive: true, force: true });
    throw thrown;
  }
}

/** The image of a file that was checked, as the engine loads it. */
export function imageIn(file: string): Readable {
  const image = new PassThrough();
  readEntries(file, async (header, content) => {
    if (!header.name.startsWith(IMAGE_FOLDER)) content.resume();
    else await pipeline(content, image, { end: false });
    return false;
  }).then(
    () => image.end(),
    (thrown: unknown) => image.destroy(thrown as Error),
  );
  return image;
}

async function takePart(path: string, content: Readable, folder: string): Promise<ExportPart> {
  const summing = new Summing();
  if (path.startsWith(PACKAGE_FOLDER)) {
    const target = join(folder, safeName(path));
    await mkdir(dirname(target), { recursive: true });
    await pipeline(content, summing, createWriteStream(target, { flags: 'wx', flush: true }));
  } else {
    await pipeline(content, summing.resume());
  }
  return { path, sizeBytes: summing.bytes, sha256: summing.digest() };
}

/** A file's place in the package. The file may come from anywhere: none of its names may lead out of the folder. */
function safeName(path: string): string {
  const name = path.slice(PACKAGE_FOLDER.length);
  if (name.split('/').some((step) => step === '' || step === '.' || step === '..') || name.includes('\\'))
    throw refused(`${path} is no place in a package`);
  return name;
}

/** What was read is what the manifest names, in the same order: pieces of the image that had changed places would be another image. */
function demandSame(seen: readonly ExportPart[], named: readonly ExportPart[]): void {
  const byPath = new Map(seen.map((part) => [part.path, part]));
  for (const { path, sizeBytes, sha256 } of named) {
    const part = byPath.get(path);
    if (part === undefined) throw refused(`${path} is missing`);
    if (part.sha256 !== sha256)
      throw refused(
        `${path} has ${part.sizeBytes} bytes with SHA-256 ${part.sha256}, expected ${sizeBytes} with ${sha256}: it was changed`,
      );
  }
  const other = seen.find(({ path }, n) => named.at(n)?.path !== path);
  if (other !== undefined) throw refused(`${other.path} is not where the manifest names it`);
}

async function jsonText({ name, size = 0 }: tar.Headers, content: Readable): Promise<string> {
  if (size > MAX_JSON_BYTES) throw refused(`${name} has ${size} bytes, expected at most ${MAX_JSON_BYTES}`);
  return (await buffer(content)).toString('utf8');
}

/** Reads a tar entry by entry; what is no tar is refused. */
async function readEntries(file: string, visit: Visit, onBytes?: (bytes: number) => void): Promise<void> {
  const input = createReadStream(file, { highWaterMark: 1024 * 1024 });
  const extract = tar.extract();
  let wanted: 'more' | 'no more' = 'more';
  let fault: Error | undefined;
  extract.on('entry', (header, content, next) => {
    visit(header, content).then(
      (enough) => {
        if (!enough) return next();
        wanted = 'no more';
        input.destroy();
        extract.destroy();
      },
      (thrown: unknown) => {
        fault = thrown as Error;
        extract.destroy(fault);
      },
    );
  });
  let read = 0;
  if (onBytes !== undefined) input.on('data', (chunk) => onBytes((read += chunk.length)));
  try {
    await pipeline(input, extract);
  } catch (thrown) {
    if ((wanted as string) === 'no more') return;
    throw fault ?? readFault(file, thrown);
  }
}

function readFault(file: string, thrown: unknown): AnteroomError {
  const { code, message } = thrown as NodeJS.ErrnoException;
  // The system's errors have a code, those of the tar have none.
  if (code !== undefined && /^E[A-Z]+$/.test(code)) return new AnteroomError('FILE_UNREADABLE', `${file} (${code})`, { cause: thrown });
  return refused(`it cannot be read as a tar (${message}): it was cut off or changed`, thrown);
}
