/** The node's resident memory over the soak, sample by sample, with the number of instances acknowledged and the process it belongs to. */
import { residentMb } from '../support/process-figures.js';

export interface MemorySample {
  readonly pid: number;
  readonly acknowledged: number;
  readonly residentMb: number;
}

export class MemorySamples {
  private readonly samples: MemorySample[] = [];

  /** A process that is just gone has no memory: no sample. */
  take(pid: number | undefined, acknowledged: number): void {
    if (pid === undefined) return;
    try {
      this.samples.push({ pid, acknowledged, residentMb: residentMb(pid).now });
    } catch {
      // killed between the look for its id and this one
    }
  }

  get latest(): MemorySample | undefined {
    return this.samples.at(-1);
  }

  /** Median of the samples taken while `from` to `to` instances were acknowledged; fails where they are of more than one process. */
  medianMb(from: number, to: number): number {
    const within = this.samples.filter(({ acknowledged, residentMb }) => acknowledged >= from && acknowledged <= to && residentMb > 0);
    const processes = new Set(within.map(({ pid }) => pid));
    if (processes.size !== 1)
      throw new Error(`${within.length} samples of ${processes.size} processes from ${from} to ${to}; expected one process`);
    const sorted = within.map((sample) => sample.residentMb).sort((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 2)];
  }
}
