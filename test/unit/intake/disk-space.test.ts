/** The accounting between two looks at the disk; the whole door on a disk that fills is in test/integration/full-disk.test.ts. */
import { statfsSync } from 'node:fs';
import { setLogLevel } from '../../../src/foundation/log.js';
import { DiskGuard, storeError } from '../../../src/intake/disk-space.js';
import { tempFolder } from '../../support/temp.js';

setLogLevel('silent');
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

  it('knows what wants of room looks like, wherever it comes from', () => {
    for (const code of ['ENOSPC', 'EDQUOT', 'SQLITE_FULL'])
      expect(storeError(Object.assign(new Error('x'), { code }))).toMatchObject({ code: 'DISK_LOW' });
    expect(storeError(Object.assign(new Error('x'), { code: 'EIO' }))).toMatchObject({ code: 'STORE_FAILED' });
  });
});
