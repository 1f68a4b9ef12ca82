/** The rules over the API: what is in force and was, whether newer files were refused, and going back to an earlier revision. */
import type { Router } from 'express';
import { z } from 'zod';
import { filesOfRevision, listRuleChanges } from '../ledger/revisions.js';
import { findRevision } from '../routing/find-revision.js';
import type { NodePort } from './node-port.js';
import { limitOf, parseBody } from './requests.js';
import { ruleChangeView, rulesStanding } from './rule-views.js';

const rollbackRequest = z.strictObject({
  revision: z.string().min(1),
  author: z.string().trim().min(1).max(100),
  reason: z.string().trim().min(1).max(200).optional(),
});

/** Adds `/rules/revisions`, `/rules/revisions/:revision`, `/rules/reload` and `/rules/rollback`. */
export function rulesRoutes(router: Router, { db, bell, rules }: NodePort): void {
  router.get('/rules/revisions', (request, response) => {
    response.json({ ...rulesStanding(rules), changes: listRuleChanges(db, limitOf(request)).map(ruleChangeView) });
  });
  router.get('/rules/revisions/:revision', (request, response) => {
    const revision = findRevision(db, request.params.revision);
    response.json({ revision, files: filesOfRevision(db, revision) ?? {} });
  });
  router.post('/rules/reload', (_request, response) => {
    response.json(rules.reload());
  });
  router.post('/rules/rollback', (request, response) => {
    const outcome = rules.rollback(parseBody(rollbackRequest, request));
    // The folder has changed: what it looks like now is not news.
    bell.ring('rules');
    response.json({ ...outcome, refused: rulesStanding(rules).refused });
  });
}
