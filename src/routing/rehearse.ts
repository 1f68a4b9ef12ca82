/** The rehearsal over the ledger: the rules in force and others asked of the studies of the last days. Reads; changes no decision. */
import type { EpochMs } from '../foundation/clock.js';
import type { Db } from '../ledger/database.js';
import { countVersionsSince, runTimesByModel, versionsSince } from '../ledger/series-facts.js';
import { decide, decideBriefly } from './evaluate.js';
import { limitOf, type RuleLimits } from './limits.js';
import { RehearsalTally, type Rehearsal } from './rehearsal.js';
import { activeModels } from './active-models.js';
import type { RuleSet } from './schema.js';
import { storedFacts } from './stored-facts.js';

export interface RehearseOptions {
  readonly before: RuleSet;
  readonly after: RuleSet;
  /** Studies to which something has come in so many days. */
  readonly days: number;
  readonly now: EpochMs;
  /** What AE titles of ours do not ask all rules about. */
  readonly limits: RuleLimits;
  /** Called now and then with how many studies are done, of how many. */
  readonly onProgress?: (done: number, total: number) => void;
}

const STUDIES_AT_ONCE = 100;
const DAY_MS = 86_400_000;

/** Decides every such study by both rule sets and compares. */
export function rehearse(db: Db, { before, after, days, now, limits, onProgress }: RehearseOptions): Rehearsal {
  const since = now - days * DAY_MS;
  const models = activeModels(db);
  const tally = new RehearsalTally(models);
  const total = countVersionsSince(db, since);
  let [purged, done, firstAt] = [0, 0, now];
  for (let last = 0; ;) {
    const versions = versionsSince(db, since, last, STUDIES_AT_ONCE);
    if (versions.length === 0) break;
    const there = versions.filter((version) => version.purged === 0);
    for (const [index, facts] of storedFacts(db, there).entries()) {
      const circumstances = { models, limit: limitOf(limits, there[index]?.called_ae ?? '') };
      tally.add({
        studyInstanceUid: facts.studyInstanceUid,
        before: decideBriefly(facts, before, circumstances),
        after: decideBriefly(facts, after, circumstances),
        explained: () => ({ before: decide(facts, before, circumstances), after: decide(facts, after, circumstances) }),
      });
    }
    purged += versions.length - there.length;
    done += versions.length;
    for (const { study_id, last_received_at } of versions) {
      last = study_id;
      firstAt = Math.min(firstAt, last_received_at);
    }
    onProgress?.(done, total);
  }
  return tally.result({
    // A node that is younger than the days asked for has had its runs in fewer days.
    days: Math.max(1, Math.min(days, (now - firstAt) / DAY_MS)),
    purged,
    revisions: [before.revision, after.revision],
    runTimesMs: runTimesByModel(db),
  });
}
