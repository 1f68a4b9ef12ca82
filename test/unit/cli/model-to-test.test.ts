/** Which model `models test NAME` tests where several of that name are registered. */
import { AnteroomError } from '../../../src/foundation/errors.js';
import { modelToTest } from '../../../src/cli/model-to-test.js';
import { NodeRefusal } from '../../../src/cli/node-client.js';

/** As the node lists them: the newest first. */
const listing = (...states: string[]) => ({
  get: <T>() => Promise.resolve(states.map((state, n) => ({ name: 'lungs', version: String(states.length - n), state })) as T),
});
const failing = (thrown: Error) => ({ get: () => Promise.reject(thrown) });

it.each([
  ['the newest of two that wait, which `activate` takes', ['registered', 'registered', 'active'], '3'],
  ['what waits, and not what is in use', ['tested', 'active'], '2'],
  ['what is in use, and not an older one that was left waiting', ['active', 'registered'], '2'],
  ['what is suspended', ['retired', 'suspended', 'registered'], '2'],
])('it is %s', async (_, states, version) => {
  expect(await modelToTest(listing(...states), 'lungs')).toMatchObject({ version });
  expect(await modelToTest(listing(...states), 'lobes')).toBeUndefined();
});

it('a node that does not run knows none; what it refuses is told', async () => {
  expect(await modelToTest(listing('retired'), 'lungs')).toBeUndefined();
  expect(await modelToTest(failing(new AnteroomError('NODE_NOT_RUNNING', 'no socket')), 'lungs')).toBeUndefined();
  const refusal = new NodeRefusal(500, 'the ledger is damaged', undefined);
  await expect(modelToTest(failing(refusal), 'lungs')).rejects.toBe(refusal);
});
