/** A sender as a hospital has many: it stores studies over several associations, breaks some of them off, and sends again what was not acknowledged. */
import { uniformRandom } from '../../src/dicom/phantom/random.js';
import type { Requestor } from '../../src/dimse/requestor.js';
import { generatedInstance, type GeneratedInstance } from '../support/generated-instance.js';
import { openStorage, store, storeAndAbort } from '../support/generated-storage.js';

/** How often an instance is broken off in its data set, broken off where the answer is due, and sent again after it was acknowledged. */
const CHANCE = { abortMidway: 0.01, abortUnanswered: 0.005, resend: 0.02, newAssociation: 0.02 } as const;
/** Of the square images; 16 bits a pixel. */
export const ROWS = 192;

/** Some instances of one study. */
export interface Portion {
  readonly study: number;
  readonly from: number;
  /** Excluding. */
  readonly to: number;
}

/** What the sender must know of the node, which is killed now and then. */
export interface NodeState {
  readonly dicomPort: number;
  /** Resolves when the node is up. */
  whenUp(): Promise<void>;
  /** Counts the kills: an association that a kill has broken is no fault. */
  kills(): number;
}

export class SoakSender {
  /** SOPInstanceUID -> when the first Success came (ms since 1970). */
  readonly acknowledgedAt = new Map<string, number>();
  /** What should not have happened. */
  readonly faults: string[] = [];
  readonly counts = { aborted: 0, resent: 0, brokenByKill: 0 };

  constructor(
    private readonly seed: number,
    private readonly node: NodeState,
    private readonly onAcknowledged: (count: number) => void,
  ) {}

  /** Sends all portions; each association takes the next one that is left. */
  async send(portions: readonly Portion[], associations: number): Promise<void> {
    const queue = portions.values();
    const work = async (_: unknown, index: number): Promise<void> => {
      const random = uniformRandom(this.seed + index);
      const line = new Line(this.node, `SOAK${index}`);
      for (const portion of queue) await this.sendPortion(line, portion, random);
      await line.release();
    };
    await Promise.all(Array.from({ length: associations }, work));
  }

  private async sendPortion(line: Line, { study, from, to }: Portion, random: () => number): Promise<void> {
    for (let number = from; number < to; number++) {
      const instance = generatedInstance({ seed: this.seed, study, number, rows: ROWS });
      if (random() < CHANCE.abortMidway) await this.breakOff(line, instance, Math.floor(random() * instance.dataSet.length));
      if (random() < CHANCE.abortUnanswered) await this.breakOff(line, instance, instance.dataSet.length);
      await this.sendUntilAcknowledged(line, instance);
      if (random() < CHANCE.resend) {
        this.counts.resent++;
        await this.sendUntilAcknowledged(line, instance);
      }
      if (random() < CHANCE.newAssociation) await line.release();
    }
  }

  private async breakOff(line: Line, instance: GeneratedInstance, bytes: number): Promise<void> {
    this.counts.aborted++;
    await this.expectingKills(line, async (association) => storeAndAbort(association, instance, bytes));
    line.forget();
  }

  private async sendUntilAcknowledged(line: Line, instance: GeneratedInstance): Promise<void> {
    for (;;) {
      const status = await this.expectingKills(line, (association) => store(association, instance));
      if (status === 0) {
        if (!this.acknowledgedAt.has(instance.sopInstanceUid)) {
          this.acknowledgedAt.set(instance.sopInstanceUid, Date.now());
          this.onAcknowledged(this.acknowledgedAt.size);
        }
        return;
      }
      if (status !== undefined) this.faults.push(`${instance.sopInstanceUid} was answered with status ${status}`);
      if (this.faults.length > 100) throw new Error(`too many faults, the first: ${this.faults[0]}`);
    }
  }

  /** What `use` gives; undefined where the association broke. That is a fault unless the node was killed meanwhile. */
  private async expectingKills<T>(line: Line, use: (association: Requestor) => Promise<T>): Promise<T | undefined> {
    await this.node.whenUp();
    try {
      return await use(await line.association());
    } catch (thrown) {
      if (line.isOfKilledNode) this.counts.brokenByKill++;
      else this.faults.push(`an association broke without a kill: ${String(thrown)}`);
      line.forget();
      return undefined;
    }
  }
}

/** One sender's association, opened when it is needed. */
class Line {
  private open: Requestor | undefined;
  private killsBefore = 0;

  constructor(
    private readonly node: NodeState,
    private readonly callingAe: string,
  ) {}

  /** Whether the node was killed since the association was opened. */
  get isOfKilledNode(): boolean {
    return this.node.kills() !== this.killsBefore;
  }

  async association(): Promise<Requestor> {
    if (this.open !== undefined && !this.isOfKilledNode) return this.open;
    this.killsBefore = this.node.kills();
    this.open = await openStorage(this.node.dicomPort, this.callingAe);
    return this.open;
  }

  forget(): void {
    this.open = undefined;
  }

  async release(): Promise<void> {
    const { open } = this;
    this.open = undefined;
    await open?.release();
  }
}
