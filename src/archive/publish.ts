/** From part file to archive: the name, and the flushes that make an instance durable under it. */
import { closeSync, existsSync, fdatasync, fdatasyncSync, fsync, fsyncSync, mkdirSync, openSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { Grouped } from '../foundation/grouped.js';

/** Beyond this many folders what is known of them is forgotten: it costs a flush each to know it again. */
const MAX_KNOWN_FOLDERS = 10_000;

/** In the thread pool: the caller's thread goes on, and the file system shares one journal commit among all that wait for it. */
const flushData = promisify(fdatasync);
const flushAll = promisify(fsync);

/** Publishes files below one folder; there is one of it per archive, because it knows which folders' own names are on the disk. */
export class Publisher {
  private readonly known = new Set<string>();
  /** Flushes of folders: shared by all that have given names in them before, and by nobody else where one fails. */
  private readonly naming = new Grouped<string, void>(async (folders) => {
    const flushes = new Map([...new Set(folders)].map((folder) => [folder, syncFolder(folder)]));
    await Promise.allSettled(flushes.values());
    return folders.map((folder) => flushes.get(folder));
  });

  constructor(private readonly root: string) {}

  /**
   * Moves a complete part file to its place below the root; all of it is on the disk when this resolves. Doing it twice with the same
   * bytes changes nothing. A new name is given before the file's bytes are flushed: then one commit of the file system's journal has both.
   * A name that is there already may be acknowledged: it gets flushed bytes only.
   * `atOnce`: the caller's thread has nothing else to do, and waking another takes longer than a flush.
   */
  async publish(from: string, to: string, atOnce = false): Promise<void> {
    const target = join(this.root, to);
    const folder = dirname(target);
    const flushFile = (path: string) => flushed(path, atOnce ? fdatasyncSync : flushData);
    const flushNames = (of: string) => (atOnce ? flushed(of, fsyncSync) : this.naming.add(of));
    if (existsSync(target)) {
      await flushFile(from);
      this.move(from, to);
      await flushNames(folder);
    } else {
      this.move(from, to);
      await Promise.all([flushFile(target), flushNames(folder)]);
    }
    if (this.known.has(folder)) return;
    // Whoever publishes into a folder waits for its name, not only who made it: that one may have been killed before the flush.
    for (const outer of this.foldersTo(to)) {
      if (this.known.has(outer)) continue;
      await flushNames(dirname(outer));
      if (this.known.size >= MAX_KNOWN_FOLDERS) this.known.clear();
      this.known.add(outer);
    }
  }

  /** Nearly all come into a folder that is there: it is not asked about first. */
  private move(from: string, to: string): void {
    const target = join(this.root, to);
    try {
      renameSync(from, target);
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code !== 'ENOENT') throw thrown;
      this.makeFolders(to);
      renameSync(from, target);
    }
  }

  private makeFolders(to: string): void {
    for (const folder of this.foldersTo(to)) {
      if (existsSync(folder)) continue;
      mkdirSync(folder, { mode: 0o700 });
      this.known.delete(folder);
    }
  }

  /** The folders from the root down to a file; the root is left out. */
  private foldersTo(to: string): string[] {
    const parts = dirname(to).split('/');
    return parts.map((_part, index) => join(this.root, ...parts.slice(0, index + 1)));
  }
}

/** As `Publisher.publish`, for who publishes once. */
export function publish(root: string, move: { readonly from: string; readonly to: string }): Promise<void> {
  return new Publisher(root).publish(move.from, move.to);
}

/** Flushes a file or folder; which descriptor asks for it does not matter. */
async function flushed(path: string, flush: (fd: number) => Promise<void> | void): Promise<void> {
  const fd = openSync(path, 'r');
  try {
    await flush(fd);
  } finally {
    closeSync(fd);
  }
}

/** Flushes a folder's entries to the disk, so that a new name in it survives a power cut. */
export function syncFolder(folder: string): Promise<void> {
  return flushed(folder, flushAll);
}
