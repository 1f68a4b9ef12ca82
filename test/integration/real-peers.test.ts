/** The senders that a site has, against the built node: what they send as it is arrives byte for byte. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { describeWith, testData } from '../support/data.js';
import { dcmtk } from '../support/dcmtk.js';
import { dataSetOf, md5 } from '../support/dimse.js';
import { missingForNode, startNode, type TestNode } from '../support/node.js';
import { missingForOrthanc, startOrthanc, type Orthanc } from '../support/orthanc.js';
import { modalities } from '../support/orthanc-rest.js';
import { part10Files, type Part10File } from '../support/part10.js';
import { missingTools } from '../support/tools.js';

const needed = ['ct-chest-a0001', 'ct-abdomen-totalseg', 'ct-chest-a0002', 'pet-seg-qin0024'];
const missing = [
  ...missingForNode(),
  ...missingForOrthanc(),
  ...missingTools('storescu', 'dcmsend', 'echoscu'),
  ...needed.filter((name) => testData(name) === undefined).map((name) => `data ${name}`),
];
const LOCAL = '127.0.0.1';

describeWith('real peers', missing, () => {
  const folder = (name: string, below = ''): string => join(testData(name) ?? '', below);
  const [jpegLs, jpeg2000] = [folder('ct-chest-a0001', 'B-jpegls'), folder('ct-abdomen-totalseg', 'dicom')];
  const [mixed, rle] = [folder('ct-chest-a0002'), folder('pet-seg-qin0024')];
  let node: TestNode;
  let orthanc: Orthanc;

  beforeAll(async () => {
    node = await startNode({ settings: { settle: { quietS: 3600 } } });
    orthanc = await startOrthanc({
      config: {
        ...modalities({ ANTEROOM: node.dicomPort }),
        DicomWeb: { Enable: true, Root: '/dicom-web/', Servers: { anteroom: [`http://${LOCAL}:${String(node.httpPort)}/dicom-web/`] } },
      },
    });
  });
  afterAll(async () => {
    await orthanc.remove();
    await node.remove();
  });

  /** The archive's data sets: MD5 of the bytes after the file meta information. */
  function archived(): Set<string> {
    const root = join(node.dataDir, 'archive');
    const paths = readdirSync(root, { recursive: true, encoding: 'utf8' }).map((name) => join(root, name));
    return new Set(paths.filter((path) => statSync(path).isFile()).map((path) => md5(dataSetOf(path))));
  }
  const dataSets = (files: readonly Part10File[]): string[] => files.map(({ path }) => md5(dataSetOf(path)));
  async function run(program: string, ...args: string[]): Promise<void> {
    const what = args.splice(-1);
    const { code, output } = await dcmtk(program, '-aec', 'ANTEROOM', ...args, LOCAL, String(node.dicomPort), ...what);
    expect({ program, code, output: code === 0 ? '' : output }).toEqual({ program, code: 0, output: '' });
  }

  it('answers echoscu', async () => {
    expect(await dcmtk('echoscu', '-aec', 'ANTEROOM', LOCAL, String(node.dicomPort))).toEqual({ code: 0, output: '' });
  });

  it('takes JPEG-LS from storescu byte for byte', async () => {
    await run('storescu', '-R', '-xt', '+sd', jpegLs);
    expect([...archived()]).toEqual(expect.arrayContaining(dataSets(part10Files(jpegLs))));
  });

  it('takes JPEG 2000 from dcmsend byte for byte', async () => {
    const files = part10Files(jpeg2000);
    expect(new Set(files.map(({ transferSyntaxUid }) => transferSyntaxUid))).toEqual(new Set(['1.2.840.10008.1.2.4.90']));
    await run('dcmsend', '--decompress-never', '--scan-directories', jpeg2000);
    expect([...archived()]).toEqual(expect.arrayContaining(dataSets(files)));
  });

  /** Hands files to Orthanc and resolves with its own id of their study. */
  async function intoOrthanc(files: readonly Part10File[]): Promise<string> {
    let study = '';
    for (const { path } of files) study = (await post<{ ParentStudy: string }>('/instances', readFileSync(path))).ParentStudy;
    return study;
  }

  async function post<T>(path: string, body: string | Buffer): Promise<T> {
    const response = await fetch(`${orthanc.url}${path}`, { method: 'POST', headers: { connection: 'close' }, body });
    expect({ path, status: response.status }).toEqual({ path, status: 200 });
    return (await response.json()) as T;
  }

  it('takes RLE from Orthanc by C-STORE byte for byte', async () => {
    const files = part10Files(rle)
      .filter(({ transferSyntaxUid }) => transferSyntaxUid === '1.2.840.10008.1.2.5')
      .slice(0, 20);
    await post('/modalities/ANTEROOM/store', await intoOrthanc(files));
    expect(files).toHaveLength(20);
    expect([...archived()]).toEqual(expect.arrayContaining(dataSets(files)));
  });

  it('takes uncompressed and JPEG-LS series from Orthanc by STOW-RS byte for byte', async () => {
    const files = part10Files(mixed);
    expect(new Set(files.map(({ transferSyntaxUid }) => transferSyntaxUid)).size).toBe(2);
    const study = await intoOrthanc(files);
    await post('/dicom-web/servers/anteroom/stow', JSON.stringify({ Resources: [study] }));
    expect([...archived()]).toEqual(expect.arrayContaining(dataSets(files)));
  });
});
