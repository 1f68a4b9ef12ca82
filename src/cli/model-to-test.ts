/** Which registered model a name stands for when it is to be tested. */
import type { ModelView } from '../api/views.js';
import { AnteroomError } from '../foundation/errors.js';
import type { NodeClient } from './node-client.js';

/**
 * The one registered last that is not retired: what waits for its use, as `activate` takes it, or what is in use, whatever older one was left waiting.
 * Undefined where no node runs or it knows none. Rejects with NodeRefusal.
 */
export async function modelToTest(client: Pick<NodeClient, 'get'>, named: string): Promise<ModelView | undefined> {
  const newestFirst = await client.get<ModelView[]>('/models').catch((thrown: unknown) => {
    if (thrown instanceof AnteroomError && thrown.code === 'NODE_NOT_RUNNING') return [];
    throw thrown;
  });
  return newestFirst.find(({ name, state }) => name === named && state !== 'retired');
}
