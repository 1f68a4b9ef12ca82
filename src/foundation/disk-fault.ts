/** What a disk refuses, as the catalogue has it. */
import { AnteroomError, toAnteroomError } from './errors.js';

/** The disk, or this user's part of it. */
const FULL: readonly unknown[] = ['ENOSPC', 'EDQUOT'];
/** A disk that fails, and one that was made read-only since it did. */
const FAILING: readonly unknown[] = ['EIO', 'EROFS'];

/** True of what `node:fs` throws where there is no room. */
export function isDiskFull(thrown: unknown): boolean {
  return FULL.includes(codeOf(thrown));
}

/** Any thrown value as an error of the catalogue: DISK_LOW or STORE_FAILED of what `node:fs` throws where the disk is at fault, else as `toAnteroomError`. */
export function orDiskFault(thrown: unknown): AnteroomError {
  if (thrown instanceof AnteroomError) return thrown;
  if (isDiskFull(thrown)) return new AnteroomError('DISK_LOW', (thrown as Error).message, { cause: thrown });
  if (FAILING.includes(codeOf(thrown))) return new AnteroomError('STORE_FAILED', (thrown as Error).message, { cause: thrown });
  return toAnteroomError(thrown);
}

function codeOf(thrown: unknown): string | undefined {
  return (thrown as NodeJS.ErrnoException | undefined)?.code;
}
