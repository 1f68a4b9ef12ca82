/** The looks of retention, in the receiver's thread: what is over age, what must make room, and what was left half deleted. */
import { readdir, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { mayBePurged, type RetentionLimits } from '../archive/retention.js';
import type { EpochMs } from '../foundation/clock.js';
import { AnteroomError, toAnteroomError } from '../foundation/errors.js';
import { loggerOf } from '../foundation/log.js';
import { evaluationStudy, giveUpNextCopy } from '../ledger/evaluations.js';
import {
  attemptNumbers,
  filesToPurge,
  purgingPausedUntil,
  recordWorkGone,
  runsWithWork,
  settledStudies,
  unfinishedPurges,
  type PurgeCause,
  type PurgeRow,
} from '../ledger/retention.js';
import { runById } from '../ledger/runs.js';
import { findStudy } from '../ledger/studies.js';
import type { Settings } from '../settings/schema.js';
import { deletePurgedFiles, foldersOf, purgeStudy, type PurgeOptions } from './purge.js';

const log = loggerOf('intake');

const RUNS_AT_ONCE = 50;
/** What cannot be deleted is tried again after so long: a try goes through all files of a study, and there may be thousands of them. */
const REST_MS = 3_600_000;
/** A run's folder that no row knows (left by a restored ledger's lost future) is deleted when it is older than this. */
const UNKNOWN_RUN_MS = 24 * 3_600_000;

/** Without a comparison that asks for it the copy of a case stays so long. Whoever goes on with one after that has its cases copied again. */
const ABANDONED_MS = 7 * 24 * 3_600_000;

/** Of the settings; see there. Off where a number is missing. */
export interface RetentionRules extends RetentionLimits {
  readonly maxAgeMs?: number;
  readonly space?: { readonly belowBytes: number; readonly aboveBytes: number };
  readonly workMs: number;
  readonly everyMs: number;
}

/** Of the copy of a case the original is elsewhere, and its comparison tells of failures and of why it is held: no age protects it. */
const COPY_LIMITS: RetentionLimits = { minAgeMs: 0, unsuccessfulMs: 0, alsoHeld: true };

const DAY_MS = 24 * 3_600_000;

/** The settings in the units that are worked with. */
export function retentionRules({ retention }: Pick<Settings, 'retention'>): RetentionRules {
  const { maxAgeDays, freeBelowMb, freeAboveMb, minAgeH, unsuccessfulDays, workDays, everyS } = retention;
  return {
    maxAgeMs: maxAgeDays === undefined ? undefined : maxAgeDays * DAY_MS,
    space:
      freeBelowMb === undefined
        ? undefined
        : { belowBytes: freeBelowMb * 1_000_000, aboveBytes: (freeAboveMb ?? freeBelowMb * 1.2) * 1_000_000 },
    minAgeMs: minAgeH * 3_600_000,
    unsuccessfulMs: unsuccessfulDays * DAY_MS,
    workMs: workDays * DAY_MS,
    everyMs: everyS * 1000,
  };
}

export interface RetentionOptions extends PurgeOptions {
  readonly rules: RetentionRules;
  /** Free bytes of the data folder; of the file system where it is not given. */
  readonly freeBytes?: () => Promise<number>;
}

/** Forgets what may and must be forgotten, every `everyMs` and by hand. */
export class Retention {
  private timer: NodeJS.Timeout | undefined;
  private looking: Promise<void> | undefined;
  /** Purges, runs and studies of which something cannot be deleted, and when they are tried again. */
  private readonly resting = new Map<string, EpochMs>();

  constructor(private readonly options: RetentionOptions) {}

  start(): void {
    void this.look();
    this.timer = setInterval(() => void this.look(), this.options.rules.everyMs);
    this.timer.unref();
  }

  /** No further look; resolves when the one under way has ended. */
  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.looking;
  }

  /**
   * A person wants this study purged. An unsuccessful run does not stand against it, since somebody has looked; all else does.
   * Rejects with NOT_FOUND or STUDY_KEPT.
   */
  async purge(studyInstanceUid: string): Promise<PurgeRow> {
    const study = findStudy(this.options.db, studyInstanceUid);
    if (study === undefined) throw new AnteroomError('NOT_FOUND', `study ${studyInstanceUid}`);
    const isCopy = evaluationStudy(this.options.db, studyInstanceUid) !== undefined;
    const limits = isCopy ? COPY_LIMITS : { minAgeMs: this.options.rules.minAgeMs, unsuccessfulMs: 0 };
    const purge = await purgeStudy(this.options, study.id, 'by-hand', limits);
    this.options.undeletable.record();
    return purge;
  }

  /** One look; a second one at the same time is the same one. */
  look(): Promise<void> {
    this.looking ??= this.lookNow()
      .catch((thrown: unknown) => log.error('retention failed, goes on later', { seen: toAnteroomError(thrown).seen }))
      .finally(() => (this.looking = undefined));
    return this.looking;
  }

  private async lookNow(): Promise<void> {
    const { db, undeletable } = this.options;
    for (const purge of unfinishedPurges(db)) await this.unlessResting(`purge ${purge.id}`, () => deletePurgedFiles(this.options, purge));
    await this.removeWork();
    await this.purgeWhatMay();
    undeletable.record();
  }

  private async purgeWhatMay(): Promise<void> {
    const { db, clock, rules } = this.options;
    if (purgingPausedUntil(db) > clock()) return;
    await this.purgeAbandonedCopies();
    const { maxAgeMs, space } = rules;
    if (maxAgeMs !== undefined) await this.purgeOldest('age', maxAgeMs, (finishedAt) => clock() - finishedAt >= maxAgeMs);
    if (space !== undefined && (await this.freeBytes()) < space.belowBytes) {
      await this.purgeOldest('space', rules.minAgeMs, async () => (await this.freeBytes()) < space.aboveBytes);
      const freeBytes = await this.freeBytes();
      if (freeBytes < space.aboveBytes) log.warn('not enough may be purged to make the room that is wanted', { freeBytes });
    }
  }

  /** Each is asked about when its turn comes: while another is deleted, somebody may go on with its comparison. */
  private async purgeAbandonedCopies(): Promise<void> {
    const { db, clock } = this.options;
    const next = (after: number) =>
      giveUpNextCopy(db, after, clock() - ABANDONED_MS, 'nobody has asked for its comparison for a week', clock());
    for (let id = next(0); id !== undefined; id = next(id)) await this.purgeUnlessKept(id, 'age', COPY_LIMITS);
  }

  /** Purges finished studies, the oldest first, as long as `goOn` says so. */
  private async purgeOldest(cause: PurgeCause, minAgeMs: number, goOn: (finishedAt: number) => boolean | Promise<boolean>): Promise<void> {
    const { db, clock, rules } = this.options;
    for (const studies of settledStudies(db, clock() - minAgeMs)) {
      const free = studies.flatMap((study) => {
        const verdict = mayBePurged(study, rules, clock());
        return verdict.purge ? [{ study, finishedAt: verdict.finishedAt }] : [];
      });
      for (const { study, finishedAt } of free.sort((a, b) => a.finishedAt - b.finishedAt)) {
        if (!(await goOn(finishedAt))) {
          if (cause === 'space') return;
          continue;
        }
        const freeBefore = cause === 'space' ? await this.freeBytes() : 0;
        const purge = await this.purgeUnlessKept(study.id, cause, rules);
        // A disk that gives nothing back, as it fails, must not cost one study after the other.
        if (cause === 'space' && purge?.files_gone_at === null && (await this.freeBytes()) <= freeBefore) return;
      }
    }
  }

  /** Something may have happened to the study since it was looked at. What cannot be deleted is not given up. */
  private async purgeUnlessKept(studyId: number, cause: PurgeCause, limits: RetentionLimits): Promise<PurgeRow | undefined> {
    let purge: PurgeRow | undefined;
    await this.unlessResting(`study ${studyId}`, async () => {
      if (!this.mayDelete(studyId)) return false;
      try {
        purge = await purgeStudy(this.options, studyId, cause, limits);
      } catch (thrown) {
        if (!(thrown instanceof AnteroomError) || thrown.code !== 'STUDY_KEPT') throw thrown;
      }
      return true;
    });
    return purge;
  }

  private mayDelete(studyId: number): boolean {
    const { db, archiveFolder, undeletable } = this.options;
    const folders = foldersOf(filesToPurge(db, studyId)).map((folder) => join(archiveFolder, folder));
    return folders.filter((folder) => !undeletable.mayEmpty(folder)).length === 0;
  }

  /** Of so many runs at a time. */
  private async removeWork(): Promise<void> {
    const { db, clock, rules } = this.options;
    let gone = 0;
    for (const runId of runsWithWork(db, clock() - rules.workMs)) {
      await this.unlessResting(`run ${runId}`, async () => {
        const isGone = await this.removeWorkOf(runId);
        if (isGone) recordWorkGone(db, runId, clock());
        gone += isGone ? 1 : 0;
        return isGone;
      });
      if (gone === RUNS_AT_ONCE) return;
    }
  }

  private async removeWorkOf(runId: number): Promise<boolean> {
    const { db, runsFolder, undeletable } = this.options;
    let isGone = true;
    for (const number of attemptNumbers(db, runId))
      for (const part of ['in', 'out'])
        isGone = (await undeletable.removeFolder(join(runsFolder, String(runId), String(number), part))) && isGone;
    return isGone;
  }

  /** Does the work unless it failed a short while ago; `work` says whether all could be deleted. */
  private async unlessResting(what: string, work: () => Promise<boolean>): Promise<void> {
    const now = this.options.clock();
    if ((this.resting.get(what) ?? 0) > now) return;
    if (await work()) this.resting.delete(what);
    else this.resting.set(what, now + REST_MS);
  }

  private async freeBytes(): Promise<number> {
    if (this.options.freeBytes !== undefined) return this.options.freeBytes();
    const { bavail, bsize } = await statfs(this.options.archiveFolder);
    return bavail * bsize;
  }
}

/** Deletes folders of runs that no row knows. Returns how many. */
export async function removeUnknownRuns({
  db,
  clock,
  runsFolder,
  undeletable,
}: Pick<PurgeOptions, 'db' | 'clock' | 'runsFolder' | 'undeletable'>): Promise<number> {
  let deleted = 0;
  for (const name of await readdir(runsFolder)) {
    if (!/^\d+$/.test(name) || runById(db, Number(name)) !== undefined) continue;
    const folder = join(runsFolder, name);
    if (clock() - (await stat(folder)).ctimeMs < UNKNOWN_RUN_MS) continue;
    if (await undeletable.removeFolder(folder)) deleted++;
  }
  undeletable.record();
  return deleted;
}
