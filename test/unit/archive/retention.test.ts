/** When a study may be forgotten: never what is undelivered, under way, kept, or too young. */
import fc from 'fast-check';
import { mayBePurged, type RetentionFacts } from '../../../src/archive/retention.js';

const HOUR = 3_600_000;
const NOW = 1000 * HOUR;
const LIMITS = { minAgeMs: 24 * HOUR, unsuccessfulMs: 30 * 24 * HOUR };

const FINISHED: RetentionFacts = {
  state: 'settled',
  lastReceivedAt: NOW - 50 * HOUR,
  lastDoneAt: NOW - 48 * HOUR,
  undecidedVersions: 0,
  openRuns: 0,
  unsuccessfulRuns: 0,
  lastUnsuccessfulAt: null,
  openDeliveries: 0,
  keeps: [],
};

const verdict = (changed: Partial<RetentionFacts> = {}) => mayBePurged({ ...FINISHED, ...changed }, LIMITS, NOW);

describe('may a study be purged?', () => {
  it('yes, once all is done; it is finished since the last of what happened', () => {
    expect(verdict()).toEqual({ purge: true, finishedAt: NOW - 48 * HOUR });
    expect(verdict({ lastDoneAt: null })).toEqual({ purge: true, finishedAt: NOW - 50 * HOUR });
    expect(verdict({ lastReceivedAt: NOW - 30 * HOUR })).toEqual({ purge: true, finishedAt: NOW - 30 * HOUR });
  });

  it.each<[string, Partial<RetentionFacts>, string]>([
    ['state', { state: 'receiving' }, 'it is receiving; expected settled'],
    ['state', { state: 'held' }, 'it is held; expected settled'],
    ['undecided', { undecidedVersions: 1 }, 'no rule has looked at its last version yet'],
    ['runs', { openRuns: 2 }, '2 run(s) have not ended'],
    ['deliveries', { openDeliveries: 1 }, '1 delivery(ies) or withdrawal(s) are not done'],
    ['kept', { keeps: ['person: court'] }, 'it is kept: person: court'],
    ['age', { lastDoneAt: NOW - 23 * HOUR }, 'it was finished 23 h ago; expected at least 24 h'],
    [
      'unsuccessful',
      { unsuccessfulRuns: 1, lastUnsuccessfulAt: NOW - 48 * HOUR },
      '1 run(s) did not succeed, the last 48 h ago; expected at least 720 h',
    ],
  ])('no: %s %j', (obstacle, changed, reason) => {
    expect(verdict(changed)).toEqual({ purge: false, obstacle, reason });
  });

  it('a study whose run failed goes after its longer time', () => {
    const old = { unsuccessfulRuns: 1, lastUnsuccessfulAt: NOW - 721 * HOUR, lastDoneAt: NOW - 721 * HOUR };
    expect(verdict({ ...old, lastReceivedAt: NOW - 722 * HOUR })).toMatchObject({ purge: true });
  });

  it('whatever else is true, work that is left stands against it', () => {
    const count = fc.nat({ max: 3 });
    const facts = fc.record({ undecidedVersions: count, openRuns: count, openDeliveries: count, keeps: fc.array(fc.constant('k')) });
    fc.assert(
      fc.property(facts, fc.integer({ min: 0, max: 2000 }), (left, ageHours) => {
        const at = NOW - ageHours * HOUR;
        const { purge } = verdict({ ...left, lastReceivedAt: at, lastDoneAt: at });
        const idle = left.undecidedVersions + left.openRuns + left.openDeliveries + left.keeps.length === 0;
        expect(purge).toBe(idle && ageHours >= 24);
      }),
    );
  });
});
