/** The log of one run on disk, bounded: its beginning and its last lines, with a line between them that says what was left out. */
import { closeSync, ftruncateSync, fstatSync, openSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { makeFolders } from '../../foundation/folders.js';

/** Kept back for the end, where a model says why it failed. */
const MAX_TAIL_BYTES = 64 * 1024;

export interface LogFile {
  /** Appends one line. Written at once as long as there is room; later lines are held back for `close`. */
  write(line: string): void;
  /** True from the first line that did not fit. */
  readonly cut: boolean;
  /** Forgets what is held back: better last lines follow. */
  dropTail(): void;
  /** Writes what was held back and closes; later writes are ignored. */
  close(): void;
}

/**
 * Opens the log for writing from its beginning; with `continued`, behind what it holds already (a watch that goes on after
 * a restart of the node and cannot read the beginning again). Throws DISK_LOW or STORE_FAILED where its folder cannot be made, and as `node:fs` does.
 */
export function openLogFile(path: string, maxBytes: number, continued = false): LogFile {
  makeFolders(dirname(path), { code: 'STORE_FAILED' });
  const fd = openSync(path, continued ? 'a' : 'w');
  const tailBytes = Math.min(MAX_TAIL_BYTES, Math.floor(maxBytes / 2));
  const tail = createTail(tailBytes);
  const headBytes = maxBytes - tailBytes;
  let written = fstatSync(fd).size;
  if (written > headBytes) {
    ftruncateSync(fd, headBytes);
    written = headBytes;
  }
  let cut = continued;
  let open = true;

  /** A full disk costs the log, not the run, and not the node. */
  const append = (line: string) => {
    try {
      written += writeSync(fd, `${line}\n`);
    } catch {
      cut = true;
    }
  };
  return {
    get cut() {
      return cut;
    },
    write(line) {
      if (!open) return;
      cut ||= written + Buffer.byteLength(line) + 1 > headBytes;
      if (cut) tail.push(line);
      else append(line);
    },
    dropTail() {
      cut = true;
      tail.clear();
    },
    close() {
      if (!open) return;
      open = false;
      if (cut) {
        append(`[the log was longer than its limit of ${maxBytes} bytes: lines are left out here; the last ${tail.lines.length} follow]`);
        for (const line of tail.lines) append(line);
      }
      try {
        closeSync(fd);
      } catch {
        // A file system of the network may tell only here that its disk is full.
      }
    },
  };
}

/** The last lines pushed, as many as fit into `maxBytes`. */
function createTail(maxBytes: number): { push(line: string): void; clear(): void; readonly lines: readonly string[] } {
  const lines: string[] = [];
  let size = 0;
  return {
    lines,
    clear() {
      lines.length = 0;
      size = 0;
    },
    push(line) {
      lines.push(line);
      size += Buffer.byteLength(line) + 1;
      while (size > maxBytes && lines.length > 1) size -= Buffer.byteLength(lines.shift() ?? '') + 1;
    },
  };
}
