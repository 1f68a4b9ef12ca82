/** What an update would change, told before it is taken. */
import { jest } from '@jest/globals';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Db } from '../../../src/ledger/database.js';
import { AnteroomError } from '../../../src/foundation/errors.js';
import { setLogLevel } from '../../../src/foundation/log.js';
import { givePermission, permissionInForce } from '../../../src/ledger/model-permissions.js';
import { lastTest, recordModelTest } from '../../../src/ledger/model-tests.js';
import { activateModel, listModels, modelById, type ModelRow } from '../../../src/ledger/models.js';
import { readModelPackage } from '../../../src/models/package.js';
import { register } from '../../../src/models/register.js';
import { lookForUpdate, type UpdateSource } from '../../../src/models/update.js';
import { tempFolder } from '../../support/temp.js';

setLogLevel('silent');

it('names digest, use, structures and every place of card and model.yaml; what is in use stays when it is taken', async () => {
  const folder = tempFolder('update');
  cpSync('deploy/models/lungs', folder, { recursive: true });
  const db = Db.open(join(tempFolder('ledger'), 'ledger.sqlite'), { migrate: true });
  let digest = 'sha256:1';
  const resolveImage = () => Promise.resolve({ digest });
  const add = (at: number) => register(db, readModelPackage(folder), { resolveImage, at });
  const { row } = await add(1);
  activateModel(db, row.id, { by: 'ann', reason: 'test' }, 2);
  const look = () => lookForUpdate({ ...(modelById(db, row.id) as ModelRow), folder }, { resolveImage });
  expect((await look()).changes).toEqual([]);

  digest = 'sha256:2';
  edit(join(folder, 'meta.json'), [
    ['"version": "1.0.0"', '"version": "1.1.0"'],
    ['"weights": "No weights"', '"weights": "CC BY-NC 4.0"'],
    ['"LEFT_LUNG"]', '"LEFT_UPPER_LUNG_LOBE"]'],
    ['"slicethickness": "8mm"', '"slicethickness": "5mm"'],
  ]);
  edit(join(folder, 'model.yaml'), [['memoryMb: 2048', 'memoryMb: 4096']]);
  const update = await look();
  expect(update).toMatchObject({ version: '1.0.0', newVersion: '1.1.0', digest: 'sha256:1', newDigest: 'sha256:2' });
  expect(update.changes.map(({ what, before, after }) => `${what}: ${before} → ${after}`)).toEqual([
    'digest: sha256:1 → sha256:2',
    'use: on patients → its licences allow no commercial use: code "Apache-2.0", weights "CC BY-NC 4.0"',
    'structures: LEFT_LUNG, RIGHT_LUNG → LEFT_UPPER_LUNG_LOBE, RIGHT_LUNG',
    'meta.json summary.inputs.0.slicethickness: 8mm → 5mm',
    'meta.json summary.outputs.0.classes: RIGHT_LUNG, LEFT_LUNG → RIGHT_LUNG, LEFT_UPPER_LUNG_LOBE',
    'meta.json details.version: 1.0.0 → 1.1.0',
    'meta.json details.license.weights: No weights → CC BY-NC 4.0',
    'model.yaml memoryMb: 2048 → 4096',
  ]);

  const taken = await add(3);
  expect(taken.row).toMatchObject({ state: 'registered', version: '1.1.0' });
  expect(listModels(db).map((one) => `${one.version} ${one.state}`)).toEqual(['1.1.0 registered', '1.0.0 active']);
  db.close();
});

describe('another package under the same digest', () => {
  const test = { cause: 'by-hand', passed: true, workflow: 'default', sample: '/s', reference: '/r' } as const;
  let folder: string;
  let db: Db;
  beforeEach(() => {
    folder = tempFolder('changed');
    cpSync('deploy/models/lungs', folder, { recursive: true });
    db = Db.open(join(tempFolder('ledger'), 'ledger.sqlite'), { migrate: true });
  });
  afterEach(() => {
    db.close();
  });
  const resolveImage = () => Promise.resolve({ digest: 'sha256:1' });
  const add = (activate?: object) =>
    register(db, readModelPackage(folder), { resolveImage, at: 5, ...(activate === undefined ? {} : { activate }) });
  const tested = async () => {
    const { row } = await add();
    recordModelTest(db, row.id, test, 5, { nextAt: 9, onDrift: 'suspend' });
    givePermission(db, { model_id: row.id, by: 'ann', reason: 'x', until: 100 }, 5);
  };
  const change = () => {
    edit(join(folder, 'model.yaml'), [['memoryMb: 2048', 'memoryMb: 4096']]);
  };
  const memory = () => (JSON.parse(modelById(db, 1)?.package ?? '') as { memoryMb: number }).memoryMb;

  it('has to be tested again, and its permission ends', async () => {
    await tested();
    expect((await add()).row.state).toBe('tested');
    change();
    expect((await add()).row).toMatchObject({ state: 'registered', test_due_at: null });
    expect(lastTest(db, 1)).toBeUndefined();
    expect(permissionInForce(db, 1, 6)).toBeUndefined();
    await expect(add({})).rejects.toThrow('no test of it was told of');
  });

  it.each(['active', 'suspended'] as const)('is refused where that is %s, unless somebody answers for it', async (state) => {
    await tested();
    await add({});
    if (state === 'suspended') db.move('models', 1, 'suspended', { at: 6 });
    change();
    await expect(add()).rejects.toThrow(`is ${state}, and another now: model.yaml memoryMb was 2048, is 4096`);
    await expect(add({})).rejects.toThrow('memoryMb');
    expect(memory()).toBe(2048);
    expect((await add({ by: 'ann', reason: 'it needs more' })).row).toMatchObject({
      state: 'active',
      override_by: 'ann',
      override_reason: 'it needs more',
    });
    expect(memory()).toBe(4096);
    expect(lastTest(db, 1)).toBeUndefined();
  });

  it('is the same where only another name of the image, or other test data, is named', async () => {
    await tested();
    await add({});
    const path = join(folder, 'model.yaml');
    writeFileSync(
      path,
      `${readFileSync(path, 'utf8')
        .replace(/^image: .*$/m, 'image: other:1')
        .replace(/^test:[^]*?\n(?=\S|$)/m, '')}\n`,
    );
    expect((await add()).row).toMatchObject({ state: 'active', override_by: null });
    expect(lastTest(db, 1)).toBeDefined();
  });
});

function edit(path: string, changes: readonly (readonly [string, string])[]): void {
  const text = changes.reduce((before, [from, to]) => before.replace(from, to), readFileSync(path, 'utf8'));
  writeFileSync(path, text);
}

describe('an image from a registry', () => {
  const folder = tempFolder('registry');
  const image = 'anteroom/lungs';
  const row = { name: 'lungs', version: '1.0.0', digest: 'sha256:1', model_file: null, from_registry: 0, folder };
  const pulled = { from_registry: 1, package: JSON.stringify({ runtime: 'docker', image }) };
  const made = () => Promise.resolve({ digest: 'sha256:1', fromRegistry: false });
  const here = () => Promise.resolve({ digest: 'sha256:1', fromRegistry: true, repoDigests: ['a@sha256:0', 'a@sha256:1'] });
  const gone = () => Promise.reject(new AnteroomError('IMAGE_MISSING', 'the engine has no image'));
  const has = (digest: string) => () => Promise.resolve(digest);
  const look = (source: UpdateSource, more: object = {}) => {
    const card = readFileSync(join(folder, 'meta.json'), 'utf8');
    return lookForUpdate({ ...row, card, package: '{}', ...more } as unknown as ModelRow & { folder: string }, source);
  };

  beforeEach(() => cpSync('deploy/models/lungs', folder, { recursive: true }));

  it.each([
    ['has another one by now', here, has('sha256:2'), { newDigest: 'sha256:2', toPull: image, notAsked: null }],
    ['has the same', here, has('sha256:1'), { newDigest: 'sha256:1', toPull: null, registryFault: null }],
    ['has the same under another digest of it', here, has('sha256:0'), { newDigest: 'sha256:1', toPull: null }],
    ['does not answer', here, gone, { newDigest: 'sha256:1', toPull: null, registryFault: 'the engine has no image', notAsked: null }],
  ])('that %s', async (_, resolveImage, registryDigest, expected) => {
    expect(await look({ resolveImage, registryDigest })).toMatchObject(expected);
  });

  it('that was pulled when it was registered, and is not here any more, is asked for under that name alone', async () => {
    const source = { resolveImage: gone, registryDigest: has('sha256:1') };
    expect(await look(source, pulled)).toMatchObject({ newDigest: 'sha256:1', toPull: image });
    edit(join(folder, 'model.yaml'), [[`image: ${image}`, 'image: anteroom/others']]);
    await expect(look(source, pulled)).rejects.toMatchObject({ code: 'IMAGE_MISSING' });
  });

  it('is what a name with its registry, or with its digest, is asked for', async () => {
    for (const named of ['registry.example.org/a/lungs:2', 'localhost:5000/lungs', `${image}@sha256:2`]) {
      cpSync('deploy/models/lungs', folder, { recursive: true });
      edit(join(folder, 'model.yaml'), [[`image: ${image}`, `image: ${named}`]]);
      expect(await look({ resolveImage: made, registryDigest: has('sha256:2') })).toMatchObject({ toPull: named, notAsked: null });
    }
  });

  it('is never what the name of one that was made here is asked for, be it here or not', async () => {
    const registryDigest = jest.fn(has('sha256:666'));
    expect(await look({ resolveImage: made, registryDigest })).toMatchObject({
      newDigest: 'sha256:1',
      toPull: null,
      notAsked: image,
      registryFault: null,
    });
    await expect(look({ resolveImage: gone, registryDigest })).rejects.toMatchObject({ code: 'IMAGE_MISSING' });
    expect(registryDigest).not.toHaveBeenCalled();
  });

  it.each(['localhost/lungs:1', `localhost/lungs@sha256:${'a'.repeat(64)}`, `sha256:${'a'.repeat(64)}`])(
    'is not asked for what is of this machine only, and nothing is missing then: %s',
    async (named) => {
      cpSync('deploy/models/lungs', folder, { recursive: true });
      edit(join(folder, 'model.yaml'), [[`image: ${image}`, `image: ${named}`]]);
      const update = await look({ resolveImage: made, registryDigest: gone });
      expect(update).toMatchObject({ newDigest: 'sha256:1', toPull: null, notAsked: null, registryFault: null });
    },
  );

  it('that is neither here nor there is refused', async () => {
    await expect(look({ resolveImage: gone, registryDigest: gone }, pulled)).rejects.toMatchObject({ code: 'IMAGE_MISSING' });
  });

  it('is kept of a model when it is registered', async () => {
    const db = Db.open(join(tempFolder('ledger'), 'ledger.sqlite'), { migrate: true });
    const add = (resolveImage: UpdateSource['resolveImage']) => register(db, readModelPackage(folder), { resolveImage, at: 1 });
    expect((await add(made)).row.from_registry).toBe(0);
    expect((await add(here)).row.from_registry).toBe(1);
    db.close();
  });
});
