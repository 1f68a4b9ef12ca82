/** A file that is still being received: written in order, hashed, and worth nothing until it is published. */
import { createHash, randomUUID, type Hash } from 'node:crypto';
import { closeSync, fdatasync, open, openSync, rmSync, writeSync, writev } from 'node:fs';
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
const flush = promisify(fdatasync);

export interface SealedPart {
  readonly path: string;
  /** Of the whole file, with file meta. */
  readonly sizeBytes: number;
  readonly dataSetBytes: number;
  /** Of the data set, without file meta. */
  readonly sha256: string;
}

/**
 * The file of one object that is being received. An object that fits into its head is written when it is complete, by the thread pool: then
 * the caller's thread never waits for the disk. A larger one is written as it comes and in the caller's thread, so that a disk
 * which is behind holds the sender and nothing queues up in memory. The bytes given need not outlive the call.
 */
export class PartFile {
  readonly path: string;
  private readonly head = spareHeads.pop() ?? Buffer.allocUnsafeSlow(HEAD_BYTES);
  private dataSetBytes = 0;
  /** Once the data set is longer than its head. */
  private large: { readonly fd: number; readonly hash: Hash } | undefined;
  private released = false;

  /** A new part file that begins with `fileMeta` (preamble and group 2); nothing is on the disk yet. */
  constructor(
    incomingFolder: string,
    private readonly fileMeta: Uint8Array,
  ) {
    this.path = join(incomingFolder, `${randomUUID()}.part`);
  }

  /** Takes the next bytes of the data set; they are the caller's again when it returns. Throws STORE_FAILED or DISK_LOW. */
  write(chunk: Uint8Array): void {
    const kept = this.dataSetBytes;
    if (kept + chunk.byteLength <= HEAD_BYTES) this.head.set(chunk, kept);
    else this.writeLarge(chunk);
    this.dataSetBytes += chunk.byteLength;
  }

  /**
   * Resolves when every byte is on the disk (fdatasync), and closes the file. `whileFlushing` is called in the meantime with the first bytes of the
   * data set, at most `HEAD_BYTES`, which it must not keep; what it throws is thrown. Rejects with STORE_FAILED or DISK_LOW. However it rejects,
   * the file is thrown away.
   */
  async seal<T>(whileFlushing: (head: Buffer, dataSetBytes: number) => T): Promise<SealedPart & { readonly found: T }> {
    const durable = this.large === undefined ? this.writeWhole() : flush(this.large.fd);
    const { path, dataSetBytes } = this;
    try {
      const sha256 = (this.large?.hash ?? createHash('sha256').update(this.headBytes)).digest('hex');
      const found = whileFlushing(this.headBytes, dataSetBytes);
      await durable;
      this.release();
      return { path, sizeBytes: this.fileMeta.byteLength + dataSetBytes, dataSetBytes, sha256, found };
    } catch (cause) {
      await durable.catch(() => undefined);
      this.discard();
      throw cause instanceof AnteroomError ? cause : storeFailed(cause);
    }
  }

  /** Throws the file away, unless it has been published under another name; safe more than once. Not while it is being sealed. */
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
      await flush(fd);
    } finally {
      closeSync(fd);
    }
  }

  private writeLarge(chunk: Uint8Array): void {
    try {
      const { fd, hash } = (this.large ??= this.begin(chunk));
      writeFullySync(fd, chunk);
      hash.update(chunk);
    } catch (cause) {
      throw storeFailed(cause);
    }
  }

  /** The data set is about to outgrow its head: what came so far is written, and the head filled up with the beginning of `next`. */
  private begin(next: Uint8Array): { fd: number; hash: Hash } {
    const fd = openSync(this.path, 'wx', MODE);
    const kept = this.headBytes;
    const large = { fd, hash: createHash('sha256').update(kept) };
    this.large = large; // from now on it is closed with the part
    writeFullySync(fd, this.fileMeta);
    writeFullySync(fd, kept);
    this.head.set(next.subarray(0, HEAD_BYTES - kept.byteLength), kept.byteLength);
    return large;
  }

  private release(): void {
    if (this.released) return;
    this.released = true;
    if (this.large) closeSync(this.large.fd);
    if (spareHeads.length < SPARE_HEADS) spareHeads.push(this.head);
  }
}

const spareHeads: Buffer[] = [];

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
