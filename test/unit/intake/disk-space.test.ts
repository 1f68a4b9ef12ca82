/** The accounting between two looks at the disk; the whole door on a disk that fills is in test/integration/full-disk.test.ts. */
import { jest } from '@jest/globals';
import { mkdirSync, rmdirSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { relayLog } from '../../../src/foundation/log.js';
import { DiskGuard, storeError } from '../../../src/intake/disk-space.js';
import { tempFolder } from '../../support/temp.js';

const logged: string[] = [];
relayLog((line) => logged.push(line));
const MB = 1_000_000;

describe('the disk guard', () => {
  const folder = tempFolder('disk');
  const free = () => {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  };
  const guarded = (refuseFreeBytes: number, test: (guard: DiskGuard) => void) => {
    const guard = new DiskGuard(folder, { warnFreeBytes: refuseFreeBytes, refuseFreeBytes }, false);
    try {
      test(guard);
    } finally {
      guard.stop();
    }
  };

  it('takes what there is room for', () => {
    guarded(1, (guard) => {
      guard.demand();
      guard.charge(10 * MB);
      expect(guard.state().standing).toBe('ample');
    });
  });

  it('begins nothing new below the low mark, but lets what is under way go on', () => {
    guarded(free() + 100 * MB, (guard) => {
      expect(guard.state().standing).toBe('refusing');
      expect(() => guard.demand()).toThrow(expect.objectContaining({ code: 'DISK_LOW', dimseStatus: 0xa700, httpStatus: 507 }) as Error);
      guard.charge(MB);
    });
  });

  it('keeps the last part for the ledger', () => {
    guarded(2 * free() + 100 * MB, (guard) => {
      expect(() => guard.charge(1)).toThrow(expect.objectContaining({ code: 'DISK_LOW' }) as Error);
    });
  });

  it('that nobody can ask how full it is refuses, says so once, ends no thread, and resumes by itself', () => {
    jest.useFakeTimers();
    const mount = join(folder, 'mount');
    mkdirSync(mount);
    const guard = new DiskGuard(mount, { warnFreeBytes: 1, refuseFreeBytes: 1 }, true);
    try {
      rmdirSync(mount);
      logged.length = 0;
      // An error in a timer ends the thread; here, the test.
      jest.advanceTimersByTime(10_000);
      expect(guard.state()).toEqual({ standing: 'refusing', freeBytes: 0 });
      const refusal = { code: 'STORE_FAILED', seen: `${mount} cannot be asked how much room it has (ENOENT)`, dimseStatus: 0xa700 };
      for (const asked of [() => guard.demand(), () => guard.charge(1)]) expect(asked).toThrow(expect.objectContaining(refusal) as Error);
      expect(logged.map((line) => JSON.parse(line) as object)).toEqual([
        expect.objectContaining({ level: 'error', path: mount, seen: 'ENOENT' }),
      ]);
      mkdirSync(mount);
      jest.advanceTimersByTime(2000);
      guard.demand();
      guard.charge(1);
      expect(JSON.parse(logged[1])).toMatchObject({ level: 'info', message: 'disk has room again: receiving resumes' });
    } finally {
      guard.stop();
      jest.useRealTimers();
    }
  });

  it('knows what wants of room looks like, wherever it comes from', () => {
    for (const code of ['ENOSPC', 'EDQUOT', 'SQLITE_FULL'])
      expect(storeError(Object.assign(new Error('x'), { code }))).toMatchObject({ code: 'DISK_LOW' });
    expect(storeError(Object.assign(new Error('x'), { code: 'EIO' }))).toMatchObject({ code: 'STORE_FAILED' });
  });
});
