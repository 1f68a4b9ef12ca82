/**
 * Refusing before anything is lost: how much room the data folder has. Below the low mark nothing new is taken; what is under way may
 * use half of what is left then, and the other half stays for the ledger, which must be able to write what was acknowledged.
 */
import { statfsSync } from 'node:fs';
import { AnteroomError } from '../foundation/errors.js';
import { loggerOf } from '../foundation/log.js';

const log = loggerOf('intake');

export interface DiskLimits {
  /** Below it, a warning: the high mark. */
  readonly warnFreeBytes: number;
  /** Below it, nothing new is taken: the low mark. */
  readonly refuseFreeBytes: number;
}

/** What a door asks before it takes an object, and for each piece of it. Both throw DISK_LOW, or STORE_FAILED where nobody knows how full the disk is (C-STORE 0xA700, STOW-RS 507). */
export interface DiskRoom {
  demand(): void;
  charge(bytes: number): void;
}

/** The bytes of an object as they come, each piece accounted for before it is handed on. Throws as the disk does. */
export async function* metered(
  bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  disk: DiskRoom,
): AsyncGenerator<Uint8Array, void, undefined> {
  disk.demand();
  for await (const chunk of bytes) {
    disk.charge(chunk.byteLength);
    yield chunk;
  }
}

export interface DiskState {
  readonly standing: 'ample' | 'low' | 'refusing';
  readonly freeBytes: number;
}

const LOOK_EVERY_MS = 2000;
/** So much may be written before the disk is looked at again, at once. */
const LOOK_AFTER_BYTES = 16 * 1024 * 1024;
/** Receiving resumes when there is so much more than the low mark that the next few instances do not end it again. */
const RESUME_AT = 1.05;

/**
 * Looks at the disk every now and then, and counts what is written in between. Receiving resumes by itself. A disk that does not say how full it is (it fails,
 * or is not mounted) is one on which nothing can be kept: it refuses until it answers.
 */
export class DiskGuard implements DiskRoom {
  private freeBytes = Number.POSITIVE_INFINITY;
  /** Bytes of instances since the last look. */
  private spentBytes = 0;
  private standing: DiskState['standing'] = 'ample';
  /** What asking it gave last, where that was no answer. */
  private silence: string | undefined;
  private readonly timer: NodeJS.Timeout;

  /** `tells`: whether this guard is the one that writes the log, where several threads have one. */
  constructor(
    private readonly folder: string,
    private readonly limits: DiskLimits,
    private readonly tells: boolean,
  ) {
    this.look();
    this.timer = setInterval(() => this.look(), LOOK_EVERY_MS).unref();
  }

  /** Throws DISK_LOW while the disk is too full to begin with another instance, STORE_FAILED while it cannot be asked. */
  demand(): void {
    if (this.standing !== 'refusing' && this.roomBytes() < this.limits.refuseFreeBytes) this.look();
    if (this.standing === 'refusing') throw this.low(`at least ${megabytes(this.limits.refuseFreeBytes)} MB are needed`);
  }

  /** Takes account of bytes that are about to be written, so that many instances in flight cannot run the disk full between two looks. Throws as `demand`. */
  charge(bytes: number): void {
    this.spentBytes += bytes;
    const floorBytes = this.limits.refuseFreeBytes / 2;
    if (this.spentBytes >= LOOK_AFTER_BYTES || this.roomBytes() < floorBytes) this.look();
    if (this.roomBytes() < floorBytes) throw this.low(`${megabytes(floorBytes)} MB are kept for the ledger`);
  }

  /** How things are now. */
  state(): DiskState {
    this.look();
    return { standing: this.standing, freeBytes: this.roomBytes() };
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private roomBytes(): number {
    return this.freeBytes - this.spentBytes;
  }

  private look(): void {
    this.spentBytes = 0;
    this.freeBytes = this.askedFreeBytes();
    if (this.silence !== undefined) return this.moveTo('refusing');
    const { warnFreeBytes, refuseFreeBytes } = this.limits;
    const needed = this.standing === 'refusing' ? refuseFreeBytes * RESUME_AT : refuseFreeBytes;
    this.moveTo(this.freeBytes < needed ? 'refusing' : this.freeBytes < warnFreeBytes ? 'low' : 'ample');
  }

  /** 0 where there is no answer: this runs in a timer too, where what is thrown ends the thread. */
  private askedFreeBytes(): number {
    try {
      const { bavail, bsize } = statfsSync(this.folder);
      this.silence = undefined;
      return bavail * bsize;
    } catch (thrown) {
      this.noteSilence((thrown as NodeJS.ErrnoException).code ?? String(thrown));
      return 0;
    }
  }

  private noteSilence(seen: string): void {
    const isNew = this.silence === undefined;
    this.silence = seen;
    if (!isNew || !this.tells) return;
    const remedy = 'Check that the disk of the data folder is mounted and sound; receiving resumes by itself.';
    log.error('disk cannot be asked how full it is: receiving is refused', { path: this.folder, seen, remedy });
  }

  private moveTo(standing: DiskState['standing']): void {
    const before = this.standing;
    this.standing = standing;
    if (!this.tells || standing === before) return;
    const { freeBytes } = this;
    const remedy = 'Free space in the data folder, or move it; see `anteroom doctor`.';
    if (standing === 'refusing') {
      if (this.silence !== undefined) return;
      const seen = `expected at least ${megabytes(this.limits.refuseFreeBytes)} MB (\`disk.refuseFreeMb\`)`;
      log.error('disk is too full: receiving is refused', { freeBytes, seen, remedy });
    } else if (before === 'refusing') log.info('disk has room again: receiving resumes', { freeBytes });
    else if (standing === 'low')
      log.warn('disk is getting full', { freeBytes, seen: `expected at least ${megabytes(this.limits.warnFreeBytes)} MB`, remedy });
    else log.info('disk has room again', { freeBytes });
  }

  private low(expected: string): AnteroomError {
    if (this.silence !== undefined)
      return new AnteroomError('STORE_FAILED', `${this.folder} cannot be asked how much room it has (${this.silence})`);
    return new AnteroomError('DISK_LOW', `${megabytes(this.freeBytes)} MB free, ${expected}`);
  }
}

const NO_SPACE: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'SQLITE_FULL']);

/** Why an instance could not be kept, as the catalogue has it: DISK_LOW where there was no room for file, folder or row, else STORE_FAILED. */
export function storeError(cause: unknown): AnteroomError {
  if (cause instanceof AnteroomError) return cause;
  const { code, message } = cause as NodeJS.ErrnoException;
  return NO_SPACE.has(code ?? '')
    ? new AnteroomError('DISK_LOW', `no room for file or row (${code})`, { cause })
    : new AnteroomError('STORE_FAILED', message, { cause });
}

function megabytes(bytes: number): number {
  return Math.floor(bytes / 1_000_000);
}
