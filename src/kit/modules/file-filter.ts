/** Leaves only some items, or only some cases, to the modules that follow. */
import { z } from 'zod';
import { AnteroomError } from '../../foundation/errors.js';
import { CaseModule } from '../module.js';
import type { Case, ModuleContext } from '../module.js';
import { query } from '../query.js';

const queries = z.array(query).min(1).optional();

const settings = z.object({
  requires: queries.describe('Only cases in which each of these queries finds something go on; the others end here, without a fault.'),
  keep: queries.describe('Only items that one of these queries means stay.'),
  drop: queries.describe('Items that one of these queries means go.'),
});

/** As MHub's module of that name where `requires` is given. */
export class FileFilter extends CaseModule {
  static readonly does = 'keeps or drops items, and cases that lack some';
  static readonly settings = settings;
  readonly inputs = [];
  readonly outputs = [];

  constructor(private readonly options: z.output<typeof settings>) {
    super();
  }

  work(one: Case, { log }: ModuleContext): Promise<void> {
    const { requires = [], keep, drop = [] } = this.options;
    const lacking = requires.find((asked) => !one.items.some((item) => asked.matches(item)));
    if (lacking !== undefined) {
      one.setAside(`nothing is ${lacking.text}`);
      log('NOTICE', `${one.sid} is left out: nothing is ${lacking.text}`);
      return Promise.resolve();
    }
    const before = one.items.length;
    one.keepOnly((item) => (keep?.some((asked) => asked.matches(item)) ?? true) && !drop.some((asked) => asked.matches(item)));
    log('NOTICE', `${one.items.length} of ${before} items stay`);
    if (one.items.length === 0) throw new AnteroomError('CASE_DATA_OTHER', `the filter leaves none of ${before} items`);
    return Promise.resolve();
  }
}
