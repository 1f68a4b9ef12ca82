/** Running again what made a result: from the digest, the settings and the input that its run had, as a run that can never deliver. */
import { join } from 'node:path';
import type { Router } from 'express';
import { z } from 'zod';
import { dataFolders } from '../archive/folders.js';
import { compareReproduction } from '../evaluation/reproduction.js';
import { whatChanged } from '../evaluation/what-changed.js';
import { AnteroomError } from '../foundation/errors.js';
import { inputWasCorrected } from '../ledger/instances.js';
import { activeModel, modelById, type ModelRow } from '../ledger/models.js';
import type { Db } from '../ledger/database.js';
import { keptResults, resultById, resultBySopInstanceUid, resultLike, type ResultRow } from '../ledger/results.js';
import { inputsOfRun, insertRun, runById, type NewRun, type RunRow } from '../ledger/runs.js';
import { studyOfRun } from '../ledger/studies.js';
import { lastVersion, type VersionRow } from '../ledger/versions.js';
import { demandFiles } from './keeping-routes.js';
import type { NodePort } from './node-port.js';
import { parseBody, textQuery } from './requests.js';
import { holdsOf } from './run-holds.js';

const wish = z.strictObject({
  sopInstanceUid: z.string().regex(/^[\d.]{1,64}$/),
  /** With the model, the settings of the rule and the instances of now, in place of those of then. */
  now: z.boolean().default(false),
});

/** Adds `GET` and `POST /reproductions`, and `GET /reproductions/:run/of/:uid`. */
export function reproduceRoutes(router: Router, node: NodePort): void {
  const { db, bell, clock } = node;
  router.get('/reproductions', (request, response) => {
    const kept = keptResults(db, textQuery(request, 'study') ?? null);
    response.json(
      kept.map((row) => ({ sopInstanceUid: row.sop_instance_uid, studyInstanceUid: row.study_instance_uid, model: row.model_name })),
    );
  });
  router.post('/reproductions', async (request, response) => {
    const asked = parseBody(wish, request);
    const result = resultOf(node, asked.sopInstanceUid);
    const run = runById(db, result.run_id) as RunRow;
    demandFiles(studyOfRun(db, run.id));
    const id = db.transaction(() => insertRun(db, asked.now ? asOfNow(node, run) : again(db, run), clock()));
    bell.ring('runs');
    const model = modelById(db, runById(db, id)?.model_id ?? 0);
    const otherProgram = model && (await programOfNow(node, model));
    const inputCorrected = !asked.now && inputWasCorrected(db, run.id);
    response
      .status(201)
      .json({ run: id, madeByRun: run.id, model: model?.name, digest: model?.digest, inputCorrected, otherProgram: otherProgram ?? null });
  });
  router.get('/reproductions/:run/of/:uid', async (request, response) => {
    const before = resultOf(node, request.params.uid);
    const run = runById(db, Number(request.params.run));
    if (run?.purpose !== 'evaluation') throw new AnteroomError('NOT_FOUND', `reproduction ${request.params.run}`);
    const { state, failure_code: failureCode, reason } = run;
    if (state !== 'done') return void response.json({ state, failureCode, reason, ...holdsOf(db, run) });
    const after = resultLike(db, before, run.id);
    const changed = whatChanged(db, runById(db, before.run_id) as RunRow, run);
    if (after === undefined || after.path === null)
      return void response.json({ state, failureCode, reason: after?.reason ?? 'no result was made', changed });
    const folder = dataFolders(node.keeping.dataFolder).results;
    response.json({ state, changed, ...(await compareReproduction(join(folder, before.path ?? ''), join(folder, after.path))) });
  });
}

function resultOf({ db }: NodePort, uid: string): ResultRow {
  const named = resultBySopInstanceUid(db, uid);
  // A label map has the voxels of the result that it is a form of.
  const result = named !== undefined && named.form_of !== null ? resultById(db, named.form_of) : named;
  if (result === undefined || result.path === null)
    throw new AnteroomError('NOT_FOUND', `a result of this node with SOPInstanceUID ${uid}`);
  return result;
}

/** The same model row, so the same digest; the same settings, workflow and series of the same study version. */
function again(db: Db, run: RunRow): NewRun {
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
    priority: 'evaluation',
    inputs: inputsOfRun(db, run.id).map((input) => ({ name: input.name, seriesInstanceUid: input.series_instance_uid })),
    ...(run.workflow === null ? {} : { workflow: run.workflow }),
    again: true,
  };
}

/** The same rule on the same series, with what is in use and in force now. */
function asOfNow({ db, rules }: NodePort, run: RunRow): NewRun {
  const model = activeModel(db, run.model_name);
  if (model === undefined) throw new AnteroomError('MODEL_UNKNOWN', `no version of model ${run.model_name} is active`);
  const rule = rules.current().rules.find(({ name }) => name === run.rule);
  const version = lastVersion(db, studyOfRun(db, run.id).id) as VersionRow;
  const then = again(db, { ...run, workflow: null });
  const workflow = rule === undefined ? (run.workflow ?? undefined) : rule.workflow;
  return {
    ...then,
    versionId: version.id,
    modelId: model.id,
    settings: { ...(rule?.settings ?? then.settings) },
    ...(workflow === undefined ? {} : { workflow }),
  };
}

/** A model without an image runs from its folder: whether that still holds what was registered. An image is pinned by its digest. */
async function programOfNow(node: NodePort, model: ModelRow): Promise<string | undefined> {
  const { runtime } = JSON.parse(model.package) as { runtime: string };
  if (runtime !== 'process' || model.folder === null) return undefined;
  const { newDigest } = await node.lookForUpdate({ ...model, folder: model.folder });
  return newDigest === model.digest ? undefined : newDigest;
}
