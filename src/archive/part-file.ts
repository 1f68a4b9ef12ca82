/** A file that is still being received: written in order, hashed, and worth nothing until it is published. */
import { createHash, randomUUID, type Hash } from 'node:crypto';
import { closeSync, fdatasync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { AnteroomError } from '../foundation/errors.js';

/**
 * The beginning of the data set that is kept in memory: most objects lie in it whole. Its header is read from there, and it is
 * hashed while the disk flushes the file, not before.
 */
export const HEAD_BYTES = 1024 * 1024;
/** Heads that are kept for the next files; more files than this at a time cost an allocation each. */
const SPARE_HEADS = 16;

export interface SealedPart {
  readonly path: string;
  /** Of the whole file, with file meta. */
  readonly sizeBytes: number;
  readonly dataSetBytes: number;
  /** Of the data set, without file meta. */
  readonly sha256: string;
}

/**
 * The file of one object that is being received. Writes go to the page cache at once and in the caller's thread: a disk that is behind holds
 * the caller, so that nothing queues up in memory, and the bytes given need not outlive the call.
 */
export class PartFile {
  private readonly fd: number;
  private readonly head = spareHeads.pop() ?? Buffer.allocUnsafeSlow(HEAD_BYTES);
  private dataSetBytes = 0;
  /** Once the data set is longer than its head. */
  private hash: Hash | undefined;
  private closed = false;

  private constructor(
    readonly path: string,
    private readonly fileMetaBytes: number,
  ) {
    // Readable for a model's own user, to whom the file is linked; the data folder itself is 0700.
    this.fd = openSync(path, 'wx', 0o644);
  }

  /** Opens a new part file that begins with `fileMeta` (preamble and group 2). Throws STORE_FAILED or DISK_LOW. */
  static open(incomingFolder: string, fileMeta: Uint8Array): PartFile {
    const part = orStoreFailed(() => new PartFile(join(incomingFolder, `${randomUUID()}.part`), fileMeta.byteLength));
    try {
      writeFully(part.fd, fileMeta);
      return part;
    } catch (cause) {
      part.discard();
      throw storeFailed(cause);
    }
  }

  /** Takes the next bytes of the data set; they are the caller's again when it returns. Throws STORE_FAILED or DISK_LOW. */
  write(chunk: Uint8Array): void {
    orStoreFailed(() => {
      writeFully(this.fd, chunk);
    });
    this.keepOrHash(chunk);
    this.dataSetBytes += chunk.byteLength;
  }

  /** The first bytes of the data set, at most `HEAD_BYTES`: a view that is good until the file is sealed or thrown away. */
  get headBytes(): Buffer {
    return this.head.subarray(0, Math.min(this.dataSetBytes, HEAD_BYTES));
  }

  get sizeBytes(): number {
    return this.fileMetaBytes + this.dataSetBytes;
  }

  /**
   * Resolves when every byte is on the disk (fdatasync), and closes the file. `whileFlushing` is called in the meantime, with the head; what
   * it throws is thrown. Rejects with STORE_FAILED or DISK_LOW. However it rejects, the file is thrown away.
   */
  async seal<T>(whileFlushing: (head: Buffer, dataSetBytes: number) => T): Promise<SealedPart & { readonly found: T }> {
    const flushed = flush(this.fd);
    try {
      const [sha256, found] = [this.digest(), whileFlushing(this.headBytes, this.dataSetBytes)];
      await flushed;
      this.close();
      return { path: this.path, sizeBytes: this.sizeBytes, dataSetBytes: this.dataSetBytes, sha256, found };
    } catch (cause) {
      await flushed.catch(() => undefined);
      this.discard();
      throw cause instanceof AnteroomError ? cause : storeFailed(cause);
    }
  }

  /** Throws the file away, unless it has been published under another name; safe more than once. Not while it is being sealed. */
  discard(): void {
    this.close();
    rmSync(this.path, { force: true });
  }

  private keepOrHash(chunk: Uint8Array): void {
    const kept = this.dataSetBytes;
    if (kept + chunk.byteLength <= HEAD_BYTES) {
      this.head.set(chunk, kept);
      return;
    }
    if (this.hash === undefined) {
      this.head.set(chunk.subarray(0, HEAD_BYTES - kept), kept);
      this.hash = createHash('sha256').update(this.head.subarray(0, kept));
    }
    this.hash.update(chunk);
  }

  private digest(): string {
    return (this.hash ?? createHash('sha256').update(this.headBytes)).digest('hex');
  }

  private close(): void {
    if (this.closed) return;
    this.closed = true;
    closeSync(this.fd);
    if (spareHeads.length < SPARE_HEADS) spareHeads.push(this.head);
  }
}

const spareHeads: Buffer[] = [];

function flush(fd: number): Promise<void> {
  return new Promise((resolve, reject) => {
    fdatasync(fd, (error) => {
      if (error) reject(error);
      else resolve();
    });
  });
}

function writeFully(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.byteLength;) at += writeSync(fd, bytes, at, bytes.byteLength - at);
}

function orStoreFailed<T>(work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw storeFailed(cause);
  }
}

function storeFailed(cause: unknown): AnteroomError {
  const code = (cause as NodeJS.ErrnoException).code ?? 'unknown error';
  return new AnteroomError(code === 'ENOSPC' || code === 'EDQUOT' ? 'DISK_LOW' : 'STORE_FAILED', `writing a part file gave ${code}`, {
    cause,
  });
}
