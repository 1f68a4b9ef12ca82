/** What arrived after the backup: files of the old archive that the restored ledger does not know. */
import { randomUUID } from 'node:crypto';
import { copyFile, link, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { hashFile } from '../archive/data-set-hash.js';
import { isNamedByContent } from '../archive/folders.js';
import { readHeadWithMeta } from '../archive/read-head.js';
import { filesBelow } from '../archive/walk.js';
import { mayBeOtherUid } from '../dicom/element/other-uids.js';
import type { DataSet, ParsedInstance } from '../dicom/element/parse.js';
import { TAG } from '../dicom/element/tags.js';
import { isUidFromName } from '../foundation/ids.js';
import { loggerOf } from '../foundation/log.js';
import { NODE_MANUFACTURER } from '../foundation/version.js';
import type { Db } from '../ledger/database.js';
import { COPY_AE_TITLE } from '../ledger/evaluations.js';
import { isStored } from '../ledger/instances.js';
import { nodeId } from '../ledger/node-facts.js';
import { syncFile, type TouchedFolders } from './copy.js';

const log = loggerOf('keeping');

/** A UUID as a UID has at most so many characters: `2.25.` and 39 digits (PS3.5 B.2). */
const LONGEST_UUID_UID = 44;
const NAMED_STUDIES = 3;

/** How many files there are, of each kind. */
export interface LaterFiles {
  /** Received, and gathered. */
  files: number;
  /** Made by this node. */
  results: number;
  /** Of cases, for a comparison. */
  copies: number;
  incomplete: number;
  /** UIDs of the studies that the copies are in, each once. */
  copiedStudies: string[];
}

/** What a file of the old archive is. */
type Kind = 'files' | 'results' | 'copies' | 'incomplete';

/** `1.2, 1.3, 1.4 and 5 more`. */
export function fewStudies(uids: readonly string[]): string {
  const more = uids.length > NAMED_STUDIES ? ` and ${uids.length - NAMED_STUDIES} more` : '';
  return `${uids.slice(0, NAMED_STUDIES).join(', ')}${more}`;
}

/**
 * Puts each of them into `target`, from where the next start takes it in through the door. Objects that this node made are left out:
 * the node makes them again, and taken in as somebody else's they would become part of the study. So are copies of cases, which would become
 * a patient's study with the lost rows that say what they are, and files that are not what their name says.
 */
export async function gatherLaterFiles(
  db: Db,
  oldArchive: string,
  target: string,
  touched: TouchedFolders,
  ownAeTitle: string,
): Promise<LaterFiles> {
  const serial = nodeId(db);
  const found = { files: 0, results: 0, copies: 0, incomplete: 0 };
  const copiedStudies = new Set<string>();
  for await (const path of filesBelow(oldArchive)) {
    if (isStored(db, relative(oldArchive, path))) continue;
    const { kind, study } = await kindOf(path, serial, ownAeTitle);
    found[kind]++;
    if (kind === 'copies') copiedStudies.add(study);
    if (kind !== 'files') continue;
    // In the order in which they came: a correction must not be undone by what it corrected.
    const { mtimeMs } = await stat(path);
    const copy = join(target, `${String(Math.floor(mtimeMs)).padStart(15, '0')}-${randomUUID()}.dcm`);
    // The same file system needs no second copy; the old archive is only read.
    await link(path, copy).catch(async () => {
      await copyFile(path, copy);
      await syncFile(copy);
    });
    touched.add(target);
  }
  const left = [...copiedStudies];
  if (left.length > 0)
    log.warn('copies of cases are left out of what arrived later', { count: found.copies, studyInstanceUid: fewStudies(left) });
  return { ...found, copiedStudies: left };
}

async function kindOf(path: string, serial: string, ownAeTitle: string): Promise<{ kind: Kind; study: string }> {
  if (!(await isComplete(path))) return { kind: 'incomplete', study: '' };
  try {
    const head = await readHeadWithMeta(path);
    const study = head.dataset.uid(TAG.StudyInstanceUID) ?? '';
    if (isOwnObject(head.dataset, serial)) return { kind: 'results', study };
    return { kind: isCopyOfCase(head, ownAeTitle) ? 'copies' : 'files', study };
  } catch {
    // The door says what is wrong with it.
    return { kind: 'files', study: '' };
  }
}

/** A file has its name before its bytes are flushed: after a power cut it may lack some. Then it was never acknowledged, and its sender sends it again. */
async function isComplete(path: string): Promise<boolean> {
  return isNamedByContent(path, (await hashFile(path)).sha256);
}

/**
 * Results and rejection notes name the node as their maker; what a model wrote and the node only named anew keeps its maker and has
 * the model among what contributed. What somebody makes of such an object keeps that, too, but has a UID of its own.
 */
function isOwnObject(dataset: DataSet, serial: string): boolean {
  if (!isUidFromName(dataset.uid(TAG.SOPInstanceUID) ?? '')) return false;
  const madeHere = dataset.text(TAG.Manufacturer) === NODE_MANUFACTURER && dataset.text(TAG.DeviceSerialNumber) === serial;
  return madeHere || dataset.items(TAG.ContributingEquipmentSequence).some((item) => item.text(TAG.DeviceSerialNumber) === serial);
}

/**
 * Earlier releases gave the node's own AE title to copies, which a sender may have too: then the UIDs have to fit as well, and one of them has to
 * be longer than a UUID, as which it may be a sender's own. A short copy is rather taken in than a patient's instance lost.
 */
function isCopyOfCase({ meta, dataset }: ParsedInstance, ownAeTitle: string): boolean {
  const sender = meta.text(TAG.SourceApplicationEntityTitle);
  if (sender !== COPY_AE_TITLE && sender !== ownAeTitle) return false;
  const uids = [TAG.StudyInstanceUID, TAG.SeriesInstanceUID, TAG.SOPInstanceUID].map((tag) => dataset.uid(tag) ?? '');
  return uids.every(mayBeOtherUid) && (sender === COPY_AE_TITLE || uids.some((uid) => uid.length > LONGEST_UUID_UID));
}
