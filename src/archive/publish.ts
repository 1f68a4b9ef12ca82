/** From part file to archive: the rename and the folder's fsync that make an instance durable under its name. */
import { closeSync, existsSync, fsync, mkdirSync, openSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Flushes a folder's entries to the disk, so that a new name in it survives a power cut. */
export async function syncFolder(folder: string): Promise<void> {
  const fd = openSync(folder, 'r');
  try {
    await new Promise<void>((resolve, reject) => {
      fsync(fd, (error) => {
        if (error) reject(error);
        else resolve();
      });
    });
  } finally {
    closeSync(fd);
  }
}

/**
 * Moves sealed part files to their places below `root` and flushes every folder that got a new name. All of it is on the
 * disk when this resolves. The moves are atomic each; doing one twice with the same bytes changes nothing.
 */
export async function publish(root: string, moves: readonly { from: string; to: string }[]): Promise<void> {
  const touched = new Set<string>();
  for (const { from, to } of moves) {
    const target = join(root, to);
    for (const folder of makeFolders(root, dirname(to))) touched.add(folder);
    renameSync(from, target);
    touched.add(dirname(target));
  }
  await Promise.all([...touched].map(syncFolder));
}

/** Makes the folder below `root`; returns the parents that got a new entry. */
function makeFolders(root: string, relative: string): string[] {
  const changed: string[] = [];
  let folder = root;
  for (const part of relative.split('/')) {
    const next = join(folder, part);
    if (!existsSync(next)) {
      mkdirSync(next, { recursive: true, mode: 0o700 });
      changed.push(folder);
    }
    folder = next;
  }
  return changed;
}
