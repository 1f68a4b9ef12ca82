/** Queries on what a PACS says of how many instances a study has. */
import type { EpochMs } from '../foundation/clock.js';
import type { Db } from './database.js';

/** SeriesInstanceUID to number of instances. */
export type SeriesCounts = Readonly<Record<string, number>>;

export interface ExpectedCountRow {
  readonly study_id: number;
  /** The name of the destination or source that is asked. */
  readonly source: string;
  readonly ask_at: EpochMs | null;
  readonly attempts: number;
  readonly asked_at: EpochMs | null;
  readonly failure: string | null;
  readonly answer_asked_at: EpochMs | null;
  /** JSON of a `SeriesCounts`. */
  readonly series: string | null;
  /** When the first answer was asked for that listed more than was here, if the PACS has listed the same since. */
  readonly ahead_since: EpochMs | null;
}

/** What the PACS was last heard to say of a study, and when it is asked again. */
export function expectedCount(db: Db, studyId: number): ExpectedCountRow | undefined {
  return db.get<ExpectedCountRow>('SELECT * FROM expected_counts WHERE study_id = ?', studyId);
}

/** Has the PACS asked at `at`, as if for the first time. */
export function askForCount(db: Db, studyId: number, source: string, at: EpochMs): void {
  db.run(
    `INSERT INTO expected_counts (study_id, source, ask_at) VALUES (?, ?, ?)
     ON CONFLICT (study_id) DO UPDATE SET source = excluded.source, ask_at = excluded.ask_at, attempts = 0, failure = NULL`,
    studyId,
    source,
    at,
  );
}

/** Receiving studies of which nobody is being asked: those that have just begun, or begun again. */
export function studiesNotAskedFor(db: Db): { readonly id: number; readonly called_ae: string }[] {
  return db.all(
    `SELECT s.id, s.called_ae FROM studies s LEFT JOIN expected_counts c ON c.study_id = s.id
     WHERE s.state = 'receiving' AND c.ask_at IS NULL AND s.instance_count > 0`,
  );
}

/** Studies of which a PACS is to be asked now. */
export function countsDue(db: Db, now: EpochMs, limit: number): (ExpectedCountRow & { study_instance_uid: string })[] {
  return db.all(
    `SELECT c.*, s.study_instance_uid FROM expected_counts c JOIN studies s ON s.id = c.study_id
     WHERE c.ask_at <= ? AND s.state = 'receiving' ORDER BY c.ask_at LIMIT ?`,
    now,
    limit,
  );
}

/** When the next question is due. */
export function nextCountAt(db: Db): EpochMs | undefined {
  const sql = `SELECT min(c.ask_at) AS at FROM expected_counts c JOIN studies s ON s.id = c.study_id WHERE c.ask_at IS NOT NULL AND s.state = 'receiving'`;
  return db.get<{ at: EpochMs | null }>(sql)?.at ?? undefined;
}

/**
 * Records what came of a question that began at `askedAt`: the answer, or why there is none; and when to ask again, unless
 * it was asked for anew meanwhile.
 */
export function recordCount(
  db: Db,
  { study_id, ask_at }: Pick<ExpectedCountRow, 'study_id' | 'ask_at'>,
  askedAt: EpochMs,
  outcome: { readonly series: SeriesCounts } | { readonly failure: string },
  askAgainAt: EpochMs,
): void {
  db.run(
    `UPDATE expected_counts SET asked_at = ?, attempts = attempts + 1, failure = ?, ask_at = CASE WHEN ask_at = ? THEN ? ELSE ask_at END
     WHERE study_id = ?`,
    askedAt,
    'failure' in outcome ? outcome.failure : null,
    ask_at,
    askAgainAt,
    study_id,
  );
  if ('failure' in outcome) return;
  const before = expectedCount(db, study_id);
  const known = before?.series ? (JSON.parse(before.series) as SeriesCounts) : undefined;
  db.run(
    'UPDATE expected_counts SET answer_asked_at = ?, series = ? WHERE study_id = ?',
    askedAt,
    JSON.stringify(outcome.series),
    study_id,
  );
  const stays = known !== undefined && sameCounts(db, known, outcome.series) ? before?.ahead_since : undefined;
  const isAhead = countedSeries(db, study_id).some(({ here, there }) => there > here);
  db.run('UPDATE expected_counts SET ahead_since = ? WHERE study_id = ?', stays ?? (isAhead ? askedAt : null), study_id);
}

/** What this node has delivered there meanwhile makes no difference. */
function sameCounts(db: Db, one: SeriesCounts, other: SeriesCounts): boolean {
  const uids = [...new Set([...Object.keys(one), ...Object.keys(other)])].filter((uid) => !isOwnSeries(db, uid));
  return uids.every((uid) => one[uid] === other[uid]);
}

/** The study has settled: nobody is asked any more; what was answered stays, for `countedSeries`. */
export function stopAskingForCount(db: Db, studyId: number): void {
  db.run('UPDATE expected_counts SET ask_at = NULL WHERE study_id = ?', studyId);
}

export interface CountedSeries {
  readonly seriesInstanceUid: string;
  /** Instances in the archive that are no result of this node. */
  readonly here: number;
  /** Instances that the PACS listed when it was last asked. */
  readonly there: number;
}

/** Each series of a study as the PACS last listed it beside what is here; series that this node made are left out. Empty where nothing was answered. */
export function countedSeries(db: Db, studyId: number): CountedSeries[] {
  const answer = expectedCount(db, studyId)?.series;
  if (!answer) return [];
  const here = new Map(
    db
      .all<{ uid: string; n: number }>(
        `SELECT series_instance_uid AS uid, count(*) AS n FROM instances
         WHERE study_id = ? AND standing = 'current' AND own_result = 0 GROUP BY series_instance_uid`,
        studyId,
      )
      .map(({ uid, n }) => [uid, n]),
  );
  const there = new Map(Object.entries(JSON.parse(answer) as SeriesCounts).filter(([uid]) => !isOwnSeries(db, uid)));
  return [...new Set([...here.keys(), ...there.keys()])]
    .sort()
    .map((uid) => ({ seriesInstanceUid: uid, here: here.get(uid) ?? 0, there: there.get(uid) ?? 0 }));
}

/** Of a result, or of a note that rejects one. */
function isOwnSeries(db: Db, seriesInstanceUid: string): boolean {
  const sql = 'SELECT 1 FROM results WHERE series_instance_uid = ? UNION ALL SELECT 1 FROM withdrawals WHERE note_series_instance_uid = ?';
  return db.get(sql, seriesInstanceUid, seriesInstanceUid) !== undefined;
}
