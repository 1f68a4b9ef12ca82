/**
 * Models of MHub's that give no DICOM object, with mappings: what they leave is a structured report in a real PACS, over STOW-RS and by
 * C-STORE, with the right values and references, as dcmtk reads it there.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { OutputView, ResultView, RunView } from '../../src/api/views.js';
import { parseInstance } from '../../src/dicom/element/parse.js';
import { readReport, type StructuredReport } from '../../src/dicom/sr/read.js';
import { sendTo } from '../support/chest-study.js';
import { describeWith } from '../support/data.js';
import { standInPackage } from '../support/mhub/package.js';
import { mixedStudy } from '../support/mhub/study.js';
import { missingForNode, startNode, type TestNode } from '../support/node.js';
import { missingForOrthanc, startOrthanc, type Orthanc } from '../support/orthanc.js';
import { storedFile, storedInstances } from '../support/orthanc-rest.js';
import { dumped } from '../support/report.js';
import { dciodvfyErrors } from '../support/seg.js';
import { tempFolder } from '../support/temp.js';
import { missingTools } from '../support/tools.js';
import { until } from '../support/until.js';

type Run = RunView & { results: ResultView[]; outputs: OutputView[] };

const STUDY = mixedStudy('reports', { ct: { modality: 'CT' }, t2w: { modality: 'MR' }, adc: { modality: 'MR' }, hbv: { modality: 'MR' } });
const { ct, t2w, adc, hbv } = STUDY.series;
const PREDICTION = [{ type: 'Prediction', valueType: 'Likelihood', label: 'likelihood' }];
const PERCENT = { name: 'Probability of cancer', unit: '%', factor: 100, range: [0, 1] };

const LUNG_CANCER = {
  lungcad: { name: 'grt123' },
  findings: [
    { id: 0, x: 10.5, y: 20, z: 30, probability: 0.98, cancerprobability: 0.41 },
    { id: 1, x: 1, y: 2, z: 3, probability: 0.2, cancerprobability: 0 },
  ],
  cancerinfo: { casecancerprobability: 0.415 },
};

const GRT123 = standInPackage({
  name: 'gc_grt123_lung_cancer',
  outputs: PREDICTION,
  standIn: { answers: ['.json'] },
  answers: { [`${ct.seriesInstanceUid}.json`]: JSON.stringify(LUNG_CANCER) },
  yaml: {
    outputs: {
      reports: [
        {
          file: '*.json',
          groups: [
            { label: 'Case', values: [{ path: 'cancerinfo.casecancerprobability', ...PERCENT }] },
            { each: 'findings', label: 'Nodule {id}', structure: 'LUNG+NODULE', values: [{ path: 'cancerprobability', ...PERCENT }] },
          ],
        },
      ],
    },
  },
});

const PICAI = standInPackage({
  name: 'gc_picai_baseline',
  inputs: [{ modality: 'MR' }, { modality: 'MR' }, { modality: 'MR' }],
  outputs: PREDICTION,
  standIn: { answers: ['.json'], importer: '$id/t2w,$id/adc,$id/hbv', target: 't2w' },
  answers: { [`${t2w.seriesInstanceUid}.json`]: '{"prostate_cancer_likelihood": NaN}' },
  yaml: {
    input: { layout: 't2w-adc-hbv' },
    outputs: {
      reports: [{ file: '*.json', groups: [{ structure: 'PROSTATE', values: [{ path: 'prostate_cancer_likelihood', ...PERCENT }] }] }],
    },
  },
});

const series = (description: string) => ({ when: [{ tag: 'SeriesDescription', equals: description }] });
const RULES = stringify({
  rules: [
    { name: 'lung-cancer', ...series('ct'), model: 'gc_grt123_lung_cancer', destinations: ['pacs'] },
    {
      name: 'prostate',
      inputs: { t2w: series('t2w'), adc: series('adc'), hbv: series('hbv') },
      model: 'gc_picai_baseline',
      destinations: ['old-pacs'],
    },
  ],
});

const missing = [...missingForNode(), ...missingForOrthanc(), ...missingTools('dsrdump', 'dciodvfy')];

describeWith("answers of MHub's models as reports", missing, () => {
  let pacs: Orthanc;
  let node: TestNode;

  beforeAll(async () => {
    pacs = await startOrthanc({ config: { DicomAet: 'PACS', DicomAlwaysAllowFind: true } });
    node = await startNode({
      rules: { 'rules.yaml': RULES },
      settings: {
        settle: { quietS: 0.5 },
        destinations: {
          pacs: { kind: 'stow', url: pacs.dicomWebUrl },
          'old-pacs': { kind: 'cstore', host: '127.0.0.1', port: pacs.dicomPort, aeTitle: 'PACS' },
        },
      },
    });
    for (const folder of [GRT123, PICAI]) await node.admin.post('/models', { folder, activate: { by: 'test', reason: 'test' } });
    await sendTo(node, STUDY.files);
  }, 90_000);

  afterAll(async () => {
    await node.remove();
    await pacs.remove();
  }, 60_000);

  /** The report of a model as the PACS has it: the lines of its tree, and what it names as evidence. */
  async function reportOf(model: string): Promise<Pick<StructuredReport, 'evidence'> & { readonly lines: readonly string[] }> {
    const [result] = await until(
      `the run of ${model}`,
      async () => {
        const runs = await node.admin.get<Run[]>(`/runs?study=${STUDY.studyInstanceUid}`).catch(() => []);
        return runs.find((run) => run.model === model && run.state === 'done')?.results;
      },
      60_000,
    );
    const stored = await until(
      'the report in the PACS',
      async () => (await storedInstances(pacs)).find(({ sopInstanceUid }) => sopInstanceUid === result.sopInstanceUid),
      60_000,
    );
    expect(stored).toMatchObject({ modality: 'SR', studyInstanceUid: STUDY.studyInstanceUid });
    const path = join(tempFolder('from-pacs'), 'sr.dcm');
    writeFileSync(path, await storedFile(pacs, stored.orthancId));
    const { tree, complaints } = dumped(path);
    expect(complaints).toBe('');
    expect(dciodvfyErrors(path)).toEqual([]);
    const { evidence } = readReport(parseInstance(readFileSync(path)).dataset);
    return { evidence, lines: tree.split('\n').map((line) => line.trim().replace(/^<(.*)>$/, '$1')) };
  }

  it('a probability of the case and of each nodule, with every image of the CT', async () => {
    const { lines, evidence } = await reportOf('gc_grt123_lung_cancer');
    const numbers = lines.filter((line) => line.includes('NUM:') || line.includes('"Tracking Identifier"'));
    expect(numbers).toEqual([
      'has obs context TEXT:(,,"Tracking Identifier")="Case"',
      'contains NUM:(,,"Probability of cancer")="41.5" (%,UCUM,"Percent")',
      'has obs context TEXT:(,,"Tracking Identifier")="Nodule 0"',
      'contains NUM:(,,"Probability of cancer")="41" (%,UCUM,"Percent")',
      'has obs context TEXT:(,,"Tracking Identifier")="Nodule 1"',
      'contains NUM:(,,"Probability of cancer")="0" (%,UCUM,"Percent")',
    ]);
    expect(lines).toContain('contains CODE:(,,"Finding")=(27925004,SCT,"Nodule")');
    expect(lines).toContain('has concept mod CODE:(,,"Finding Site")=(39607008,SCT,"Lung")');
    const images = ct.source.slices.map(({ sopInstanceUid }) => sopInstanceUid);
    expect(evidence).toEqual([{ seriesInstanceUid: ct.seriesInstanceUid, sopInstanceUids: images }]);
    expect(lines).toContain(`contains IMAGE:(,,"Source of Measurement")=(CT image,"${images[0]}")`);
  });

  it('a likelihood that is none says so; its evidence are all three series', async () => {
    const { lines, evidence } = await reportOf('gc_picai_baseline');
    expect(lines).toContain('contains NUM:(,,"Probability of cancer")=empty (114000,DCM,"Not a number")');
    const told = [t2w, adc, hbv].map(({ seriesInstanceUid }) => `has acq context UIDREF:(,,"Series Instance UID")="${seriesInstanceUid}"`);
    expect(lines).toEqual(expect.arrayContaining(told));
    expect(evidence.map(({ sopInstanceUids }) => sopInstanceUids.length)).toEqual([4, 4, 4]);
  });

  it('is shown by its numbers, without opening it', async () => {
    const runs = await node.admin.get<Run[]>(`/runs?study=${STUDY.studyInstanceUid}`);
    const run = runs.find(({ model }) => model === 'gc_grt123_lung_cancer');
    expect(run?.results[0].summary).toMatchObject({
      measures: ['Case: Probability of cancer: 41.5 %', 'Nodule 0: Probability of cancer: 41 %', 'Nodule 1: Probability of cancer: 0 %'],
    });
  });
});
