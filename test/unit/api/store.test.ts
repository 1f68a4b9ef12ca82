/** The store over the node's socket, as the command asks it. */
import express from 'express';
import { join } from 'node:path';
import type { NodePort } from '../../../src/api/node-port.js';
import { serveAdmin } from '../../../src/api/server.js';
import { storeRoutes } from '../../../src/api/store-routes.js';
import type { CardView, SearchView, StoreModelView } from '../../../src/api/store-views.js';
import { NodeClient } from '../../../src/cli/node-client.js';
import { Db } from '../../../src/ledger/database.js';
import { readSource } from '../../../src/models/catalogue/read-source.js';
import { writeMhubModels } from '../../support/mhub-models.js';
import { tempFolder } from '../../support/temp.js';

const none = { resolveImage: () => Promise.reject(new Error('none')), readImageFile: () => Promise.reject(new Error('none')) };

describe('the store over HTTP', () => {
  let client: NodeClient;
  let close: () => Promise<void>;
  const mhub = tempFolder('mhub');
  beforeAll(async () => {
    const folder = tempFolder('store');
    const db = Db.open(join(folder, 'ledger.sqlite'), { migrate: true });
    const node = { db, readCatalogue: (source: Parameters<NodePort['readCatalogue']>[0]) => readSource(db, source, none, () => 1) };
    const router = express.Router();
    router.use(express.json());
    storeRoutes(router, node as unknown as NodePort);
    close = await serveAdmin(join(folder, 'anteroom.sock'), router);
    client = new NodeClient(folder);
    writeMhubModels(mhub);
  });
  afterAll(() => close());

  it('reads a folder, and searches it by words and options', async () => {
    expect(await client.post('/models/catalogue', { folder: mhub })).toMatchObject({ source: mhub, faults: [] });
    const { hits } = await client.get<SearchView>('/models/search?q=left+upper+lobe&modality=CT&licence=commercial');
    expect(hits.map(({ name, state }) => [name, state])).toEqual([
      ['gc_lunglobes', null],
      ['lungmask', null],
    ]);
    expect(hits[0].reasons).toContain('its licences allow commercial use');
    expect(await client.get<StoreModelView[]>('/models/catalogue')).toHaveLength(30);
  });

  it("shows a card with structures' codes, and its words as they stand", async () => {
    const card = await client.get<CardView>('/models/mrsegmentator/card');
    expect(card).toMatchObject({
      licence: { code: 'Apache 2.0', weights: 'Apache 2.0', use: 'commercial' },
      inputs: [{ modalities: ['MR', 'CT'], asWritten: { modality: 'MRI|CT', sliceThickness: 'n/a' }, contrast: 'either' }],
      training: { samples: 100, text: 'Training data of Structures in MR and CT.' },
    });
    expect(card.outputs[0].structures.find(({ id }) => id === 'LEFT_HIP')).toMatchObject({
      code: { value: '29836001' },
      laterality: 'Left',
    });
    expect((await client.get<CardView>('/models/gc_autopet_fpr/card')).outputs[0].structures[0]).toMatchObject({
      id: 'BACKGROUND',
      code: null,
    });
  });

  it('refuses what it does not know', async () => {
    await expect(client.get('/models/search?colour=red')).rejects.toThrow(/colour/);
    await expect(client.get('/models/none/card')).rejects.toThrow(/no model none/);
    await expect(client.post('/models/catalogue', { folder: mhub, url: 'http://127.0.0.1' })).rejects.toThrow(/one of folder/);
  });
});
