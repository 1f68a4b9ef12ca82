/** The policy of settling as a pure function: facts in, a decision with its reason out. */
import fc from 'fast-check';
import { decideSettling, type CountFacts, type SettleDecision, type SettleFacts } from '../../../src/intake/settle-policy.js';
import type { Ending, StudySender } from '../../../src/ledger/associations.js';
import type { SettlePolicy } from '../../../src/settings/settle-schema.js';
import { settlePolicy } from '../../support/settling.js';

const SECOND = 1000;
/** When the last instance came. */
const LAST = 1_000_000;

const sender = (ending: Ending | null, endedAt: number | null = LAST): StudySender => ({
  calling_ae: 'CT1',
  ending,
  ended_at: ending === null ? null : endedAt,
});
const count = (here: number, there: number, more: Partial<CountFacts> = {}): CountFacts => ({
  source: 'pacs',
  answeredFor: LAST + 5 * SECOND,
  aheadSince: LAST - 5 * SECOND,
  series: [{ seriesInstanceUid: '1.2', here, there }],
  ...more,
});

/** The decision so many seconds after the last instance. */
function after(seconds: number, facts: Partial<SettleFacts> = {}, policy: SettlePolicy = settlePolicy()): SettleDecision {
  const plain = { lastReceivedAt: LAST, instanceCount: 10, senders: [], undeclared: 0 };
  return decideSettling(policy, { ...plain, ...facts, now: LAST + seconds * SECOND });
}

const waits = (untilSeconds: number, why: string, ask = false) => ({
  kind: 'wait',
  until: LAST + untilSeconds * SECOND,
  why: expect.stringContaining(why) as string,
  ask,
});
const settles = (signal: string, detail = '') => ({ kind: 'settle', signal, detail: expect.stringContaining(detail) as string });

describe('quiet time', () => {
  it('is the last resort', () => {
    expect(after(59)).toEqual(waits(60, 'no signal of completeness'));
    expect(after(60)).toEqual(settles('quiet-time', 'nothing came for 60 s'));
  });

  it('alone counts where no signal is named, whatever the facts', () => {
    const policy = settlePolicy({ signals: [] });
    expect(after(59, { senders: [sender('released')], count: count(10, 10), requiredBy: 'chest' }, policy)).toMatchObject({ kind: 'wait' });
  });

  it('says which associations broke off', () => {
    expect(after(60, { senders: [sender('released'), sender('aborted')] })).toEqual(
      settles('quiet-time', '1 association broke off (aborted)'),
    );
  });

  it('is not waited for where nothing counts', () => {
    expect(after(0, { instanceCount: 0 })).toEqual(settles('quiet-time', 'results of this node'));
  });
});

describe('association-released', () => {
  const RELEASED = [sender('released', LAST + SECOND)];

  it('settles a short quiet time after the release', () => {
    expect(after(4, { senders: RELEASED })).toEqual(waits(5, 'more may be on its way'));
    expect(after(5, { senders: RELEASED })).toEqual(waits(6, 'more may be on its way'));
    expect(after(6, { senders: RELEASED })).toEqual(settles('association-released', '1 association of CT1 released'));
  });

  it.each<Ending>(['refused-some', 'aborted', 'protocol-error', 'timeout', 'shutdown', 'lost', 'forgotten'])(
    'is not given by an association that ended otherwise (%s), even beside a released one',
    (ending) => {
      expect(after(59, { senders: [...RELEASED, sender(ending)] })).toMatchObject({ kind: 'wait', until: LAST + 60 * SECOND });
    },
  );

  it('waits for every association that brings something of the study', () => {
    expect(after(30, { senders: [...RELEASED, sender(null)] })).toEqual(waits(60, '1 association of it still open'));
  });

  it('waits for an association of the same sender that has not shown what it brings, and looks again soon', () => {
    expect(after(30, { senders: RELEASED, undeclared: 2 })).toEqual(waits(35, '2 associations of its sender just begun'));
  });
});

describe('expected-count', () => {
  const policy = settlePolicy({ signals: ['association-released', 'expected-count'], countFrom: 'pacs' });
  const RELEASED = [sender('released')];

  it('asks once the study is quiet, and no other signal settles before the answer', () => {
    expect(after(4, { senders: RELEASED }, policy)).toMatchObject({ until: LAST + 5 * SECOND, ask: false });
    expect(after(10, { senders: RELEASED }, policy)).toEqual(waits(60, 'asks pacs how many', true));
  });

  it('settles at once where as many are here, also while an association is open', () => {
    expect(after(6, { senders: [sender(null)], count: count(10, 10) }, policy)).toEqual(
      settles('expected-count', 'pacs lists 10 instances, 10 are here'),
    );
  });

  it('takes as many as at a PACS that was never ahead of us for a hint, and for none while an association is open', () => {
    const along = { count: count(10, 10, { aheadSince: LAST }) };
    expect(after(19, along, policy)).toEqual(waits(20, 'more may come to both'));
    expect(after(20, along, policy)).toEqual(settles('expected-count'));
    expect(after(59, { ...along, senders: [sender(null)] }, policy)).toEqual(waits(60, 'still open'));
    expect(after(59, { ...along, senders: [sender('aborted')] }, policy)).toMatchObject({ kind: 'wait' });
    expect(after(5, { ...along, senders: RELEASED }, policy)).toEqual(settles('association-released'));
  });

  it('takes a PACS that was ahead of us for less than the short quiet time at its word only after the release', () => {
    const ahead = { count: count(10, 10, { aheadSince: LAST - 1 }) };
    expect(after(6, { ...ahead, senders: RELEASED }, policy)).toEqual(settles('expected-count'));
    expect(after(6, { ...ahead, senders: [sender(null)] }, policy)).toMatchObject({ kind: 'wait' });
    expect(after(6, { ...ahead, senders: [sender('aborted')] }, policy)).toMatchObject({ kind: 'wait' });
  });

  it('asks again where an instance came after the question', () => {
    expect(after(6, { count: count(10, 10, { answeredFor: LAST - 1 }) }, policy)).toMatchObject({ kind: 'wait', ask: true });
  });

  it('waits for what is missing, and after its own last resort says what was missing', () => {
    const facts = { senders: RELEASED, count: count(10, 12) };
    expect(after(599, facts, policy)).toEqual(waits(600, '2 are missing'));
    expect(after(600, facts, policy)).toEqual(settles('quiet-time', 'pacs lists 12 instances, 10 are here, 2 are missing'));
  });

  it('is not fooled by as many instances of other series', () => {
    const series = [
      { seriesInstanceUid: '1', here: 5, there: 10 },
      { seriesInstanceUid: '2', here: 5, there: 0 },
    ];
    expect(after(30, { count: count(0, 0, { series }) }, policy)).toEqual(waits(600, '5 are missing'));
  });

  it('per series counts only what has begun to arrive', () => {
    const series = [
      { seriesInstanceUid: '1', here: 10, there: 10 },
      { seriesInstanceUid: '2', here: 0, there: 400 },
    ];
    const facts = { count: count(0, 0, { series }) };
    expect(after(6, facts, { ...policy, countPer: 'series' })).toEqual(settles('expected-count'));
    expect(after(6, facts, policy)).toMatchObject({ kind: 'wait' });
  });

  it('says nothing where the PACS is behind us: other signals count', () => {
    expect(after(6, { senders: RELEASED, count: count(10, 0) }, policy)).toEqual(settles('association-released'));
    expect(after(6, { senders: [sender('lost')], count: count(10, 0) }, policy)).toEqual(waits(60, 'no signal'));
  });

  it('does not delay the last resort where the PACS does not answer', () => {
    const failed = { at: LAST + 10 * SECOND, why: 'DESTINATION_UNREACHABLE' };
    const facts = { senders: [sender('lost')], count: { source: 'pacs', failed, series: [] } };
    expect(after(59, facts, policy)).toMatchObject({ kind: 'wait', until: LAST + 60 * SECOND, ask: false });
    expect(after(60, facts, policy)).toEqual(settles('quiet-time', 'pacs could not be asked (DESTINATION_UNREACHABLE)'));
    expect(after(60, { senders: RELEASED }, policy)).toEqual(settles('quiet-time'));
    expect(after(12, { ...facts, senders: RELEASED }, policy)).toEqual(settles('association-released'));
  });

  it('keeps in mind what was missing when the PACS answered last', () => {
    const failed = { at: LAST + 10 * SECOND, why: 'DESTINATION_UNREACHABLE' };
    expect(after(60, { count: count(10, 12, { answeredFor: LAST - 1, failed }) }, policy)).toEqual(waits(600, '2 are missing'));
  });
});

describe('required-series', () => {
  it('settles when the rule has its series, though an association is open', () => {
    const policy = settlePolicy({ signals: ['required-series'] });
    expect(after(5, { senders: [sender(null)], requiredBy: 'chest' }, policy)).toEqual(settles('required-series', 'rule chest'));
    expect(after(4, { requiredBy: 'chest' }, policy)).toMatchObject({ kind: 'wait' });
  });
});

describe('storage-commitment', () => {
  const policy = settlePolicy({ signals: ['storage-commitment'] });

  it('is a hint: it needs a longer quiet time', () => {
    expect(after(19, { commitmentAt: LAST }, policy)).toEqual(waits(20, 'storage commitment was asked for'));
    expect(after(20, { commitmentAt: LAST }, policy)).toEqual(settles('storage-commitment'));
  });

  it('is looked for again and again, for the request itself brings no look', () => {
    expect(after(5, {}, policy)).toEqual(waits(25, 'storage commitment was not asked for'));
    expect(after(25, { commitmentAt: LAST + 8 * SECOND }, policy)).toEqual(waits(28, 'storage commitment was asked for'));
  });

  it('is void where something came after it', () => {
    expect(after(59, { commitmentAt: LAST - 1 }, policy)).toMatchObject({ kind: 'wait', until: LAST + 60 * SECOND });
  });
});

describe('whatever the facts', () => {
  const ms = fc.integer({ min: -120_000, max: 1_200_000 });
  const anySender = fc.record({
    calling_ae: fc.constantFrom('CT1', 'CT2'),
    ending: fc.constantFrom<Ending>('released', 'aborted', 'lost', 'forgotten'),
    ended_at: fc.option(ms.map((at) => LAST + at)),
  });
  const anySeries = fc.array(fc.record({ seriesInstanceUid: fc.uuid(), here: fc.nat(9), there: fc.nat(9) }), { maxLength: 3 });
  const anyFacts = fc.record({
    now: fc.integer({ min: 0, max: 1_200_000 }).map((at) => LAST + at),
    lastReceivedAt: fc.constant(LAST),
    instanceCount: fc.integer({ min: 1, max: 9 }),
    senders: fc.array(
      anySender.map((one) => (one.ended_at === null ? { ...one, ending: null } : one)),
      { maxLength: 4 },
    ),
    undeclared: fc.nat(2),
    count: fc.option(
      fc.record({
        source: fc.constant('pacs'),
        answeredFor: fc.option(
          ms.map((at) => LAST + at),
          { nil: undefined },
        ),
        aheadSince: fc.option(
          ms.map((at) => LAST + at),
          { nil: undefined },
        ),
        failed: fc.option(fc.record({ at: ms.map((at) => LAST + at), why: fc.constant('X') }), { nil: undefined }),
        series: anySeries,
      }),
      { nil: undefined },
    ),
    requiredBy: fc.option(fc.constant('chest'), { nil: undefined }),
    commitmentAt: fc.option(
      ms.map((at) => LAST + at),
      { nil: undefined },
    ),
  });
  const anyPolicy = fc
    .subarray(['association-released', 'expected-count', 'storage-commitment', 'required-series'] as const)
    .map((signals) => settlePolicy({ signals, countFrom: 'pacs' }));

  it('settles at the latest when the last resort is over, and never before the short quiet time', () => {
    fc.assert(
      fc.property(anyPolicy, anyFacts, (policy, facts) => {
        const quiet = facts.now - LAST;
        const decision = decideSettling(policy, facts);
        if (quiet >= policy.incompleteS * SECOND) expect(decision.kind).toBe('settle');
        if (quiet < policy.shortQuietS * SECOND) expect(decision.kind).toBe('wait');
      }),
    );
  });

  it('looks again in the future, no later than the last resort, so that no study is forgotten', () => {
    fc.assert(
      fc.property(anyPolicy, anyFacts, (policy, facts) => {
        const decision = decideSettling(policy, facts);
        if (decision.kind === 'settle') return;
        expect(decision.until).toBeGreaterThan(facts.now);
        expect(decision.until).toBeLessThanOrEqual(LAST + policy.incompleteS * SECOND);
      }),
    );
  });

  it('never settles by a release while one of its associations is open or broke off', () => {
    fc.assert(
      fc.property(anyPolicy, anyFacts, (policy, facts) => {
        const decision = decideSettling(policy, facts);
        if (decision.kind !== 'settle' || decision.signal !== 'association-released') return;
        expect(facts.senders.every(({ ended_at, ending }) => ended_at !== null && ending === 'released')).toBe(true);
      }),
    );
  });
});
