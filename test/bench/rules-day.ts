/** Whether every study of a simulated day with faults is accounted for. */
import { WORST_FIRST } from '../../src/accounting/standing.js';
import { differencesOf } from '../support/day/audit.js';
import { playDay } from '../support/day/day.js';
import { missingForNode } from '../support/node.js';

const STUDIES_OF_EACH = 10;

export interface DayRow {
  readonly case: string;
  readonly value: number;
  readonly unit: 'studies' | 'share' | 'differences' | 'seconds';
}

/** The account that the node gives in the evening, and what differs in it from what was sent. */
export async function measureDay(): Promise<DayRow[]> {
  const missing = missingForNode();
  if (missing.length > 0) throw new Error(`a day cannot be simulated here, missing: ${missing.join(', ')}`);
  const startedAt = performance.now();
  const day = await playDay(STUDIES_OF_EACH);
  try {
    const seconds = Math.round((performance.now() - startedAt) / 1000);
    const differences = differencesOf(day);
    for (const difference of differences) console.log(`differs: ${difference}`);
    const { account } = day.accountJson;
    const { due, noRuleApplied } = account.studies;
    const counts: [string, number][] = [
      ['sent', day.studies.length],
      ['that no rule concerned', noRuleApplied],
      ['due a result', due],
      ...[...WORST_FIRST].reverse().map((name): [string, number] => [name, account.studies[name]]),
    ];
    return [
      ...counts.map(([name, value]): DayRow => ({ case: `simulated day with faults: studies ${name}`, value, unit: 'studies' })),
      { case: 'simulated day with faults: accounted for', value: account.accountedShare, unit: 'share' },
      { case: 'simulated day with faults: account, ledger and PACS beside what was sent', value: differences.length, unit: 'differences' },
      { case: 'simulated day with faults: took', value: seconds, unit: 'seconds' },
    ];
  } finally {
    await day.end();
  }
}
