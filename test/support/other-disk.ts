/** A folder on another file system than that of temporary folders, where a machine has one. */
import { accessSync, constants, statSync } from 'node:fs';
import { tmpdir } from 'node:os';

export const OTHER_DISK = '/dev/shm';

/** What is missing for it, for `describeWith`. */
export function missingForOtherDisk(): string[] {
  try {
    accessSync(OTHER_DISK, constants.W_OK);
    return statSync(OTHER_DISK).dev === statSync(tmpdir()).dev ? [`${OTHER_DISK} beside ${tmpdir()}`] : [];
  } catch {
    return [OTHER_DISK];
  }
}
