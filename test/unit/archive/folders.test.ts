/** The folders of a node, where they cannot be made. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dataFolders } from '../../../src/archive/folders.js';
import { tempFolder } from '../../support/temp.js';

it('says which folder a file is in the way of', () => {
  const file = join(tempFolder('folders'), 'data');
  writeFileSync(file, '');
  for (const [folder, code] of [
    [file, 'EEXIST'],
    [join(file, 'below'), 'ENOTDIR'],
  ])
    expect(() => dataFolders(folder)).toThrow(`The data folder cannot be used: ${folder}: a file is in the way (${code})`);
});
