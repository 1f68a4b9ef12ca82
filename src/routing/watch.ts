/** Watching the folder of rules: told by the system where it can, and looked at all the same, as watching misses links and network file systems. */
import { watch, type FSWatcher } from 'node:fs';
import { stat } from 'node:fs/promises';
import { startStageLoop, type Bell } from '../foundation/bell.js';
import { loggerOf } from '../foundation/log.js';
import { ruleFolderMark } from './rule-folder.js';

const log = loggerOf('routing');

/** Sizes, times and inodes are looked at this often; */
const POLL_MS = 500;
/** the files are read this often all the same: some file systems have times of whole seconds. */
const READ_MS = 10_000;

export interface RulesWatch {
  readonly folder: string;
  readonly bell: Bell;
  /** Looks at the files; returns after how many ms to look again (`RulesInForce.look`). */
  readonly look: () => number | undefined;
}

/** Calls `look` soon after each change in the folder. The returned function ends that. */
export function watchRules({ folder, bell, look }: RulesWatch): () => Promise<void> {
  const system = new SystemWatch(folder, () => bell.ring('rules'));
  let seen: string | undefined;
  let readAtMs = 0;
  const work = async (): Promise<number | undefined> => {
    const mark = await markOf(folder, system);
    if (mark === seen && Date.now() < readAtMs) return undefined;
    const againMs = look();
    [seen, readAtMs] = againMs === undefined ? [mark, Date.now() + READ_MS] : [undefined, 0];
    return againMs === undefined ? undefined : Date.now() + againMs;
  };
  const stop = startStageLoop({ stage: 'rules', bell, log, work, pollMs: POLL_MS });
  return async () => {
    system.close();
    await stop();
  };
}

/** Asks in the thread pool first: a network file system that hangs must not stop the node's thread. */
async function markOf(folder: string, system: SystemWatch): Promise<string> {
  try {
    const { dev, ino } = await stat(folder);
    system.follow(`${dev}:${ino}`);
    return ruleFolderMark(folder);
  } catch (thrown) {
    system.follow(undefined);
    return `cannot be looked at: ${(thrown as NodeJS.ErrnoException).code}`;
  }
}

/** The system's word of changes in the folder itself, as far as it gives one. */
class SystemWatch {
  private watcher: FSWatcher | undefined;
  private watched: string | undefined;

  constructor(
    private readonly folder: string,
    private readonly onChange: () => void,
  ) {}

  /** `identity`: of the folder that is there now; another one is watched anew. */
  follow(identity: string | undefined): void {
    if (identity === this.watched) return;
    this.close();
    this.watched = identity;
    if (identity === undefined) return;
    try {
      this.watcher = watch(this.folder, { persistent: false }, this.onChange);
      this.watcher.on('error', () => this.close());
    } catch (thrown) {
      // Such as ENOSPC, no more watches for this user: the polling is enough.
      log.warn('the folder of rules cannot be watched, it is looked at instead', { code: (thrown as NodeJS.ErrnoException).code });
    }
  }

  close(): void {
    this.watcher?.close();
    this.watcher = undefined;
  }
}
