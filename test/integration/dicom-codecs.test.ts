/** Decoded pixels against the decoders of dcmtk and GDCM, byte for byte, on real images and on what their encoders make of one. */
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

const TO_NATIVE: Readonly<Record<string, readonly string[]>> = {
  [TRANSFER_SYNTAX.JPEGLSLossless]: ['dcmdjpls'],
  [TRANSFER_SYNTAX.JPEGLSNearLossless]: ['dcmdjpls'],
  [TRANSFER_SYNTAX.JPEGBaseline8Bit]: ['dcmdjpeg', '+cn', '+px'],
  [TRANSFER_SYNTAX.JPEGExtended12Bit]: ['dcmdjpeg', '+cn', '+px'],
  [TRANSFER_SYNTAX.JPEGLossless]: ['dcmdjpeg', '+cn', '+px'],
  [TRANSFER_SYNTAX.JPEGLosslessSV1]: ['dcmdjpeg', '+cn', '+px'],
  [TRANSFER_SYNTAX.RLELossless]: ['dcmdrle'],
  [TRANSFER_SYNTAX.JPEG2000Lossless]: ['gdcmconv', '--raw'],
  [TRANSFER_SYNTAX.JPEG2000]: ['gdcmconv', '--raw'],
};

describeWith('decodePixels against dcmtk and GDCM', missing, () => {
  const scratch = mkdtempSync(join(tmpdir(), 'anteroom-codecs-'));
  afterAll(() => rmSync(scratch, { recursive: true, force: true }));

  const run = (program: string, args: readonly string[], input: string): string => {
    const output = join(scratch, `${program}-${args.join('')}.dcm`);
    execFileSync(program, [...args, input, output], { stdio: 'pipe' });
    return output;
  };

  /** The stored bytes that the other decoder gives, and those of ours as little endian bytes. */
  const compare = async (file: string): Promise<{ ours: Uint8Array; theirs: Uint8Array }> => {
    const instance = parseInstance(readFileSync(file));
    const pixels = await decodePixels(instance);
    const [program = '', ...args] = TO_NATIVE[instance.transferSyntaxUid] ?? [];
    const native = parseInstance(readFileSync(run(program, args, file))).dataset.bytesOf(TAG.PixelData) ?? new Uint8Array();
    const { data } = pixels;
    return { ours: new Uint8Array(data.buffer, data.byteOffset, data.byteLength), theirs: native.subarray(0, data.byteLength) };
  };

  // GDCM does not write objects without UIDs.
  const files = folders.flatMap((name) => sample(testData(name) ?? '')).filter((file) => !file.includes('empty-uids'));
  const compressed = files.filter((file) => transferSyntaxOf(file) in TO_NATIVE);

  it('finds every compressed transfer syntax of the data sets', () => {
    const found = new Set(compressed.map(transferSyntaxOf));
    for (const uid of ['JPEGLSLossless', 'JPEG2000Lossless', 'JPEG2000', 'JPEGLosslessSV1', 'RLELossless', 'JPEGBaseline8Bit'] as const) {
      expect(found).toContain(TRANSFER_SYNTAX[uid]);
    }
  });

  it.each(compressed.map((file) => [file.split('/').slice(-3).join('/'), file]))(
    '%s',
    async (_, file) => {
      const { ours, theirs } = await compare(file);
      expect(Buffer.compare(ours, theirs)).toBe(0);
    },
    60_000,
  );

  const encoders: readonly (readonly [string, string, readonly string[]])[] = [
    ['JPEG lossless, any predictor', 'dcmcjpeg', ['+el']],
    ['JPEG lossless, first-order', 'dcmcjpeg', ['+e1']],
    ['JPEG extended, 12 bit', 'dcmcjpeg', ['+ee']],
    ['JPEG-LS lossless', 'dcmcjpls', ['+el']],
    ['JPEG-LS near-lossless', 'dcmcjpls', ['+en', '+md', '3']],
    ['RLE', 'dcmcrle', []],
    ['JPEG 2000', 'gdcmconv', ['--j2k']],
  ];

  it.each(encoders)(
    '%s made from a 12-bit CT slice',
    async (_, program, args) => {
      const file = run(program, args, unsigned12());
      const { ours, theirs } = await compare(file);
      expect(Buffer.compare(ours, theirs)).toBe(0);
    },
    60_000,
  );

  // dcmtk compresses no signed pixels with loss.
  it.each(encoders.filter(([name]) => !/extended|near/.test(name)))(
    '%s made from a signed 16-bit slice',
    async (_, program, args) => {
      const file = run(program, args, join(testData('planar-us-rt') ?? '', 'pydicom/CT_small.dcm'));
      const { ours, theirs } = await compare(file);
      expect(Buffer.compare(ours, theirs)).toBe(0);
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

/** All files of small folders, at most six of large ones, spread evenly. */
function sample(folder: string): string[] {
  const entries = readdirSync(folder, { withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && !/\.(md|gz|txt)$/.test(entry.name)).map((entry) => join(folder, entry.name));
  const step = files.length > 20 ? Math.ceil(files.length / 6) : 1;
  return [
    ...files.filter((_, n) => n % step === 0),
    ...entries.filter((entry) => entry.isDirectory()).flatMap((entry) => sample(join(folder, entry.name))),
  ];
}
