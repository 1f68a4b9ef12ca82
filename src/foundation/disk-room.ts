/** Room on a disk for what commands put there: an export, a package, a sample. What is received has `intake/disk-space.ts`. */
import { statfsSync } from 'node:fs';
import { AnteroomError } from './errors.js';

/** Bytes that a normal user can still write to the disk of a folder. */
export function freeBytesOf(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}

/**
 * Room for `bytes`, of which nothing is written yet, with `keepFreeBytes` left over.
 * @throws AnteroomError DISK_LOW
 */
export function demandRoom(folder: string, bytes: number, purpose: string, keepFreeBytes = 0): void {
  const [free, needed] = [freeBytesOf(folder), bytes + keepFreeBytes];
  if (free >= needed) return;
  const kept = keepFreeBytes === 0 ? '' : `, of which ${megabytes(keepFreeBytes)} MB stay free`;
  throw new AnteroomError('DISK_LOW', `${folder} has ${megabytes(free)} MB free, expected ${megabytes(needed)} MB for ${purpose}${kept}`);
}

function megabytes(bytes: number): number {
  return Math.round(bytes / 1e6);
}
