/** How far a comparison is, on a terminal; and one line for each case that has ended. */
import type { EvaluationRunView } from '../api/evaluation-routes.js';
import type { CaseScore } from '../evaluation/comparison/case-score.js';
import { printable } from '../foundation/printable.js';
import { hasEnded } from '../ledger/states.js';
import { line, progress, progressDone } from './print.js';

/** Tells how far one command is. */
export class ComparisonProgress {
  private readonly begunAt = Date.now();
  private total = 0;
  private before = 0;
  private ended = 0;
  private failed = 0;
  private pauses: ReadonlySet<string> = new Set();

  constructor(
    private readonly quiet: boolean,
    private readonly runsPerCase: number,
  ) {}

  begin(total: number, before: number): void {
    this.total = total;
    this.before = before;
    if (before > 0 && !this.quiet) line(`goes on after ${before} of ${total} cases`);
  }

  /** What the case that is looked at waits for. */
  show(caseName: string, runs: readonly EvaluationRunView[]): void {
    const open = runs.filter((run) => !hasEnded(run));
    this.tellPauses(open);
    const now = open.map(
      ({ model, state, waitsFor }) => `${model} ${state === 'queued' || state === 'waiting' ? (waitsFor ?? state) : state}`,
    );
    progress(`${this.text(runs.length - open.length)}; ${caseName}: ${now.join(', ')}`);
  }

  caseEnded({ caseName, truth, models }: CaseScore): void {
    this.ended++;
    const failures = models.filter(({ failure }) => failure !== undefined);
    this.failed += failures.length;
    progressDone();
    if (this.quiet) return;
    const each = models.map(({ model, failure, runTimeMs }) => {
      if (failure !== undefined) return `${model} failed: ${failure.code}`;
      return runTimeMs === null ? model : `${model} ${(runTimeMs / 1000).toFixed(1)} s`;
    });
    line(
      `${this.before + this.ended} of ${this.total}  ${caseName}${truth === 'unreadable' ? ' (its truth cannot be read)' : ''}: ${each.join(', ')}`,
    );
    for (const [reason, names] of reasonsOf(failures)) line(`  ${names.join(', ')}: ${reason}`);
    progress(this.text(0));
  }

  copyStays(caseName: string, reason: string): void {
    this.warn(`the node keeps its copy of ${caseName}: ${reason}`);
  }

  nodeIsSilent(): void {
    this.warn('the node does not answer: waiting for it to come back');
  }

  /** Each pause once: a comparison that stands still without a word would be taken for a broken one. */
  private tellPauses(open: readonly EvaluationRunView[]): void {
    const paused = new Set(open.flatMap((run) => run.paused ?? []));
    for (const text of paused) if (!this.pauses.has(text)) this.warn(`waits: ${text} (Ctrl-C stops; the same command goes on)`);
    if (paused.size === 0 && this.pauses.size > 0) this.warn('goes on: nothing is paused any more');
    this.pauses = paused;
  }

  private warn(text: string): void {
    progressDone();
    process.stderr.write(printable(text) + '\n');
  }

  /** `endedRuns`: of the case that is looked at. */
  private text(endedRuns: number): string {
    const done = this.ended + endedRuns / Math.max(1, this.runsPerCase);
    const left = this.total - this.before - done;
    const seconds = done === 0 ? undefined : Math.ceil(((Date.now() - this.begunAt) / 1000 / done) * left);
    const time = seconds === undefined ? '' : `, about ${seconds < 120 ? `${seconds} s` : `${Math.ceil(seconds / 60)} min`} left`;
    return `${this.before + this.ended} of ${this.total} cases${this.failed === 0 ? '' : `, ${this.failed} runs failed`}${time}`;
  }
}

/** A case that is wrong itself fails in the same words for every model: they are said once. */
function reasonsOf(failures: CaseScore['models']): Map<string, string[]> {
  const reasons = new Map<string, string[]>();
  for (const { model, failure } of failures)
    if (failure !== undefined) reasons.set(failure.reason, [...(reasons.get(failure.reason) ?? []), model]);
  return reasons;
}
