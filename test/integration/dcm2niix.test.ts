/**
 * Our reader beside dcm2niix: every series of the data sets that can be read as one volume has its voxels at the same places and with the
 * same values in both; the others are refused by us, by name, whatever dcm2niix makes of them. The large series run with ANTEROOM_LONG=1.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseInstance } from '../../src/dicom/element/parse.js';
import { assembleVolume } from '../../src/dicom/geometry/volume.js';
import { describeWith, testData } from '../support/data.js';
import { byDcm2niix, deviationOf } from '../support/dcm2niix.js';
import { missingTools } from '../support/tools.js';

const LONG = process.env.ANTEROOM_LONG === '1';

/** The numbers of NIfTI have 24 bits; over the hundred millimetres of a stack they differ by less than this. */
const SAME_PLACE_MM = 2e-4;
/** Rounding of a product to 24 bits in dcm2niix and in ours. */
const SAME_VALUE = 2e-7;

interface Series {
  readonly folder: string;
  /** Only some of the files in the folder. */
  readonly files?: RegExp;
  readonly long?: true;
  readonly placeMm?: number;
}

const AGREES: readonly Series[] = [
  { folder: 'ct-chest-a0001/B-jpegls', long: true },
  { folder: 'ct-chest-a0002/B40f', long: true },
  { folder: 'ct-chest-a0002/B70f-jpegls', long: true },
  { folder: 'ct-abdomen-totalseg/dicom', long: true },
  { folder: 'ct-abdomen-totalseg/as-published-empty-uids', long: true },
  { folder: 'ct-head-phantom-multiseries/S2010-std-brain-5mm-jpegll', long: true },
  { folder: 'ct-head-phantom-multiseries/S2030-bone-1mm-4-files', long: true },
  // Positions are written with few digits: dcm2niix takes the distance of the first two slices, we take the mean over all 384.
  { folder: 'mr-brain-t1-forrest/dicoms', long: true, placeMm: 2e-3 },
  { folder: 'pet-seg-qin0024/PET-rle', long: true },
  { folder: 'enhanced-multiframe', files: /eCT_Supplemental/, long: true },
  { folder: 'planar-us-rt/rtstruct-rt-utils', files: /^ct_/, long: true },
  { folder: 'quirks-dicom2nifti/failing/slicecount/001', long: true },
  { folder: 'quirks-dicom2nifti/ge/anatomical/001', long: true },
  { folder: 'quirks-dicom2nifti/generic/anatomical/002_non_isotropic' },
  { folder: 'quirks-dicom2nifti/generic/compressed_j2k/001' },
  { folder: 'quirks-dicom2nifti/generic/compressed_jpeg/001' },
  { folder: 'quirks-dicom2nifti/generic/compressed_jpegls/001' },
  { folder: 'quirks-dicom2nifti/generic/compressed_rle/001' },
  { folder: 'quirks-dicom2nifti/hitachi/anatomical/001' },
  { folder: 'quirks-dicom2nifti/hyperfine/anatomical/001' },
  { folder: 'quirks-dicom2nifti/philips_enhanced/anatomical/001' },
  { folder: 'quirks-dicom2nifti/siemens_multiframe/anatomical/001', long: true },
  { folder: 'seg-samples/dcmqi/23x38x3/image' },
  { folder: 'seg-samples/dcmqi/23x38x3/multiframe' },
  { folder: 'seg-samples/dcmqi/24x38x3/image' },
  { folder: 'seg-samples/dcmqi/24x38x3/multiframe' },
  { folder: 'seg-samples/dcmqi/ct-3slice', long: true },
];

/** How many images dcm2niix makes of it, and why we refuse it. */
const REFUSED: readonly (readonly [string, number, RegExp])[] = [
  ['quirks-dicom2nifti/failing/gantrytilting/001', 2, /GEOMETRY_REFUSED .*sheared \(gantry tilt\)/],
  ['quirks-dicom2nifti/failing/sliceincrement/001', 2, /GEOMETRY_REFUSED .*missing slices/],
  ['quirks-dicom2nifti/failing/sliceorientation/001', 2, /GEOMETRY_REFUSED .*2 orientations in one series/],
  ['quirks-dicom2nifti/ge/fmri/001', 1, /GEOMETRY_REFUSED .*2 volumes in one series/],
  ['quirks-dicom2nifti/philips/dti/001', 1, /GEOMETRY_REFUSED .*4 volumes in one series/],
  ['quirks-dicom2nifti/generic/rgb/001', 1, /PIXELS_UNSUPPORTED .*a colour image is no volume/],
  ['ct-head-phantom-multiseries/S1000-localizer', 1, /GEOMETRY_REFUSED .*localizers/],
  ['ct-head-phantom-multiseries/S4010-exam-summary-sc', 2, /GEOMETRY_REFUSED .*1 slice/],
  ['pet-seg-qin0024/SEG/3DSlicer', 1, /GEOMETRY_REFUSED .*is a segmentation and no image/],
];

const folders = [
  ...new Set([...AGREES.map(({ folder }) => folder), ...REFUSED.map(([folder]) => folder)].map((path) => path.split('/')[0])),
];
const missing = [
  ...missingTools('dcm2niix', 'dcmdjpls'),
  ...folders.filter((name) => testData(name) === undefined).map((name) => `data ${name}`),
];

describeWith('our reader beside dcm2niix', missing, () => {
  const filesOf = (path: string, wanted = /./) => {
    const [data, ...rest] = path.split('/');
    const folder = join(testData(data) ?? '', ...rest);
    const names = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isFile() && wanted.test(entry.name));
    return names.map(({ name }) => join(folder, name)).filter((file) => !/\.(md|txt|gz|json)$/.test(file));
  };
  const read = (files: readonly string[]) => assembleVolume(files.map((file) => parseInstance(readFileSync(file))));

  it.each(AGREES.filter(({ long }) => LONG || long !== true).map((series) => [series.folder, series] as const))(
    '%s: the same voxels at the same places',
    async (folder, { files: wanted, placeMm = SAME_PLACE_MM }) => {
      const files = filesOf(folder, wanted);
      const images = byDcm2niix(files);
      expect(images).toHaveLength(1);
      const deviation = await deviationOf(images[0], await read(files));
      expect(deviation.placeMm).toBeLessThan(placeMm);
      expect(deviation.value).toBeLessThan(SAME_VALUE);
    },
    120_000,
  );

  it.each(REFUSED)('%s: %i image(s) by dcm2niix, refused by us', async (folder, count, reason) => {
    const files = filesOf(folder);
    expect(byDcm2niix(files)).toHaveLength(count);
    await expect(read(files).catch((thrown: unknown) => Promise.reject(new Error(named(thrown))))).rejects.toThrow(reason);
  });
});

function named(thrown: unknown): string {
  const { code, message } = thrown as { code?: string; message: string };
  return `${code ?? ''} ${message}`;
}
