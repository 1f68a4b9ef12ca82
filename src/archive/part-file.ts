/** A file that is still being received: written in order, hashed on the way, and worth nothing until it is published. */
import { createHash, randomUUID, type Hash } from 'node:crypto';
import { closeSync, fdatasync, openSync, rmSync, write } from 'node:fs';
import { join } from 'node:path';
import { AnteroomError } from '../foundation/errors.js';

/** Beyond this many bytes waiting for the disk the sender is paused. */
const HIGH_WATER_BYTES = 2 * 1024 * 1024;
/** The beginning of the data set that is kept in memory for reading its header. */
export const HEAD_BYTES = 256 * 1024;

export interface SealedPart {
  readonly path: string;
  /** Of the whole file, with file meta. */
  readonly sizeBytes: number;
  readonly dataSetBytes: number;
  /** Of the data set, without file meta. */
  readonly sha256: string;
  /** The first bytes of the data set, at most `HEAD_BYTES`. */
  readonly head: Buffer;
}

/** The file of one object that is being received. */
export class PartFile {
  private readonly fd: number;
  private readonly hash: Hash = createHash('sha256');
  private readonly headChunks: Buffer[] = [];
  private headBytes = 0;
  private dataSetBytes = 0;
  private readonly waiting: Buffer[] = [];
  private waitingBytes = 0;
  private writing = false;
  private failure: AnteroomError | undefined;
  private closed = false;
  private onIdle: (() => void) | undefined;
  private resume: (() => void) | undefined;

  private constructor(
    readonly path: string,
    private readonly fileMetaBytes: number,
  ) {
    // Readable for a model's own user, to whom the file is linked; the data folder itself is 0700.
    this.fd = openSync(path, 'wx', 0o644);
  }

  /** Opens a new part file that begins with `fileMeta` (preamble and group 2). Throws STORE_FAILED. */
  static open(incomingFolder: string, fileMeta: Uint8Array): PartFile {
    try {
      const part = new PartFile(join(incomingFolder, `${randomUUID()}.part`), fileMeta.byteLength);
      part.enqueue(Buffer.from(fileMeta));
      return part;
    } catch (cause) {
      throw storeFailed(cause);
    }
  }

  /** Takes the next bytes of the data set. False: the disk is behind; wait for `onDrain`. Throws STORE_FAILED once a write has failed. */
  write(chunk: Buffer): boolean {
    if (this.failure !== undefined) throw this.failure;
    this.hash.update(chunk);
    this.keepHead(chunk);
    this.dataSetBytes += chunk.length;
    this.enqueue(chunk);
    return this.waitingBytes < HIGH_WATER_BYTES;
  }

  /** Calls `resume` as soon as the disk has caught up (or failed). */
  onDrain(resume: () => void): void {
    if (this.waitingBytes === 0) resume();
    else this.resume = resume;
  }

  /** Waits until every byte is on the disk (fdatasync) and closes the file. */
  async seal(): Promise<SealedPart> {
    await this.idle();
    if (this.failure === undefined) {
      try {
        await new Promise<void>((resolve, reject) => fdatasync(this.fd, (error) => (error ? reject(error) : resolve())));
      } catch (cause) {
        this.failure = storeFailed(cause);
      }
    }
    if (this.failure !== undefined) {
      this.discard();
      throw this.failure;
    }
    this.close();
    return {
      path: this.path,
      sizeBytes: this.fileMetaBytes + this.dataSetBytes,
      dataSetBytes: this.dataSetBytes,
      sha256: this.hash.digest('hex'),
      head: Buffer.concat(this.headChunks),
    };
  }

  /** Throws the file away; safe at any time and more than once. */
  discard(): void {
    this.waiting.length = 0;
    this.failure ??= new AnteroomError('STORE_FAILED', 'receiving was broken off');
    void this.idle().then(() => {
      this.close();
      rmSync(this.path, { force: true });
    });
  }

  private keepHead(chunk: Buffer): void {
    const room = HEAD_BYTES - this.headBytes;
    if (room <= 0) return;
    // A copy: the chunk is a view of a network buffer that will be used again.
    const piece = Buffer.from(chunk.subarray(0, room));
    this.headChunks.push(piece);
    this.headBytes += piece.length;
  }

  private enqueue(chunk: Buffer): void {
    this.waiting.push(chunk);
    this.waitingBytes += chunk.length;
    if (!this.writing) this.writeNext();
  }

  private writeNext(): void {
    const chunk = this.waiting.length > 1 ? Buffer.concat(this.waiting.splice(0)) : this.waiting.shift();
    if (chunk === undefined || this.failure !== undefined) {
      this.settleDown();
      return;
    }
    this.writing = true;
    this.writeFully(chunk, 0);
  }

  private writeFully(chunk: Buffer, from: number): void {
    write(this.fd, chunk, from, chunk.length - from, null, (error, written) => {
      if (error) this.failure ??= storeFailed(error);
      else if (from + written < chunk.length) {
        this.writeFully(chunk, from + written);
        return;
      }
      this.writing = false;
      this.waitingBytes -= chunk.length;
      this.writeNext();
    });
  }

  private settleDown(): void {
    this.waiting.length = 0;
    this.waitingBytes = 0;
    const { resume, onIdle } = this;
    this.resume = undefined;
    this.onIdle = undefined;
    resume?.();
    onIdle?.();
  }

  private idle(): Promise<void> {
    if (!this.writing) return Promise.resolve();
    return new Promise((resolve) => {
      const before = this.onIdle;
      this.onIdle = () => {
        before?.();
        resolve();
      };
    });
  }

  private close(): void {
    if (this.closed) return;
    this.closed = true;
    closeSync(this.fd);
  }
}

function storeFailed(cause: unknown): AnteroomError {
  const code = (cause as NodeJS.ErrnoException).code ?? 'unknown error';
  return new AnteroomError(code === 'ENOSPC' || code === 'EDQUOT' ? 'DISK_LOW' : 'STORE_FAILED', `writing a part file gave ${code}`, {
    cause,
  });
}
