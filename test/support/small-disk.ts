/** A file system of a few megabytes that a test may fill: ext4 on a file, mounted through a loop device, which only root may do. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, statfsSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tempFolder } from './temp.js';

export interface SmallDisk {
  readonly folder: string;
  freeBytes(): number;
  /** Takes so much room away, or gives it back with 0. */
  ballast(sizeBytes: number): void;
  unmount(): void;
}

/** What is missing on this machine for a small disk, for `describeWith`; found out by mounting one. */
export function missingForSmallDisk(): string[] {
  if (process.getuid?.() !== 0) return ['root, to mount a small disk'];
  try {
    mountSmallDisk(join(tempFolder('try-disk'), 'disk'), 4).unmount();
    return [];
  } catch (thrown) {
    return [`a loop device with ext4 (${(thrown as Error).message.split('\n').at(-1) ?? ''})`];
  }
}

/** Makes and mounts one at this folder, which must not be there yet. */
export function mountSmallDisk(folder: string, sizeMb: number): SmallDisk {
  const image = `${folder}.ext4`;
  writeFileSync(image, '');
  truncateSync(image, sizeMb * 1024 * 1024);
  mkdirSync(folder);
  execFileSync('mkfs.ext4', ['-q', '-m', '0', image], { stdio: 'pipe' });
  execFileSync('mount', ['-o', 'loop', image, folder], { stdio: 'pipe' });
  const ballast = join(folder, 'ballast');
  return {
    folder,
    freeBytes: () => {
      const { bavail, bsize } = statfsSync(folder);
      return bavail * bsize;
    },
    ballast: (sizeBytes) => {
      rmSync(ballast, { force: true });
      if (sizeBytes > 0) execFileSync('fallocate', ['-l', String(sizeBytes), ballast], { stdio: 'pipe' });
    },
    unmount: () => {
      spawnSync('umount', ['-l', folder]);
      rmSync(image, { force: true });
    },
  };
}
