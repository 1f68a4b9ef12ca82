/**
 * Progress as MHub's engine streams it (`--stream-json-progress`): one JSON object per line at the start and the end of each
 * module and case. Beyond MHub, `instance_progress` also has fractions, so that long steps move.
 */

interface ModuleState {
  readonly label: string;
  readonly index: number;
  num_instances: number | null;
  start: number | null;
  stop: number | null;
  /** Seconds per case; spelt as MHub spells it. */
  indtance_avg: number | null;
}

/** At most this often between the starts and ends of steps. */
const EVERY_MS = 200;

/** Follows a workflow and prints its events. */
export class Progress {
  readonly #modules: ModuleState[];
  readonly #print: (line: string) => void;
  readonly #nowMs: () => number;
  #cases: readonly string[] = [];
  #running: ModuleState | undefined;
  #currentSid: string | null = null;
  #doneCases = 0;
  #finishedModules = 0;
  #printedAtMs = 0;

  constructor(labels: readonly string[], print: (line: string) => void, nowMs: () => number = Date.now) {
    this.#modules = labels.map((label, index) => ({ label, index, num_instances: null, start: null, stop: null, indtance_avg: null }));
    this.#print = print;
    this.#nowMs = nowMs;
  }

  moduleStarted(index: number, cases: readonly string[]): void {
    this.#cases = cases;
    this.#doneCases = 0;
    this.#running = this.#modules[index];
    Object.assign(this.#running, { start: this.#nowMs() / 1000, num_instances: cases.length });
    this.#emit(0);
  }

  moduleFinished(cases: readonly string[]): void {
    const now = this.#nowMs() / 1000;
    if (this.#running !== undefined) {
      this.#running.stop = now;
      this.#running.indtance_avg = this.#doneCases > 0 ? (now - (this.#running.start ?? now)) / this.#doneCases : 0;
    }
    this.#cases = cases;
    this.#running = undefined;
    this.#finishedModules++;
    this.#emit(0);
  }

  caseStarted(sid: string): void {
    this.#currentSid = sid;
    this.#emit(0);
  }

  caseFinished(): void {
    this.#doneCases++;
    this.#currentSid = null;
    this.#emit(0);
  }

  /** How much of the present case (or of the import) is done, 0 … 1. */
  within(fraction: number): void {
    if (this.#nowMs() - this.#printedAtMs >= EVERY_MS) this.#emit(Math.max(0, Math.min(1, fraction)));
  }

  #emit(fraction: number): void {
    this.#printedAtMs = this.#nowMs();
    const label = this.#running?.label ?? null;
    const progress = Number((this.#doneCases + fraction).toFixed(3));
    const event = {
      current: {
        module: {
          label,
          index: this.#finishedModules,
          num_instances: this.#cases.length,
          instance_progress: label === null ? 0 : progress,
        },
        instance: { attr: this.#currentSid === null ? null : { sid: this.#currentSid }, str: this.#currentSid, index: this.#doneCases },
      },
      total: { modules: this.#modules, instances: this.#cases.map((sid) => ({ sid })) },
    };
    this.#print(`${JSON.stringify(event)}\n`);
  }
}
