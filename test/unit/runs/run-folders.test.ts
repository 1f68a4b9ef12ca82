/** The folders of an attempt: how its input comes into them, and goes. */
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { InstanceRow } from '../../../src/ledger/instances.js';
import { attemptFolders, dropInput, prepareFolders } from '../../../src/runs/run-folders.js';
import { describeWith } from '../../support/data.js';
import { OTHER_DISK, missingForOtherDisk } from '../../support/other-disk.js';
import { tempFolder } from '../../support/temp.js';

const FILES = 50;

describeWith('an archive on another file system', missingForOtherDisk(), () => {
  let archive: string;
  const never = new AbortController().signal;
  const files = Array.from({ length: FILES }, (_, n) => ({
    instance: { path: `${n}`, sop_instance_uid: `1.2.${n}` } as InstanceRow,
    folder: `series-${n % 2}`,
  }));

  beforeAll(() => {
    archive = mkdtempSync(join(OTHER_DISK, 'anteroom-archive-'));
    for (const { instance } of files) writeFileSync(join(archive, instance.path), `file ${instance.path}`);
  });
  afterAll(() => rmSync(archive, { recursive: true }));

  it('is copied from beside other work', async () => {
    const folders = attemptFolders(tempFolder('runs'), 1, 1);
    let turns = 0;
    const other = setInterval(() => turns++, 0);
    await prepareFolders(folders, archive, files, undefined, never);
    clearInterval(other);
    expect(turns).toBeGreaterThan(0);
    for (const { instance, folder } of files)
      expect(readFileSync(join(folders.inputDir, folder, `${instance.sop_instance_uid}.dcm`), 'utf8')).toBe(`file ${instance.path}`);
  });

  it('stops being copied when the node ends', async () => {
    const folders = attemptFolders(tempFolder('runs'), 1, 1);
    const ending = new AbortController();
    const preparing = prepareFolders(folders, archive, files, undefined, ending.signal);
    ending.abort();
    await expect(preparing).rejects.toThrow(/aborted/);
    expect(readdirSync(folders.inputDir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).length).toBeLessThan(
      FILES,
    );
  });

  it('is told of where a file of it is gone', async () => {
    const folders = attemptFolders(tempFolder('runs'), 1, 1);
    const gone = { ...files[0], instance: { ...files[0].instance, path: 'gone' } };
    await expect(prepareFolders(folders, archive, [...files, gone], undefined, never)).rejects.toMatchObject({
      code: 'FILE_UNREADABLE',
      seen: 'instance 1.2.0 cannot be given to the model (ENOENT)',
    });
  });
});

it('takes an input away whose folders a program has shut', () => {
  const before = process.geteuid?.();
  // Nothing is shut for root.
  if (before === 0) process.seteuid?.(65_534);
  try {
    const runs = mkdtempSync(join(tmpdir(), 'anteroom-shut-'));
    const folders = attemptFolders(runs, 1, 1);
    const shut = join(folders.inputDir, 'series');
    mkdirSync(shut, { recursive: true });
    writeFileSync(join(shut, 'file'), '');
    chmodSync(shut, 0);
    dropInput(folders);
    expect(existsSync(folders.inputDir)).toBe(false);
    dropInput(folders);
    rmSync(runs, { recursive: true });
  } finally {
    if (before === 0) process.seteuid?.(0);
  }
});

it('makes the input of links where it can', async () => {
  const [archive, runs] = [tempFolder('archive'), tempFolder('runs')];
  writeFileSync(join(archive, 'a'), 'x');
  const folders = attemptFolders(runs, 1, 1);
  const file = { instance: { path: 'a', sop_instance_uid: '1.2' } as InstanceRow, folder: '' };
  await prepareFolders(folders, archive, [file], undefined, new AbortController().signal);
  expect(statSync(join(folders.inputDir, '1.2.dcm')).nlink).toBe(2);
});
