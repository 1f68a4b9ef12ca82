/** Rule files that are not valid never replace those in force, not even over a restart. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { InvalidFileError } from '../../../src/foundation/faults.js';
import { setLogLevel } from '../../../src/foundation/log.js';
import { Db } from '../../../src/ledger/database.js';
import { RulesInForce } from '../../../src/routing/rules-in-force.js';
import { tempFolder } from '../../support/temp.js';

setLogLevel('silent');

const GOOD = 'rules:\n  - { name: one, when: { tag: Modality, equals: CT }, model: lungs, destinations: [archive] }\n';
const OTHER = GOOD.replace('one', 'two');
const BROKEN = GOOD.replace('when', 'wehn');

class Site {
  private readonly db = Db.open(join(tempFolder('rules-ledger'), 'ledger.sqlite'), { migrate: true });
  private readonly folder = tempFolder('rules');
  private now = 1;

  write(text: string): void {
    writeFileSync(join(this.folder, 'rules.yaml'), text);
  }

  start(): RulesInForce {
    return new RulesInForce(
      this.db,
      this.folder,
      () => ({ destinations: ['archive'], models: new Map() }),
      () => this.now++,
    );
  }
}

const names = (rules: RulesInForce): string[] => rules.current().rules.map(({ name }) => name);

describe('rules in force', () => {
  it('stay where a reload finds a fault, and say what is wrong', () => {
    const site = new Site();
    site.write(GOOD);
    const rules = site.start();
    site.write(BROKEN);
    expect(rules.reload().faults).toContain('unknown key "wehn" (did you mean when?)');
    expect(names(rules)).toEqual(['one']);
    expect(rules.refused()).toContain('wehn');
  });

  it('stay over a restart: the last ones in force go on', () => {
    const site = new Site();
    site.write(GOOD);
    const before = site.start();
    site.write(OTHER);
    before.reload();
    site.write(BROKEN);
    const after = site.start();
    expect(names(after)).toEqual(['two']);
    expect(after.revision()).toBe(before.revision());
    expect(after.refused()).toContain('wehn');
    site.write(GOOD);
    expect(after.reload().faults).toBeUndefined();
    expect([names(after), after.refused()]).toEqual([['one'], undefined]);
  });

  it('refuse to start where there never were valid ones', () => {
    const site = new Site();
    site.write(BROKEN);
    expect(() => site.start()).toThrow(InvalidFileError);
  });
});
