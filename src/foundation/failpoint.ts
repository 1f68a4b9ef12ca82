/** Named points at which a test kills the node. A no-op unless the test's preload (`test/support/failpoints.mjs`) has armed them. */

/** The points of DESIGN's recovery table. */
export type FailpointName =
  | 'intake.receiving'
  | 'intake.renamed'
  | 'intake.committed'
  | 'intake.settled'
  | 'intake.commitment-entered'
  | 'intake.commitment-judged'
  | 'routing.decided'
  | 'routing.rollback'
  | 'runs.starting'
  | 'runs.created'
  | 'runs.running'
  | 'runs.produced'
  | 'results.written'
  | 'delivery.sending'
  | 'delivery.sent'
  | 'delivery.commitment-entered'
  | 'retention.marked'
  | 'retention.deleting'
  | 'backup.copied'
  | 'restore.built'
  | 'import.checked'
  | 'import.loaded'
  | 'fetching.pulled'
  | 'withdrawal.sending'
  | 'withdrawal.written'
  | 'withdrawal.sent';

const HOOK = Symbol.for('anteroom.failpoint');

/** Kills the process here if a test asked for it. */
export function failpoint(name: FailpointName): void {
  (globalThis as { [HOOK]?: (name: string) => void })[HOOK]?.(name);
}
