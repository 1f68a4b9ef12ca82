/** What `doctor` says of the folders below the data folder. */
import { linkSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import type { Finding } from './finding.js';

/** A warning where `archive` and `runs` lie on different file systems or mounts; nothing else is worth a word. */
export function inputLinkFindings({ dataDir }: { readonly dataDir: string }): Finding[] {
  const [archive, runs] = ['archive', 'runs'].map((name) => join(dataDir, name));
  if (canLink(archive, runs)) return [];
  return [
    {
      subject: 'inputs of runs',
      standing: 'warning',
      seen: `${archive} and ${runs} are on different file systems: each run copies its series instead of linking its files`,
      remedy: 'Have both on one file system and one mount; else runs start later, and need the space for a copy while they run.',
    },
  ];
}

/** Asks without leaving anything: folders cannot be linked, but the kernel looks first whether both are on one mount (EXDEV). */
function canLink(archive: string, runs: string): boolean {
  try {
    linkSync(realpathSync(archive), join(realpathSync(runs), '.link-of-doctor'));
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code !== 'EXDEV';
  }
  return true;
}
