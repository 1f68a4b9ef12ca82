/** Running again what made a result: from the digest, the settings and the input that its run had, as a run that can never deliver. */
import { join } from 'node:path';
import type { Router } from 'express';
import { z } from 'zod';
import { dataFolders } from '../archive/folders.js';
import { compareReproduction } from '../evaluation/reproduction.js';
import { AnteroomError } from '../foundation/errors.js';
import { inputWasCorrected } from '../ledger/instances.js';
import { modelById } from '../ledger/models.js';
import { resultBySopInstanceUid, resultsOfRun, type ResultRow } from '../ledger/results.js';
import { inputsOfRun, insertRun, runById, type RunRow } from '../ledger/runs.js';
import { studyOfRun } from '../ledger/studies.js';
import { demandFiles } from './keeping-routes.js';
import type { NodePort } from './node-port.js';
import { parseBody } from './requests.js';

const wish = z.strictObject({ sopInstanceUid: z.string().regex(/^[\d.]{1,64}$/) });

/** Adds `POST /reproductions` and `GET /reproductions/:run/of/:uid`. */
export function reproduceRoutes(router: Router, node: NodePort): void {
  const { db, bell, clock } = node;
  router.post('/reproductions', (request, response) => {
    const result = resultOf(node, parseBody(wish, request).sopInstanceUid);
    const run = runById(db, result.run_id) as RunRow;
    demandFiles(studyOfRun(db, run.id));
    const id = db.transaction(() => insertRun(db, again(node, run), clock()));
    bell.ring('runs');
    const model = modelById(db, run.model_id ?? 0);
    response
      .status(201)
      .json({ run: id, madeByRun: run.id, model: model?.name, digest: model?.digest, inputCorrected: inputWasCorrected(db, run.id) });
  });
  router.get('/reproductions/:run/of/:uid', async (request, response) => {
    const before = resultOf(node, request.params.uid);
    const run = runById(db, Number(request.params.run));
    if (run?.purpose !== 'evaluation') throw new AnteroomError('NOT_FOUND', `reproduction ${request.params.run}`);
    const { state, failure_code: failureCode, reason } = run;
    if (state !== 'done') return void response.json({ state, failureCode, reason });
    const after = resultsOfRun(db, run.id).at(resultsOfRun(db, before.run_id).findIndex(({ id }) => id === before.id));
    if (after === undefined || after.path === null)
      return void response.json({ state, failureCode, reason: after?.reason ?? 'no result was made' });
    const folder = dataFolders(node.keeping.dataFolder).results;
    response.json({ state, ...(await compareReproduction(join(folder, before.path ?? ''), join(folder, after.path))) });
  });
}

function resultOf({ db }: NodePort, uid: string): ResultRow {
  const result = resultBySopInstanceUid(db, uid);
  if (result === undefined || result.path === null)
    throw new AnteroomError('NOT_FOUND', `a result of this node with SOPInstanceUID ${uid}`);
  return result;
}

/** The same model row, so the same digest; the same settings, workflow and series of the same study version. */
function again({ db }: NodePort, run: RunRow): Parameters<typeof insertRun>[1] {
  if (run.model_id === null) throw new AnteroomError('MODEL_UNKNOWN', `run ${run.id} has no model any more`);
  return {
    purpose: 'evaluation',
    versionId: run.version_id,
    rule: null,
    rulesRevision: null,
    modelName: run.model_name,
    modelId: run.model_id,
    settings: JSON.parse(run.settings) as Record<string, unknown>,
    destinations: [],
    priority: 'routine',
    inputs: inputsOfRun(db, run.id).map((input) => ({ name: input.name, seriesInstanceUid: input.series_instance_uid })),
    ...(run.workflow === null ? {} : { workflow: run.workflow }),
    again: true,
  };
}
