/** What a command is told where the node goes away in the middle of a call. */
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { NodeClient } from '../../../src/cli/node-client.js';
import { tempFolder } from '../../support/temp.js';

it.each<[string, (response: ServerResponse) => void]>([
  ['before its answer', (response) => response.destroy()],
  [
    'within its answer',
    (response) => {
      response.writeHead(200, { 'content-length': 100 });
      response.write('{"name":', () => response.destroy());
    },
  ],
])(
  'a call fails where the node goes away %s',
  async (_, goAway) => {
    const dataDir = tempFolder('client');
    const server = createServer((_request, response) => goAway(response)).listen(join(dataDir, 'anteroom.sock'));
    await once(server, 'listening');
    try {
      await expect(new NodeClient(dataDir).get('/models')).rejects.toMatchObject({
        code: 'NODE_NOT_RUNNING',
        seen: expect.stringMatching(/anteroom\.sock: ECONNRESET$/) as string,
      });
    } finally {
      server.close();
    }
  },
  5000,
);
