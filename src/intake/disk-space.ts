/** Refusing before anything is lost: how much room the data folder has. */
import { statfs } from 'node:fs/promises';
import { AnteroomError } from '../foundation/errors.js';
import { loggerOf } from '../foundation/log.js';

const log = loggerOf('intake');

export interface DiskLimits {
  readonly warnFreeBytes: number;
  readonly refuseFreeBytes: number;
}

/** Looks at the disk every `everyMs`; `demand` throws DISK_LOW while there is less than the limit. Receiving resumes by itself. */
export class DiskGuard {
  private freeBytes = Number.POSITIVE_INFINITY;
  private state: 'ample' | 'low' | 'refusing' = 'ample';
  private readonly timer: NodeJS.Timeout;

  private constructor(
    private readonly folder: string,
    private readonly limits: DiskLimits,
    everyMs: number,
  ) {
    this.timer = setInterval(() => void this.look(), everyMs);
    this.timer.unref();
  }

  static async start(folder: string, limits: DiskLimits, everyMs = 2000): Promise<DiskGuard> {
    const guard = new DiskGuard(folder, limits, everyMs);
    await guard.look();
    return guard;
  }

  /** Throws DISK_LOW (C-STORE 0xA700, STOW-RS 507) while the disk is too full to take more. */
  demand(): void {
    if (this.state !== 'refusing') return;
    throw new AnteroomError(
      'DISK_LOW',
      `${megabytes(this.freeBytes)} MB free, at least ${megabytes(this.limits.refuseFreeBytes)} MB are needed`,
    );
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private async look(): Promise<void> {
    const { bavail, bsize } = await statfs(this.folder);
    this.freeBytes = bavail * bsize;
    const { warnFreeBytes, refuseFreeBytes } = this.limits;
    const state = this.freeBytes < refuseFreeBytes ? 'refusing' : this.freeBytes < warnFreeBytes ? 'low' : 'ample';
    if (state === this.state) return;
    if (state === 'ample') log.info('disk has room again', { freeBytes: this.freeBytes });
    else log.warn(state === 'refusing' ? 'disk is too full: receiving is refused' : 'disk is getting full', { freeBytes: this.freeBytes });
    this.state = state;
  }
}

function megabytes(bytes: number): number {
  return Math.floor(bytes / 1_000_000);
}
