/** Evaluations: models run over cases by the queue, of which nothing ever leaves the node. Whoever compares asks here. */
import { join } from 'node:path';
import type { Router } from 'express';
import { z } from 'zod';
import { dataFolders } from '../archive/folders.js';
import { SOP_CLASS } from '../dicom/element/uids.js';
import { SEGMENTATION_SOP_CLASSES } from '../dicom/seg/read.js';
import { AnteroomError } from '../foundation/errors.js';
import {
  ensureEvaluationRun,
  evaluationStudy,
  recordAsked,
  runsOfEvaluation,
  copiesOfEvaluation,
  type EvaluationRunRow,
} from '../ledger/evaluations.js';
import { listModels, type ModelRow } from '../ledger/models.js';
import { resultsOfLastAttempt, type ResultRow } from '../ledger/results.js';
import { requestCancel } from '../ledger/runs.js';
import { findStudy } from '../ledger/studies.js';
import { lastVersion } from '../ledger/versions.js';
import { findCases, takeInCase, type FoundCase, type TakenCase } from './evaluation-cases.js';
import { demandFiles } from './keeping-routes.js';
import type { NodePort } from './node-port.js';
import { parseBody } from './requests.js';
import { holdsOf } from './run-holds.js';

const uid = z.string().regex(/^[\d.]{1,64}$/);
const text = z.string().min(1).optional();
const modelKey = z.strictObject({ name: z.string().min(1), digest: z.string().min(1) });

const search = z.strictObject({
  models: z.array(modelKey).default([]),
  query: z.strictObject({
    studyInstanceUid: text,
    patientId: text,
    accessionNumber: text,
    studyDate: text,
    studyDescription: text,
    modality: text,
  }),
});
const caseFiles = z.strictObject({
  caseName: z.string().min(1),
  studyInstanceUid: uid,
  seriesInstanceUid: uid,
  files: z.array(z.string().min(1)).min(1),
});
const runWish = z.strictObject({
  caseName: z.string().min(1),
  model: modelKey,
  studyInstanceUid: uid,
  seriesInstanceUid: uid,
});

const pauseWish = z.strictObject({ running: z.boolean().default(false) }).default({ running: false });

/** A copy of a case that the node still has. */
export interface CaseCopy {
  readonly caseName: string;
  readonly studyInstanceUid: string;
  /** `receiving` while it is being copied. */
  readonly state: string;
}

/** Adds the routes below `/evaluations`. */
export function evaluationRoutes(router: Router, node: NodePort): void {
  const { db, bell, clock } = node;
  router.post('/evaluations/search', (request, response) => {
    const { query, models } = parseBody(search, request);
    const found: FoundCase[] = findCases(
      node,
      query,
      models.map((key) => modelOf(node, key)),
    );
    response.json(found);
  });
  router.post('/evaluations/:evaluation/cases', async (request, response) => {
    const taken: TakenCase = await takeInCase(node, { evaluation: request.params.evaluation, ...parseBody(caseFiles, request) });
    response.status(201).json(taken);
  });
  router.get('/evaluations/:evaluation/cases', (request, response) => {
    const copies = copiesOfEvaluation(db, request.params.evaluation);
    response.json(copies.map((row): CaseCopy => ({ caseName: row.case_name, studyInstanceUid: row.study_instance_uid, state: row.state })));
  });
  router.post('/evaluations/:evaluation/runs', (request, response) => {
    response.status(201).json({ run: run(node, request.params.evaluation, parseBody(runWish, request)) });
    bell.ring('runs');
  });
  router.get('/evaluations/:evaluation/runs', (request, response) => {
    const { case: named } = request.query;
    const cases = named === undefined ? undefined : [named].flat().filter((name) => typeof name === 'string');
    response.json(views(node, request.params.evaluation, cases));
  });
  // Cancels what has not begun, or with `running` whatever has not ended.
  router.post('/evaluations/:evaluation/pause', (request, response) => {
    const { running } = parseBody(pauseWish, request);
    const cancelled = running ? ['waiting', 'queued', 'starting', 'running'] : ['waiting', 'queued'];
    const open = runsOfEvaluation(db, request.params.evaluation).filter(({ state }) => cancelled.includes(state));
    for (const { id } of open) requestCancel(db, id);
    bell.ring('runs');
    response.status(202).json({ cancelled: open.map(({ id }) => id) });
  });
  router.post('/evaluations/:evaluation/cases/:study/forget', async (request, response) => {
    const copy = evaluationStudy(db, request.params.study);
    if (copy?.evaluation !== request.params.evaluation) throw new AnteroomError('NOT_FOUND', `case ${request.params.study}`);
    const state = findStudy(db, copy.study_instance_uid)?.state;
    const forgotten = state === 'settled' || state === 'held';
    if (forgotten) await node.keeping.purge(copy.study_instance_uid);
    response.json({ forgotten, at: clock() });
  });
}

function modelOf({ db }: NodePort, { name, digest }: z.infer<typeof modelKey>): ModelRow {
  const row = listModels(db).find((one) => one.name === name && one.digest === digest);
  if (row === undefined) throw new AnteroomError('MODEL_UNKNOWN', `${name} with digest ${digest}`);
  return row;
}

/** The run of a model on a case: with the priority of evaluations, for no destination. */
function run(
  node: NodePort,
  evaluation: string,
  { caseName, model, studyInstanceUid, seriesInstanceUid }: z.infer<typeof runWish>,
): number {
  const { db, clock } = node;
  const { id: modelId, name } = modelOf(node, model);
  const study = findStudy(db, studyInstanceUid);
  const version = study && lastVersion(db, study.id);
  if (study === undefined || version === undefined) throw new AnteroomError('NOT_FOUND', `a settled study ${studyInstanceUid}`);
  demandFiles(study);
  const inputs = [{ name: 'series', seriesInstanceUid }];
  const wanted = {
    purpose: 'evaluation',
    priority: 'evaluation',
    rule: null,
    rulesRevision: null,
    settings: {},
    destinations: [],
  } as const;
  return ensureEvaluationRun(
    db,
    { evaluation, caseName, modelId },
    { ...wanted, versionId: version.id, modelName: name, modelId, inputs, again: true },
    clock(),
  );
}

function views(node: NodePort, evaluation: string, caseNames: readonly string[] | undefined) {
  const rows = runsOfEvaluation(node.db, evaluation, caseNames);
  if (rows.length > 0) recordAsked(node.db, evaluation, node.clock());
  const waits = node.whyWaiting(new Set(rows.filter(({ state }) => state === 'queued').map(({ id }) => id)));
  return rows.map((row) => evaluationRunView(node, row, waits.get(row.id)));
}

/** A run of an evaluation; `files` are its results, `runTimeMs` is from the start of its container to the end of its last attempt. */
function evaluationRunView({ db, keeping }: NodePort, row: EvaluationRunRow, waitsFor: string | undefined) {
  const folder = dataFolders(keeping.dataFolder).results;
  const results = row.state === 'done' ? drawnAmong(resultsOfLastAttempt(db, row.id).filter(({ state }) => state === 'passed')) : [];
  return {
    run: row.id,
    caseName: row.case_name,
    model: row.model_name,
    digest: row.digest,
    state: row.state,
    failureCode: row.failure_code,
    reason: row.reason,
    ...holdsOf(db, row),
    waitsFor: waitsFor ?? (row.state === 'waiting' ? row.reason : null),
    runTimeMs: row.run_time_ms,
    peakMemoryBytes: row.peak_memory_bytes,
    files: results.flatMap(({ path }) => (path === null ? [] : [join(folder, path)])),
  };
}

/** Segmentations; contours where there are none, as both would show the same. */
function drawnAmong(results: readonly ResultRow[]): readonly ResultRow[] {
  const segmentations = results.filter(({ sop_class_uid }) => SEGMENTATION_SOP_CLASSES.includes(sop_class_uid));
  return segmentations.length > 0
    ? segmentations
    : results.filter(({ sop_class_uid }) => sop_class_uid === SOP_CLASS.RTStructureSetStorage);
}

export type EvaluationRunView = ReturnType<typeof evaluationRunView>;
