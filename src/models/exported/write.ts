/** Writing a model into one file, in one passage: memory holds one piece of the image, whatever its size. */
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import tar from 'tar-stream';
import { syncFolder } from '../../archive/publish.js';
import {
  HEAD_PART,
  IMAGE_FOLDER,
  IMAGE_PIECE_BYTES,
  MANIFEST_PART,
  PACKAGE_FOLDER,
  type ExportHead,
  type ExportManifest,
  type ExportPart,
} from './manifest.js';

export interface ModelToExport {
  readonly head: ExportHead;
  /** The image as the engine saves it. */
  readonly image: Readable;
  /** Files of the package: name in it, and where they lie. */
  readonly files: readonly { readonly name: string; readonly path: string }[];
}

export interface Written {
  readonly sizeBytes: number;
  /** Of the whole file. */
  readonly sha256: string;
}

/**
 * Writes `file` so that it is whole and durable under that name, or not there at all.
 * @param onBytes is told how much has been written
 * @throws what the disk or the engine's stream throws
 */
export async function writeExport(file: string, model: ModelToExport, onBytes: (bytes: number) => void): Promise<Written> {
  const partPath = `${file}.part`;
  const pack = tar.pack();
  const whole = new Summing(onBytes);
  const written = pipeline(pack, whole, createWriteStream(partPath, { mode: 0o600, flush: true }));
  try {
    await Promise.all([written, fill(pack, model)]);
    await rename(partPath, file);
    await syncFolder(dirname(file));
    return { sizeBytes: whole.bytes, sha256: whole.digest() };
  } catch (thrown) {
    model.image.destroy();
    pack.destroy();
    await written.catch(() => undefined);
    await rm(partPath, { force: true });
    throw thrown;
  }
}

async function fill(pack: tar.Pack, { head, image, files }: ModelToExport): Promise<void> {
  const parts: ExportPart[] = [];
  const add = async (path: string, sizeBytes: number, content: Readable) => {
    const summing = new Summing();
    await pipeline(content, summing, pack.entry({ name: path, size: sizeBytes, mode: 0o644 }));
    parts.push({ path, sizeBytes, sha256: summing.digest() });
  };
  const addJson = (path: string, value: ExportHead | ExportManifest) => {
    const bytes = Buffer.from(`${JSON.stringify(value, null, 2)}\n`);
    return add(path, bytes.length, Readable.from([bytes]));
  };
  await addJson(HEAD_PART, head);
  for (const { name, path } of files) await add(`${PACKAGE_FOLDER}${name}`, (await stat(path)).size, createReadStream(path));
  let count = 0;
  for await (const piece of piecesOf(image)) {
    await add(`${IMAGE_FOLDER}${String(count).padStart(6, '0')}`, piece.length, Readable.from([piece]));
    count++;
  }
  await addJson(MANIFEST_PART, { parts });
  pack.finalize();
}

/** A stream in pieces of one size; the last may be smaller. */
async function* piecesOf(stream: Readable): AsyncGenerator<Buffer, void> {
  let held: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    let rest = chunk;
    while (bytes + rest.length >= IMAGE_PIECE_BYTES) {
      const taken = IMAGE_PIECE_BYTES - bytes;
      yield Buffer.concat([...held, rest.subarray(0, taken)]);
      rest = rest.subarray(taken);
      [held, bytes] = [[], 0];
    }
    held.push(rest);
    bytes += rest.length;
  }
  if (bytes > 0) yield Buffer.concat(held);
}

/** Passes bytes on and sums them up. */
export class Summing extends Transform {
  bytes = 0;
  private readonly hash = createHash('sha256');

  constructor(private readonly onBytes?: (bytes: number) => void) {
    super();
  }

  override _transform(chunk: Buffer, _: BufferEncoding, done: (error: null, chunk: Buffer) => void): void {
    this.hash.update(chunk);
    this.bytes += chunk.length;
    this.onBytes?.(this.bytes);
    done(null, chunk);
  }

  /** SHA-256 of all that passed, in hexadecimal; to be asked once, at the end. */
  digest(): string {
    return this.hash.digest('hex');
  }
}
