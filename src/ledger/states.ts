/**
 * The tables of moves: which state may follow which. The database itself refuses every other move (a trigger is
 * made from these tables), so that no code path can lose or double a piece of work by a wrong UPDATE.
 */

export const MOVES = {
  studies: {
    receiving: ['settled', 'held'],
    settled: ['receiving', 'held', 'purged'],
    held: ['receiving', 'settled', 'purged'],
    purged: ['receiving'],
  },
  versions: {
    settled: ['decided'],
    decided: [],
  },
  runs: {
    waiting: ['queued', 'cancelled'],
    // to done: an equal run's result stands for it
    queued: ['waiting', 'starting', 'done', 'failed', 'cancelled'],
    starting: ['running', 'queued', 'failed', 'cancelled'],
    running: ['produced', 'queued', 'failed', 'cancelled'],
    produced: ['done', 'rejected', 'failed'],
    done: ['queued'],
    failed: ['queued'],
    rejected: ['queued'],
    cancelled: ['queued'],
  },
  results: {
    made: ['passed', 'rejected'],
    passed: ['superseded'],
    rejected: [],
    superseded: [],
  },
  deliveries: {
    // to unsure: only by a restore, after which nobody knows whether it was sent
    pending: ['sending', 'unsure', 'rejected', 'held'],
    sending: ['delivered', 'unsure', 'pending', 'rejected', 'held'],
    unsure: ['delivered', 'pending', 'sending', 'held'],
    rejected: ['pending', 'unsure'],
    held: ['pending', 'unsure'],
    delivered: [],
  },
  withdrawals: {
    waiting: ['sending', 'withdrawn', 'kept', 'held'],
    sending: ['withdrawn', 'unsure', 'waiting', 'held'],
    unsure: ['sending', 'withdrawn', 'kept', 'held'],
    held: ['waiting'],
    kept: ['waiting'],
    withdrawn: [],
  },
  commitments: {
    owed: ['reported', 'held'],
    reported: ['owed'],
    held: ['owed'],
    refused: [],
  },
  fetches: {
    asked: ['pulling', 'failed'],
    pulling: ['done', 'asked', 'failed'],
    done: [],
    failed: ['asked'],
  },
  models: {
    registered: ['tested', 'active', 'retired'],
    // back to registered: it says other things of itself than what was tested
    tested: ['registered', 'active', 'retired'],
    active: ['suspended', 'retired'],
    suspended: ['active', 'retired'],
    retired: ['registered'],
  },
} as const satisfies Record<string, Record<string, readonly string[]>>;

export type StatefulTable = keyof typeof MOVES;
export type StateOf<T extends StatefulTable> = keyof (typeof MOVES)[T] & string;

export type StudyState = StateOf<'studies'>;
export type VersionState = StateOf<'versions'>;
export type RunState = StateOf<'runs'>;
export type ResultState = StateOf<'results'>;
export type DeliveryState = StateOf<'deliveries'>;
export type WithdrawalState = StateOf<'withdrawals'>;
export type FetchState = StateOf<'fetches'>;
export type ModelState = StateOf<'models'>;

/** Of a run in one of these nothing more comes by itself. */
export const ENDED_RUN_STATES: readonly RunState[] = ['done', 'failed', 'rejected', 'cancelled'];

/** Whether a run in this state has ended. */
export function hasEnded({ state }: { readonly state: string }): boolean {
  return ENDED_RUN_STATES.some((ended) => ended === state);
}

/** The states from which a table allows a move to `to`. */
export function statesBefore<T extends StatefulTable>(table: T, to: StateOf<T>): StateOf<T>[] {
  return (Object.entries(MOVES[table]) as [StateOf<T>, readonly string[]][]).filter(([, next]) => next.includes(to)).map(([from]) => from);
}

/** One trigger per table that refuses a move which the table above does not name. */
export function moveTriggersSql(): string {
  return (Object.keys(MOVES) as StatefulTable[])
    .map((table) => {
      const pairs = Object.entries(MOVES[table] as Record<string, readonly string[]>).flatMap(([from, next]) =>
        next.map((to) => `'${from}>${to}'`),
      );
      return `
        DROP TRIGGER IF EXISTS ${table}_moves;
        CREATE TRIGGER ${table}_moves BEFORE UPDATE OF state ON ${table}
        WHEN OLD.state <> NEW.state AND (OLD.state || '>' || NEW.state) NOT IN (${pairs.join(', ')})
        BEGIN SELECT RAISE(ABORT, 'move refused: ${table}'); END;`;
    })
    .join('\n');
}

/** `CHECK (state IN (…))` for a table's column. */
export function stateCheckSql(table: StatefulTable): string {
  return `CHECK (state IN (${Object.keys(MOVES[table])
    .map((state) => `'${state}'`)
    .join(', ')}))`;
}
