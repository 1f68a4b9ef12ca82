/** A change of the files takes effect by itself soon, however it was made; what is half-written does not. */
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Bell } from '../../../src/foundation/bell.js';
import { setLogLevel } from '../../../src/foundation/log.js';
import { Db } from '../../../src/ledger/database.js';
import { listRuleChanges } from '../../../src/ledger/revisions.js';
import { RulesInForce } from '../../../src/routing/rules-in-force.js';
import { watchRules } from '../../../src/routing/watch.js';
import { tempFolder } from '../../support/temp.js';
import { until } from '../../support/until.js';

setLogLevel('silent');

/** It takes less than two seconds; a machine that is busy otherwise is no fault. */
const DEADLINE_MS = 10_000;
const rule = (name: string) => `  - { name: ${name}, when: { tag: Modality, equals: CT }, model: lungs, destinations: [archive] }\n`;
const rules = (...names: string[]) => `rules:\n${names.map(rule).join('')}`;

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

/** The folder of a watched site, whose rules.yaml has one rule; `prepare` makes the folder. */
function watched(prepare: (folder: string) => void = (folder) => writeFileSync(join(folder, 'rules.yaml'), rules('aaa'))) {
  const folder = join(tempFolder('rules'), 'rules');
  mkdirSync(folder);
  prepare(folder);
  const db = Db.open(join(tempFolder('rules-ledger'), 'ledger.sqlite'), { migrate: true });
  const context = () => ({ destinations: ['archive'], models: new Map() });
  const inForce = new RulesInForce({ db, folder, context, clock: Date.now, casesMustPass: true, asideFolder: join(folder, 'aside') });
  stops.push(watchRules({ folder, bell: new Bell(), look: () => inForce.look() }));
  const names = () => inForce.current().rules.map(({ name }) => name);
  return {
    folder,
    path: join(folder, 'rules.yaml'),
    db,
    inForce,
    names,
    takes: (...wanted: string[]) => until(`${wanted.join()} in force`, () => names().join() === wanted.join(), DEADLINE_MS),
  };
}

describe('watching the rules', () => {
  it('takes what is written in place, what comes by rename, and what goes', async () => {
    const { folder, path, takes } = watched();
    writeFileSync(path, rules('bbb'));
    await takes('bbb');
    writeFileSync(join(folder, '.rules.yaml.swp'), rules('ccc'));
    renameSync(join(folder, '.rules.yaml.swp'), path);
    await takes('ccc');
    writeFileSync(join(folder, 'more.yaml'), rules('ddd'));
    await takes('ddd', 'ccc');
    rmSync(path);
    await takes('ddd');
  });

  it('takes what changes behind links, as a Kubernetes config map does', async () => {
    const { folder, takes } = watched((made) => {
      for (const [version, name] of [
        ['..1', 'aaa'],
        ['..2', 'bbb'],
      ]) {
        mkdirSync(join(made, version));
        writeFileSync(join(made, version, 'rules.yaml'), rules(name));
      }
      symlinkSync('..1', join(made, '..data'));
      symlinkSync('..data/rules.yaml', join(made, 'rules.yaml'));
    });
    symlinkSync('..2', join(folder, '..data_tmp'));
    renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
    await takes('bbb');
  });

  it('goes on when the folder itself is replaced', async () => {
    const { folder, path, inForce, names, takes } = watched();
    const other = join(tempFolder('rules'), 'other');
    mkdirSync(other);
    writeFileSync(join(other, 'rules.yaml'), rules('bbb'));
    rmSync(folder, { recursive: true });
    await until('the missing folder is refused', () => inForce.refused()?.text.includes('ENOENT'), DEADLINE_MS);
    expect(names()).toEqual(['aaa']);
    renameSync(other, folder);
    await takes('bbb');
    writeFileSync(path, rules('ccc'));
    await takes('ccc');
  });

  it('never takes a part of a file that is being written, although the part is valid', async () => {
    const { path, db, names, takes } = watched((folder) => writeFileSync(join(folder, 'rules.yaml'), rules('aaa', 'bbb', 'ccc')));
    const text = rules('aaa', 'bbb', 'ddd', 'eee');
    for (const cut of [0, rules().length, rules('aaa').length, rules('aaa', 'bbb').length]) {
      writeFileSync(path, text.slice(0, cut));
      const before = Date.now();
      await until('a slow writer goes on', () => Date.now() - before > 300);
    }
    expect(names()).toEqual(['aaa', 'bbb', 'ccc']);
    writeFileSync(path, text);
    await takes('aaa', 'bbb', 'ddd', 'eee');
    expect(listRuleChanges(db, 10)).toHaveLength(2);
  });
});
