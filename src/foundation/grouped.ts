/** Work whose cost is shared: what comes while one group is at work becomes the next group. */

interface Waiting<T, R> {
  readonly item: T;
  readonly resolve: (result: R | Promise<R>) => void;
  readonly reject: (error: unknown) => void;
}

/** One group at a time; a single item waits for nobody. */
export class Grouped<T, R> {
  private waiting: Waiting<T, R>[] = [];
  private working = false;

  /** `work` gives one result per item, in their order, or a promise that rejects for this item alone; where it rejects itself, the whole group does. */
  constructor(private readonly work: (group: readonly T[]) => Promise<readonly (R | Promise<R>)[]>) {}

  /** Resolves with the item's own result when its group is done. */
  add(item: T): Promise<R> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ item, resolve, reject });
      if (!this.working) void this.workOff();
    });
  }

  private async workOff(): Promise<void> {
    this.working = true;
    while (this.waiting.length > 0) {
      const group = this.waiting.splice(0);
      try {
        const results = await this.work(group.map(({ item }) => item));
        group.forEach(({ resolve }, index) => {
          resolve(results[index]);
        });
      } catch (error) {
        for (const { reject } of group) reject(error);
      }
    }
    this.working = false;
  }
}
