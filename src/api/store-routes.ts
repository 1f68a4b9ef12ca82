/** The store of models over HTTP: search, cards, and where cards are read from. */
import type { Router } from 'express';
import { z } from 'zod';
import { AnteroomError } from '../foundation/errors.js';
import { removeSource } from '../ledger/catalogue.js';
import { parseQuery } from '../models/search/query.js';
import { searchModels } from '../models/search/search.js';
import { Store } from '../models/store.js';
import { modelStanding } from './model-standing.js';
import type { NodePort } from './node-port.js';
import { parseBody } from './requests.js';
import { cardView, searchView, storeModelView } from './store-views.js';
import { modelView } from './views.js';

const sourceRequest = z.union(
  [
    z.strictObject({ folder: z.string().min(1) }),
    z.strictObject({ image: z.string().min(1) }),
    z.strictObject({ url: z.url({ protocol: /^https?$/ }) }),
    z.strictObject({ remove: z.string().min(1) }),
  ],
  { error: 'must be one of folder, image, url and remove' },
);

const flag = z
  .enum(['true', 'false'])
  .transform((value) => value === 'true')
  .optional();

const conditions = z.strictObject({
  q: z.string().default(''),
  modality: z.string().optional(),
  bodyPart: z.string().optional(),
  structure: z.string().optional(),
  output: z.enum(['segmentation', 'prediction']).optional(),
  contrast: z.enum(['required', 'without']).optional(),
  licence: z.enum(['commercial', 'non-commercial', 'unclear']).optional(),
  gpu: z.enum(['none', 'required']).optional(),
  tested: flag,
  installed: flag,
  sliceThicknessMm: z.coerce.number().positive().optional(),
});

/** Adds the routes of the store. */
export function storeRoutes(router: Router, node: NodePort): void {
  const store = new Store();
  router.get('/models/search', (request, response) => {
    const asked = conditions.safeParse(request.query);
    if (!asked.success)
      throw new AnteroomError('USAGE', asked.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '));
    const { q, ...rest } = asked.data;
    response.json(searchView(searchModels(store.models(node.db), parseQuery(q, rest))));
  });
  router.get('/models/catalogue', (_request, response) => {
    response.json(store.models(node.db).map(storeModelView));
  });
  router.post('/models/catalogue', async (request, response) => {
    const asked = parseBody(sourceRequest, request);
    if ('remove' in asked) {
      if (!removeSource(node.db, asked.remove)) throw new AnteroomError('NOT_FOUND', `no source ${asked.remove} in the catalogue`);
      response.json({ source: asked.remove, models: [], faults: [] });
    } else response.status(201).json(await node.readCatalogue(asked));
  });
  router.get('/models/:name/card', (request, response) => {
    const { name } = request.params;
    const model = store.models(node.db).find((one) => one.name === name);
    if (model === undefined) throw new AnteroomError('NOT_FOUND', `no model ${name} is installed or in the catalogue`);
    response.json({
      ...cardView(model),
      standing: model.row === undefined ? null : { ...modelView(model.row), ...modelStanding(node, model.row) },
    });
  });
}
