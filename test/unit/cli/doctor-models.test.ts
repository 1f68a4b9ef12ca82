/** What `doctor` says of models in use. */
import type { ModelStanding } from '../../../src/api/model-standing.js';
import type { ListedModel } from '../../../src/api/views.js';
import { AnteroomError } from '../../../src/foundation/errors.js';
import { imageFindings, modelFindings } from '../../../src/cli/doctor-models.js';

const test = { passed: true, last: null, lastPassedAt: null, dueAt: null };
const use = { site: 'clinical', notClinical: null, refused: null, permission: null };
const model = { name: 'm', state: 'active', overrideReason: null, overrideBy: null, test, use } as unknown as ListedModel & ModelStanding;
const seen = (one: ListedModel & ModelStanding, everyDays: number) => modelFindings([one], everyDays).map((finding) => finding.seen);

it('tells of a model whose test cannot be repeated, as an earlier release has kept nothing of it', () => {
  expect(seen(model, 7)).toEqual(['no test of it is known that could be repeated: a drift would not be found']);
  expect(seen(model, 0)).toEqual([]);
  expect(seen({ ...model, overrideReason: 'by eye' }, 7)).toEqual(['used without a passed test, by unknown: by eye']);
});

it('tells of an image in use that the engine has lost, and not of an engine that does not answer', async () => {
  const used = [{ ...model, runtime: 'docker', digest: 'sha256:1' }] as unknown as ListedModel[];
  const lost = () => Promise.reject(new AnteroomError('IMAGE_MISSING', 'none'));
  const silent = () => Promise.reject(new AnteroomError('ENGINE_UNREACHABLE', 'none'));
  expect(await imageFindings(used, lost)).toMatchObject([
    { subject: 'model m', standing: 'wrong', seen: 'the engine has no image sha256:1: its runs fail' },
  ]);
  expect(await imageFindings(used, silent)).toEqual([]);
  expect(await imageFindings(used, () => Promise.resolve({}))).toEqual([]);
  expect(await imageFindings([{ ...used[0], runtime: 'process' }], lost)).toEqual([]);
  expect(await imageFindings([{ ...used[0], state: 'retired' }], lost)).toEqual([]);
});
