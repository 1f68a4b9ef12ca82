/** Cards read from folders, URLs and images into the catalogue, and the store of what is installed and what could be. */
import { createServer, type Server } from 'node:http';
import { mkdirSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { listCatalogue, removeSource } from '../../../src/ledger/catalogue.js';
import { Db } from '../../../src/ledger/database.js';
import { activateModel, registerModel } from '../../../src/ledger/models.js';
import type { ImageReader } from '../../../src/models/catalogue/read-image.js';
import { readSource } from '../../../src/models/catalogue/read-source.js';
import { parseQuery } from '../../../src/models/search/query.js';
import { searchModels } from '../../../src/models/search/search.js';
import { Store } from '../../../src/models/store.js';
import { MHUB_MODELS, mhubCard, writeMhubModels } from '../../support/mhub-models.js';
import { tempFolder } from '../../support/temp.js';

const noImages: ImageReader = {
  resolveImage: () => Promise.reject(new Error('none')),
  readImageFile: () => Promise.reject(new Error('none')),
};
const model = (name: string) => MHUB_MODELS.find((one) => one.name === name)!;
const card = (name: string) => JSON.stringify(mhubCard(model(name)));

let db: Db;
let now = 1000;
const clock = () => now++;
beforeEach(() => {
  db = Db.open(join(tempFolder('catalogue'), 'ledger.sqlite'), { migrate: true });
});
afterEach(() => {
  db.close();
});

function install(name: string, options: { override?: string | null } = {}): void {
  const packageJson = JSON.stringify({ runtime: 'docker', image: name, gpu: 'optional' });
  const row = registerModel(
    db,
    { name, version: '0.9.0', digest: `sha256:${name}`, card: card(name), package: packageJson, folder: null },
    clock(),
  );
  const { override = null } = options;
  activateModel(db, row.id, override === null ? null : { by: 'ann', reason: override }, clock());
}

describe('a catalogue in a folder', () => {
  it('is a clone of the repository of MHub as it is, with its pictures', async () => {
    const root = tempFolder('mhub');
    writeMhubModels(root);
    mkdirSync(join(root, 'models/lungmask/docs'));
    writeFileSync(join(root, 'models/lungmask/docs/sample.png'), '');
    const read = await readSource(db, { folder: root }, noImages, clock);
    expect(read.models).toHaveLength(30);
    expect(read.faults).toEqual([]);
    expect(listCatalogue(db).find(({ name }) => name === 'lungmask')?.pictures).toBe(
      JSON.stringify([join(root, 'models/lungmask/docs/sample.png')]),
    );
  });

  it('leaves out a card that cannot be read, and says where', async () => {
    const root = tempFolder('mhub');
    writeMhubModels(root, [model('lungmask'), model('platipy')]);
    writeFileSync(join(root, 'models/platipy/meta.json'), '{"name": "Platipy!"}');
    const read = await readSource(db, { folder: root }, noImages, clock);
    expect(read.models).toEqual(['lungmask']);
    expect(read.faults.map(({ file, path }) => [file.endsWith('platipy/meta.json'), path])).toContainEqual([true, 'name']);
  });

  it('replaces what it had before, and is forgotten on demand', async () => {
    const root = tempFolder('mhub');
    writeMhubModels(root, [model('lungmask')]);
    await readSource(db, { folder: root }, noImages, clock);
    const other = tempFolder('mhub');
    writeMhubModels(other, [model('platipy')]);
    await readSource(db, { folder: other }, noImages, clock);
    await readSource(db, { folder: root }, noImages, clock);
    expect(listCatalogue(db).map(({ name }) => name)).toEqual(['lungmask', 'platipy']);
    expect([removeSource(db, root), removeSource(db, root)]).toEqual([true, false]);
    expect(listCatalogue(db).map(({ name }) => name)).toEqual(['platipy']);
  });

  it('without any card is refused', async () => {
    await expect(readSource(db, { folder: tempFolder('empty') }, noImages, clock)).rejects.toMatchObject({ code: 'CATALOGUE_UNREADABLE' });
  });
});

describe('a catalogue behind a URL', () => {
  let server: Server;
  let url: string;
  let answer: { status: number; body: string };
  beforeEach(async () => {
    server = createServer((_request, response) => response.writeHead(answer.status).end(answer.body));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v2/models/detailed`;
  });
  afterEach(() => {
    server.close();
  });

  it('is read in the form of the API of MHub', async () => {
    const data = [
      {
        id: '1',
        name: 'lungmask',
        label: 'LungMask',
        description: 'Lungs and lobes.',
        modalities: ['CT'],
        categories: ['Segmentation'],
        segmentations: ['LEFT_LUNG', 'RIGHT_LUNG'],
        predictions: [],
        inputs: [{ format: 'DICOM', description: 'A CT.' }],
        cite: 'A et al.',
        licence: { model: 'Apache 2.0', weights: 'CC BY-NC 4.0', code: 'Apache 2.0' },
      },
      { label: 'nameless' },
    ];
    answer = { status: 200, body: JSON.stringify({ data }) };
    const read = await readSource(db, { url }, noImages, clock);
    expect(read.models).toEqual(['lungmask']);
    expect(read.faults).toHaveLength(1);
    const [found] = new Store().models(db);
    expect(found).toMatchObject({ name: 'lungmask', installed: false });
    expect(found.indexed).toMatchObject({
      use: 'non-commercial',
      card: { title: 'LungMask', inputs: [{ modalities: ['CT'], format: 'DICOM' }] },
    });
  });

  it.each([
    ['an error', { status: 500, body: '{}' }],
    ['no JSON', { status: 200, body: '<html>' }],
    ['another form', { status: 200, body: '{"models": []}' }],
  ])('that answers with %s is refused, and the catalogue stays', async (_, bad) => {
    answer = { status: 200, body: JSON.stringify({ data: [{ name: 'a', modalities: ['CT'] }] }) };
    await readSource(db, { url }, noImages, clock);
    answer = bad;
    await expect(readSource(db, { url }, noImages, clock)).rejects.toMatchObject({ code: 'CATALOGUE_UNREADABLE' });
    expect(listCatalogue(db).map(({ name }) => name)).toEqual(['a']);
  });
});

describe('a card in an image', () => {
  const images = (path: string): ImageReader => ({
    resolveImage: () => Promise.resolve({ digest: 'sha256:abc' }),
    readImageFile: (_reference, asked) => Promise.resolve(asked === path ? Buffer.from(card('lungmask')) : undefined),
  });

  it.each(['mhubai/lungmask:latest', 'registry:5000/mhubai/lungmask@sha256:abc', 'lungmask'])(
    'of %s is read with its digest',
    async (image) => {
      await readSource(db, { image }, images('/app/models/lungmask/meta.json'), clock);
      expect(listCatalogue(db)).toMatchObject([{ name: 'lungmask', source: image, kind: 'image', digest: 'sha256:abc' }]);
    },
  );

  it('that has none is refused', async () => {
    await expect(readSource(db, { image: 'lungmask' }, images('/elsewhere'), clock)).rejects.toMatchObject({
      code: 'CATALOGUE_UNREADABLE',
    });
  });
});

describe('the store', () => {
  it('shows what is installed with what the catalogue has beside it', async () => {
    const root = tempFolder('mhub');
    writeMhubModels(root);
    await readSource(db, { folder: root }, noImages, clock);
    install('lungmask');
    install('platipy', { override: 'looked at by hand' });
    const store = new Store();
    const models = store.models(db);
    const standing = (name: string) => models.find((one) => one.name === name);
    expect(models).toHaveLength(30);
    expect(standing('lungmask')).toMatchObject({ installed: true, tested: true, gpu: 'optional', otherVersion: '1.0.0' });
    expect(standing('platipy')).toMatchObject({ installed: true, tested: false });
    expect(standing('casust')).toMatchObject({ installed: false, tested: false });
    const found = (text: string) => searchModels(models, parseQuery(text)).hits.map(({ model: { name } }) => name);
    expect(found('installed heart models')).toEqual(['platipy']);
    expect(found('tested lung lobes')).toEqual(['lungmask']);
    removeSource(db, root);
    expect(store.models(db).map(({ name }) => name)).toEqual(['lungmask', 'platipy']);
  });
});
