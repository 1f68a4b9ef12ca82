/** What was started in an order is stopped in the reverse one. */
import { toAnteroomError } from './errors.js';
import { loggerOf } from './log.js';

const log = loggerOf('node');

/** Ends of parts, in the order in which the parts were started. */
export class Releasers {
  private readonly list: (() => Promise<void> | void)[] = [];

  add(release: () => Promise<void> | void): void {
    this.list.push(release);
  }

  async releaseAll(): Promise<void> {
    for (const release of this.list.splice(0).reverse()) {
      try {
        await release();
      } catch (thrown) {
        // What was started before it must end all the same.
        log.error('a part of the node did not end as it should', { seen: toAnteroomError(thrown).seen });
      }
    }
  }
}
