/** Reports of measurements on made-up series, and what dcmtk reads of them. */
import { spawnSync } from 'node:child_process';
import { SOP_CLASS } from '../../src/dicom/element/uids.js';
import { QUALIFIER, measurementByName } from '../../src/dicom/sr/concepts.js';
import type { MeasurementReport } from '../../src/dicom/sr/measurement-report.js';
import { unitOf } from '../../src/dicom/sr/units.js';
import type { ReportInput } from '../../src/dicom/sr/write.js';
import { dcm, sct, type Code } from '../../src/dicom/structures/code.js';
import { madeUpHeader } from './seg.js';

const named = (name: string) => measurementByName(name) as Code;
const unit = (ucum: string) => unitOf(ucum) as Code;

/** A report with everything that one can hold. */
export const CONTENT: MeasurementReport = {
  observer: { uid: '2.25.77', manufacturer: 'somebody', modelName: 'some_model', version: '1.2.3', digest: `sha256:${'ab'.repeat(32)}` },
  series: [
    {
      seriesInstanceUid: '1.2.3.4.20',
      modality: 'CT',
      instances: [1, 2, 3].map((n) => ({ sopClassUid: SOP_CLASS.CTImageStorage, sopInstanceUid: `1.2.3.4.20.${n}` })),
    },
  ],
  groups: [
    {
      label: 'Knoten 1 – „links“',
      trackingUid: '2.25.78',
      finding: sct('27925004', 'Nodule'),
      sites: [{ code: sct('39607008', 'Lung'), laterality: sct('7771000', 'Left') }],
      measurements: [
        { name: named('Probability of cancer'), unit: unit('%'), value: 41.25 },
        { name: named('Long axis'), unit: unit('mm'), value: -0.000123456789012345 },
        { name: named('Mean'), unit: unit("[hnsf'U]"), value: QUALIFIER.notANumber },
        { name: named('Score'), unit: unit('1'), value: 0 },
      ],
      evaluations: [
        { name: dcm('121071', 'Finding'), value: sct('27925004', 'Nodule') },
        { name: named('Comment'), value: 'solid, "spiculated"' },
      ],
    },
    {
      label: 'LIVER',
      trackingUid: '2.25.79',
      finding: sct('10200004', 'Liver'),
      sites: [],
      segment: {
        reference: { sopClassUid: SOP_CLASS.SegmentationStorage, sopInstanceUid: '2.25.80', segmentNumbers: [2] },
        seriesInstanceUid: '2.25.81',
        sourceSeriesInstanceUid: '1.2.3.4.20',
      },
      measurements: [{ name: named('Volume'), unit: unit('ml'), value: 1523.4 }],
      evaluations: [],
    },
  ],
  evaluations: [{ name: named('Comment'), value: 'analysed' }],
};

/** What the writer is told for a content. */
export function reportInput(content: MeasurementReport = CONTENT): ReportInput {
  return {
    source: madeUpHeader(),
    identity: {
      studyInstanceUid: '1.2.3.4.10',
      sopInstanceUid: '2.25.70',
      seriesInstanceUid: '2.25.71',
      seriesNumber: 9001,
      contentDate: '20261125',
      contentTime: '120000',
      seriesDescription: 'Some model 1.2.3',
    },
    content,
    equipment: { manufacturer: 'Anteroom', modelName: 'Anteroom', deviceSerialNumber: 'test', softwareVersions: ['0'] },
    contributors: [
      {
        purpose: dcm('109102', 'Processing Equipment'),
        manufacturer: 'somebody',
        modelName: 'some_model',
        softwareVersions: ['1.2.3'],
        deviceUid: '2.25.77',
        description: 'image sha256:x; rule r, revision 1',
      },
    ],
  };
}

/** The tree of a report as dcmtk prints it, with the references, and what dcmtk has to complain of, but that it cannot check the characters of UTF-8. */
export function dumped(path: string): { readonly tree: string; readonly complaints: string } {
  const { stdout, stderr, error } = spawnSync('dsrdump', ['+Pl', '+Pu', '-Pi', path], { encoding: 'utf8' });
  if (error) throw error;
  return { tree: stdout, complaints: stderr.replace(/^W: The VR checker does not support this Specific Character Set: ISO_IR 192\n/, '') };
}
