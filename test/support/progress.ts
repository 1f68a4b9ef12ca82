/** Progress of a long test on the terminal, with the time that is left. */

/** Said at most this often where the terminal cannot rewrite its line. */
const LINE_EVERY_MS = 30_000;
const REWRITE_EVERY_MS = 500;

export class Progress {
  private readonly startedAt = Date.now();
  private saidAt = 0;

  /** @param isSaid false: says nothing, for the short form in `npm test` */
  constructor(
    private readonly what: string,
    private readonly total: number,
    private readonly isSaid: boolean,
  ) {}

  /** Says how far it is, now and then; always at the end. */
  at(done: number, more = ''): void {
    const now = Date.now();
    const { stderr } = process;
    if (!this.isSaid || (done < this.total && now - this.saidAt < (stderr.isTTY ? REWRITE_EVERY_MS : LINE_EVERY_MS))) return;
    this.saidAt = now;
    const perSecond = done / Math.max((now - this.startedAt) / 1000, 0.001);
    const left = done < this.total && done > 0 ? `, ${durationText((this.total - done) / perSecond)} left` : '';
    const line = `${this.what}: ${done} of ${this.total} (${perSecond.toFixed(0)}/s${left})${more === '' ? '' : `, ${more}`}`;
    stderr.write(stderr.isTTY && done < this.total ? `\r\x1b[K${line}` : `${stderr.isTTY ? '\r\x1b[K' : ''}${line}\n`);
  }
}

function durationText(seconds: number): string {
  return seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / 60)} min`;
}
