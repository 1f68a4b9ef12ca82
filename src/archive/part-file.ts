/** A file that is still being received: written in order, hashed, and worth nothing until `publish.ts` makes it durable under its name. */
import { createHash, randomUUID, webcrypto, type Hash } from 'node:crypto';
import { closeSync, open, openSync, rmSync, writeSync, writev } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { AnteroomError } from '../foundation/errors.js';

/** What is kept in memory of a data set: most objects lie in it whole, and their header always should. */
export const HEAD_BYTES = 1024 * 1024;
/** Heads that are kept for the next files; more files than this at a time cost an allocation each. */
const SPARE_HEADS = 16;
// Readable for a model's own user, to whom the file is linked; the data folder itself is 0700.
const MODE = 0o644;

const openAsync = promisify(open);
const writevAsync = promisify(writev);

export interface CompletePart {
  readonly path: string;
  /** Of the whole file, with file meta. */
  readonly sizeBytes: number;
  readonly dataSetBytes: number;
  /** Of the data set, without file meta. */
  readonly sha256: string;
}

/**
 * The file of one object that is being received. An object that fits into its head is written when it is complete, by the thread pool: then
 * the caller's thread never waits for the disk. A larger one is streamed: written as it comes and in the caller's thread, so that a disk
 * which is behind holds the sender and nothing queues up in memory. The bytes given need not outlive the call.
 */
export class PartFile {
  readonly path: string;
  private readonly head = spareHeads.pop() ?? Buffer.allocUnsafeSlow(HEAD_BYTES);
  private dataSetBytes = 0;
  private stream: { readonly fd: number; readonly hash: Hash } | undefined;
  private released = false;

  /**
   * A new part file that begins with `fileMeta` (preamble and group 2). `streamed`: from its first byte on, which is quickest where nothing else is
   * under way; throws STORE_FAILED or DISK_LOW then. Otherwise nothing is on the disk yet.
   */
  constructor(
    incomingFolder: string,
    private readonly fileMeta: Uint8Array,
    streamed = false,
  ) {
    this.path = join(incomingFolder, `${randomUUID()}.part`);
    if (streamed) this.orDiscarded(() => this.begin());
  }

  /** Takes the next bytes of the data set; they are the caller's again when it returns. Throws STORE_FAILED or DISK_LOW. */
  write(chunk: Uint8Array): void {
    const kept = this.dataSetBytes;
    if (kept < HEAD_BYTES) this.head.set(chunk.subarray(0, HEAD_BYTES - kept), kept);
    if (this.stream !== undefined || kept + chunk.byteLength > HEAD_BYTES) this.orDiscarded(() => this.writeOn(chunk));
    this.dataSetBytes += chunk.byteLength;
  }

  /**
   * All bytes have come: resolves when they are written, though not flushed, and closes the file. `look` is called in the meantime with the first bytes of
   * the data set, at most `HEAD_BYTES`, which it must not keep; what it throws is thrown. Rejects with STORE_FAILED or DISK_LOW. However
   * it rejects, the file is thrown away.
   */
  async complete<T>(look: (head: Buffer, dataSetBytes: number) => T): Promise<CompletePart & { readonly found: T }> {
    const written = this.stream === undefined ? Promise.all([digestOf(this.headBytes), this.writeWhole()]) : undefined;
    const { path, dataSetBytes } = this;
    try {
      const found = look(this.headBytes, dataSetBytes);
      const sha256 = (await written)?.[0] ?? this.stream?.hash.digest('hex') ?? '';
      this.release();
      return { path, sizeBytes: this.fileMeta.byteLength + dataSetBytes, dataSetBytes, sha256, found };
    } catch (cause) {
      await written?.catch(() => undefined);
      this.discard();
      throw cause instanceof AnteroomError ? cause : storeFailed(cause);
    }
  }

  /** Throws the file away, unless it has been published under another name; safe more than once. Not while it is being completed. */
  discard(): void {
    this.release();
    rmSync(this.path, { force: true });
  }

  private get headBytes(): Buffer {
    return this.head.subarray(0, Math.min(this.dataSetBytes, HEAD_BYTES));
  }

  private async writeWhole(): Promise<void> {
    const fd = await openAsync(this.path, 'wx', MODE);
    try {
      await writeFully(fd, [this.fileMeta, this.headBytes]);
    } finally {
      closeSync(fd);
    }
  }

  private writeOn(chunk: Uint8Array): void {
    const { fd, hash } = this.stream ?? this.begin();
    writeFullySync(fd, chunk);
    hash.update(chunk);
  }

  /** From here on it is streamed; what came so far is written. */
  private begin(): { readonly fd: number; readonly hash: Hash } {
    const kept = this.headBytes;
    this.stream = { fd: openSync(this.path, 'wx', MODE), hash: createHash('sha256').update(kept) };
    writeFullySync(this.stream.fd, this.fileMeta);
    writeFullySync(this.stream.fd, kept);
    return this.stream;
  }

  private orDiscarded(work: () => void): void {
    try {
      work();
    } catch (cause) {
      this.discard();
      throw storeFailed(cause);
    }
  }

  private release(): void {
    if (this.released) return;
    this.released = true;
    if (this.stream) closeSync(this.stream.fd);
    if (spareHeads.length < SPARE_HEADS) spareHeads.push(this.head);
  }
}

const spareHeads: Buffer[] = [];

/** SHA-256 in hex, computed by the thread pool. */
async function digestOf(bytes: Buffer): Promise<string> {
  return Buffer.from(await webcrypto.subtle.digest('SHA-256', bytes)).toString('hex');
}

async function writeFully(fd: number, pieces: readonly Uint8Array[]): Promise<void> {
  let left = pieces;
  while (left.length > 0) left = afterBytes(left, (await writevAsync(fd, left)).bytesWritten);
}

/** What is left of the pieces after so many bytes. */
function afterBytes(pieces: readonly Uint8Array[], bytes: number): Uint8Array[] {
  let done = bytes;
  return pieces.flatMap((piece) => {
    const rest = piece.subarray(Math.min(done, piece.byteLength));
    done -= piece.byteLength - rest.byteLength;
    return rest.byteLength === 0 ? [] : [rest];
  });
}

function writeFullySync(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.byteLength;) at += writeSync(fd, bytes, at, bytes.byteLength - at);
}

function storeFailed(cause: unknown): AnteroomError {
  const code = (cause as NodeJS.ErrnoException).code ?? 'unknown error';
  return new AnteroomError(code === 'ENOSPC' || code === 'EDQUOT' ? 'DISK_LOW' : 'STORE_FAILED', `writing a part file gave ${code}`, {
    cause,
  });
}
