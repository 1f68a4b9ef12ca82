/** What becomes of cases that cannot be asked for, against a node that answers as it is told here. */
import { jest } from '@jest/globals';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import type { EvaluationRunView } from '../../../src/api/evaluation-routes.js';
import { ComparisonProgress } from '../../../src/cli/compare-progress.js';
import { ComparisonRuns, modelsOnNode, type NodeModel } from '../../../src/cli/compare-runs.js';
import { ComparisonWork } from '../../../src/cli/compare-work.js';
import { NodeClient } from '../../../src/cli/node-client.js';
import type { ListedModel } from '../../../src/api/views.js';
import type { ComparedModel } from '../../../src/evaluation/comparison/compared-model.js';
import { ComparisonFolder } from '../../../src/evaluation/comparison/comparison-folder.js';
import { ReadyFiles } from '../../../src/evaluation/comparison/ready-files.js';
import { summarise } from '../../../src/evaluation/comparison/summarise.js';
import { writeSeg } from '../../../src/dicom/seg/write.js';
import { ellipsoid, madeUpSource, segInput, segmentOf } from '../../support/seg.js';
import { tempFolder } from '../../support/temp.js';

const source = madeUpSource();
const lung = writeSeg(segInput(source, [segmentOf('LEFT_LUNG', ellipsoid(source.grid, [0.7, 0.5, 0.5], 0.2))])).bytes;
const model: NodeModel = { label: 'm', name: 'm', version: '1', digest: 'd' };
const STUDY = '1.2.3';

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

describe('a comparison with a node', () => {
  const servers: Server[] = [];
  afterAll(() => servers.forEach((server) => server.close()));

  /** A comparison of one case whose truth and ready result are there; `answer` is what the node says to a path below the evaluation. */
  async function comparison(answer: (path: string) => Answer) {
    const folder = tempFolder('compare-work');
    writeFileSync(join(folder, 'truth.dcm'), lung);
    mkdirSync(join(folder, 'ready'));
    writeFileSync(join(folder, 'ready', 'c.dcm'), lung);
    const asked: string[] = [];
    const server = createServer((request, response) => {
      const path = (request.url ?? '').replace(/^\/evaluations\/(e\/)?/, '');
      asked.push(path);
      const { status, body } = answer(path);
      response.writeHead(status).end(JSON.stringify(body));
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(join(folder, 'anteroom.sock'), resolve));
    const models = [model, { label: 'ready', results: join(folder, 'ready') }];
    const out = ComparisonFolder.open(join(folder, 'out'), { models, cohort: 'c' }, 'e', new Date(0));
    const runs = new ComparisonRuns(new NodeClient(folder), 'e', [model], () => undefined);
    const entry = { name: 'c', source: { studyInstanceUid: STUDY }, truth: join(folder, 'truth.dcm') };
    const planned = [{ name: 'c', source: 'c', entry }];
    const results = new Map([['ready', await ReadyFiles.in(join(folder, 'ready'))]]);
    const carryOut = () =>
      new ComparisonWork({ folder: out, progress: new ComparisonProgress(true, 1), models, results, truths: undefined, runs }).carryOut(
        planned,
      );
    return { carryOut, asked, out };
  }

  const found = [{ studyInstanceUid: STUDY, patientId: 'P', series: [{ seriesInstanceUid: '1.2.3.4', modality: 'CT', files: [] }] }];
  const refusal = (code: string): Answer => ({ status: 500, body: { message: code, code } });

  it.each([
    [
      'the study is not there',
      (path: string): Answer => ({ status: 200, body: path === 'search' || path === 'cases' ? [] : {} }),
      'NOT_FOUND',
    ],
    [
      'its run is refused',
      (path: string): Answer => (path === 'runs' ? refusal('STUDY_PURGED') : { status: 200, body: path === 'search' ? found : [] }),
      'STUDY_PURGED',
    ],
  ])('keeps a case in n where %s, and scores the results that are ready', async (_, answer, code) => {
    const { carryOut } = await comparison(answer);
    const scores = await carryOut();
    expect(scores).toMatchObject([{ truth: 'there', models: [{ model: 'm', failure: { code } }, { model: 'ready' }] }]);
    const { structures } = summarise([{ label: 'm' }, { label: 'ready' }], scores);
    expect(structures.find(({ model: name }) => name === 'ready')).toMatchObject({ structure: 'LEFT_LUNG', n: 1, scored: 1, failed: 0 });
  });

  it.each(['INTERNAL', 'DISK_LOW'])('ends where the node says %s, which speaks against no case', async (code) => {
    const { carryOut, out } = await comparison(() => refusal(code));
    await expect(carryOut()).rejects.toThrow(code);
    expect(out.scored('c')).toBeUndefined();
  });

  /** The node has a run that ended so. */
  const ran =
    (state: { readonly state: string; readonly failureCode?: string; readonly suspended?: string }) =>
    (path: string): Answer => {
      if (path === 'search') return { status: 200, body: found };
      if (path.startsWith('runs?'))
        return { status: 200, body: [{ model: 'm', digest: 'd', files: [], runTimeMs: 1, paused: null, suspended: null, ...state }] };
      return { status: 200, body: [] };
    };

  it('asks again for what failed of something that a person or time removes, and for nothing else', async () => {
    for (const [failureCode, times] of [
      ['IMAGE_MISSING', 2],
      ['MODEL_EXITED', 1],
    ]) {
      const { carryOut, asked } = await comparison(ran({ state: 'failed', failureCode: String(failureCode) }));
      const [first, second] = [await carryOut(), await carryOut()];
      expect(second).toEqual(first);
      expect([failureCode, asked.filter((path) => path === 'runs').length]).toEqual([failureCode, times]);
    }
  });

  it('has a case of a suspended model fail for that and go on; nothing of it stays in the queue, and the same command asks again', async () => {
    const { carryOut, asked } = await comparison(ran({ state: 'queued', suspended: 'its test fails now' }));
    const failure = { code: 'MODEL_SUSPENDED', reason: 'its test fails now' };
    for (const times of [1, 2]) {
      expect(await carryOut()).toMatchObject([{ models: [{ model: 'm', failure }, { model: 'ready' }] }]);
      for (const path of ['pause', 'runs']) expect([path, asked.filter((one) => one === path).length]).toEqual([path, times]);
    }
  });

  it('says once that it waits for a pause, who made it and why, and when it goes on', async () => {
    const stderr = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
    const run = { model: 'm', state: 'queued', suspended: null, paused: 'everything is paused by ann since 09:00: upgrade' };
    const progress = new ComparisonProgress(true, 1);
    for (const paused of [null, run.paused, run.paused, null]) progress.show('c', [{ ...run, paused } as EvaluationRunView]);
    const told = stderr.mock.calls.map(([text]) => text);
    stderr.mockRestore();
    expect(told).toEqual([`waits: ${run.paused} (Ctrl-C stops; the same command goes on)\n`, 'goes on: nothing is paused any more\n']);
  });

  it('has the copies of scored cases forgotten where an earlier command did not come to it, and tells which stay', async () => {
    const { carryOut, asked } = await comparison((path) => {
      const copies = ['c', 'other'].map((caseName) => ({ caseName, studyInstanceUid: `9.${caseName}` }));
      return path === 'cases'
        ? { status: 200, body: copies }
        : path.endsWith('forget')
          ? refusal('STUDY_KEPT')
          : ran({ state: 'done' })(path);
    });
    const stderr = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
    await carryOut();
    asked.length = 0;
    await carryOut();
    const told = stderr.mock.calls.map(([text]) => text);
    stderr.mockRestore();
    expect(asked.filter((path) => path.endsWith('/forget'))).toContain('cases/9.c/forget');
    expect(asked).not.toContain('cases/9.other/forget');
    expect(told).toContain('the node keeps its copy of c: STUDY_KEPT\n');
  });
});

describe('the models of a comparison', () => {
  const listed = (version: string, state: string) =>
    ({
      name: 'm',
      version,
      digest: `d${version}`,
      state,
      suspendedReason: null,
      neverFits: null,
      structures: [],
    }) as unknown as ListedModel;
  const named = (labels: readonly string[], all: readonly ListedModel[], begunWith?: readonly ComparedModel[]) =>
    modelsOnNode({ get: () => Promise.resolve(all) } as unknown as NodeClient, labels, begunWith);

  it('are each another one', async () => {
    await expect(named(['m', 'm@1'], [listed('1', 'active')])).rejects.toThrow(/m and m@1 are the same model; expected each model once/);
    expect(await named(['m', 'm@2'], [listed('2', 'tested'), listed('1', 'active')])).toMatchObject([{ digest: 'd1' }, { digest: 'd2' }]);
  });

  it('are never another version in the place of one that is suspended; a comparison that began with it goes on', async () => {
    const all = [listed('2', 'tested'), listed('1', 'suspended')];
    await expect(named(['m'], all)).rejects.toMatchObject({ code: 'MODEL_SUSPENDED' });
    await expect(named(['m'], all, [{ label: 'm', digest: 'd2' }])).rejects.toMatchObject({ code: 'MODEL_SUSPENDED' });
    expect(await named(['m'], all, [{ label: 'm', digest: 'd1' }])).toMatchObject([{ digest: 'd1' }]);
    expect(await named(['m@2'], all)).toMatchObject([{ digest: 'd2' }]);
    expect(await named(['m'], [listed('2', 'tested'), listed('1', 'retired')])).toMatchObject([{ digest: 'd2' }]);
  });
});

describe('the folder of a comparison', () => {
  it('is of one truth, and no result takes the place of another', async () => {
    const folder = tempFolder('comparison');
    const subject = { models: [model], cohort: 'c' };
    const open = (truth?: string) =>
      ComparisonFolder.open(folder, { ...subject, ...(truth === undefined ? {} : { truth }) }, 'e', new Date(0));
    const out = open('/experts');
    expect(open('/experts').goesOn).toBe(true);
    for (const other of ['/others', undefined])
      expect(() => open(other)).toThrow(/is of m \(d\) on c with the truth in \/experts; expected m \(d\) on c/);
    const made = join(folder, 'made.dcm');
    writeFileSync(made, lung);
    const kept = await Promise.all(['a@1', 'a_1', 'a+1', 'a 1', 'a-1', 'ä1'].map((label) => out.keepResults('c', label, [made])));
    const ofTwo = await out.keepResults('c', 'a', [made, made]);
    const names = [...kept.flat(), ...ofTwo];
    expect(new Set(names).size).toBe(8);
    expect(names.map((name) => existsSync(out.absolute(name)))).toEqual(Array(8).fill(true));
  });

  it('takes no result for kept that is neither in the node nor in it', async () => {
    const out = ComparisonFolder.open(tempFolder('comparison'), { models: [model], cohort: 'c' }, 'e', new Date(0));
    const made = join(out.path, 'made.dcm');
    await expect(out.keepResults('c', 'm', [made])).rejects.toThrow(/made\.dcm is gone; the same command has the case run again/);
    writeFileSync(made, lung);
    const kept = await out.keepResults('c', 'm', [made]);
    rmSync(made);
    expect(await out.keepResults('c', 'm', [made])).toEqual(kept);
    // The node may purge them between two looks: what is seen first is no promise.
    writeFileSync(made, lung);
    const keeping = out.keepResults('c', 'm', [made]);
    rmSync(made);
    expect(await keeping).toEqual(kept);
    expect(readFileSync(out.absolute(kept[0])).equals(lung)).toBe(true);
  });

  it('tells in its summary which model each is', () => {
    const models = [{ ...model, claims: ['LEFT_LUNG'] }];
    const out = ComparisonFolder.open(tempFolder('comparison'), { models, cohort: 'c' }, 'e', new Date(0));
    out.summarise([], summarise(models, []));
    const { models: told } = JSON.parse(readFileSync(join(out.path, 'summary.json'), 'utf8')) as { models: unknown };
    expect(told).toMatchObject([{ model: 'm', version: '1', digest: 'd', claims: ['LEFT_LUNG'], done: 0 }]);
  });

  it('says which file of it is damaged', () => {
    const out = ComparisonFolder.open(tempFolder('comparison'), { models: [model], cohort: 'c' }, 'e', new Date(0));
    writeFileSync(join(out.path, 'cases', 'c.json'), '');
    expect(() => out.scored('c')).toThrow(/A file cannot be read: .*c\.json is no JSON; delete it to have the case scored again/);
  });
});
