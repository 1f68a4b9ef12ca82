/** A node that is killed with SIGKILL each time a number of instances has been acknowledged, and started again on the same data and ports. */
import { setTimeout } from 'node:timers/promises';
import type { TestNode } from '../support/node.js';
import type { NodeState } from './sender.js';

/** A kill comes up to this long after the instance that calls for it, so that it hits any point of the way. */
const MAX_DELAY_MS = 30;

export class KilledNode implements NodeState {
  private killed = 0;
  private restart: Promise<void> | undefined;
  private readonly thresholds: number[];

  /** @param thresholds counts of acknowledged instances */
  constructor(
    private readonly node: TestNode,
    thresholds: readonly number[],
    private readonly random: () => number,
  ) {
    this.thresholds = [...thresholds].sort((a, b) => a - b);
  }

  get dicomPort(): number {
    return this.node.dicomPort;
  }

  kills(): number {
    return this.killed;
  }

  async whenUp(): Promise<void> {
    await this.restart;
  }

  /** Tells how many have been acknowledged; kills the node where it is time. */
  acknowledged(count: number): void {
    if (this.restart !== undefined || this.thresholds.length === 0 || count < this.thresholds[0]) return;
    this.thresholds.shift();
    const delayMs = this.random() * MAX_DELAY_MS;
    void setTimeout(delayMs).then(() => (this.restart ??= this.killAndStart()));
  }

  private async killAndStart(): Promise<void> {
    this.killed++;
    await this.node.kill();
    await this.node.start();
    this.restart = undefined;
  }
}
