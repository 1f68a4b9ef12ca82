/** The administration of the node as JSON over HTTP: what the CLI talks to. */
import express, { type Router } from 'express';
import { attention } from '../ledger/attention.js';
import { z } from 'zod';
import { accountsOfStudies, accountSince, recentAccount, type StudyAccount } from '../accounting/account.js';
import type { EpochMs } from '../foundation/clock.js';
import { AnteroomError } from '../foundation/errors.js';
import { deliveriesToRetry, deliveryById, listDeliveries, retryDelivery } from '../ledger/deliveries.js';
import { evaluationStudy } from '../ledger/evaluations.js';
import { activeModel, modelById } from '../ledger/models.js';
import { pauseOfDestination } from '../ledger/pauses.js';
import { lastPurge } from '../ledger/retention.js';
import { outputsOfRun, resultsOfRun } from '../ledger/results.js';
import { laterRun } from '../ledger/run-succession.js';
import { insertRun, listRuns, NO_PROGRESS, requestCancel, runById, type RunRow } from '../ledger/runs.js';
import { findStudy, listStudies, releaseStudy, studyOfRun, type StudyRow } from '../ledger/studies.js';
import { lastVersion, versionsOfStudy } from '../ledger/versions.js';
import { parseDecision } from '../routing/decision.js';
import { instancesOfVersion } from '../ledger/instances.js';
import { leftoversOfStudy, retryWithdrawal, withdrawalById, withdrawalOf } from '../ledger/withdrawals.js';
import type { NodePort } from './node-port.js';
import { evaluationRoutes } from './evaluation-routes.js';
import { fetchRoutes } from './fetch-routes.js';
import { demandFiles, keepingRoutes } from './keeping-routes.js';
import { modelRoutes } from './model-routes.js';
import { queueRoutes } from './queue-routes.js';
import { limitOf, parseBody, sinceOf, textQuery } from './requests.js';
import { reproduceRoutes } from './reproduce-routes.js';
import { rerouteRoutes } from './reroute-routes.js';
import { rulesStanding } from './rule-views.js';
import { rulesRoutes } from './rules-routes.js';
import { storeRoutes } from './store-routes.js';
import { deliveryView, outputView, resultView, runView, studyView, type StudyView } from './views.js';

const runRequest = z.strictObject({
  model: z.string().min(1),
  study: z.string().min(1),
  series: z.string().min(1).optional(),
  destinations: z.array(z.string().min(1)).default(['archive']),
  priority: z.enum(['stat', 'routine', 'bulk']).default('routine'),
  again: z.boolean().default(false),
});

const retryRequest = z.strictObject({ destination: z.string().min(1) });

/** The administration routes on a node; errors are left to the server's handler. */
export function adminRoutes(node: NodePort): Router {
  const router = express.Router();
  // A case names each of its images by its path: a CT of 600 slices has 100 kB of them, which is what Express takes by itself.
  router.use('/evaluations', express.json({ limit: '32mb' }));
  router.use(express.json());
  studyRoutes(router, node);
  keepingRoutes(router, node);
  runRoutes(router, node);
  deliveryRoutes(router, node);
  withdrawalRoutes(router, node);
  fetchRoutes(router, node);
  reproduceRoutes(router, node);
  evaluationRoutes(router, node);
  queueRoutes(router, node);
  modelRoutes(router, node);
  storeRoutes(router, node);
  rulesRoutes(router, node);
  rerouteRoutes(router, node);
  const recently = recentAccount(node.db, node.clock);
  router.get('/health', async (_request, response) => {
    const { version, nodeName, dicomPort, listeners, httpPort, rules } = node;
    response.json({
      ok: true,
      version,
      node: nodeName,
      dicomPort,
      listeners: Object.fromEntries(listeners),
      disk: node.diskState(),
      httpPort,
      rulesRevision: rules.revision(),
      rulesRefused: rules.refused()?.text ?? null,
      rules: rulesStanding(rules),
      attention: attention(node.db),
      account: await recently(),
    });
  });
  return router;
}

function studyRoutes(router: Router, { db, bell, clock }: NodePort): void {
  router.get('/studies', (request, response) => {
    const rows = listStudies(db, limitOf(request));
    const uids = rows.map(({ study_instance_uid }) => study_instance_uid);
    const accounts = accountsOfStudies(db, uids, clock());
    response.json(rows.map((row) => viewOf(db, row, accounts.get(row.study_instance_uid))));
  });
  router.get('/studies/:uid/decision', (request, response) => {
    const study = studyOf(db, request.params.uid);
    const version = lastVersion(db, study.id);
    response.json({
      ...viewOf(db, study, accountOf(db, study, clock())),
      rulesRevision: version?.rules_revision ?? null,
      decision: version?.decision ? parseDecision(version.decision) : null,
    });
  });
  router.get('/studies/:uid/account', (request, response) => {
    response.json(accountOf(db, studyOf(db, request.params.uid), clock()));
  });
  router.get('/account', async (request, response) => {
    response.json(await accountSince(db, sinceOf(request), clock));
  });
  router.post('/studies/:uid/release', (request, response) => {
    const study = studyOf(db, request.params.uid);
    if (!releaseStudy(db, study.id, clock(), clock()))
      throw new AnteroomError('STATE_MOVE_REFUSED', `study ${study.study_instance_uid} is ${study.state}; expected held`);
    bell.ring('intake');
    response.status(202).json({ study: study.study_instance_uid });
  });
}

function runRoutes(router: Router, node: NodePort): void {
  const { db, bell, clock } = node;
  router.get('/runs', (request, response) => {
    const runs = listRuns(db, { studyInstanceUid: textQuery(request, 'study'), limit: limitOf(request) });
    const waits = node.whyWaiting(new Set(runs.filter(({ state }) => state === 'queued').map(({ id }) => id)));
    response.json(
      runs.map((row) => {
        const answering = row.state === 'done' ? (row.same_as ?? row.id) : row.id;
        return {
          ...runView(row, waits.get(row.id)),
          results: resultsOfRun(db, answering).map(resultView),
          outputs: outputsOfRun(db, answering).map(outputView),
          logPath: node.logPathOf(row.id) ?? null,
        };
      }),
    );
  });
  router.post('/runs', (request, response) => {
    const asked = parseBody(runRequest, request);
    const study = studyOf(db, asked.study);
    demandFiles(study);
    demandPatients(db, study);
    const version = lastVersion(db, study.id);
    if (version === undefined)
      throw new AnteroomError('STATE_MOVE_REFUSED', `study ${asked.study} has not settled yet; expected at least one version`);
    const series = chooseSeries(new Set(instancesOfVersion(db, version.id).map((row) => row.series_instance_uid)), asked.series);
    const id = db.transaction(() =>
      insertRun(
        db,
        {
          purpose: 'clinical',
          versionId: version.id,
          rule: null,
          rulesRevision: null,
          modelName: asked.model,
          settings: {},
          destinations: asked.destinations,
          priority: asked.priority,
          inputs: [{ name: 'series', seriesInstanceUid: series }],
          again: asked.again,
        },
        clock(),
      ),
    );
    bell.ring('runs');
    response.status(201).json({ run: id, state: runById(db, id)?.state });
  });
  router.post('/runs/:id/cancel', (request, response) => {
    const run = runOf(node, request.params.id);
    if (!['waiting', 'queued', 'starting', 'running'].includes(run.state)) {
      throw new AnteroomError('STATE_MOVE_REFUSED', `run ${run.id} is ${run.state}; expected waiting, queued, starting or running`);
    }
    requestCancel(db, run.id);
    bell.ring('runs');
    response.status(202).json({ run: run.id });
  });
  router.post('/runs/:id/retry', (request, response) => {
    const run = runOf(node, request.params.id);
    demandFiles(studyOfRun(db, run.id));
    const later = laterRun(db, run.id);
    if (later !== undefined)
      throw new AnteroomError('OUTDATED', `version ${later.version_number} of its study has run ${later.id} in the place of run ${run.id}`);
    const model_id = modelForRetry(db, run);
    const set = {
      ...NO_PROGRESS,
      model_id,
      due_at: clock(),
      cancel_requested: 0,
      ended_at: null,
      failure_code: null,
      reason: null,
      same_as: null,
      again: 1,
    };
    if (
      !db.move('runs', run.id, 'queued', { at: clock(), from: ['failed', 'rejected', 'cancelled'], set, detail: 'asked for by a person' })
    ) {
      throw new AnteroomError('STATE_MOVE_REFUSED', `run ${run.id} is ${run.state}; expected failed, rejected or cancelled`);
    }
    bell.ring('runs');
    response.status(202).json({ run: run.id });
  });
}

function deliveryRoutes(router: Router, { db, bell, clock }: NodePort): void {
  router.get('/deliveries', (request, response) => {
    const rows = listDeliveries(db, { studyInstanceUid: textQuery(request, 'study'), limit: limitOf(request) });
    response.json(
      rows.map((row) => deliveryView(row, withdrawalOf(db, row.result_id, row.destination), pauseOfDestination(db, row.destination))),
    );
  });
  router.post('/deliveries/retry', (request, response) => {
    const { destination } = parseBody(retryRequest, request);
    const at = clock();
    const tried = db.transaction(() => deliveriesToRetry(db, destination).filter((delivery) => retryDelivery(db, delivery, at)));
    bell.ring('delivery');
    response.status(202).json({ deliveries: tried.map(({ id }) => id) });
  });
  router.post('/deliveries/:id/retry', (request, response) => {
    const delivery = deliveryById(db, Number(request.params.id));
    if (delivery === undefined) throw new AnteroomError('NOT_FOUND', `delivery ${request.params.id}`);
    demandFiles(studyOf(db, delivery.study_instance_uid));
    if (delivery.result_state === 'superseded')
      throw new AnteroomError('OUTDATED', `a later version of the study has a result in the place of that of delivery ${delivery.id}`);
    if (!retryDelivery(db, delivery, clock()))
      throw new AnteroomError('STATE_MOVE_REFUSED', `delivery ${delivery.id} is ${delivery.state}; expected held, rejected or unsure`);
    bell.ring('delivery');
    response.status(202).json({ delivery: delivery.id });
  });
}

function withdrawalRoutes(router: Router, { db, bell, clock }: NodePort): void {
  router.post('/withdrawals/:id/retry', (request, response) => {
    const withdrawal = withdrawalById(db, Number(request.params.id));
    if (withdrawal === undefined) throw new AnteroomError('NOT_FOUND', `withdrawal ${request.params.id}`);
    if (!retryWithdrawal(db, withdrawal.id, clock()))
      throw new AnteroomError('STATE_MOVE_REFUSED', `withdrawal ${withdrawal.id} is ${withdrawal.state}; expected held or kept`);
    bell.ring('delivery');
    response.status(202).json({ withdrawal: withdrawal.id });
  });
}

function viewOf(db: NodePort['db'], row: StudyRow, account: StudyAccount | undefined): StudyView {
  return studyView(row, versionsOfStudy(db, row.id), leftoversOfStudy(db, row.id), { purge: lastPurge(db, row.id), account });
}

function accountOf(db: NodePort['db'], { study_instance_uid: uid }: StudyRow, now: EpochMs): StudyAccount | undefined {
  return accountsOfStudies(db, [uid], now).get(uid);
}

function studyOf(db: NodePort['db'], uid: string): StudyRow {
  const study = findStudy(db, uid);
  if (study === undefined) throw new AnteroomError('NOT_FOUND', `study ${uid}`);
  return study;
}

/** Throws STUDY_OF_EVALUATION for the copy of a case. */
function demandPatients(db: NodePort['db'], { study_instance_uid: uid }: StudyRow): void {
  const copy = evaluationStudy(db, uid);
  if (copy !== undefined) throw new AnteroomError('STUDY_OF_EVALUATION', `study ${uid} is a copy of case ${copy.case_name}`);
}

function runOf({ db }: NodePort, id: string) {
  const run = runById(db, Number(id));
  if (run === undefined) throw new AnteroomError('NOT_FOUND', `run ${id}`);
  return run;
}

/**
 * Not the model that failed, but the one in use now: it may have been corrected since. With one that is suspended it
 * waits; one that is retired must not run for a patient. What an evaluation runs is a part of its question.
 * @throws AnteroomError MODEL_UNKNOWN
 */
function modelForRetry(db: NodePort['db'], run: RunRow): number {
  const own = run.model_id === null ? undefined : modelById(db, run.model_id);
  if (run.purpose !== 'clinical' && own !== undefined) return own.id;
  const model = activeModel(db, run.model_name);
  if (model !== undefined && [null, model.version].includes(run.model_version)) return model.id;
  if (own?.state === 'active' || own?.state === 'suspended') return own.id;
  const was = own === undefined ? '' : `; its own, ${own.version}, is ${own.state}`;
  throw new AnteroomError('MODEL_UNKNOWN', `no version of model ${run.model_name} that run ${run.id} asks for is active${was}`);
}

function chooseSeries(present: ReadonlySet<string>, asked: string | undefined): string {
  if (asked !== undefined && present.has(asked)) return asked;
  if (asked !== undefined)
    throw new AnteroomError('NOT_FOUND', `series ${asked} is not in the study; expected one of ${[...present].join(', ')}`);
  const [only, ...others] = present;
  if (only !== undefined && others.length === 0) return only;
  throw new AnteroomError('USAGE', `the study has ${present.size} series; expected one of them with --series: ${[...present].join(', ')}`);
}
