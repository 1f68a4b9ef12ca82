/** What counts as a file of rules, and that a set is never read while somebody writes it. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readRuleFolder, ruleFolderMark } from '../../../src/routing/rule-folder.js';
import { tempFolder } from '../../support/temp.js';

function names(dir: string): string[] {
  const read = readRuleFolder(dir);
  return read.ok ? [...read.texts.keys()] : read.faults.map(({ file, message }) => `${file.slice(dir.length)}: ${message}`);
}

describe('the folder of rules', () => {
  it('is read with its sub-folders and through links, without what is hidden and what is no YAML', () => {
    const dir = tempFolder('rules');
    const elsewhere = tempFolder('rules');
    mkdirSync(join(dir, 'shared'));
    mkdirSync(join(dir, '..data-2026'));
    for (const name of ['a.yaml', 'shared/conditions.yaml', '.a.yaml.swp', '.hidden.yaml', 'README.md', '..data-2026/a.yaml'])
      writeFileSync(join(dir, name), name);
    writeFileSync(join(elsewhere, 'b.yaml'), 'b');
    symlinkSync(join(elsewhere, 'b.yaml'), join(dir, 'b.yaml'));
    symlinkSync(elsewhere, join(dir, 'site'));
    symlinkSync('.', join(dir, 'shared', 'loop'));
    expect(names(dir).filter((name) => !name.includes('loop'))).toEqual(['a.yaml', 'b.yaml', 'shared/conditions.yaml', 'site/b.yaml']);
  });

  it('says which file cannot be read', () => {
    const dir = tempFolder('rules');
    symlinkSync(join(dir, 'nowhere'), join(dir, 'a.yaml'));
    expect(names(dir)).toEqual(['/a.yaml: cannot be read (ENOENT)']);
    expect(names(join(dir, 'missing'))).toEqual([': cannot be read (ENOENT)']);
  });

  it('has another mark after each change, also behind a link', () => {
    const dir = tempFolder('rules');
    const target = join(tempFolder('rules'), 'real.yaml');
    writeFileSync(target, 'one');
    symlinkSync(target, join(dir, 'a.yaml'));
    const before = ruleFolderMark(dir);
    expect(ruleFolderMark(dir)).toBe(before);
    writeFileSync(target, 'longer');
    expect(ruleFolderMark(dir)).not.toBe(before);
  });
});
