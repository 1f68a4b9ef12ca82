/** Folders that a person names: made one after the other, and refused with the reason where that cannot be. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { makeFolders } from '../../../src/foundation/folders.js';
import { describeWith } from '../../support/data.js';
import { tempFolder } from '../../support/temp.js';

const folder = tempFolder('make-folders');

describe('making folders', () => {
  it('makes what is missing, the outermost first, and nothing the second time', () => {
    const [outer, inner] = [join(folder, 'a'), join(folder, 'a', 'b')];
    expect(makeFolders(inner, { mode: 0o700 })).toEqual([outer, inner]);
    expect([outer, inner].map((path) => statSync(path).mode & 0o777)).toEqual([0o700, 0o700]);
    expect(makeFolders(inner)).toEqual([]);
  });

  it('follows a link to a folder, and refuses one that leads nowhere', () => {
    mkdirSync(join(folder, 'real'));
    symlinkSync('real', join(folder, 'link'));
    symlinkSync('nothing', join(folder, 'dangling'));
    expect(makeFolders(join(folder, 'link', 'c'))).toEqual([join(folder, 'link', 'c')]);
    expect(() => makeFolders(join(folder, 'dangling', 'c'))).toThrow(
      expect.objectContaining({
        code: 'FOLDER_UNUSABLE',
        seen: `${join(folder, 'dangling', 'c')}: ${join(folder, 'dangling')} is a link that leads nowhere (EEXIST)`,
      }) as Error,
    );
  });

  it('comes back with the reason from a file system that takes no folders', () => {
    expect(() => makeFolders('/proc/anteroom/data', { code: 'DATA_FOLDER_UNUSABLE' })).toThrow(
      expect.objectContaining({
        code: 'DATA_FOLDER_UNUSABLE',
        seen: '/proc/anteroom/data: the file system of /proc takes no folders (ENOENT)',
      }) as Error,
    );
  });
});

describeWith('making folders on a read-only disk', process.getuid?.() === 0 ? [] : ['root, to mount one'], () => {
  const mount = join(folder, 'read-only');
  beforeAll(() => {
    mkdirSync(mount);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'ro', 'none', mount]);
  });
  afterAll(() => execFileSync('umount', ['-l', mount]));

  it('says that it is', () => {
    expect(() => makeFolders(join(mount, 'a', 'b'))).toThrow(`the file system of ${mount} is read-only (EROFS)`);
  });
});
