/** Real objects: headers as dcmtk reads them, what we write as dcmtk reads it, and each series of the data sets as a volume or a refusal. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseInstance, type ParsedInstance } from '../../src/dicom/element/parse.js';
import { TAG } from '../../src/dicom/element/tags.js';
import { toHeader } from '../../src/dicom/element/to-header.js';
import { TRANSFER_SYNTAX } from '../../src/dicom/element/uids.js';
import { encodeDataSet, fileMeta } from '../../src/dicom/element/write.js';
import { anatomicalAxes } from '../../src/dicom/geometry/orient.js';
import type { Volume } from '../../src/dicom/geometry/grid.js';
import { assembleVolume } from '../../src/dicom/geometry/volume.js';
import type { Header, HeaderValue } from '../../src/dicom/header.js';
import { AnteroomError } from '../../src/foundation/errors.js';
import { describeWith, describeWithData, testData } from '../support/data.js';
import { missingTools } from '../support/tools.js';

const parsed = (folder: string): ParsedInstance[] => readdirSync(folder).map((name) => parseInstance(readFileSync(join(folder, name))));

const jsonMissing = [
  ...missingTools('dcm2json'),
  ...['planar-us-rt', 'ct-chest-a0002', 'enhanced-multiframe'].filter((name) => !testData(name)).map((name) => `data ${name}`),
];

describeWith('headers against dcm2json', jsonMissing, () => {
  const scratch = mkdtempSync(join(tmpdir(), 'anteroom-headers-'));
  afterAll(() => rmSync(scratch, { recursive: true, force: true }));

  /** As dcmtk has it: file meta, bulk and group lengths taken away as from our headers. */
  const byDcmtk = (file: string): Header =>
    JSON.parse(
      execFileSync('dcm2json', ['-fc', '-q', file], { encoding: 'utf8', maxBuffer: 1 << 28, stdio: ['ignore', 'pipe', 'ignore'] }),
    ) as Header;

  /** Only what both can have: no bulk, and a value of blanks is none. */
  const comparable = (header: Header): Readonly<Record<string, unknown>> =>
    Object.fromEntries(
      Object.entries(header)
        .filter(([, { vr }]) => !/^(O[BDFLVW]|UN)$/.test(vr))
        .map(([tag, { vr, Value = [] }]) => [
          tag,
          { vr, Value: Value.map((value) => comparableValue(vr, value)).filter((value) => value !== '{}') },
        ]),
    );

  /** dcmtk prints FL and FD with as many digits as it likes, and drops the empty components at the end of a name. */
  const comparableValue = (vr: string, value: HeaderValue): unknown => {
    if (vr === 'SQ') return comparable(value as Header);
    if (vr === 'FL' || vr === 'FD') return Number(value).toPrecision(vr === 'FL' ? 6 : 14);
    return vr === 'PN'
      ? JSON.stringify(value)
          .replaceAll(/\^+"/g, '"')
          .replaceAll(/"[A-Z][a-z]+":"",?/g, '')
      : value;
  };

  const native = [
    ...readdirSync(join(testData('planar-us-rt') ?? '', 'pydicom')).map((name) => join(testData('planar-us-rt') ?? '', 'pydicom', name)),
    ...readdirSync(join(testData('ct-chest-a0002') ?? '', 'B40f'))
      .slice(0, 3)
      .map((name) => join(testData('ct-chest-a0002') ?? '', 'B40f', name)),
    ...['eCT_Supplemental.dcm', 'emri_small.dcm'].map((name) => join(testData('enhanced-multiframe') ?? '', name)),
  ].filter(isNative);

  it.each(native.map((file) => [file.split('/').slice(-2).join('/'), file]))('%s', (_, file) => {
    const header = comparable(toHeader(parseInstance(readFileSync(file)).dataset));
    expect(header).toEqual(comparable(byDcmtk(file)));
  });

  it.each(native.map((file) => [file.split('/').slice(-2).join('/'), file]))('%s, written again', (_, file) => {
    const header = toHeader(parseInstance(readFileSync(file)).dataset);
    const copy = join(scratch, 'copy.dcm');
    const meta = fileMeta({
      sopClassUid: '1.2.840.10008.5.1.4.1.1.2',
      sopInstanceUid: '1.2.3',
      transferSyntaxUid: TRANSFER_SYNTAX.ExplicitVRLittleEndian,
    });
    writeFileSync(copy, Buffer.concat([meta, encodeDataSet(header)]));
    expect(comparable(byDcmtk(copy))).toEqual(comparable({ ...header, '00080005': { vr: 'CS', Value: ['ISO_IR 192'] } }));
  });
});

function isNative(file: string): boolean {
  try {
    return parseInstance(readFileSync(file)).dataset.fragments(TAG.PixelData) === undefined;
  } catch {
    return false;
  }
}

describeWithData('damaged and odd files', ['planar-us-rt', 'ct-abdomen-totalseg'], (planar, abdomen) => {
  const read = (...path: string[]) => readFileSync(join(planar, 'pydicom', ...path));
  const codeOf = (bytes: Uint8Array): string => {
    try {
      parseInstance(bytes);
      return 'read';
    } catch (thrown) {
      return thrown instanceof AnteroomError ? thrown.code : String(thrown);
    }
  };

  it('refuses truncated pixel data and files without preamble or meta information', () => {
    expect(codeOf(read('MR_truncated.dcm'))).toBe('DICOM_DAMAGED');
    expect(codeOf(read('no_meta.dcm'))).toBe('DICOM_NOT_P10');
    expect(codeOf(read('rtstruct.dcm'))).toBe('DICOM_NOT_P10');
  });

  it('reads the header of an object with truncated pixel data', () => {
    const { dataset, complete } = parseInstance(read('MR_truncated.dcm'), { truncated: true });
    expect([dataset.text(TAG.Modality), complete]).toEqual(['MR', false]);
  });

  it('gives no UID where the file has an empty one', () => {
    for (const { dataset } of parsed(join(abdomen, 'as-published-empty-uids'))) {
      expect([dataset.has(TAG.StudyInstanceUID), dataset.uid(TAG.StudyInstanceUID)]).toEqual([true, undefined]);
    }
  });

  it('reads deflated and big endian objects', () => {
    expect(parseInstance(read('image_dfl.dcm'), { stopAtPixelData: true }).dataset.number(TAG.Rows)).toBe(512);
    expect(parseInstance(read('MR_small_bigendian.dcm')).dataset.number(TAG.Rows)).toBe(64);
  });

  it('refuses every file cut anywhere, or reads it as cut', () => {
    const whole = read('test-SR.dcm');
    for (let length = 0; length < whole.length; length += 97) {
      const cut = whole.subarray(0, length);
      expect(codeOf(cut)).toMatch(/^(DICOM_DAMAGED|DICOM_NOT_P10|read)$/);
      if (length > 400) expect(parseInstance(cut, { truncated: true }).complete).toBe(false);
    }
  });
});

/** A row of a table with the end of its path before it, for the test's name. */
function named([path = '', expected = '']: string[]): [string, string, string] {
  return [path.split('/').slice(-3).join('/'), path, expected];
}

const SERIES = [
  'ct-chest-a0001',
  'ct-chest-a0002',
  'ct-abdomen-totalseg',
  'ct-head-phantom-multiseries',
  'mr-brain-t1-forrest',
  'pet-seg-qin0024',
  'quirks-dicom2nifti',
];

describeWithData('series of the data sets', SERIES, (chest1, chest2, abdomen, head, brain, pet, quirks) => {
  const described = async (folder: string): Promise<string> => {
    const { grid, voxels } = await assembleVolume(parsed(folder));
    const { left, posterior, superior } = anatomicalAxes(grid);
    const axes = [left, posterior, superior].map(({ axis, sign }) => `${sign < 0 ? '-' : ''}${'ijk'[axis]}`).join(' ');
    return `${grid.columns} x ${grid.rows} x ${grid.slices}, ${grid.spacingMm.map((mm) => mm.toFixed(3)).join(' x ')} mm, LPS = ${axes}, ${voxels.constructor.name}`;
  };

  it.each(
    [
      [join(chest1, 'B-jpegls'), '512 x 512 x 64, 0.842 x 0.842 x 5.000 mm, LPS = i j k, Int16Array'],
      [join(chest2, 'B40f'), '512 x 512 x 30, 0.646 x 0.646 x 8.000 mm, LPS = i j k, Int16Array'],
      [join(chest2, 'B70f-jpegls'), '512 x 512 x 30, 0.646 x 0.646 x 8.000 mm, LPS = i j k, Int16Array'],
      [join(abdomen, 'dicom'), '512 x 512 x 20, 0.977 x 0.977 x 2.000 mm, LPS = i j k, Int16Array'],
      [join(head, 'S2010-std-brain-5mm-jpegll'), '512 x 512 x 28, 0.451 x 0.451 x 5.000 mm, LPS = i j k, Int16Array'],
      [join(brain, 'dicoms'), '274 x 384 x 384, 0.700 x 0.667 x 0.667 mm, LPS = i j k, Int16Array'],
      [join(pet, 'PET-rle'), '128 x 128 x 78, 3.538 x 3.538 x 3.375 mm, LPS = i j k, Float32Array'],
      [join(quirks, 'generic/compressed_j2k/001'), '256 x 256 x 4, 1.000 x 1.000 x 1.000 mm, LPS = -k i -j, Int16Array'],
      [join(quirks, 'philips_enhanced/anatomical/001'), '256 x 256 x 8, 1.000 x 1.000 x 1.200 mm, LPS = -k i -j, Float32Array'],
      [join(quirks, 'hyperfine/anatomical/001'), '112 x 138 x 8, 1.590 x 1.610 x 5.000 mm, LPS = i j k, Int16Array'],
    ].map(named),
  )(
    '%s is a volume',
    async (_, folder, expected) => {
      expect(await described(folder)).toBe(expected);
    },
    60_000,
  );

  it.each(
    [
      [
        join(quirks, 'failing/gantrytilting/001'),
        'sheared (gantry tilt): over 14.6 mm slices shift by 3.6 mm in their plane, 14.0 degrees',
      ],
      [
        join(quirks, 'failing/sliceincrement/001'),
        'missing slices: between 28.11 and 38.11 mm along the normal the gap is 10.00 mm where slices are 5.00 mm apart',
      ],
      [join(quirks, 'failing/sliceorientation/001'), '2 orientations in one series'],
      [join(quirks, 'ge/fmri/001'), '8 slices at 4 positions: 2 volumes in one series'],
      [join(quirks, 'philips/dti/001'), '8 slices at 2 positions: 4 volumes in one series'],
      [join(quirks, 'generic/rgb/001'), 'a colour image is no volume'],
      [join(head, 'S1000-localizer'), 'all 1 images are localizers'],
      [join(head, 'S4010-exam-summary-sc'), '1 slice: the spacing of slices is not known'],
      [join(pet, 'SEG/3DSlicer'), 'is a segmentation and no image'],
    ].map(named),
  )('%s is refused', async (_, folder, reason) => {
    await expect(assembleVolume(parsed(folder))).rejects.toThrow(reason);
  });

  const bytesOf = (volume?: Volume): Buffer => Buffer.from(volume?.voxels.buffer ?? new ArrayBuffer());

  it('gives the same voxels whatever the slices are compressed with', async () => {
    const [first, ...others] = await Promise.all(
      ['j2k', 'jpeg', 'jpegls', 'rle'].map((name) => assembleVolume(parsed(join(quirks, `generic/compressed_${name}/001`)))),
    );
    for (const other of others) expect(Buffer.compare(bytesOf(other), bytesOf(first))).toBe(0);
  }, 60_000);
});
