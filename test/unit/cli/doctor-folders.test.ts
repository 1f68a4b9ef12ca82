/** What `doctor` says of the folders below the data folder. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { inputLinkFindings } from '../../../src/cli/doctor-folders.js';
import { describeWith } from '../../support/data.js';
import { OTHER_DISK, missingForOtherDisk } from '../../support/other-disk.js';
import { tempFolder } from '../../support/temp.js';

it('says nothing of an archive and runs on one file system, and of a node that has none yet', () => {
  const dataDir = tempFolder('doctor');
  expect(inputLinkFindings({ dataDir })).toEqual([]);
  for (const name of ['archive', 'runs']) mkdirSync(join(dataDir, name));
  expect(inputLinkFindings({ dataDir })).toEqual([]);
  expect(readdirSync(join(dataDir, 'runs'))).toEqual([]);
});

describeWith('an archive on another file system', missingForOtherDisk(), () => {
  it('is told of, as each run copies its series', () => {
    const dataDir = tempFolder('doctor');
    const archive = mkdtempSync(join(OTHER_DISK, 'anteroom-archive-'));
    symlinkSync(archive, join(dataDir, 'archive'));
    mkdirSync(join(dataDir, 'runs'));
    try {
      expect(inputLinkFindings({ dataDir })).toMatchObject([
        { standing: 'warning', seen: expect.stringContaining('each run copies its series') as string },
      ]);
    } finally {
      rmSync(archive, { recursive: true });
    }
  });
});
