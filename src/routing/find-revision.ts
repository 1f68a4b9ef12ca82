/** Which revision a person means. */
import { AnteroomError } from '../foundation/errors.js';
import type { Db } from '../ledger/database.js';
import { lastRuleChange, listRuleChanges, revisionsLike } from '../ledger/revisions.js';

export const IN_FORCE = 'in-force';
export const PREVIOUS = 'previous';

const LOOKED_BACK = 1000;
const SHOWN_DIGITS = 12;

/**
 * The revision of this name: its first digits as far as no other begins so, `in-force`, or `previous` for what was in force before.
 * Throws NOT_FOUND, and USAGE where several begin so.
 */
export function findRevision(db: Db, written: string): string {
  const inForce = lastRuleChange(db)?.revision;
  if (written === IN_FORCE && inForce !== undefined) return inForce;
  if (written === PREVIOUS) {
    const before = listRuleChanges(db, LOOKED_BACK).find(({ revision }) => revision !== inForce);
    if (before === undefined) throw new AnteroomError('NOT_FOUND', 'no other revision was in force before');
    return before.revision;
  }
  const [only, ...others] = revisionsLike(db, written);
  if (only === undefined) throw new AnteroomError('NOT_FOUND', `rules revision ${written}; \`anteroom rules revisions\` lists them`);
  if (others.length > 0) {
    const candidates = [only, ...others].map((revision) => revision.slice(0, SHOWN_DIGITS)).join(', ');
    throw new AnteroomError('USAGE', `${others.length + 1} revisions begin with ${written}: ${candidates}; expected more digits`);
  }
  return only;
}
