/** Keeping and forgetting over the API: purging by hand, keeping a study, and what retention is going to do. */
import type { Router } from 'express';
import { statfsSync } from 'node:fs';
import { z } from 'zod';
import { mayBePurged, type Obstacle } from '../archive/retention.js';
import type { EpochMs } from '../foundation/clock.js';
import { AnteroomError } from '../foundation/errors.js';
import type { Db } from '../ledger/database.js';
import { endKeep, keepStudy, settledStudies, undeletableFiles } from '../ledger/retention.js';
import { findStudy, type StudyRow } from '../ledger/studies.js';
import type { KeepingPort, NodePort } from './node-port.js';

/** Who keeps a study that a person wants to be kept. */
const PERSON = 'person';
const WEEK_MS = 7 * 24 * 3_600_000;
/** `doctor` wants an answer at once also from a large archive. */
const MOST_STUDIES = 2000;

const keepRequest = z.strictObject({ reason: z.string().trim().min(1).max(200) });

/** Adds `/studies/:uid/purge`, `/keep` and `/unkeep`, and `/retention`. */
export function keepingRoutes(router: Router, node: NodePort): void {
  const { db, clock } = node;
  router.get('/retention', (_request, response) => {
    response.json(retentionOutlook(db, node.keeping, clock()));
  });
  router.post('/studies/:uid/purge', async (request, response) => {
    const purge = await node.keeping.purge(request.params.uid);
    response.json({
      study: request.params.uid,
      instances: purge.instance_count,
      results: purge.result_count,
      sizeBytes: purge.size_bytes,
      /** False: some of its files are still there, and are tried again. */
      filesGone: purge.files_gone_at !== null,
    });
  });
  router.post('/studies/:uid/keep', (request, response) => {
    const parsed = keepRequest.safeParse(request.body);
    if (!parsed.success) throw new AnteroomError('USAGE', 'a reason is missing; expected one of at most 200 characters');
    const study = known(db, request.params.uid);
    demandFiles(study);
    keepStudy(db, study.id, PERSON, parsed.data.reason, clock());
    response.json({ study: study.study_instance_uid });
  });
  router.post('/studies/:uid/unkeep', (request, response) => {
    const study = known(db, request.params.uid);
    if (!endKeep(db, study.id, PERSON, clock()))
      throw new AnteroomError('STATE_MOVE_REFUSED', `study ${study.study_instance_uid} is not kept by a person`);
    response.json({ study: study.study_instance_uid });
  });
}

/** Throws STUDY_PURGED for a study whose files are gone: nothing can be run on it or sent of it. */
export function demandFiles(study: Pick<StudyRow, 'state' | 'study_instance_uid'>): void {
  if (study.state === 'purged') throw new AnteroomError('STUDY_PURGED', `study ${study.study_instance_uid}`);
}

function known(db: Db, uid: string): StudyRow {
  const study = findStudy(db, uid);
  if (study === undefined) throw new AnteroomError('NOT_FOUND', `study ${uid}`);
  return study;
}

/** How much room there is, how fast it goes, and how many studies may be purged now or why not. */
function retentionOutlook(db: Db, { retention, dataFolder }: Omit<KeepingPort, 'purge'>, now: EpochMs) {
  const { maxAgeMs, space, ...limits } = retention;
  const { bavail, bsize } = statfsSync(dataFolder);
  const obstacles: Partial<Record<Obstacle, number>> = {};
  let [purgeable, looked] = [0, 0];
  for (const studies of settledStudies(db, now)) {
    for (const study of studies) {
      const verdict = mayBePurged(study, limits, now);
      if (verdict.purge) purgeable++;
      else obstacles[verdict.obstacle] = (obstacles[verdict.obstacle] ?? 0) + 1;
    }
    looked += studies.length;
    if (looked >= MOST_STUDIES) break;
  }
  const week = db.get<{ bytes: number | null; since: number | null }>(
    `SELECT sum(i.size_bytes) AS bytes, min(i.received_at) AS since FROM studies s JOIN instances i ON i.study_id = s.id
     WHERE s.last_received_at > ? AND i.received_at > ?`,
    now - WEEK_MS,
    now - WEEK_MS,
  );
  const days = week === undefined || week.since === null ? 0 : Math.max(1, (now - week.since) / (24 * 3_600_000));
  return {
    maxAgeMs: maxAgeMs ?? null,
    space: space ?? null,
    freeBytes: bavail * bsize,
    bytesPerDay: days === 0 ? 0 : Math.round((week?.bytes ?? 0) / days),
    purgeable,
    undeletable: undeletableFiles(db),
    /** Finished or not: studies that must stay for now, by what stands against it. */
    obstacles,
    /** True where only the oldest studies were looked at. */
    more: looked >= MOST_STUDIES,
  };
}

export type RetentionOutlook = ReturnType<typeof retentionOutlook>;
