/** The association beside the attacks: a healthy sender that goes on storing, and must not notice anything. */
import { setTimeout } from 'node:timers/promises';
import { generatedInstance, sha256 } from '../support/generated-instance.js';
import { openStorage, store } from '../support/generated-storage.js';

const INSTANCES_PER_STUDY = 200;
const PAUSE_MS = 5;

export class Neighbour {
  /** SOPInstanceUID -> hash of the data set that was acknowledged. */
  readonly stored = new Map<string, string>();
  slowestAnswerMs = 0;
  private isStopping = false;
  private work: Promise<void> = Promise.resolve();

  /** @param seed other than that of the attacks, so that its studies are its own */
  constructor(
    private readonly port: number,
    private readonly seed: number,
  ) {}

  /** Begins to store: over one association all the time, or with a new association for each instance. */
  start(options: { readonly oneAssociation: boolean }): void {
    this.work = this.goOn(options.oneAssociation);
    // Seen by whoever stops it; until then it is not an unhandled one.
    this.work.catch(() => undefined);
  }

  /** Resolves when the last instance is acknowledged and the association released; rejects with what went wrong at any time. */
  async stop(): Promise<void> {
    this.isStopping = true;
    await this.work;
  }

  private async goOn(oneAssociation: boolean): Promise<void> {
    let association = await openStorage(this.port, 'NEIGHBOUR');
    for (let number = 0; !this.isStopping; number++) {
      const rows = number % 10 === 0 ? 256 : 32;
      const instance = generatedInstance({ seed: this.seed, study: Math.floor(number / INSTANCES_PER_STUDY), number, rows });
      const startedAt = performance.now();
      const status = await store(association, instance);
      this.slowestAnswerMs = Math.max(this.slowestAnswerMs, performance.now() - startedAt);
      if (status !== 0) throw new Error(`the neighbour's instance ${number} was answered with status ${String(status)}`);
      this.stored.set(instance.sopInstanceUid, sha256(instance.dataSet));
      if (!oneAssociation) {
        await association.release();
        association = await openStorage(this.port, 'NEIGHBOUR');
      }
      await setTimeout(PAUSE_MS);
    }
    await association.release();
  }
}
