/** `compare --forget` against a node that answers as it is told here. */
import { jest } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { forgetComparison } from '../../../src/cli/compare-forget.js';
import { NodeClient } from '../../../src/cli/node-client.js';
import { tempFolder } from '../../support/temp.js';

describe('a comparison that nobody goes on with', () => {
  let server: Server;
  afterEach(() => server.close());

  /** Its exit code and what it says; the node has one copy and refuses so often to delete it. */
  async function forget(refusals: number): Promise<{ exitCode: number; said: string; asked: number }> {
    const folder = tempFolder('compare-forget');
    writeFileSync(join(folder, 'comparison.json'), JSON.stringify({ id: 'e', models: [] }));
    let asked = 0;
    server = createServer((request, response) => {
      const answer = (status: number, body: unknown) => response.writeHead(status).end(JSON.stringify(body));
      if (request.url?.endsWith('/cases') === true) answer(200, [{ caseName: 'c', studyInstanceUid: '9', state: 'settled' }]);
      else if (request.url?.endsWith('/forget') !== true) answer(200, []);
      else if (++asked > refusals) answer(200, { forgotten: true, at: 1 });
      else answer(409, { code: 'STUDY_KEPT', message: 'no rule has looked at its last version yet' });
    });
    await new Promise<void>((resolve) => server.listen(join(folder, 'anteroom.sock'), resolve));
    const stdout = jest.spyOn(process.stdout, 'write').mockReturnValue(true);
    const exitCode = await forgetComparison(new NodeClient(folder), folder);
    const said = stdout.mock.calls.map(([text]) => String(text)).join('');
    stdout.mockRestore();
    return { exitCode, said, asked };
  }

  it('tells of no refusal that passes by itself, as one until the rules are asked', async () => {
    expect(await forget(2)).toEqual({ exitCode: 0, said: expect.stringMatching(/^1 copy of a case is deleted/) as string, asked: 3 });
  });

  it('tells of one that stays', async () => {
    const { exitCode, said } = await forget(Infinity);
    expect([exitCode, said]).toEqual([
      1,
      expect.stringMatching(/^the node keeps its copy of c: no rule has looked.*\n0 copies of cases are deleted/),
    ]);
  });
});
