/** Registered models over HTTP: what there is, what is used, that a test was passed, and what somebody allows. */
import type { Router } from 'express';
import { z } from 'zod';
import { tellDrift } from '../evaluation/test-schedule.js';
import { AnteroomError, toAnteroomError } from '../foundation/errors.js';
import { loggerOf } from '../foundation/log.js';
import { endPermission, givePermission, refusedRunsOf } from '../ledger/model-permissions.js';
import { recordModelTest } from '../ledger/model-tests.js';
import { listModels, modelById, modelInUse, modelToActivate, type ModelRow } from '../ledger/models.js';
import { structuresPromised } from '../models/answers.js';
import { descriptionChanges, type ModelDescription } from '../models/differences.js';
import type { RegisteredModelYaml } from '../models/model-yaml.js';
import { takeIntoUse } from '../models/register.js';
import type { ModelUpdate } from '../models/update.js';
import type { NodePort } from './node-port.js';
import { parseBody, textQuery } from './requests.js';
import { modelStanding } from './model-standing.js';
import { modelView } from './views.js';

const log = loggerOf('api');

/** A permission is looked at again after a year at the latest. */
const LONGEST_DAYS = 366;
const DAY_MS = 86_400_000;

const name = () => z.string().trim().min(1);
const override = z.strictObject({ by: name().optional(), reason: name().optional() });

const modelRequest = z.strictObject({ folder: name(), modelFile: name().optional(), activate: override.optional() });
const activateRequest = override.extend({ digest: name().optional() });
const testedRequest = z.strictObject({
  name: name(),
  digest: name(),
  card: name(),
  package: name(),
  workflow: name(),
  sample: name(),
  reference: name(),
  report: name(),
  passed: z.boolean(),
  reason: z.string().optional(),
});
const permissionRequest = z.union([
  z.strictObject({ by: name(), digest: name().optional(), reason: name(), until: z.iso.datetime({ offset: true }) }),
  z.strictObject({ by: name(), digest: name().optional(), end: z.literal(true) }),
]);

/** Adds the routes of registered models. */
export function modelRoutes(router: Router, node: NodePort): void {
  const { db, bell, clock } = node;
  router.get('/models', (_request, response) => {
    response.json(
      listModels(db).map((row) => ({
        ...modelView(row),
        ...modelStanding(node, row),
        structures: structuresPromised(row),
        neverFits: node.whyNeverFits(row) ?? null,
        runtime: (JSON.parse(row.package) as RegisteredModelYaml).runtime,
      })),
    );
  });
  router.post('/models', async (request, response) => {
    const { folder, ...options } = parseBody(modelRequest, request);
    const { row, queuedRuns } = await node.registerModel(folder, options);
    bell.ring('runs');
    response.status(201).json({ ...modelView(row), ...modelStanding(node, row), queuedRuns });
  });
  router.post('/models/tested', (request, response) => {
    const { name: asked, digest, card, package: yaml, ...test } = parseBody(testedRequest, request);
    const row = modelOf(node, asked, digest);
    demandSame(row, { card, package: yaml }, test.workflow);
    const { onDrift } = node;
    const drift = recordModelTest(db, row.id, { ...test, cause: 'by-hand' }, clock(), { nextAt: null, onDrift });
    if (drift !== undefined) tellDrift(row, onDrift, drift, test.report);
    const now = modelById(db, row.id) as ModelRow;
    response.json({ ...modelView(now), ...modelStanding(node, now) });
  });
  router.post('/models/:name/activate', (request, response) => {
    const { digest, ...by } = parseBody(activateRequest, request);
    const { row, queuedRuns } = takeIntoUse(db, modelToUse(node, request.params.name, digest).id, by, clock());
    bell.ring('runs');
    response.json({ ...modelView(row), ...modelStanding(node, row), queuedRuns });
  });
  permissionRoute(router, node);
  updateRoutes(router, node);
}

/** @throws AnteroomError MODEL_TEST_OTHER for a test of something else than what the node runs on patients */
function demandSame(row: ModelRow, tested: ModelDescription, workflow: string): void {
  const { workflow: registered } = JSON.parse(row.package) as { workflow: string };
  const seen = descriptionChanges(row, tested).map(({ what, before, after }) => `${what} is ${after}, registered is ${before}`);
  if (workflow !== registered) seen.push(`workflow ${workflow} was run, registered is ${registered}`);
  if (seen.length > 0) throw new AnteroomError('MODEL_TEST_OTHER', `${row.name} (${row.digest}): ${seen.join('; ')}`);
}

function updateRoutes(router: Router, node: NodePort): void {
  const { db, bell } = node;
  router.get('/models/updates', async (request, response) => {
    const asked = textQuery(request, 'name');
    const names = asked === undefined ? [...new Set(listModels(db).map((row) => row.name))] : [asked];
    const rows = names.flatMap((one) => (asked === undefined ? (modelInUse(db, one) ?? []) : modelOf(node, one)));
    response.json(await Promise.all(rows.map((row) => updateView(node, row))));
  });
  // What is in use stays so: another digest is another row, with a test of its own before it, and another package of the same is refused.
  router.post('/models/:name/update', async (request, response) => {
    const { folder, name: of, model_file: modelFile } = modelOf(node, request.params.name);
    if (folder === null) throw new AnteroomError('NOT_FOUND', `the folder of the package of model ${of}`);
    const { row, queuedRuns } = await node.registerModel(folder, modelFile === null ? {} : { modelFile });
    bell.ring('runs');
    response.status(201).json({ ...modelView(row), ...modelStanding(node, row), queuedRuns });
  });
}

/** What would change for a model; `hindrance` says why that cannot be told. */
async function updateView(node: NodePort, row: ModelRow): Promise<ModelUpdateView> {
  const { name: of, version, digest, folder } = row;
  const unknown = { newVersion: null, newDigest: null, toPull: null, notAsked: null, registryFault: null, changes: [] };
  const untold = { name: of, version, digest, ...unknown };
  if (folder === null) return { ...untold, hindrance: 'the folder of its package is not known' };
  try {
    return { ...(await node.lookForUpdate({ ...row, folder })), hindrance: null };
  } catch (thrown) {
    return { ...untold, hindrance: toAnteroomError(thrown).message };
  }
}

export type ModelUpdateView = Omit<ModelUpdate, 'newVersion' | 'newDigest'> & {
  readonly newVersion: string | null;
  readonly newDigest: string | null;
  readonly hindrance: string | null;
};

function permissionRoute(router: Router, node: NodePort): void {
  const { db, bell, clock } = node;
  router.post('/models/:name/permission', (request, response) => {
    const asked = parseBody(permissionRequest, request);
    const row = modelOf(node, request.params.name, asked.digest);
    if ('end' in asked) {
      if (!endPermission(db, row.id, asked.by, clock())) throw new AnteroomError('NOT_FOUND', `no permission for model ${row.name} holds`);
      log.warn('a permission for a model was taken back', { model: row.name, version: row.version });
    } else {
      givePermission(db, { model_id: row.id, by: asked.by, reason: asked.reason, until: untilOf(asked.until, clock()) }, clock());
      log.warn('a model is allowed although its licence or status does not say so', { model: row.name, version: row.version });
    }
    bell.ring('runs');
    response.status(201).json({ ...modelView(row), ...modelStanding(node, row), refusedRuns: refusedRunsOf(db, row.id) });
  });
}

function untilOf(text: string, now: number): number {
  const until = Date.parse(text);
  if (until > now && until <= now + LONGEST_DAYS * DAY_MS) return until;
  throw new AnteroomError('USAGE', `until is ${text}; expected a time from now on, at most ${LONGEST_DAYS} days away`);
}

/** The one with this digest, or else the one in use or registered last. @throws AnteroomError MODEL_UNKNOWN */
function modelOf({ db }: NodePort, asked: string, digest?: string): ModelRow {
  const row = digest === undefined ? modelInUse(db, asked) : listModels(db).find((one) => one.name === asked && one.digest === digest);
  if (row === undefined) throw new AnteroomError('MODEL_UNKNOWN', digest === undefined ? asked : `${asked} with digest ${digest}`);
  return row;
}

/** The one with this digest, or else the last one registered that was never in use. @throws AnteroomError MODEL_UNKNOWN, STATE_MOVE_REFUSED */
function modelToUse(node: NodePort, asked: string, digest?: string): ModelRow {
  if (digest !== undefined) return modelOf(node, asked, digest);
  const row = modelToActivate(node.db, asked);
  if (row !== undefined) return row;
  const there = listModels(node.db).filter(({ name }) => name === asked);
  if (there.length === 0) throw new AnteroomError('MODEL_UNKNOWN', asked);
  const seen = there.map((one) => `${one.version} is ${one.state} (${one.digest})`).join(', ');
  throw new AnteroomError('STATE_MOVE_REFUSED', `${asked} ${seen}; expected one that waits for its use, or --digest to name another one`);
}
