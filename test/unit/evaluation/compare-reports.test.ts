/** Two structured reports: what is planted in one of them is found and named. */
import { parseInstance } from '../../../src/dicom/element/parse.js';
import { QUALIFIER } from '../../../src/dicom/sr/concepts.js';
import type { MeasuredGroup, MeasurementReport } from '../../../src/dicom/sr/measurement-report.js';
import { readReport } from '../../../src/dicom/sr/read.js';
import { writeReport } from '../../../src/dicom/sr/write.js';
import { sct } from '../../../src/dicom/structures/code.js';
import { compareFolders } from '../../../src/evaluation/compare/compare-folders.js';
import { compareReproduction } from '../../../src/evaluation/reproduction.js';
import { checkSr } from '../../../src/evaluation/compare/sr-check.js';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CONTENT, reportInput } from '../../support/report.js';
import { tempFolder } from '../../support/temp.js';

const GROUP = 'AI Measurement Report / Imaging Measurements / Measurement Group "Knoten 1 – „links“"';
const [nodule, liver] = CONTENT.groups;

const read = (content: MeasurementReport, uid = '2.25.70') => {
  const input = reportInput(content);
  return readReport(parseInstance(writeReport({ ...input, identity: { ...input.identity, sopInstanceUid: uid } })).dataset);
};

/** What is found where the output has another first group, or another content. */
function found(output: Partial<MeasuredGroup> | MeasurementReport): string[] {
  const content = 'series' in output ? output : { ...CONTENT, groups: [{ ...nodule, ...output }, liver] };
  return checkSr(read(CONTENT), read(content)).findings.map(
    ({ label, description, subpath }) => `${label}: ${subpath ?? ''} ${description}`,
  );
}

const withValue = (n: number, value: MeasuredGroup['measurements'][number]['value']) => ({
  measurements: nodule.measurements.map((one, index) => (index === n ? { ...one, value } : one)),
});

describe('two reports', () => {
  it('of another run are equal: other UIDs, another segmentation, numbers within the tolerance', () => {
    const again: MeasurementReport = {
      ...CONTENT,
      observer: { ...CONTENT.observer, uid: '2.25.99' },
      groups: [
        { ...nodule, ...withValue(0, 41.25 * (1 + 1e-8)), trackingUid: '2.25.98' },
        { ...liver, segment: { ...liver.segment!, reference: { ...liver.segment!.reference, sopInstanceUid: '2.25.97' } } },
      ],
    };
    expect(found(again)).toEqual([]);
  });

  it.each<[string, Partial<MeasuredGroup>, string]>([
    ['a number off by 1e-3', withValue(0, 41.25 * 1.001), `SR Value: ${GROUP} / Probability of cancer is 41.29125 %, expected 41.25 %`],
    ['0 in the place of a negative one', withValue(1, 0), `SR Value: ${GROUP} / Long axis is 0 mm, expected -0.000123456789012345 mm`],
    ['a negative one in the place of 0', withValue(3, -1), `SR Value: ${GROUP} / Score is -1 1, expected 0 1`],
    [
      'a number in the place of none',
      withValue(2, 7),
      `SR Value: ${GROUP} / Mean is 7 [hnsf'U], expected no number (114000 DCM "Not a number")`,
    ],
    [
      'none in the place of a number',
      withValue(3, QUALIFIER.notANumber),
      `SR Value: ${GROUP} / Score is no number (114000 DCM "Not a number"), expected 0 1`,
    ],
    [
      'another code',
      { finding: sct('108369006', 'Nodule') },
      `SR Value: ${GROUP} / Finding is 108369006 SCT "Nodule", expected 27925004 SCT "Nodule"`,
    ],
    ['a measurement less', { measurements: nodule.measurements.slice(0, 3) }, `SR Item: ${GROUP} / Score is missing in the output`],
  ])('with %s', (_name, group, expected) => {
    expect(found(group)).toEqual([expected]);
  });

  it('with another meaning of the same code are equal', () => {
    expect(found({ finding: sct('27925004', 'Knoten') })).toEqual([]);
  });

  it('with a group more, or of other images, are told', () => {
    expect(found({ ...CONTENT, groups: [...CONTENT.groups, { ...nodule, label: 'Nodule 2' }] })).toEqual([
      'SR Item: AI Measurement Report / Imaging Measurements / Measurement Group "Nodule 2" is only in the output',
    ]);
    const [series] = CONTENT.series;
    const other = { ...CONTENT, series: [{ ...series, instances: series.instances.slice(0, 2) }] };
    expect(found(other)).toEqual([
      'References: CurrentRequestedProcedureEvidenceSequence CurrentRequestedProcedureEvidenceSequence is another than in the reference',
    ]);
  });

  it('are compared so by their SOP class, wherever they lie', async () => {
    const [reference, output] = [CONTENT, { ...CONTENT, evaluations: [] }].map((content) => {
      const folder = tempFolder('reports');
      writeFileSync(join(folder, 'a'), writeReport(reportInput(content)));
      return folder;
    });
    const { checked } = await compareFolders(reference, output);
    expect(checked[0].checks[0]).toMatchObject({ checker: 'DicomsrContentCheck', findings: [{ label: 'SR Item' }] });
    const [before, after] = [join(reference, 'a'), join(output, 'a')];
    expect(await compareReproduction(before, before)).toMatchObject({ voxelsEqual: true, differences: [] });
    expect(await compareReproduction(before, after)).toMatchObject({
      voxelsEqual: false,
      differences: [{ label: 'SR Item' }],
    });
  });
});
