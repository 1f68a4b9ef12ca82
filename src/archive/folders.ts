/** Where things lie below the data folder. */
import { join } from 'node:path';
import { makeFolders } from '../foundation/folders.js';

export interface DataFolders {
  readonly root: string;
  readonly ledgerFile: string;
  readonly socketFile: string;
  /** Part files of what is being received. */
  readonly incoming: string;
  readonly archive: string;
  /** One folder per run: `<run>/<attempt>/{in,out,log.txt}`. */
  readonly runs: string;
  readonly results: string;
  /** What was received after the backup that was restored, and is still to be taken in. */
  readonly takeIn: string;
  /** What the `process` runtime knows of its programs. */
  readonly processes: string;
  /** Reports of the tests that the node makes by itself, and what a failed one left; a folder for each model. */
  readonly modelTests: string;
  /** Rule files that a rollback replaced, in a folder for each; made when there is one. */
  readonly rulesAside: string;
}

/**
 * The folders of a node; makes those that are missing (0700: they hold patient data).
 * @throws {AnteroomError} DATA_FOLDER_UNUSABLE, DISK_LOW
 */
export function dataFolders(root: string): DataFolders {
  const folders: DataFolders = {
    root,
    ledgerFile: join(root, 'ledger.sqlite'),
    socketFile: join(root, 'anteroom.sock'),
    incoming: join(root, 'incoming'),
    archive: join(root, 'archive'),
    runs: join(root, 'runs'),
    results: join(root, 'results'),
    takeIn: join(root, 'take-in'),
    processes: join(root, 'processes'),
    modelTests: join(root, 'model-tests'),
    rulesAside: join(root, 'rules-aside'),
  };
  for (const folder of [root, folders.incoming, folders.archive, folders.runs, folders.results, folders.takeIn, folders.processes])
    makeFolders(folder, { mode: 0o700, code: 'DATA_FOLDER_UNUSABLE' });
  return folders;
}

/** Of the content's hash, in the name of an archive file. */
const HASH_DIGITS = 12;

/**
 * The file of an instance, relative to the archive. The content's hash is part of the name: the same bytes again are the
 * same file, and a corrected instance never overwrites the one that an earlier study version used.
 */
export function instancePath(ids: { studyInstanceUid: string; seriesInstanceUid: string; sopInstanceUid: string; sha256: string }): string {
  return join(ids.studyInstanceUid, ids.seriesInstanceUid, `${ids.sopInstanceUid}.${ids.sha256.slice(0, HASH_DIGITS)}.dcm`);
}

/** Whether a file is what its name in the archive says, given the hash of its data set. */
export function isNamedByContent(path: string, sha256: string): boolean {
  return path.endsWith(`.${sha256.slice(0, HASH_DIGITS)}.dcm`);
}
