/** A file that is still being received: written in order, hashed, and worth nothing until `publish.ts` makes it durable under its name. */
import { createHash, randomUUID } from 'node:crypto';
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { AnteroomError } from '../foundation/errors.js';
import { loggerOf } from '../foundation/log.js';

const log = loggerOf('archive');

/** What is kept in memory of a data set: most objects lie in it whole, and their header always should. */
export const HEAD_BYTES = 1024 * 1024;
/** Written and hashed at a time: few calls, and what the processor still has in its cache. */
export const UNIT_BYTES = 256 * 1024;
/** Heads that are kept for the next files; more files than this at a time cost an allocation each. */
const SPARE_HEADS = 16;
// Readable for a model's own user, to whom the file is linked; the data folder itself is 0700.
const MODE = 0o644;

export interface CompletePart {
  readonly path: string;
  /** Of the whole file, with file meta. */
  readonly sizeBytes: number;
  readonly dataSetBytes: number;
  /** Of the data set, without file meta. */
  readonly sha256: string;
}

/**
 * The file of one object that is being received: written and hashed as it comes, in the caller's thread. So nothing queues up in memory, and a disk that
 * is behind holds the sender; and it costs less than handing whole objects to other threads. The bytes given need not outlive the call.
 */
export class PartFile {
  readonly path: string;
  private readonly fd: number;
  private readonly hash = createHash('sha256');
  private readonly head = spareHeads.pop() ?? Buffer.allocUnsafeSlow(HEAD_BYTES);
  private dataSetBytes = 0;
  /** What of the head is in the file. */
  private writtenBytes = 0;
  private closed = false;

  /** A new part file that begins with `fileMeta` (preamble and group 2). Throws STORE_FAILED or DISK_LOW. */
  constructor(
    incomingFolder: string,
    private readonly fileMeta: Uint8Array,
  ) {
    this.path = join(incomingFolder, `${randomUUID()}.part`);
    try {
      this.fd = openSync(this.path, 'wx', MODE);
    } catch (cause) {
      throw storeFailed(cause);
    }
    this.orDiscarded(() => writeFully(this.fd, fileMeta));
  }

  /** Takes the next bytes of the data set; they are the caller's again when it returns. Throws STORE_FAILED or DISK_LOW, and INTERNAL after the end. */
  write(chunk: Uint8Array): void {
    // Its head and its descriptor may be another file's by now.
    if (this.closed) throw new AnteroomError('INTERNAL', 'bytes for a part file that is closed');
    const inHead = chunk.subarray(0, HEAD_BYTES - this.headBytes);
    const beyond = chunk.subarray(inHead.byteLength);
    this.head.set(inHead, this.headBytes);
    this.dataSetBytes += chunk.byteLength;
    if (beyond.byteLength > 0 || this.headBytes - this.writtenBytes >= UNIT_BYTES) this.writeHead();
    if (beyond.byteLength > 0) this.writeOut(beyond);
  }

  /**
   * All bytes have come: writes what is left, flushes nothing, and closes the file. `look` is called with the first bytes of the data set, at most
   * `HEAD_BYTES`, which it must not keep; what it throws is thrown. Throws STORE_FAILED or DISK_LOW. However it throws, the
   * file is thrown away.
   */
  complete<T>(look: (head: Buffer, dataSetBytes: number) => T): CompletePart & { readonly found: T } {
    const { path, dataSetBytes } = this;
    this.writeHead();
    const found = this.lookedAt(look);
    this.orDiscarded(() => {
      this.close();
    });
    return { path, sizeBytes: this.fileMeta.byteLength + dataSetBytes, dataSetBytes, sha256: this.hash.digest('hex'), found };
  }

  /** Throws the file away, unless it has been published under another name; safe more than once. Where that fails, the next start does it. */
  discard(): void {
    for (const step of [() => this.close(), () => rmSync(this.path, { force: true })]) {
      try {
        step();
      } catch (thrown) {
        log.warn('a part file cannot be thrown away now', { seen: storeFailed(thrown).seen });
      }
    }
  }

  private lookedAt<T>(look: (head: Buffer, dataSetBytes: number) => T): T {
    try {
      return look(this.head.subarray(0, this.headBytes), this.dataSetBytes);
    } catch (cause) {
      this.discard();
      throw cause;
    }
  }

  private get headBytes(): number {
    return Math.min(this.dataSetBytes, HEAD_BYTES);
  }

  private writeHead(): void {
    this.writeOut(this.head.subarray(this.writtenBytes, this.headBytes));
    this.writtenBytes = this.headBytes;
  }

  private writeOut(bytes: Uint8Array): void {
    this.orDiscarded(() => {
      writeFully(this.fd, bytes);
      this.hash.update(bytes);
    });
  }

  private orDiscarded(work: () => void): void {
    try {
      work();
    } catch (cause) {
      this.discard();
      throw storeFailed(cause);
    }
  }

  private close(): void {
    if (this.closed) return;
    this.closed = true;
    if (spareHeads.length < SPARE_HEADS) spareHeads.push(this.head);
    closeSync(this.fd);
  }
}

const spareHeads: Buffer[] = [];

function writeFully(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.byteLength;) at += writeSync(fd, bytes, at, bytes.byteLength - at);
}

function storeFailed(cause: unknown): AnteroomError {
  const code = (cause as NodeJS.ErrnoException).code ?? 'unknown error';
  return new AnteroomError(code === 'ENOSPC' || code === 'EDQUOT' ? 'DISK_LOW' : 'STORE_FAILED', `writing a part file gave ${code}`, {
    cause,
  });
}
