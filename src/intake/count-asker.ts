/** Asks PACSs how many instances the receiving studies have. Apart from the settling, which never waits for the network. */
import type { Bell } from '../foundation/bell.js';
import { startStageLoop } from '../foundation/bell.js';
import type { Clock, EpochMs } from '../foundation/clock.js';
import { toAnteroomError } from '../foundation/errors.js';
import { loggerOf } from '../foundation/log.js';
import type { Db } from '../ledger/database.js';
import { countsDue, nextCountAt, recordCount, type SeriesCounts } from '../ledger/expected-counts.js';
import { hastenLook } from '../ledger/studies.js';
import type { CountSource } from './count-source.js';

const log = loggerOf('intake');

/** Questions under way at the same time. */
const AT_ONCE = 4;
const FIRST_AGAIN_MS = 5_000;
const MOST_AGAIN_MS = 60_000;

export interface CountAskerOptions {
  readonly db: Db;
  readonly bell: Bell;
  readonly clock: Clock;
  /** By name in the settings. */
  readonly sources: ReadonlyMap<string, CountSource>;
}

type Due = ReturnType<typeof countsDue>[number];

/** Starts to ask when rung for `counts`; the returned function stops that and waits for the questions under way. */
export function startCountAsker(options: CountAskerOptions): () => Promise<void> {
  const { db, bell, clock } = options;
  const underWay = new Map<number, Promise<void>>();
  const stop = startStageLoop({
    stage: 'counts',
    bell,
    log,
    work: (): EpochMs | undefined => {
      for (const due of countsDue(db, clock(), AT_ONCE + underWay.size)) {
        if (underWay.size >= AT_ONCE || underWay.has(due.study_id)) continue;
        const asking = ask(due, options).finally(() => {
          underWay.delete(due.study_id);
          bell.ring('counts');
        });
        underWay.set(due.study_id, asking);
      }
      // What is due already is under way or waits for its turn, which rings.
      const next = nextCountAt(db);
      return next !== undefined && next > clock() ? next : undefined;
    },
  });
  return async () => {
    await stop();
    await Promise.all(underWay.values());
  };
}

async function ask(due: Due, { db, bell, clock, sources }: CountAskerOptions): Promise<void> {
  const askedAt = clock();
  const outcome = await answerOf(due, sources);
  const at = clock();
  db.transaction(() => {
    recordCount(db, due, askedAt, outcome, at + Math.min(FIRST_AGAIN_MS * 2 ** Math.min(due.attempts, 10), MOST_AGAIN_MS));
    hastenLook(db, due.study_id, at);
  });
  bell.ring('intake');
}

async function answerOf(
  { source, study_instance_uid: studyInstanceUid }: Due,
  sources: CountAskerOptions['sources'],
): Promise<{ series: SeriesCounts } | { failure: string }> {
  const ask = sources.get(source);
  if (ask === undefined) return { failure: 'it is not in the settings any more' };
  try {
    return { series: await ask(studyInstanceUid) };
  } catch (thrown) {
    const { code, seen } = toAnteroomError(thrown);
    log.warn('the expected number of instances could not be asked for', { studyInstanceUid, destination: source, code, seen });
    return { failure: code };
  }
}
