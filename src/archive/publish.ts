/** From part file to archive: the name, and the flushes that make an instance durable under it. */
import { closeSync, existsSync, fdatasync, fdatasyncSync, fsync, fsyncSync, mkdirSync, openSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

interface Flushes {
  /** Bytes of a file. */
  readonly data: (fd: number) => Promise<void> | void;
  /** Names in a folder. */
  readonly names: (fd: number) => Promise<void> | void;
}

/** In the thread pool: the caller's thread goes on, and the file system shares one journal commit among all that wait for it. */
const IN_THE_POOL: Flushes = { data: promisify(fdatasync), names: promisify(fsync) };
/** In the caller's thread: where nothing else is under way, waking another thread takes longer than a flush. */
const AT_ONCE: Flushes = { data: fdatasyncSync, names: fsyncSync };

/** Beyond this many folders what is known of them is forgotten: it costs a flush each to know it again. */
const MAX_KNOWN_FOLDERS = 10_000;

/** Publishes files below one folder; there is one of it per archive, because it knows which folders' own names are on the disk. */
export class Publisher {
  private readonly known = new Set<string>();
  private readonly underWay = new Map<string, Promise<void>>();

  constructor(private readonly root: string) {}

  /**
   * Moves a complete part file to its place below the root; all of it is on the disk when this resolves. Doing it twice with the same
   * bytes changes nothing. A new name is given before the file's bytes are flushed: then one commit of the file system's journal has both, and the
   * flush of the folder finds nothing left to do. A name that is there already may be acknowledged: it gets flushed bytes only.
   * `atOnce`: the caller's thread has nothing else to do.
   */
  async publish(from: string, to: string, atOnce = false): Promise<void> {
    const flushes = atOnce ? AT_ONCE : IN_THE_POOL;
    const target = join(this.root, to);
    const folders = this.makeFolders(dirname(to));
    const isNew = !existsSync(target);
    if (isNew) renameSync(from, target);
    await flushed(isNew ? target : from, flushes.data);
    if (!isNew) renameSync(from, target);
    await flushed(dirname(target), flushes.names);
    for (const folder of folders) if (!this.known.has(folder)) await this.flushName(folder, flushes);
  }

  /** Makes what is missing of the folder; gives all folders from the root down to it. */
  private makeFolders(relative: string): string[] {
    let folder = this.root;
    return relative.split('/').map((part) => {
      folder = join(folder, part);
      if (!existsSync(folder)) {
        mkdirSync(folder, { mode: 0o700 });
        this.known.delete(folder);
      }
      return folder;
    });
  }

  /** Whoever publishes into a folder waits for its name, not only who made it: that one may have been killed before the flush. */
  private flushName(folder: string, { names }: Flushes): Promise<void> {
    const before = this.underWay.get(folder);
    if (before !== undefined) return before;
    const flush = flushed(dirname(folder), names)
      .then(() => {
        if (this.known.size >= MAX_KNOWN_FOLDERS) this.known.clear();
        this.known.add(folder);
      })
      .finally(() => this.underWay.delete(folder));
    this.underWay.set(folder, flush);
    return flush;
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
  return flushed(folder, IN_THE_POOL.names);
}
