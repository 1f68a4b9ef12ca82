/** Reading the folder of rules with its sub-folders as one consistent set of texts. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Fault } from '../foundation/faults.js';

/** What the folder holds: text by name relative to the folder, `/` between the parts; or why it cannot be told. */
export type FolderTexts =
  { readonly ok: true; readonly texts: ReadonlyMap<string, string> } | { readonly ok: false; readonly faults: readonly Fault[] };

/** A link that leads back up must not be followed for ever. */
const MAX_DEPTH = 4;
/** Far above what people write: what is larger is no rule file. */
const MAX_FILE_BYTES = 4_000_000;
/** Whoever still writes after so many tries is looked at again later. */
const MAX_TRIES = 5;

/**
 * All `*.yaml` of the folder and its sub-folders. Links are followed; names that begin with a dot are left out (what editors
 * leave half-written, and the folders behind a Kubernetes config map). If a file changes while they are read, all are read again.
 */
export function readRuleFolder(dir: string): FolderTexts {
  for (let attempt = 0; attempt < MAX_TRIES; attempt++) {
    try {
      const before = filesIn(dir);
      const large = before.find(({ sizeBytes }) => sizeBytes > MAX_FILE_BYTES);
      if (large !== undefined) return unreadable(join(dir, large.name), `is larger than ${MAX_FILE_BYTES / 1_000_000} MB: no rule file`);
      const texts = new Map(before.map(({ name }) => [name, readFileSync(join(dir, name), 'utf8')]));
      if (markOf(filesIn(dir)) === markOf(before)) return { ok: true, texts };
    } catch (thrown) {
      const { code, path } = thrown as NodeJS.ErrnoException;
      // A file that went between the listing and the reading: the next try sees the folder without it.
      if (code === 'ENOENT' && path !== dir && attempt < MAX_TRIES - 1) continue;
      return unreadable(path ?? dir, `cannot be read (${code ?? 'unknown reason'})`);
    }
  }
  return unreadable(dir, 'its files change while they are read');
}

/** Changes when a file of the folder does, comes or goes. Reads no file; throws where the folder cannot be listed. */
export function ruleFolderMark(dir: string): string {
  return markOf(filesIn(dir));
}

/** When the newest of its files and folders was changed (epoch ms). Throws where it cannot be looked at. */
export function lastChangeIn(dir: string): number {
  const files = filesIn(dir);
  return Math.max(statSync(dir).mtimeMs, ...files.map(({ changedAt }) => changedAt));
}

interface FolderFile {
  readonly name: string;
  readonly sizeBytes: number;
  readonly changedAt: number;
  readonly mark: string;
}

function markOf(files: readonly FolderFile[]): string {
  return files.map(({ name, mark }) => `${name} ${mark}`).join('\n');
}

function filesIn(dir: string, below = '', depth = 0): FolderFile[] {
  const names = readdirSync(join(dir, below)).filter((name) => !name.startsWith('.'));
  return names.sort().flatMap((name): FolderFile[] => {
    const relative = below === '' ? name : `${below}/${name}`;
    const stat = statSync(join(dir, relative), { throwIfNoEntry: false });
    if (stat?.isDirectory() === true) return depth < MAX_DEPTH ? filesIn(dir, relative, depth + 1) : [];
    if (!name.endsWith('.yaml')) return [];
    // A link to nowhere is no file that is not there: it says so where it is read.
    if (stat === undefined) return [{ name: relative, sizeBytes: 0, changedAt: 0, mark: 'nowhere' }];
    const { dev, ino, size, mtimeMs, ctimeMs } = stat;
    return [{ name: relative, sizeBytes: size, changedAt: mtimeMs, mark: [dev, ino, size, mtimeMs, ctimeMs].join(':') }];
  });
}

function unreadable(file: string, message: string): FolderTexts {
  return { ok: false, faults: [{ file, line: 0, column: 0, path: '', message }] };
}
