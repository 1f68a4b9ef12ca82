/** What arrived after the backup: files of the old archive that the restored ledger does not know. */
import { randomUUID } from 'node:crypto';
import { copyFile, link, open, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { parseInstance } from '../dicom/element/parse.js';
import { TAG } from '../dicom/element/tags.js';
import { hashFile } from '../archive/data-set-hash.js';
import { isNamedByContent } from '../archive/folders.js';
import { filesBelow } from '../archive/walk.js';
import { NODE_MANUFACTURER } from '../foundation/version.js';
import type { Db } from '../ledger/database.js';
import { isStored } from '../ledger/instances.js';
import { nodeId } from '../ledger/node-facts.js';
import { syncFile, type TouchedFolders } from './copy.js';

const HEAD_BYTES = 64 * 1024;

/**
 * Puts each of them into `target`, from where the next start takes it in through the door. Objects that this node made are left out:
 * the node makes them again, and taken in as somebody else's they would become part of the study. So are files that are not what their name says.
 */
export async function gatherLaterFiles(
  db: Db,
  oldArchive: string,
  target: string,
  touched: TouchedFolders,
): Promise<{ files: number; results: number; incomplete: number }> {
  const serial = nodeId(db);
  const found = { files: 0, results: 0, incomplete: 0 };
  for await (const path of filesBelow(oldArchive)) {
    if (isStored(db, relative(oldArchive, path))) continue;
    if (!(await isComplete(path))) {
      found.incomplete++;
      continue;
    }
    if (await isOwnObject(path, serial)) {
      found.results++;
      continue;
    }
    // In the order in which they came: a correction must not be undone by what it corrected.
    const { mtimeMs } = await stat(path);
    const copy = join(target, `${String(Math.floor(mtimeMs)).padStart(15, '0')}-${randomUUID()}.dcm`);
    // The same file system needs no second copy; the old archive is only read.
    await link(path, copy).catch(async () => {
      await copyFile(path, copy);
      await syncFile(copy);
    });
    touched.add(target);
    found.files++;
  }
  return found;
}

/** A file has its name before its bytes are flushed: after a power cut it may lack some. Then it was never acknowledged, and its sender sends it again. */
async function isComplete(path: string): Promise<boolean> {
  return isNamedByContent(path, (await hashFile(path)).sha256);
}

async function isOwnObject(path: string, serial: string): Promise<boolean> {
  const handle = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    const { dataset } = parseInstance(buffer.subarray(0, bytesRead), { truncated: true, stopAtPixelData: true });
    return dataset.text(TAG.Manufacturer) === NODE_MANUFACTURER && dataset.text(TAG.DeviceSerialNumber) === serial;
  } catch {
    // The door says what is wrong with it.
    return false;
  } finally {
    await handle.close();
  }
}
