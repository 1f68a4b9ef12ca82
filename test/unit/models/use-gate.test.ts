/** What may be used on patients: licences, status, research destinations, and who answers for an exception until when. */
import { join } from 'node:path';
import { setLogLevel } from '../../../src/foundation/log.js';
import { Db } from '../../../src/ledger/database.js';
import { endPermission, givePermission } from '../../../src/ledger/model-permissions.js';
import { activateModel, modelById, registerModel, type ModelRow } from '../../../src/ledger/models.js';
import { recordModelTest } from '../../../src/ledger/model-tests.js';
import { takeIntoUse } from '../../../src/models/register.js';
import { notClinical, refusedModels, refusedUse, useRules } from '../../../src/models/use-gate.js';
import { seriesDescriptionOf } from '../../../src/results/series-description.js';
import { parseSettings } from '../../../src/settings/load.js';
import { MHUB_MODELS, mhubCard } from '../../support/mhub-models.js';
import { tempFolder } from '../../support/temp.js';

setLogLevel('silent');

const AT = 1_000_000;
const rules = (text: string) => useRules(parseSettings(text, '/anteroom.yaml', {}));
const CLINICAL = rules('destinations: {pacs: {kind: stow, url: "http://x/y"}, study: {kind: stow, url: "http://x/z", research: true}}');

let db: Db;
beforeEach(() => {
  db = Db.open(join(tempFolder('use'), 'ledger.sqlite'), { migrate: true });
});
afterEach(() => {
  db.close();
});

function model(license: { code: string; weights: string }, yaml: object = {}, digest = 'sha256:1'): ModelRow {
  const card = mhubCard(MHUB_MODELS[0]) as { details: object };
  const text = JSON.stringify({ ...card, name: 'm', title: 'A model', details: { ...card.details, version: '1.0', license } });
  return registerModel(db, { name: 'm', version: '1.0', digest, card: text, package: JSON.stringify(yaml), folder: null }, AT);
}
const free = { code: 'MIT', weights: 'Apache 2.0' };
const nc = { code: 'MIT', weights: 'CC BY-NC 4.0' };
const refusal = ({ id }: ModelRow, destinations: string[], at = AT, use = CLINICAL) =>
  refusedUse(db, { model_id: id, model_name: 'm' }, destinations, use, at);

it.each<[string, { code: string; weights: string }, object, RegExp | undefined]>([
  ['free licences', free, {}, undefined],
  ['no weights that could be licensed', { code: 'Apache-2.0', weights: 'No weights' }, {}, undefined],
  ['a licence without commercial use', nc, {}, /no commercial use: code "MIT", weights "CC BY-NC 4.0"/],
  ['a licence that nobody knows', { code: 'MIT', weights: 'N/A' }, {}, /is not clear: code "MIT", weights "N\/A"/],
  ['the status research', free, { status: 'research' }, /status is research/],
])('%s', (_, license, yaml, expected) => {
  const row = model(license, yaml);
  if (expected === undefined) expect(notClinical(row)).toBeUndefined();
  else expect(notClinical(row)).toMatch(expected);
  expect(seriesDescriptionOf(row)).toBe(expected === undefined ? 'A model 1.0' : 'RESEARCH A model 1.0');
});

it('lets what is for research only go to research destinations alone, unless the site is one', () => {
  const row = model(nc);
  expect(refusal(row, [])).toBeUndefined();
  expect(refusal(row, ['study'])).toBeUndefined();
  expect(refusal(row, ['study', 'pacs', 'archive'])).toMatchObject({
    code: 'USE_NOT_PERMITTED',
    reason: expect.stringMatching(/^model m: its licences .*; pacs, archive are not marked research$/) as string,
  });
  expect(refusal(row, ['pacs'], AT, rules('use: research'))).toBeUndefined();
  expect(refusal(model(free, {}, 'sha256:2'), ['pacs'])).toBeUndefined();
});

it('keeps the description of a result within 64 characters, RESEARCH first', () => {
  const { card, ...row } = model(nc);
  const long = card.replace('A model', 'A model '.repeat(20).trim());
  expect(seriesDescriptionOf({ ...row, card: long })).toMatch(/^RESEARCH A model.{48}$/);
});

it('holds a permission until its time, for this digest only, and closes by itself; both are in the events', () => {
  const row = model(nc);
  activateModel(db, row.id, { by: 'ann', reason: 'a test' }, AT);
  givePermission(db, { model_id: row.id, by: 'Dr. Chen', reason: 'IRB 2026-17', until: AT + 100 }, AT);
  expect(refusal(row, ['pacs'])).toBeUndefined();
  expect(refusedModels(db, CLINICAL, AT)).toEqual(new Map());
  expect(refusal(model(nc, {}, 'sha256:2'), ['pacs'])).toBeDefined();
  expect(refusal(row, ['pacs'], AT + 100)).toBeDefined();
  expect([...refusedModels(db, CLINICAL, AT + 100).keys()]).toEqual(['m']);
  expect(endPermission(db, row.id, 'Dr. Chen', AT + 50)).toBe(true);
  expect(refusal(row, ['pacs'], AT + 60)).toBeDefined();
  const events = db.all<{ to_state: string; detail: string }>("SELECT * FROM events WHERE table_name = 'model_permissions' ORDER BY id");
  expect(events.map(({ to_state: to, detail }) => `${to} ${detail}`)).toEqual([
    `given model ${row.id}, by Dr. Chen until 1970-01-01T00:16:40.100Z: IRB 2026-17`,
    'ended by Dr. Chen',
  ]);
});

describe('a model is taken into use', () => {
  const test = { cause: 'by-hand', workflow: 'default', sample: '/s', reference: '/r' } as const;

  it('after a passed test on the same digest, not on another one', () => {
    const row = model(free);
    expect(() => takeIntoUse(db, row.id, {}, AT)).toThrow('m (sha256:1): no test of it was told of');
    expect(() => takeIntoUse(db, row.id, { by: 'ann' }, AT)).toThrow('expected a passed one, or a name and a reason');
    recordModelTest(db, row.id, { ...test, passed: true }, AT, { nextAt: null, onDrift: 'suspend' });
    expect(takeIntoUse(db, row.id, {}, AT).row).toMatchObject({ state: 'active', override_reason: null });
    expect(() => takeIntoUse(db, model(free, {}, 'sha256:2').id, {}, AT)).toThrow('sha256:2');
    expect(modelById(db, row.id)?.state).toBe('active');
  });

  it('not after one that failed since; with a name and a reason, which stay until a test is passed', () => {
    const row = model(free);
    recordModelTest(db, row.id, { ...test, passed: true }, AT, { nextAt: null, onDrift: 'suspend' });
    recordModelTest(db, row.id, { ...test, passed: false, reason: 'Dice at LUNG' }, AT, { nextAt: null, onDrift: 'suspend' });
    expect(() => takeIntoUse(db, row.id, {}, AT)).toThrow('its last test did not pass: Dice at LUNG');
    const { row: used } = takeIntoUse(db, row.id, { by: 'ann', reason: 'the reference is of another scanner' }, AT);
    expect(used).toMatchObject({ state: 'active', override_by: 'ann', override_reason: 'the reference is of another scanner' });
    recordModelTest(db, row.id, { ...test, passed: true }, AT, { nextAt: null, onDrift: 'suspend' });
    expect(modelById(db, row.id)).toMatchObject({ state: 'active', override_by: null, override_reason: null });
  });
});
