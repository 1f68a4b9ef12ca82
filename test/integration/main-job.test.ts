/**
 * The main job with nothing mocked: dcmtk's storescu → node → Docker container → a real Orthanc over STOW-RS, and a second one
 * over C-STORE. Judged by pydicom, dciodvfy and Orthanc itself.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeWith, testData } from '../support/data.js';
import { containersOf, engineSocket, missingForDocker } from '../support/docker.js';
import { missingForNode, startNode, type TestNode } from '../support/node.js';
import { missingForOrthanc, startOrthanc, type Orthanc } from '../support/orthanc.js';
import { PYTHON, dciodvfyErrors } from '../support/seg.js';
import { arrived, dicomFiles, endedRun, segsIn, storescu } from '../support/study-to-pacs.js';
import { tempFolder } from '../support/temp.js';
import { missingTools } from '../support/tools.js';
import { lungsRules } from '../support/lungs-rules.js';

const RULES = lungsRules('archive', 'pacs', 'workstation');
const COMPARE = 'test/support/compare-seg.py';

/** `-xt` proposes JPEG-LS beside uncompressed, each file in its own transfer syntax. */
const STUDIES = [
  {
    name: 'ct-chest-a0001',
    patient: 'Lung_Dx-A0001',
    series: '',
    options: ['-xt'],
    kept: '1.3.6.1.4.1.14519.5.2.1.6655.2359.165554066086145834377508507990',
  },
  {
    name: 'ct-chest-a0002',
    patient: 'Lung_Dx-A0002',
    series: 'B40f',
    options: ['-xt'],
    kept: '1.3.6.1.4.1.14519.5.2.1.6655.2359.104855313699639828167809534834',
  },
] as const;

const missing = [
  ...missingForNode(),
  ...missingForOrthanc(),
  ...missingForDocker('anteroom/lungs'),
  ...missingTools('storescu', 'dciodvfy', 'python3-pydicom'),
  ...STUDIES.filter(({ name }) => testData(name) === undefined).map(({ name }) => `data ${name}`),
];

describeWith('the main job', missing, () => {
  let pacs: Orthanc;
  let workstation: Orthanc;
  let node: TestNode;

  beforeAll(async () => {
    [pacs, workstation] = await Promise.all([
      startOrthanc(),
      startOrthanc({ config: { DicomAet: 'WORKSTATION', DicomAlwaysAllowFind: true } }),
    ]);
    node = await startNode({
      rules: RULES,
      settings: {
        docker: { socket: engineSocket() },
        settle: { quietS: 2 },
        destinations: {
          pacs: { kind: 'stow', url: pacs.dicomWebUrl },
          workstation: { kind: 'cstore', host: '127.0.0.1', port: workstation.dicomPort, aeTitle: 'WORKSTATION' },
        },
      },
    });
    const added = await node.command('models', 'add', 'deploy/models/lungs', '--activate', '--reason', 'test');
    expect(added).toMatchObject({ exitCode: 0, stderr: '' });
  }, 60_000);

  afterAll(async () => {
    await node.remove();
    await Promise.all([pacs.remove(), workstation.remove()]);
  }, 60_000);

  it.each(STUDIES)(
    'carries $name from storescu to both destinations',
    async ({ name, options, kept, series }) => {
      const folder = testData(name) as string;
      const files = dicomFiles(folder);
      await storescu(node, files, ...options);
      const run = await endedRun(node, kept, 'lungs');
      expect(run).toMatchObject({ state: 'done', reason: null, rule: 'chest-ct-lungs' });
      const deliveries = await arrived(node, kept, 3);
      expect(deliveries.map(({ destination, receipt }) => `${destination}: ${receipt ?? ''}`).sort()).toEqual([
        'archive: found by the ledger',
        'pacs: found by QIDO-RS',
        'workstation: found by C-FIND',
      ]);

      const atPacs = await segOf(pacs, kept);
      const atWorkstation = await segOf(workstation, kept);
      expect(dataSetOf(atWorkstation).equals(dataSetOf(atPacs))).toBe(true);

      const seg = join(tempFolder('main-job'), 'seg.dcm');
      writeFileSync(seg, atPacs);
      const labelMap = join(node.dataDir, 'runs', String(run.run), '1', 'out');
      const source = sourceFacts(files.filter((file) => file.includes(series)));
      expect(compare(seg, findNrrd(labelMap), folder)).toMatchObject({
        differentVoxels: 0,
        wrongPositions: 0,
        patientId: source.PatientID,
        studyInstanceUid: kept,
        frameOfReferenceUid: source.FrameOfReferenceUID,
        referencedSeriesUid: source.SeriesInstanceUID,
        segments: ['Right lung', 'Left lung'],
      });
      expect(dciodvfyErrors(seg)).toEqual([]);
    },
    240_000,
  );

  it('explains why exactly one series of the two was chosen', async () => {
    const explained = await node.command('explain', STUDIES[1].kept);
    expect(explained.stdout).toContain('series 3 (CT, 30 inst.): chosen');
    expect(explained.stdout).toMatch(/series 2 \(CT, 30 inst\.\): lost[\s\S]*kernelFamily is soft: seen sharp/);
  });

  it('left no container behind', async () => {
    expect(await containersOf(engineSocket(), node.folder)).toEqual([]);
  });
});

/** The one SEG of a study in an Orthanc; fails if there is none or more than one. */
async function segOf(orthanc: Orthanc, study: string): Promise<Buffer> {
  const segs = await segsIn(orthanc, study);
  expect(segs).toHaveLength(1);
  return segs[0];
}

/** Everything from the first element after group 2: an archive writes a file meta header of its own. */
function dataSetOf(file: Buffer): Buffer {
  const groupLength = file.readUInt32LE(140);
  return file.subarray(144 + groupLength);
}

function findNrrd(folder: string): string {
  const found = readdirSync(folder, { recursive: true, encoding: 'utf8' }).find((name) => name.endsWith('.nrrd'));
  if (found === undefined) throw new Error(`no label map in ${folder}`);
  return join(folder, found);
}

function compare(seg: string, nrrd: string, source: string): unknown {
  return JSON.parse(execFileSync(PYTHON, [COMPARE, seg, nrrd, source], { encoding: 'utf8' }));
}

function sourceFacts(files: readonly string[]): Record<string, string> {
  const script =
    'import sys,json,pydicom; d=pydicom.dcmread(sys.argv[1], stop_before_pixels=True); print(json.dumps({k: str(d[k].value) for k in ("PatientID","FrameOfReferenceUID","SeriesInstanceUID")}))';
  return JSON.parse(execFileSync(PYTHON, ['-c', script, files[0]], { encoding: 'utf8' })) as Record<string, string>;
}
