import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { Db } from '../../../src/ledger/database.js';
import { lockFolder } from '../../../src/ledger/lock.js';
import { tempFolder } from '../../support/temp.js';

/** Takes the lock as `lockFolder` does, says so, and never ends. */
const HOLDER = `
  import Database from 'better-sqlite3';
  const connection = new Database(process.argv[1] + '/node.lock', { timeout: 0 });
  connection.exec('BEGIN EXCLUSIVE');
  console.log('locked');
  setInterval(() => undefined, 1000);
`;

describe('the lock of a data folder', () => {
  it('is taken by one at a time, and free again when it is released', () => {
    const folder = tempFolder('lock');
    const release = lockFolder(folder);
    expect(() => lockFolder(folder)).toThrow('Another node works in this data folder');
    release();
    lockFolder(folder)();
  });

  it('holds against another process, and ends with it when it is killed', async () => {
    const folder = tempFolder('lock');
    const holder = spawn(process.execPath, ['--input-type=module', '-e', HOLDER, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(holder.stdout, 'data');
    expect(() => lockFolder(folder)).toThrow('Another node works in this data folder');
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    lockFolder(folder)();
  });
});

describe('the files of the ledger', () => {
  it('are readable for their owner alone from the first moment, those of the log included', () => {
    const folder = tempFolder('modes');
    const before = process.umask(0o022);
    try {
      const db = Db.open(join(folder, 'ledger.sqlite'), { migrate: true });
      const files = execFileSync('ls', [folder], { encoding: 'utf8' }).trim().split('\n');
      expect(files).toEqual(['ledger.sqlite', 'ledger.sqlite-shm', 'ledger.sqlite-wal']);
      expect(files.map((name) => (statSync(join(folder, name)).mode & 0o777).toString(8))).toEqual(['600', '600', '600']);
      db.close();
    } finally {
      process.umask(before);
    }
  });
});
