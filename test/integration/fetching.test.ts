/** Studies pulled from a real Orthanc, over DICOMweb and by C-MOVE to ourselves: what matches, what is there already, what breaks off. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FetchView, StudyView } from '../../src/api/views.js';
import type { FoundStudy } from '../../src/fetching/source.js';
import { makeChestStudy, sendTo, type ChestStudy } from '../support/chest-study.js';
import { describeWith } from '../support/data.js';
import { missingForNode, startNode, type TestNode } from '../support/node.js';
import { missingForOrthanc, startOrthanc, type Orthanc } from '../support/orthanc.js';
import { tempFolder } from '../support/temp.js';
import { until } from '../support/until.js';

const missing = [...missingForNode(), ...missingForOrthanc()];

describeWith('fetching', missing, () => {
  const requests = join(tempFolder('fetching'), 'requests');
  let pacs: Orthanc;
  let node: TestNode;

  beforeAll(async () => {
    const script = join(tempFolder('fetching'), 'requests.lua');
    writeFileSync(
      script,
      `function IncomingHttpRequestFilter(method, uri) local f = io.open('${requests}', 'a'); f:write(uri .. '\\n'); f:close() return true end`,
    );
    pacs = await startOrthanc({ config: { LuaScripts: [script], DicomAlwaysAllowFind: true, DicomAlwaysAllowMove: true } });
    node = await startNode({
      settings: {
        settle: { quietS: 600 },
        sources: {
          web: { kind: 'dicomweb', url: pacs.dicomWebUrl, maxMatches: 2 },
          slow: { kind: 'dicomweb', url: pacs.dicomWebUrl, instancesPerS: 25, concurrency: 1, attempts: 20 },
          old: { kind: 'dimse', host: '127.0.0.1', port: pacs.dicomPort, aeTitle: 'ORTHANC', timeoutS: 10 },
        },
      },
    });
    const body = JSON.stringify({ AET: 'ANTEROOM', Host: '127.0.0.1', Port: node.dicomPort });
    await fetch(`${pacs.url}/modalities/ANTEROOM`, { method: 'PUT', body });
  }, 60_000);

  afterAll(async () => {
    await node.remove();
    await pacs.remove();
  }, 60_000);

  /** A study at the PACS, with an accession number of its own. */
  async function atPacs(name: string, accession: string, studyDate = '20260102'): Promise<ChestStudy> {
    const study = makeChestStudy(name, { studyDate });
    for (const file of study.files) {
      const bytes = readFileSync(file);
      bytes.write(accession, bytes.indexOf('PHANTOM1'), 'latin1');
      writeFileSync(file, bytes);
      await fetch(`${pacs.url}/instances`, { method: 'POST', body: bytes });
    }
    return study;
  }

  const fetchAll = async (...args: string[]) => {
    const { exitCode, stdout, stderr } = await node.command('fetch', ...args, '--yes', '--json');
    return { exitCode, stderr, fetches: exitCode === 0 ? (JSON.parse(stdout) as FetchView[]) : [] };
  };

  const here = async ({ studyInstanceUid }: ChestStudy) =>
    (await node.admin.get<StudyView[]>('/studies')).find((one) => one.studyInstanceUid === studyInstanceUid)?.instances;

  it.each(['web', 'old'])('%s: shows what matches an accession number, and pulls it', async (source) => {
    const study = await atPacs(`accession ${source}`, source === 'web' ? 'ACCESS-1' : 'ACCESS-2');
    const accession = source === 'web' ? 'ACCESS-1' : 'ACCESS-2';
    const listed = await node.command('fetch', '--source', source, '--accession', accession, '--list', '--json');
    const { studies } = JSON.parse(listed.stdout) as { studies: FoundStudy[] };
    expect(studies).toEqual([
      expect.objectContaining({ studyInstanceUid: study.studyInstanceUid, accessionNumber: accession, instances: study.files.length }),
    ]);
    expect((await node.command('fetch', '--source', source, '--accession', accession, '--list')).stdout).toContain('PHANTOM-CHEST');
    expect(await here(study)).toBeUndefined();

    const { fetches } = await fetchAll('--source', source, '--accession', accession);
    expect(fetches).toEqual([
      expect.objectContaining({ state: 'done', listed: study.files.length, hereBefore: 0, pulled: study.files.length }),
    ]);
    expect(await here(study)).toBe(study.files.length);
  });

  it.each(['web', 'old'])('%s: pulls what is missing of a study of which a part is here', async (source) => {
    const study = await atPacs(`part ${source}`, 'ACCESS-3');
    await sendTo(node, study.files.slice(0, 10));
    const { fetches } = await fetchAll('--source', source, '--study', study.studyInstanceUid);
    expect(fetches).toEqual([expect.objectContaining({ state: 'done', hereBefore: 10, pulled: study.files.length - 10 })]);
    expect(await here(study)).toBe(study.files.length);
  });

  it.each(['web', 'old'])('%s: finds by patient and dates, and says when nothing or too much matches', async (source) => {
    const patient = ['--source', source, '--patient', 'PHANTOM-CHEST'];
    const dated = await atPacs(`dated ${source}`, 'ACCESS-4', source === 'web' ? '20250301' : '20250401');
    const { fetches } = await fetchAll(...patient, '--date', source === 'web' ? '20250215-20250315' : '20250315-20250415');
    expect(fetches.map(({ studyInstanceUid }) => studyInstanceUid)).toEqual([dated.studyInstanceUid]);
    const none = await node.command('fetch', ...patient, '--date', '19990101-19991231', '--yes');
    expect(none).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/No study at the source matches[\s\S]*Check number/) as string,
    });
    if (source === 'old') return;
    const many = await node.command('fetch', ...patient, '--yes');
    expect(many.stderr).toMatch(/source web lists 3 or more; expected at most 2[\s\S]*shorter range/);
  });

  it('asks a person first, which needs a terminal; and one of several sources is named', async () => {
    const asked = await node.command('fetch', '--source', 'web', '--accession', 'ACCESS-1');
    expect(asked).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('expected --yes or --list') as string });
    const unnamed = await node.command('fetch', '--accession', 'ACCESS-1', '--yes');
    expect(unnamed.stderr).toContain('expected one of: web, slow, old');
    const everything = await node.command('fetch', '--source', 'web', '--patient', '*', '--yes');
    expect(everything.stderr).toContain('expected one of them');
  });

  async function begin(study: ChestStudy): Promise<number> {
    const [{ fetch: id }] = await node.admin.post<FetchView[]>('/fetches', { source: 'slow', studies: [study.studyInstanceUid] });
    return id;
  }

  const fetchOf = async (id: number) => (await node.admin.get<FetchView[]>('/fetches').catch(() => [])).find((one) => one.fetch === id);
  const done = (id: number) => until('the fetch to be done', async () => (await fetchOf(id))?.state === 'done' && fetchOf(id), 60_000);

  it('goes on where it was when the source comes back', async () => {
    const study = await atPacs('killed source', 'ACCESS-5');
    const id = await begin(study);
    await until('some to have come', async () => ((await fetchOf(id))?.pulled ?? 0) >= 5);
    await pacs.kill();
    await until('the attempt to have failed', async () => (await fetchOf(id))?.failureCode === 'DESTINATION_UNREACHABLE');
    await pacs.start();
    expect(await done(id)).toMatchObject({ listed: study.files.length, hereBefore: 0, pulled: study.files.length, reason: null });
    expect(await here(study)).toBe(study.files.length);
  }, 60_000);

  it('goes on where it was when the node was killed, and pulls nothing twice', async () => {
    const study = await atPacs('killed node', 'ACCESS-6');
    await node.kill();
    await node.start({ failpoint: 'fetching.pulled:8' });
    if (existsSync(requests)) writeFileSync(requests, '');
    const id = await begin(study);
    expect(await node.ended()).toBe('SIGKILL');
    await node.start();
    await done(id);
    expect(await here(study)).toBe(study.files.length);
    const pulled = readFileSync(requests, 'utf8')
      .split('\n')
      .filter((uri) => /\/instances\/[\d.]+$/.test(uri));
    // One may have been on its way when the node died.
    expect([study.files.length, study.files.length + 1]).toContain(pulled.length);
    expect(new Set(pulled).size).toBe(study.files.length);
  }, 60_000);
});
