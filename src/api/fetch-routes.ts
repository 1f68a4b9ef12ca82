/** Asking a source for studies, and pulling those that are wanted. */
import type { Router } from 'express';
import { z } from 'zod';
import { fetchById, listFetches, requestFetch, type FetchRow } from '../ledger/fetches.js';
import type { NodePort } from './node-port.js';
import { limitOf, parseBody } from './requests.js';
import { fetchView } from './views.js';

const query = z.strictObject({
  source: z.string().min(1).optional(),
  studyInstanceUid: z.string().min(1).optional(),
  accessionNumber: z.string().min(1).optional(),
  patientId: z.string().min(1).optional(),
  studyDate: z
    .string()
    .regex(/^(\d{8}|\d{8}-|-\d{8}|\d{8}-\d{8})$/, 'must be a date or range: 20260131, 20260101-20260131')
    .optional(),
});

const wish = z.strictObject({ source: z.string().min(1), studies: z.array(z.string().regex(/^[\d.]{1,64}$/)).min(1) });

/** Adds the routes. */
export function fetchRoutes(router: Router, node: NodePort): void {
  const { db, bell, clock } = node;
  router.post('/fetches/query', async (request, response) => {
    const { source, ...asked } = parseBody(query, request);
    response.json(await node.findStudies(source, asked));
  });
  router.post('/fetches', (request, response) => {
    const { source, studies } = parseBody(wish, request);
    const ids = studies.map((studyInstanceUid) => requestFetch(db, { studyInstanceUid, source, reason: 'asked for by a person' }, clock()));
    bell.ring('fetching');
    response.status(202).json(ids.map((id) => fetchView(fetchById(db, id) as FetchRow)));
  });
  router.get('/fetches', (request, response) => {
    response.json(listFetches(db, limitOf(request)).map(fetchView));
  });
}
