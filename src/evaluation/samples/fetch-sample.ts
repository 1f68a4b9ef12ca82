/** Where a model's sample and reference come from: a folder, or a ZIP archive on this machine or behind a URL. Archives are unpacked once. */
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { demandRoom } from '../../foundation/disk-room.js';
import { AnteroomError } from '../../foundation/errors.js';
import { makeFolders } from '../../foundation/folders.js';
import { MAX_SAMPLE_BYTES, unpackSample } from './unpack.js';

/** Without a byte for so long a download counts as broken. */
const SILENCE_MS = 60_000;
/** After so much of a download the disk is looked at again. */
const LOOK_AFTER_BYTES = 16 * 1024 * 1024;

export interface SampleSource {
  /** A folder with `<workflow>/sample` and `<workflow>/reference`, a ZIP archive in that layout, or its http(s) URL. */
  readonly data: string;
  readonly workflow: string;
  /** Of the archive. */
  readonly sha256?: string;
}

export interface SampleFolders {
  readonly sampleDir: string;
  readonly referenceDir: string;
}

export interface FetchOptions {
  /** Where a model's archives are kept unpacked, in a folder of their own each. */
  readonly cache: string;
  /** What stays free on the disk of it: the node's low mark, below which it receives nothing. */
  readonly keepFreeBytes: number;
  readonly onProgress?: (what: string, bytes: number, of: number | undefined) => void;
}

/**
 * The folders of a workflow. What was unpacked before is used again.
 * @throws {AnteroomError} SAMPLE_REFUSED where the source is not there, is another file than stated, too large, or of another layout; DISK_LOW.
 */
export async function fetchSample({ data, workflow, sha256 }: SampleSource, options: FetchOptions): Promise<SampleFolders> {
  const isUrl = /^https?:\/\//.test(data);
  if (!isUrl && existsSync(data) && statSync(data).isDirectory()) return foldersIn(join(resolve(data), workflow));
  const cached = sha256 === undefined ? undefined : unpackedFolder(options.cache, sha256, workflow);
  if (cached !== undefined && existsSync(cached)) return foldersIn(cached);
  if (data.startsWith('http://') && sha256 === undefined)
    throw refused(data, 'http without the SHA-256 of the archive, so that anybody on the way could change it', 'https, or a SHA-256');
  if (!isUrl && !existsSync(data)) throw refused(data, 'nothing is there', 'a folder, a ZIP archive or a URL');
  const download = join(options.cache, `download-${process.pid}.zip`);
  makeFolders(options.cache, { mode: 0o700 });
  try {
    const archive = isUrl ? download : resolve(data);
    const seen = isUrl ? await downloaded(data, download, options) : await hashOf(archive);
    if (sha256 !== undefined && seen !== sha256.toLowerCase()) throw refused(data, `SHA-256 ${seen}`, sha256);
    const folder = unpackedFolder(options.cache, seen, workflow);
    const onProgress = (bytes: number, of: number) => options.onProgress?.('unpacked', bytes, of);
    if (!existsSync(folder)) await unpackSample(archive, workflow, folder, { keepFreeBytes: options.keepFreeBytes, onProgress });
    return foldersIn(folder);
  } finally {
    rmSync(download, { force: true });
  }
}

/** Removes what was unpacked for a workflow before: each sample may be gigabytes, and only that of the last test that was passed is used again. */
export function forgetOthers(cache: string, workflow: string, { sampleDir, referenceDir }: SampleFolders): void {
  if (!existsSync(cache)) return;
  for (const name of readdirSync(cache)) {
    const folder = join(cache, name);
    const isUsed = [sampleDir, referenceDir].some((used) => used.startsWith(`${folder}/`));
    if (!isUsed && /^[0-9a-f]{16}-/.test(name) && name.slice(17) === workflow) rmSync(folder, { recursive: true, force: true });
  }
}

function unpackedFolder(cache: string, sha256: string, workflow: string): string {
  return join(cache, `${sha256.toLowerCase().slice(0, 16)}-${workflow}`);
}

function foldersIn(folder: string): SampleFolders {
  return { sampleDir: join(folder, 'sample'), referenceDir: join(folder, 'reference') };
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

/** Downloads to a file; returns its SHA-256. */
async function downloaded(url: string, path: string, { cache, keepFreeBytes, onProgress }: FetchOptions): Promise<string> {
  const silence = new AbortController();
  let timer = setTimeout(() => silence.abort(), SILENCE_MS);
  const heard = () => {
    clearTimeout(timer);
    timer = setTimeout(() => silence.abort(), SILENCE_MS);
  };
  try {
    const answer = await fetch(url, { signal: silence.signal });
    if (!answer.ok || answer.body === null) throw refused(url, `status ${answer.status}`, '200');
    const stated = Number(answer.headers.get('content-length') ?? Number.NaN);
    const of = Number.isNaN(stated) ? undefined : stated;
    if (of !== undefined && of > MAX_SAMPLE_BYTES) throw tooLarge(url, of);
    demandRoom(cache, of ?? 0, 'the download', keepFreeBytes);
    const hash = createHash('sha256');
    let bytes = 0;
    const counted = async function* (chunks: AsyncIterable<Buffer>) {
      for await (const chunk of chunks) {
        heard();
        hash.update(chunk);
        const before = bytes;
        bytes += chunk.length;
        if (bytes > MAX_SAMPLE_BYTES) throw tooLarge(url, bytes);
        if (Math.floor(bytes / LOOK_AFTER_BYTES) > Math.floor(before / LOOK_AFTER_BYTES))
          demandRoom(cache, LOOK_AFTER_BYTES, 'the download', keepFreeBytes);
        onProgress?.('downloaded', bytes, of);
        yield chunk;
      }
    };
    await pipeline(Readable.fromWeb(answer.body), counted, createWriteStream(path), { signal: silence.signal });
    if (of !== undefined && answer.headers.get('content-encoding') === null && bytes !== of) throw refused(url, `${bytes} bytes`, `${of}`);
    return hash.digest('hex');
  } catch (thrown) {
    if (thrown instanceof AnteroomError) throw thrown;
    throw refused(url, silence.signal.aborted ? `silence for ${SILENCE_MS / 1000} s` : (thrown as Error).message, 'a download', thrown);
  } finally {
    clearTimeout(timer);
  }
}

function tooLarge(source: string, bytes: number): AnteroomError {
  return refused(source, `${bytes} bytes`, `at most ${MAX_SAMPLE_BYTES}`);
}

function refused(source: string, seen: string, expected: string, cause?: unknown): AnteroomError {
  return new AnteroomError('SAMPLE_REFUSED', `${source}: ${seen}, expected ${expected}`, { cause });
}
