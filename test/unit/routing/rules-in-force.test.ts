/** Rule files that are not valid, or half-written, never replace those in force, not even over a restart; each revision is kept, and one can go back to it. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { AnteroomError } from '../../../src/foundation/errors.js';
import { InvalidFileError } from '../../../src/foundation/faults.js';
import { setLogLevel } from '../../../src/foundation/log.js';
import { Db } from '../../../src/ledger/database.js';
import { filesOfRevision, listRuleChanges, recordRuleChange } from '../../../src/ledger/revisions.js';
import { CHANGED_MS, CUT_MS } from '../../../src/routing/patience.js';
import { RulesInForce } from '../../../src/routing/rules-in-force.js';
import { tempFolder } from '../../support/temp.js';

setLogLevel('silent');

const GOOD = 'rules:\n  - { name: one, when: { tag: Modality, equals: CT }, model: lungs, destinations: [archive] }\n';
const OTHER = GOOD.replace('one', 'two');
const BROKEN = GOOD.replace('when', 'wehn');
const CASES = `cases:
  - name: a CT
    series: [{ name: ct, tags: { Modality: CT } }]
    expect: { one: EXPECTED }
`;
const LONG_AGO = new Date('2020-01-01');

class Site {
  readonly db = Db.open(join(tempFolder('rules-ledger'), 'ledger.sqlite'), { migrate: true });
  readonly folder = tempFolder('rules');
  readonly aside = join(tempFolder('rules-aside'), 'aside');
  destinations = ['archive'];
  private now = 1;

  write(text: string, name = 'rules.yaml'): void {
    writeFileSync(join(this.folder, name), text);
  }

  read(name = 'rules.yaml'): string {
    return readFileSync(join(this.folder, name), 'utf8');
  }

  /** As files that nobody is writing any more. */
  age(): void {
    for (const name of readdirSync(this.folder)) utimesSync(join(this.folder, name), LONG_AGO, LONG_AGO);
    utimesSync(this.folder, LONG_AGO, LONG_AGO);
  }

  start(casesMustPass = true): RulesInForce {
    return new RulesInForce({
      db: this.db,
      folder: this.folder,
      context: () => ({ destinations: this.destinations, models: new Map() }),
      clock: () => this.now++,
      casesMustPass,
      asideFolder: this.aside,
    });
  }

  causes(): string[] {
    return listRuleChanges(this.db, 100).map(({ cause }) => cause);
  }
}

const names = (rules: RulesInForce): string[] => rules.current().rules.map(({ name }) => name);

function site(text = GOOD): { site: Site; rules: RulesInForce } {
  const made = new Site();
  made.write(text);
  return { site: made, rules: made.start() };
}

describe('rules in force', () => {
  it('stay where a reload finds a fault, and say what is wrong', () => {
    const { site: at, rules } = site();
    at.write(BROKEN);
    expect(rules.reload().faults).toContain('unknown key "wehn" (did you mean when?)');
    expect(names(rules)).toEqual(['one']);
    expect(rules.refused()).toMatchObject({ faults: [{ line: 2 }, { line: 2 }] });
    at.write(GOOD);
    expect(rules.reload().faults).toBeUndefined();
    expect(rules.refused()).toBeUndefined();
  });

  it('stay over a restart: the last ones in force go on', () => {
    const { site: at, rules: before } = site();
    at.write(OTHER);
    before.reload();
    at.write(BROKEN);
    at.age();
    const after = at.start();
    expect(names(after)).toEqual(['two']);
    expect(after.revision()).toBe(before.revision());
    expect(after.refused()?.text).toContain('wehn');
    at.write(GOOD);
    expect(after.reload().faults).toBeUndefined();
    expect([names(after), after.refused()]).toEqual([['one'], undefined]);
  });

  it('are those of files that were changed while no node ran', () => {
    const { site: at } = site();
    at.write(OTHER);
    at.age();
    expect(names(at.start())).toEqual(['two']);
    expect(at.causes()).toEqual(['files', 'start']);
    at.start();
    expect(at.causes()).toHaveLength(2);
  });

  it('refuse to start where there never were valid ones', () => {
    const at = new Site();
    at.write(BROKEN);
    expect(() => at.start()).toThrow(InvalidFileError);
  });

  it('stay where the own cases of the new ones come out otherwise, unless they need not pass', () => {
    const { site: at, rules } = site();
    at.write(CASES.replace('EXPECTED', 'not applied'), 'rules.cases.yaml');
    expect(rules.reload().faults).toMatch(/rules\.cases\.yaml:2:\d+ case "a CT": rule one: expected not applied, decided ct/);
    expect(Object.keys(rules.current().files)).toEqual(['rules.yaml']);
    expect(at.start(false).reload().faults).toBeUndefined();
    at.write(CASES.replace('EXPECTED', 'ct'), 'rules.cases.yaml');
    expect(rules.reload().faults).toBeUndefined();
    expect(Object.keys(rules.current().files)).toEqual(['rules.cases.yaml', 'rules.yaml']);
  });

  it('are kept with their files, their author, and what the change did to rules and files', () => {
    const { site: at, rules } = site();
    at.write(`${GOOD}${OTHER.replace('rules:\n', '')}`);
    rules.reload();
    at.write(GOOD.replace('archive]', 'archive], priority: stat'));
    at.write(OTHER.replace('two', 'three'), 'more.yaml');
    rules.reload();
    const [last, before, first] = listRuleChanges(at.db, 10);
    expect(first).toMatchObject({ cause: 'start', author: userInfo().username });
    expect(JSON.parse(before.changed)).toMatchObject({
      rules: { added: ['two'], removed: [], changed: [] },
      files: { changed: ['rules.yaml'] },
    });
    expect(JSON.parse(last.changed)).toMatchObject({
      rules: { added: ['three'], removed: ['two'], changed: ['one'] },
      files: { added: ['more.yaml'], changed: ['rules.yaml'] },
    });
    expect(filesOfRevision(at.db, rules.revision())).toEqual({ 'rules.yaml': at.read(), 'more.yaml': at.read('more.yaml') });
  });
});

describe('a look at the files', () => {
  it('takes a change when it has stood for a moment, and not while it goes on', () => {
    const { site: at, rules } = site();
    expect(rules.look(0)).toBeUndefined();
    at.write(OTHER);
    expect(rules.look(1000)).toBe(CHANGED_MS);
    at.write(GOOD.replace('one', 'six'));
    expect(rules.look(1000 + CHANGED_MS)).toBe(CHANGED_MS);
    expect(names(rules)).toEqual(['one']);
    expect(rules.look(1000 + 2 * CHANGED_MS)).toBeUndefined();
    expect(names(rules)).toEqual(['six']);
  });

  it.each<[string, (at: Site) => void]>([
    ['shorter', (at) => at.write(GOOD)],
    [
      'without the end of its last line',
      (at) => at.write(`${GOOD}${OTHER.replace('rules:\n', '').replace('two', 'a-longer-name').trimEnd()}`),
    ],
    ['gone', (at) => rmSync(join(at.folder, 'more.yaml'))],
    ['new', (at) => at.write(OTHER.replace('two', 'four'), 'new.yaml')],
  ])('waits longer for a file that is %s: so looks one that is half-written', (_, change) => {
    const { site: at, rules } = site(`${GOOD}${OTHER.replace('rules:\n', '')}`);
    at.write(OTHER.replace('two', 'three'), 'more.yaml');
    rules.reload();
    const before = names(rules);
    rules.look(0);
    change(at);
    expect(rules.look(1000)).toBe(CUT_MS);
    expect(rules.look(999 + CUT_MS)).toBe(1);
    expect(names(rules)).toEqual(before);
    expect(rules.look(1000 + CUT_MS)).toBeUndefined();
    expect(names(rules)).not.toEqual(before);
  });

  it('never takes an empty file or an emptied folder for rules that somebody took away, however long it stays so', () => {
    const { site: at, rules } = site();
    at.write('');
    rules.look(0);
    rules.look(100_000);
    expect(rules.refused()?.text).toContain('the file is empty');
    rmSync(join(at.folder, 'rules.yaml'));
    rules.look(200_000);
    rules.look(300_000);
    expect(rules.refused()?.text).toContain('the folder has no *.yaml');
    rmSync(at.folder, { recursive: true });
    rules.look(400_000);
    expect(rules.refused()?.text).toContain('ENOENT');
    expect(names(rules)).toEqual(['one']);
    mkdirSync(at.folder);
    at.write('rules: []\n');
    rules.look(500_000);
    rules.look(600_000);
    expect([names(rules), rules.refused()]).toEqual([[], undefined]);
  });
});

describe('a rollback', () => {
  it('brings back the files of a revision byte for byte, sets aside what is there, and is in force at once', () => {
    const { site: at, rules } = site();
    const first = rules.revision();
    chmodSync(join(at.folder, 'rules.yaml'), 0o664);
    at.write(OTHER, 'more.yaml');
    rules.reload();
    at.write(BROKEN);
    const { setAside, asideFolder } = rules.rollback({ revision: first.slice(0, 6), author: 'ann', reason: 'fired wrongly' });
    expect([rules.revision(), names(rules)]).toEqual([first, ['one']]);
    expect([at.read(), readdirSync(at.folder)]).toEqual([GOOD, ['rules.yaml']]);
    expect(statSync(join(at.folder, 'rules.yaml')).mode & 0o777).toBe(0o664);
    expect([...setAside].sort()).toEqual(['more.yaml', 'rules.yaml']);
    expect(readFileSync(join(asideFolder, 'rules.yaml'), 'utf8')).toBe(BROKEN);
    expect(readFileSync(join(asideFolder, 'more.yaml'), 'utf8')).toBe(OTHER);
    expect(listRuleChanges(at.db, 1)).toMatchObject([
      { cause: 'rollback', author: 'ann', reason: 'fired wrongly', written_at: expect.any(Number) as number },
    ]);
    rules.look(0);
    expect(rules.look(100_000)).toBeUndefined();
    expect([rules.revision(), at.causes()]).toEqual([first, ['rollback', 'files', 'start']]);
  });

  it('replaces a link and leaves what it leads to', () => {
    const { site: at, rules } = site();
    const first = rules.revision();
    const elsewhere = join(tempFolder('rules'), 'rules.yaml');
    writeFileSync(elsewhere, OTHER);
    rmSync(join(at.folder, 'rules.yaml'));
    symlinkSync(elsewhere, join(at.folder, 'rules.yaml'));
    symlinkSync('/nowhere', join(at.folder, 'dangling.yaml'));
    rules.reload();
    rules.rollback({ revision: first, author: 'ann' });
    expect([at.read(), readFileSync(elsewhere, 'utf8'), readdirSync(at.folder)]).toEqual([GOOD, OTHER, ['rules.yaml']]);
  });

  it('is refused with the faults where the revision is not valid any more, and nothing changes', () => {
    const { site: at, rules } = site();
    const first = rules.revision();
    at.write(OTHER.replace('archive', 'pacs'));
    at.destinations = ['pacs'];
    rules.reload();
    expect(() => rules.rollback({ revision: first, author: 'ann' })).toThrow(/no destination is called "archive"/);
    expect([names(rules), at.read()]).toEqual([['two'], OTHER.replace('archive', 'pacs')]);
    expect(existsSync(at.aside)).toBe(false);
  });

  it('knows revisions by their first digits, and what was in force before', () => {
    const { site: at, rules } = site();
    for (const [revision, file] of [
      ['abc1', 'x'],
      ['abc2', 'y'],
    ] as const)
      recordRuleChange(at.db, { revision, files: { file }, author: undefined, cause: 'files', changed: {}, written: true }, 5);
    expect(() => rules.rollback({ revision: 'abc', author: 'ann' })).toThrow(
      /2 revisions begin with abc: abc., abc.; expected more digits/,
    );
    expect(() => rules.rollback({ revision: 'abc9', author: 'ann' })).toThrow(AnteroomError);
    expect(() => rules.rollback({ revision: '%', author: 'ann' })).toThrow(/rules revision %/);
    at.write(OTHER);
    rules.reload();
    at.write(GOOD);
    rules.reload();
    expect(names(rules)).toEqual(['one']);
    rules.rollback({ revision: 'previous', author: 'ann' });
    expect(names(rules)).toEqual(['two']);
  });

  it('that was killed before its files were written is ended by the next start', () => {
    const { site: at, rules } = site();
    const first = rules.revision();
    at.write(OTHER, 'more.yaml');
    at.write(GOOD.replace('one', 'six'));
    rules.reload();
    const files = filesOfRevision(at.db, first) ?? {};
    recordRuleChange(at.db, { revision: first, files, author: 'ann', cause: 'rollback', changed: {}, written: false }, 50);
    const after = at.start();
    expect([after.revision(), names(after), readdirSync(at.folder), at.read()]).toEqual([first, ['one'], ['rules.yaml'], GOOD]);
    expect(listRuleChanges(at.db, 1)).toMatchObject([{ written_at: expect.any(Number) as number }]);
  });
});
