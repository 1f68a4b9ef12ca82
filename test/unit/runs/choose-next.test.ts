/** Which run starts next: urgency without starving, windows, limits, and room on the machine. */
import { PRIORITY, type PriorityName } from '../../../src/ledger/runs.js';
import { chooseNext, type Candidate, type QueueState, type RunningRun } from '../../../src/runs/choose-next.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** A Wednesday, 12:00 local time. */
const NOON = new Date(2026, 10, 25, 12, 0).getTime();
const SMALL = { cpus: 1, memoryMb: 100 };

let made = 0;
const candidate = (priority: PriorityName, more: Partial<Candidate> = {}): Candidate => ({
  id: ++made,
  priority: PRIORITY[priority],
  dueAt: NOON - MINUTE,
  model: 'lungs',
  source: 'CT1',
  needs: SMALL,
  ...more,
});

const state = (more: Partial<QueueState> = {}): QueueState => ({
  now: NOON,
  slots: 2,
  capacity: { cpus: 4, memoryMb: 1000, gpus: [] },
  running: [],
  lastStarts: [],
  counts: { underWay: () => 0, startedSince: () => 0 },
  fairness: { afterMs: 30 * MINUTE, share: 5 },
  reserveAfterMs: 5 * MINUTE,
  ...more,
});

const running = (needs = SMALL, startedAt = NOON - HOUR, gpu?: number): RunningRun => ({ model: 'other', startedAt, needs, gpu });

/** Starts one after the other on a machine where each ends before the next begins; returns their priorities. */
function startAll(candidates: readonly Candidate[], more: Partial<QueueState> = {}): number[] {
  const started: Candidate[] = [];
  for (let left = [...candidates]; left.length > 0;) {
    const lastStarts = started.map(({ priority }) => priority).reverse();
    const { start } = chooseNext(left, state({ lastStarts, ...more }));
    const next = left.find(({ id }) => id === start?.id) as Candidate;
    started.push(next);
    left = left.filter((one) => one !== next);
  }
  return started.map(({ priority }) => priority);
}

const many = (count: number, priority: PriorityName, more: Partial<Candidate> = {}) =>
  Array.from({ length: count }, () => candidate(priority, more));

describe('the order of urgency', () => {
  it('takes an evaluation when nothing is to be done for patients, however long it has waited', () => {
    const old = candidate('evaluation', { dueAt: 1 });
    expect(startAll([old, ...many(12, 'bulk')], {}).at(-1)).toBe(PRIORITY.evaluation);
    expect(chooseNext([old], state()).start).toEqual({ id: old.id });
  });

  it('takes STAT before routine before bulk, in each the longest due, then the first made', () => {
    const [bulk, routine, stat] = [candidate('bulk', { dueAt: 1 }), candidate('routine', { dueAt: 2 }), candidate('stat', { dueAt: NOON })];
    expect(chooseNext([bulk, routine, stat], state()).start).toEqual({ id: stat.id });
    expect(chooseNext([bulk, routine], state({ fairness: { afterMs: HOUR * 1e6, share: 5 } })).start).toEqual({ id: routine.id });
    const [first, second] = [candidate('stat', { dueAt: 5 }), candidate('stat', { dueAt: 5 })];
    expect(chooseNext([second, first], state()).start).toEqual({ id: first.id });
  });

  it('lets nothing pass a STAT run before it has waited for the stated time, however many there are', () => {
    expect(startAll([...many(20, 'bulk'), ...many(20, 'stat')])).toEqual([...Array<number>(20).fill(0), ...Array<number>(20).fill(2)]);
  });

  it('gives what has waited that long one of five starts under a flood of STAT, so that a STAT run waits for one job more at most', () => {
    const order = startAll([...many(3, 'bulk', { dueAt: NOON - HOUR }), ...many(20, 'stat')]);
    expect(order.join('')).toBe(`00002000020000200000000`);
  });

  it('counts the waiting of a night run from the opening of its window', () => {
    const window = { from: '11:55', to: '13:00' };
    const night = candidate('bulk', { dueAt: NOON - 20 * HOUR, window });
    const stat = candidate('stat');
    const lastStarts = [0, 0, 0, 0];
    expect(chooseNext([night, stat], state({ lastStarts })).start?.id).toBe(stat.id);
    expect(chooseNext([{ ...night, window: { ...window, from: '11:00' } }, stat], state({ lastStarts })).start?.id).toBe(night.id);
  });

  it('does nothing while all slots are taken', () => {
    expect(chooseNext([candidate('stat')], state({ running: [running(), running()] })).start).toBeUndefined();
  });
});

describe('what keeps a run from starting', () => {
  const reasonOf = (run: Candidate, more: Partial<QueueState> = {}) => {
    const choice = chooseNext([run], state(more));
    expect(choice.start).toBeUndefined();
    return choice.gated.get(run.id) ?? choice.unfit.get(run.id);
  };
  const at = (day: number, hour: number) => new Date(2026, 10, day, hour).getTime();

  it('is its window: over midnight, and on the day on which it begins', () => {
    const night = candidate('bulk', { window: { from: '20:00', to: '06:00', days: ['wed'] } });
    expect(reasonOf(night)).toBe('waits for its time window 20:00-06:00 on wed');
    const opens = (now: number) => chooseNext([night], state({ now })).start !== undefined;
    expect([at(25, 20), at(26, 5)].map(opens)).toEqual([true, true]);
    expect([at(25, 19), at(25, 5), at(26, 6), at(26, 20)].map(opens)).toEqual([false, false, false, false]);
  });

  it('is a limit of its rule, of its source, or of its model', () => {
    const counted = (underWay: number, lastHour: number, lastDay: number) => ({
      counts: {
        underWay: (_rule: string, source?: string) => (source === undefined ? underWay : 0),
        startedSince: (_rule: string, since: number) => (since === NOON - HOUR ? lastHour : lastDay),
      },
    });
    const limited = (limits: Candidate['limits']) => candidate('routine', { rule: 'chest', limits });
    expect(reasonOf(limited({ atOnce: 2 }), counted(2, 0, 0))).toBe('rule chest has 2 runs under way, its limit');
    expect(reasonOf(limited({ perHour: 20 }), counted(0, 20, 20))).toBe('rule chest has started 20 runs within an hour, its limit');
    expect(reasonOf(limited({ perDay: 1 }), counted(0, 0, 1))).toBe('rule chest has started 1 run within a day, its limit');
    expect(reasonOf(limited({ perSource: { perDay: 5 } }), counted(0, 0, 5))).toBe(
      'rule chest has started 5 runs within a day, its limit for studies from CT1',
    );
    expect(chooseNext([limited({ atOnce: 2, perHour: 20, perSource: { atOnce: 1 } })], state(counted(1, 19, 19))).start).toBeDefined();
    const ofModel = { running: [{ ...running(), model: 'lungs' }] };
    expect(reasonOf(candidate('stat', { atOnce: 1 }), ofModel)).toBe('model lungs has 1 run under way, its limit');
  });

  it('is a pause or a suspended model, and others go on meanwhile', () => {
    const [held, free] = [candidate('stat', { heldBy: 'model lungs is suspended: why' }), candidate('bulk')];
    const { start, gated } = chooseNext([held, free], state());
    expect(start).toEqual({ id: free.id });
    expect(gated.get(held.id)).toBe('model lungs is suspended: why');
  });

  it('is that its model can never run here', () => {
    expect(reasonOf(candidate('stat', { needs: { cpus: 8, memoryMb: 1 } }))).toBe(
      'model lungs can never run here: it asks for 8 CPUs, expected at most 4 (runs.resources.cpus)',
    );
  });
});

describe('room on the machine', () => {
  const LARGE = { cpus: 4, memoryMb: 900 };

  it('is never given twice', () => {
    const large = candidate('routine', { needs: LARGE, dueAt: NOON });
    expect(chooseNext([large], state()).start).toEqual({ id: large.id });
    const full = chooseNext([large], state({ running: [running()] }));
    expect(full.start).toBeUndefined();
    expect(full.unfit.get(large.id)).toBe('waits for 4 CPUs: 3 of 4 are free');
    const memory = candidate('routine', { needs: { cpus: 0.5, memoryMb: 950 }, dueAt: NOON });
    expect(chooseNext([memory], state({ running: [running()] })).unfit.get(memory.id)).toBe(
      'waits for 950 MB of memory: 900 of 1000 are free',
    );
  });

  it('goes to a small run that passes a large one, until that has waited for the stated time', () => {
    const [large, small] = [candidate('routine', { needs: LARGE, dueAt: NOON - 4 * MINUTE }), candidate('bulk')];
    const taken = { running: [running()] };
    expect(chooseNext([large, small], state(taken)).start).toEqual({ id: small.id });
    const { start, unfit } = chooseNext([{ ...large, dueAt: NOON - 5 * MINUTE }, small], state(taken));
    expect(start).toBeUndefined();
    expect(unfit.get(small.id)).toBe('waits behind a larger run, for which room is kept');
  });

  it('is kept at once for a STAT run', () => {
    const [large, small] = [candidate('stat', { needs: LARGE, dueAt: NOON }), candidate('routine')];
    expect(chooseNext([large, small], state({ running: [running()] })).start).toBeUndefined();
  });

  it('is still used by what does not stand in the way of the one for which it is kept', () => {
    const capacity = { cpus: 4, memoryMb: 1000, gpus: [{ memoryMb: 8000 }] };
    const gpu = candidate('stat', { needs: { cpus: 3, memoryMb: 100, gpu: {} }, dueAt: NOON - MINUTE });
    const small = candidate('routine');
    const onGpu = running({ ...SMALL, gpu: {} } as RunningRun['needs'], NOON - HOUR, 0);
    expect(chooseNext([gpu, small], state({ capacity, slots: 3, running: [onGpu] })).start).toEqual({ id: small.id });
    // One more, and the run would find too few CPUs when the GPU is free.
    const started = { ...running(), startedAt: NOON };
    expect(chooseNext([gpu, small], state({ capacity, slots: 3, running: [onGpu, started] })).start).toBeUndefined();
  });

  it('on GPUs is counted by their memory: shared where there is room, whole where nothing is said', () => {
    const capacity = { cpus: 4, memoryMb: 1000, gpus: [{ memoryMb: 8000 }, { memoryMb: 16_000 }, {}] };
    const on = (memoryMb: number | undefined, gpu: number) => running({ ...SMALL, gpu: { memoryMb } } as RunningRun['needs'], NOON, gpu);
    const placed = (memoryMb: number | undefined, taken: RunningRun[]) =>
      chooseNext([candidate('stat', { needs: { ...SMALL, gpu: { memoryMb } } })], state({ capacity, slots: 9, running: taken })).start?.gpu;
    expect(placed(6000, [])).toBe(2);
    expect(placed(6000, [on(undefined, 2)])).toBe(0);
    expect(placed(6000, [on(undefined, 2), on(6000, 0)])).toBe(1);
    expect(placed(undefined, [on(undefined, 2), on(6000, 0)])).toBe(1);
    expect(placed(6000, [on(undefined, 2), on(6000, 0), on(12_000, 1)])).toBeUndefined();
    expect(placed(4000, [on(undefined, 2), on(6000, 0), on(12_000, 1)])).toBe(1);
  });
});
