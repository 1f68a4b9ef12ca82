/** A file that goes through the other door: opened when it is read, and not before. */
import { readdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { bytesOfFile } from '../../../src/archive/bytes-of-file.js';
import { AnteroomError } from '../../../src/foundation/errors.js';
import { setLogLevel } from '../../../src/foundation/log.js';
import type { DiskRoom } from '../../../src/intake/disk-space.js';
import { acceptPart10 } from '../../../src/intake/part10-door.js';
import { tempFolder } from '../../support/temp.js';

setLogLevel('silent');

const origin = { callingAe: 'A', calledAe: 'B', remoteAddress: 'node' };
const full: DiskRoom = {
  demand: () => {
    throw new AnteroomError('DISK_LOW', 'full');
  },
  charge: () => undefined,
};

/** Whether this process has the file open, once what was begun has been done. */
async function isOpen(path: string): Promise<boolean> {
  for (let turn = 0; turn < 20; turn++) await stat(dirname(path));
  return readdirSync('/proc/self/fd').some((fd) => {
    try {
      return readlinkSync(join('/proc/self/fd', fd)) === path;
    } catch {
      return false;
    }
  });
}

describe('a file at a door that refuses it', () => {
  const folder = tempFolder('door');
  const accepted = (path: string, disk = full) =>
    acceptPart10(bytesOfFile(path), origin, { accept: () => Promise.reject(new Error('not reached')), disk }, folder);

  it('is not left open', async () => {
    const path = join(folder, 'kept.dcm');
    writeFileSync(path, Buffer.alloc(1000));
    await expect(accepted(path)).rejects.toMatchObject({ code: 'DISK_LOW' });
    expect(await isOpen(path)).toBe(false);
  });

  it('is not left open where the disk is full in the middle of it', async () => {
    const path = join(folder, 'large.dcm');
    writeFileSync(path, Buffer.alloc(1_000_000));
    await expect(accepted(path, { demand: () => undefined, charge: () => full.demand() })).rejects.toMatchObject({ code: 'DISK_LOW' });
    expect(await isOpen(path)).toBe(false);
  });

  it('may be gone, which ends nothing but the try', async () => {
    const gone = join(folder, 'gone.dcm');
    await expect(accepted(gone)).rejects.toMatchObject({ code: 'DISK_LOW' });
    // An error that nobody listens to would come now, and fail the test.
    expect(await isOpen(gone)).toBe(false);
    await expect(accepted(gone, { demand: () => undefined, charge: () => undefined })).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
