/** What the node derives of real series, beside what a person who knows DICOM says of them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseInstance } from '../../src/dicom/element/parse.js';
import { TAG } from '../../src/dicom/element/tags.js';
import { toHeader } from '../../src/dicom/element/to-header.js';
import type { FactName } from '../../src/routing/fact-names.js';
import { studyFacts, type SeriesFacts } from '../../src/routing/facts.js';
import { describeWithData } from '../support/data.js';

/** The files of a folder as one series; whatever else lies there is left out. */
function seriesIn(folder: string): SeriesFacts {
  const instances = readdirSync(folder).flatMap((name) => {
    try {
      const { dataset } = parseInstance(readFileSync(join(folder, name)), { stopAtPixelData: true });
      return [{ sopInstanceUid: dataset.uid(TAG.SOPInstanceUID) ?? name, header: toHeader(dataset) }];
    } catch {
      return [];
    }
  });
  const [only] = studyFacts({ studyInstanceUid: '1', series: [{ seriesInstanceUid: '1', instances }] }).series;
  if (only === undefined) throw new Error(`there is no series in ${folder}`);
  return only;
}

const FACTS_OF: readonly FactName[] = [
  'bodyPart',
  'contrast',
  'kernelFamily',
  'mrWeighting',
  'plane',
  'stack',
  'spacingBetweenSlicesMm',
  'gantryTiltDegrees',
  'coverageMm',
  'isLocalizer',
  'isSecondaryCapture',
];

/** Facts in the order of `FACTS_OF`; `-` is missing. */
const EXPECTED: readonly (readonly [set: string, folder: string, facts: string])[] = [
  ['ct-chest-a0001', 'B-jpegls', 'chest no soft - axial regular 5 0 320 false false'],
  ['ct-chest-a0002', 'B40f', 'chest - soft - axial regular 8 0 240 false false'],
  ['ct-chest-a0002', 'B70f-jpegls', 'chest - sharp - axial regular 8 0 240 false false'],
  ['ct-abdomen-totalseg', 'dicom', '- yes soft - axial regular 2 0 40 false false'],
  ['ct-head-phantom-multiseries', 'S1000-localizer', 'head no - - sagittal single-slice - 0 0.625 true false'],
  ['ct-head-phantom-multiseries', 'S2010-std-brain-5mm-jpegll', 'head,brain no soft - axial regular 5 0 140 false false'],
  ['ct-head-phantom-multiseries', 'S2030-bone-1mm-4-files', 'head,brain no sharp - axial regular 1 0 4 false false'],
  ['ct-head-phantom-multiseries', 'S4010-exam-summary-sc', 'head no - - sagittal single-slice - 0 0.625 false true'],
  ['mr-brain-t1-forrest', 'dicoms', '- - - t1 axial regular 0.667 0 256 false false'],
  ['pet-seg-qin0024', 'PET-rle', 'whole-body - - - axial regular 3.375 0 263.2 false false'],
  ['quirks-dicom2nifti', 'failing/gantrytilting/001', '- - - - axial tilted 4.851 14 19.4 false false'],
  ['quirks-dicom2nifti', 'failing/sliceincrement/001', '- - - - axial gaps 5 0 25 false false'],
  ['quirks-dicom2nifti', 'failing/sliceorientation/001', '- - - t2 - several-orientations - - - false false'],
  ['quirks-dicom2nifti', 'ge/fmri/001', '- - - - axial 4d 3.6 0 14.4 false false'],
  ['quirks-dicom2nifti', 'philips/dti/001', '- - - dwi axial 4d 2 0 4 false false'],
  ['quirks-dicom2nifti', 'ge/anatomical/001', '- - - t1 sagittal regular 1 0 4 false false'],
  ['quirks-dicom2nifti', 'generic/compressed_rle/001', '- - - flair sagittal regular 1 0 4 false false'],
  ['quirks-dicom2nifti', 'generic/rgb/001', '- - - t1 axial regular 3 0 12 false true'],
  ['quirks-dicom2nifti', 'hyperfine/anatomical/001', 'head,brain - - flair axial regular 5 0 40 false false'],
  ['quirks-dicom2nifti', 'philips_enhanced/anatomical/001', 'head,brain - - t1 sagittal regular 1.2 0 9.6 false false'],
];

const SETS = [...new Set(EXPECTED.map(([set]) => set))];

describeWithData('facts of real series', SETS, (...folders) => {
  it.each(EXPECTED)('%s/%s: %s', (set, folder, expected) => {
    const { facts } = seriesIn(join(folders[SETS.indexOf(set)] ?? '', folder));
    expect(FACTS_OF.map((name) => facts[name].values.join(',') || '-').join(' ')).toBe(expected);
  });

  it('names the source of each', () => {
    const { facts } = seriesIn(join(folders[SETS.indexOf('ct-head-phantom-multiseries')] ?? '', 'S2010-std-brain-5mm-jpegll'));
    expect(facts.bodyPart.source).toBe('BodyPartExamined "BRAIN"');
    expect(facts.contrast.source).toBe('ProtocolName "1A TRAUMA/PLAIN HEAD DM /Head"');
    expect(facts.kernelFamily.source).toBe('ConvolutionKernel UB');
  });
});
