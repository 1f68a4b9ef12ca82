/** Deciding studies again over the API. */
import type { Router } from 'express';
import { z } from 'zod';
import { AnteroomError } from '../foundation/errors.js';
import { findStudy, settledStudiesSince } from '../ledger/studies.js';
import { demandFiles } from './keeping-routes.js';
import type { NodePort } from './node-port.js';
import { parseBody, sinceOf } from './requests.js';

const rerouteRequest = z.strictObject({
  dryRun: z.boolean().optional(),
  onlyIfRunsChange: z.boolean().optional(),
  author: z.string().trim().min(1).max(100),
  reason: z.string().trim().min(1).max(200).optional(),
});

/** Adds `/studies/:uid/reroute`, and `/reroute?since=TIME`: the studies that it can be asked for. */
export function rerouteRoutes(router: Router, node: NodePort): void {
  router.get('/reroute', (request, response) => {
    response.json({ studies: settledStudiesSince(node.db, sinceOf(request)) });
  });
  router.post('/studies/:uid/reroute', (request, response) => {
    const study = findStudy(node.db, request.params.uid);
    if (study === undefined) throw new AnteroomError('NOT_FOUND', `study ${request.params.uid}`);
    demandFiles(study);
    const outcome = node.reroute(study, parseBody(rerouteRequest, request));
    if (outcome.version !== null) node.bell.ring('runs');
    response.json(outcome);
  });
}
