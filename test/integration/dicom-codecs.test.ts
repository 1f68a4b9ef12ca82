/**
 * Decoded pixels against the decoders of dcmtk and GDCM, byte for byte, on real images and on what their encoders make of one. With
 * ANTEROOM_LONG=1 every compressed instance of the data sets meets both; else some of each series meet one.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodePixels } from '../../src/dicom/codec/pixels.js';
import { parseInstance } from '../../src/dicom/element/parse.js';
import { TAG } from '../../src/dicom/element/tags.js';
import { TRANSFER_SYNTAX } from '../../src/dicom/element/uids.js';
import { describeWith, testData } from '../support/data.js';
import { missingTools } from '../support/tools.js';

const programs = ['dcmdjpls', 'dcmdjpeg', 'dcmdrle', 'dcmcjpls', 'dcmcjpeg', 'dcmcrle', 'dcmconv', 'gdcmconv'];
const folders = [
  'ct-chest-a0001',
  'ct-chest-a0002',
  'ct-abdomen-totalseg',
  'mr-brain-t1-forrest',
  'pet-seg-qin0024',
  'quirks-dicom2nifti',
  'enhanced-multiframe',
  'planar-us-rt',
];

const missing = [...missingTools(...programs), ...folders.filter((name) => testData(name) === undefined).map((name) => `data ${name}`)];

const LONG = process.env.ANTEROOM_LONG === '1';

type Judge = readonly [string, ...string[]];
const GDCM: Judge = ['gdcmconv', '--raw'];
const JPEG: Judge = ['dcmdjpeg', '+cn', '+px'];
const JPEG_LS: Judge = ['dcmdjpls'];

/** Who else decodes it: dcmtk, which has no JPEG 2000, and GDCM. */
const JUDGES: Readonly<Record<string, readonly Judge[]>> = {
  [TRANSFER_SYNTAX.JPEGLSLossless]: [JPEG_LS, GDCM],
  [TRANSFER_SYNTAX.JPEGLSNearLossless]: [JPEG_LS, GDCM],
  [TRANSFER_SYNTAX.JPEGBaseline8Bit]: [JPEG, GDCM],
  [TRANSFER_SYNTAX.JPEGExtended12Bit]: [JPEG, GDCM],
  [TRANSFER_SYNTAX.JPEGLossless]: [JPEG, GDCM],
  [TRANSFER_SYNTAX.JPEGLosslessSV1]: [JPEG, GDCM],
  [TRANSFER_SYNTAX.RLELossless]: [['dcmdrle'], GDCM],
  [TRANSFER_SYNTAX.JPEG2000Lossless]: [GDCM],
  [TRANSFER_SYNTAX.JPEG2000]: [GDCM],
};

describeWith('decodePixels against dcmtk and GDCM', missing, () => {
  const scratch = mkdtempSync(join(tmpdir(), 'anteroom-codecs-'));
  afterAll(() => rmSync(scratch, { recursive: true, force: true }));

  const run = (program: string, args: readonly string[], input: string): string => {
    const output = join(scratch, `${program}-${args.join('')}.dcm`);
    execFileSync(program, [...args, input, output], { stdio: 'pipe' });
    return output;
  };

  /** Judges whose stored bytes are not ours, as little endian bytes. */
  const dissenters = async (file: string, count = Infinity): Promise<string[]> => {
    const instance = parseInstance(readFileSync(file));
    const { data } = await decodePixels(instance);
    const ours = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    const judges = (JUDGES[instance.transferSyntaxUid] ?? []).slice(0, count);
    const others = judges.filter(([program, ...args]) => {
      const native = parseInstance(readFileSync(run(program, args, file))).dataset.bytesOf(TAG.PixelData) ?? new Uint8Array();
      return Buffer.compare(ours, native.subarray(0, ours.length)) !== 0;
    });
    return judges.length === 0 ? ['nobody judges it'] : others.map(([program]) => program);
  };

  // GDCM does not write objects without UIDs.
  const files = folders.flatMap((name) => sample(testData(name) ?? '')).filter((file) => !file.includes('empty-uids'));
  const compressed = files.filter((file) => transferSyntaxOf(file) in JUDGES);

  it('finds every compressed transfer syntax of the data sets', () => {
    const found = new Set(compressed.map(transferSyntaxOf));
    for (const uid of ['JPEGLSLossless', 'JPEG2000Lossless', 'JPEG2000', 'JPEGLosslessSV1', 'RLELossless', 'JPEGBaseline8Bit'] as const) {
      expect(found).toContain(TRANSFER_SYNTAX[uid]);
    }
  });

  it.each(compressed.map((file) => [file.split('/').slice(-3).join('/'), file]))(
    '%s',
    async (_, file) => {
      expect(await dissenters(file, LONG ? Infinity : 1)).toEqual([]);
    },
    60_000,
  );

  const encoders: readonly (readonly [string, string, readonly string[], keyof typeof TRANSFER_SYNTAX])[] = [
    ['JPEG lossless, any predictor', 'dcmcjpeg', ['+el'], 'JPEGLossless'],
    ['JPEG lossless, first-order', 'dcmcjpeg', ['+e1'], 'JPEGLosslessSV1'],
    ['JPEG baseline, 8 bit', 'dcmcjpeg', ['+eb'], 'JPEGBaseline8Bit'],
    ['JPEG extended, 12 bit', 'dcmcjpeg', ['+ee'], 'JPEGExtended12Bit'],
    ['JPEG-LS lossless', 'dcmcjpls', ['+el'], 'JPEGLSLossless'],
    ['JPEG-LS near-lossless', 'dcmcjpls', ['+en', '+md', '3'], 'JPEGLSNearLossless'],
    ['RLE', 'dcmcrle', [], 'RLELossless'],
    ['JPEG 2000 lossless', 'gdcmconv', ['--j2k'], 'JPEG2000Lossless'],
    ['JPEG 2000 lossy', 'gdcmconv', ['--j2k', '--lossy', '--irreversible', '-r', '10'], 'JPEG2000'],
  ];

  it.each(encoders)(
    '%s made from a 12-bit CT slice',
    async (_, program, args, syntax) => {
      const file = run(program, args, unsigned12());
      expect(transferSyntaxOf(file)).toBe(TRANSFER_SYNTAX[syntax]);
      expect(await dissenters(file)).toEqual([]);
    },
    60_000,
  );

  // dcmtk compresses no signed pixels with loss.
  it.each(encoders.filter(([name]) => !/baseline|extended|near/.test(name)))(
    '%s made from a signed 16-bit slice',
    async (_, program, args) => {
      const file = run(program, args, join(testData('planar-us-rt') ?? '', 'pydicom/CT_small.dcm'));
      expect(await dissenters(file)).toEqual([]);
    },
    60_000,
  );

  it.each([
    ['big endian', '+tb'],
    ['deflated', '+td'],
    ['implicit', '+ti'],
  ])('native %s gives the same values as explicit little endian', async (_, option) => {
    const original = join(testData('planar-us-rt') ?? '', 'pydicom/CT_small.dcm');
    const expected = await decodePixels(parseInstance(readFileSync(original)));
    const actual = await decodePixels(parseInstance(readFileSync(run('dcmconv', [option], original))));
    expect(actual.data).toEqual(expected.data);
  });

  /** A CT slice with 12 bits stored, native. */
  function unsigned12(): string {
    return run('dcmdjpls', [], join(testData('ct-chest-a0001') ?? '', 'B-jpegls/1-20.dcm'));
  }
});

function transferSyntaxOf(file: string): string {
  try {
    return parseInstance(readFileSync(file), { stopAtPixelData: true }).transferSyntaxUid;
  } catch {
    return '';
  }
}

/** All files of small folders, at most six of large ones, spread evenly; all where there is time. */
function sample(folder: string): string[] {
  const entries = readdirSync(folder, { withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && !/\.(md|gz|txt)$/.test(entry.name)).map((entry) => join(folder, entry.name));
  const step = files.length > 20 && !LONG ? Math.ceil(files.length / 6) : 1;
  return [
    ...files.filter((_, n) => n % step === 0),
    ...entries.filter((entry) => entry.isDirectory()).flatMap((entry) => sample(join(folder, entry.name))),
  ];
}
