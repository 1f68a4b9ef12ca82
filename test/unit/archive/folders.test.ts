/** The folders of a node, where they cannot be made. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dataFolders } from '../../../src/archive/folders.js';
import { tempFolder } from '../../support/temp.js';

it('says which file is in the way of them', () => {
  const file = join(tempFolder('folders'), 'data');
  writeFileSync(file, '');
  for (const folder of [file, join(file, 'below')])
    expect(() => dataFolders(folder)).toThrow(`The data folder cannot be used: ${folder}: ${file} is a file (ENOTDIR)`);
});
