/** Letting go of old snapshots, and of the shared files that no other snapshot needs. */
import { existsSync } from 'node:fs';
import { readdir, rename, rm, rmdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { Db } from '../ledger/database.js';
import { LEDGER_FILE, PARTIAL_PREFIX, SHARED_FOLDER, snapshotsIn } from './snapshots.js';

/** Removes all but the newest `keep` snapshots; returns their names. Killed half-way, the next one goes on. */
export async function prune(folder: string, keep: number): Promise<string[]> {
  const names = snapshotsIn(folder);
  const old = names.slice(0, Math.max(0, names.length - Math.max(1, keep)));
  for (const name of old) {
    // Under this name it is no snapshot any more, whatever is left of it.
    await rename(join(folder, name), join(folder, `${PARTIAL_PREFIX}${name}`));
    await rm(join(folder, `${PARTIAL_PREFIX}${name}`), { recursive: true, force: true });
  }
  if (old.length > 0) await removeUnneeded(folder);
  return old;
}

async function removeUnneeded(folder: string): Promise<void> {
  const ledgers = snapshotsIn(folder).map((name) => Db.openCopy(join(folder, name, LEDGER_FILE)));
  try {
    const archive = join(folder, SHARED_FOLDER, 'archive');
    const instances = 'SELECT 1 FROM instances WHERE path = ? AND purged_at IS NULL';
    await sweep(archive, (path) => ledgers.some((ledger) => ledger.get(instances, relative(archive, path)) !== undefined));
    const results = join(folder, SHARED_FOLDER, 'results');
    const named = "SELECT 1 FROM results WHERE path = ? || '.dcm' AND substr(sha256, 1, 12) = ? AND purged_at IS NULL";
    await sweep(results, (path) => {
      const [, uid, hash] = /^(.*)\.([0-9a-f]{12})\.dcm$/.exec(relative(results, path)) ?? [];
      return uid !== undefined && ledgers.some((ledger) => ledger.get(named, uid, hash) !== undefined);
    });
  } finally {
    for (const ledger of ledgers) ledger.close();
  }
}

/** Deletes files that are not needed, and folders that are empty then. */
async function sweep(folder: string, isNeeded: (path: string) => boolean): Promise<void> {
  if (!existsSync(folder)) return;
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (!entry.isDirectory()) {
      if (!isNeeded(path)) await rm(path, { force: true });
      continue;
    }
    await sweep(path, isNeeded);
    await rmdir(path).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code !== 'ENOTEMPTY') throw error;
    });
  }
}
