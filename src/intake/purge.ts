/**
 * Forgetting one study. The rows first, in one transaction, then the files: whoever kills the node in between leaves files that no
 * row stands for, and the next start deletes them. Done in the receiver's thread, the only writer of instance rows: an instance of
 * the study that is just coming in is seen there, and its file is never taken away.
 */
import { dirname, join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { mayBePurged, type RetentionLimits } from '../archive/retention.js';
import type { Clock } from '../foundation/clock.js';
import { AnteroomError } from '../foundation/errors.js';
import { failpoint } from '../foundation/failpoint.js';
import { loggerOf } from '../foundation/log.js';
import type { Db } from '../ledger/database.js';
import { isStored } from '../ledger/instances.js';
import {
  endPurge,
  lastPurge,
  markPurged,
  purgedFiles,
  purgingPausedUntil,
  retentionFacts,
  type PurgeCause,
  type PurgeRow,
} from '../ledger/retention.js';
import { studyById } from '../ledger/studies.js';
import type { InFlight } from './in-flight.js';
import type { Undeletable } from './undeletable.js';

const log = loggerOf('intake');

/** Between so many files the thread serves its associations. */
const FILES_AT_ONCE = 32;

export interface PurgeOptions {
  readonly db: Db;
  readonly clock: Clock;
  readonly inFlight: Pick<InFlight, 'has'>;
  readonly archiveFolder: string;
  readonly resultsFolder: string;
  readonly runsFolder: string;
  readonly undeletable: Undeletable;
}

/**
 * Purges a study and resolves when its files are gone, as far as they can be deleted: without `files_gone_at` the next looks try again.
 * Rejects with STUDY_KEPT, which names what stands against it.
 */
export async function purgeStudy(options: PurgeOptions, studyId: number, cause: PurgeCause, limits: RetentionLimits): Promise<PurgeRow> {
  const purge = options.db.transaction(() => markIfFree(options, studyId, cause, limits));
  failpoint('retention.marked');
  await deletePurgedFiles(options, purge);
  log.info('purged', {
    studyInstanceUid: studyById(options.db, studyId)?.study_instance_uid,
    kind: cause,
    count: purge.instance_count,
    sizeBytes: purge.size_bytes,
  });
  return lastPurge(options.db, studyId) ?? purge;
}

function markIfFree({ db, clock, inFlight }: PurgeOptions, studyId: number, cause: PurgeCause, limits: RetentionLimits): PurgeRow {
  const facts = retentionFacts(db, studyId);
  if (facts === undefined) throw new AnteroomError('NOT_FOUND', `study ${studyId}`);
  const now = clock();
  const refuse = (reason: string) => new AnteroomError('STUDY_KEPT', `study ${facts.study_instance_uid}: ${reason}`);
  if (purgingPausedUntil(db) > now) throw refuse('a backup is being made, which copies its files');
  if (inFlight.has(facts.study_instance_uid)) throw refuse('instances of it are just coming in');
  const verdict = mayBePurged(facts, limits, now);
  if (!verdict.purge) throw refuse(verdict.reason);
  return markPurged(db, studyId, cause, now);
}

/**
 * Deletes what a purge gave up, as far as it is still there, can be deleted, and nobody has sent it again. Doing it twice is doing it once.
 * False where something cannot be deleted.
 */
export async function deletePurgedFiles(options: PurgeOptions, purge: PurgeRow): Promise<boolean> {
  const { db, clock, archiveFolder, resultsFolder, runsFolder, undeletable } = options;
  const { archive, results, attempts } = purgedFiles(db, purge);
  const uid = studyById(db, purge.study_id)?.study_instance_uid ?? '';
  let [left, waiting] = [0, 0];
  for (const [index, path] of archive.entries()) {
    if (index % FILES_AT_ONCE === FILES_AT_ONCE - 1) await setImmediate();
    // No wait between asking and deleting: a resend that is let in meanwhile brings its own file to this place.
    if (options.inFlight.has(uid)) waiting++;
    else if (!isStored(db, path) && !undeletable.removeFile(join(archiveFolder, path))) left++;
    if (index === 0) failpoint('retention.deleting');
  }
  for (const path of results) if (!undeletable.removeFile(join(resultsFolder, path))) left++;
  for (const { run_id, number } of attempts)
    if (!(await undeletable.removeFolder(join(runsFolder, String(run_id), String(number))))) left++;
  const around = attempts.map(({ run_id }) => join(runsFolder, String(run_id)));
  if (!options.inFlight.has(uid)) around.push(...foldersOf(archive).map((folder) => join(archiveFolder, folder)));
  for (const folder of around) if (!undeletable.removeIfEmpty(folder)) left++;
  // What was just being sent again, or cannot be deleted, is looked at once more by a later look.
  if (left + waiting === 0) endPurge(db, purge.id, clock());
  return left === 0;
}

/** The folders of the files, and those around them, the innermost first. */
export function foldersOf(paths: readonly string[]): string[] {
  const inner = [...new Set(paths.map((path) => dirname(path)))];
  return [...inner, ...new Set(inner.map((folder) => dirname(folder)))].filter((folder) => folder !== '.');
}
