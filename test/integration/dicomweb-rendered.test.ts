/** Pictures of stored instances, compared with those that dcmtk draws, and of segmentations with their own voxels. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { get as httpGet, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { decode as decodePng } from 'fast-png';
import { parseInstance } from '../../src/dicom/element/parse.js';
import { TAG } from '../../src/dicom/element/tags.js';
import { readSeg } from '../../src/dicom/seg/read.js';
import type { StoredInstance } from '../../src/dicomweb/server/port.js';
import { describeWith, testData } from '../support/data.js';
import { startFolderServer, type FolderServer } from '../support/folder-server.js';
import { tempFolder } from '../support/temp.js';
import { missingTools } from '../support/tools.js';

const dataSets = ['planar-us-rt', 'enhanced-multiframe', 'seg-samples', 'ct-chest-a0001'];
const missing = [
  ...dataSets.filter((name) => testData(name) === undefined).map((name) => `data ${name}`),
  ...missingTools('dcmj2pnm', 'dcmdjpls', 'gdcmconv', 'img2dcm', 'dcmdjpeg'),
];

/** Dcmtk rounds elsewhere than we do; colour out of JPEG goes through two roundings more. */
const GREY_TOLERANCE = 1;
const COLOUR_TOLERANCE = 3;

const IMAGES = [
  ['planar-us-rt/pydicom/CT_small.dcm', ['+Wm'], '', GREY_TOLERANCE],
  ['planar-us-rt/pydicom/CT_small.dcm', ['+Ww', '40', '400'], 'window=40,400', GREY_TOLERANCE],
  ['planar-us-rt/pydicom/CT_small.dcm', ['+Ww', '40', '400', '+Wfs'], 'window=40,400,sigmoid', GREY_TOLERANCE],
  ['planar-us-rt/pydicom/MR_small.dcm', ['+Wi', '1'], '', GREY_TOLERANCE],
  ['planar-us-rt/pydicom/MR_small_bigendian.dcm', ['+Wi', '1'], '', GREY_TOLERANCE],
  ['planar-us-rt/pydicom/MR_small_RLE.dcm', ['+Wi', '1'], '', GREY_TOLERANCE],
  ['planar-us-rt/pydicom/image_dfl.dcm', ['+Wm'], '', GREY_TOLERANCE],
  ['planar-us-rt/pydicom/examples_overlay.dcm', ['+Wi', '1', '-O'], '', GREY_TOLERANCE],
  ['planar-us-rt/dx_image.dcm', ['+Wi', '1'], '', GREY_TOLERANCE],
  ['planar-us-rt/pydicom/examples_rgb_color.dcm', [], '', 0],
  ['planar-us-rt/pydicom/examples_palette.dcm', [], '', 0],
  ['planar-us-rt/pydicom/examples_ybr_color.dcm', [], '', COLOUR_TOLERANCE],
  ['enhanced-multiframe/eCT_Supplemental.dcm', ['+Ww', '40', '400'], 'window=40,400', GREY_TOLERANCE],
] as const;

describeWith('DICOMweb server, pictures', missing, () => {
  let server: FolderServer;
  const root = (path: string) => join(testData(path.split('/')[0]) ?? '', path.split('/').slice(1).join('/'));
  const added = new Map<string, StoredInstance>();
  const add = (path: string): StoredInstance => {
    const instance = added.get(path) ?? server.archive.add(root(path));
    added.set(path, instance);
    return instance;
  };
  const urlOf = ({ studyInstanceUid, seriesInstanceUid, sopInstanceUid }: StoredInstance): string =>
    `${server.base}/studies/${studyInstanceUid}/series/${seriesInstanceUid}/instances/${sopInstanceUid}`;
  const png = async (url: string) => {
    const answer = await fetch(url, { headers: { accept: 'image/png' } });
    const body = Buffer.from(await answer.arrayBuffer());
    if (answer.status !== 200) throw new Error(`${answer.status} ${body.toString()}`);
    return decodePng(body);
  };

  beforeAll(async () => {
    server = await startFolderServer();
  });
  afterAll(() => server.close());

  it.each(IMAGES)('draws %s as dcmtk does with %j', async (path, options, query, tolerance) => {
    // The same UID in several transfer syntaxes: each replaces the one before.
    added.delete(path);
    const shown = await png(`${urlOf(add(path))}/rendered?${query}`);
    const file = join(tempFolder('dcmj2pnm'), 'expected.png');
    execFileSync('dcmj2pnm', ['+on', ...options, root(path), file], { stdio: ['ignore', 'ignore', 'pipe'] });
    const expected = decodePng(readFileSync(file));
    expect([shown.width, shown.height]).toEqual([expected.width, expected.height]);
    expect(largestDifference(grey(shown), grey(expected))).toBeLessThanOrEqual(tolerance);
  });

  it('draws JPEG-LS and JPEG 2000 as their decompressed files', async () => {
    const folder = tempFolder('decompressed');
    for (const [path, tool] of [
      ['ct-chest-a0001/B-jpegls/1-20.dcm', 'dcmdjpls'],
      ['planar-us-rt/pydicom/MR_small_jp2klossless.dcm', 'gdcmconv'],
    ] as const) {
      const shown = await png(`${urlOf(add(path))}/rendered`);
      const raw = join(folder, 'raw.dcm');
      execFileSync(tool, [...(tool === 'gdcmconv' ? ['--raw'] : []), root(path), raw]);
      execFileSync('dcmj2pnm', ['+on', '+Wi', '1', raw, join(folder, 'expected.png')]);
      expect(largestDifference(grey(shown), grey(decodePng(readFileSync(join(folder, 'expected.png')))))).toBeLessThanOrEqual(1);
    }
  });

  it('gives a JPEG that an independent decoder reads as the same picture', async () => {
    const url = `${urlOf(add('planar-us-rt/pydicom/CT_small.dcm'))}/rendered`;
    const answer = await fetch(url, { headers: { accept: 'image/avif,image/webp,image/*,*/*;q=0.8' } });
    expect(answer.headers.get('content-type')).toBe('image/jpeg');
    const jpeg = Buffer.from(await answer.arrayBuffer());
    const [exact, decoded] = [await png(url), jpegPixels(jpeg)];
    expect(decoded).toHaveLength(exact.data.length);
    const differences = [...decoded].map((value, n) => Math.abs(value - exact.data[n]));
    expect(differences.reduce((sum, one) => sum + one, 0) / differences.length).toBeLessThan(3);
    const small = Buffer.from(await (await fetch(`${url}?quality=20`)).arrayBuffer());
    expect(small.length).toBeLessThan(jpeg.length / 2);
  });

  it('crops and scales to the viewport, keeping the shape', async () => {
    const url = urlOf(add('planar-us-rt/pydicom/examples_overlay.dcm'));
    expect(await png(`${url}/rendered?viewport=121,1000`)).toMatchObject({ width: 121, height: 75 });
    const [whole, part] = [await png(`${url}/rendered`), await png(`${url}/rendered?viewport=100,50,200,100,100,50`)];
    expect(part).toMatchObject({ width: 100, height: 50 });
    const cut = Uint8Array.from({ length: 5000 }, (_, n) => whole.data[(100 + Math.floor(n / 100)) * whole.width + 200 + (n % 100)]);
    expect(largestDifference(Uint8Array.from(part.data), cut)).toBe(0);
    expect(await png(`${url}/thumbnail`)).toMatchObject({ width: 128, height: 79 });
    expect(await png(url.replace(/\/instances\/.*/, '/thumbnail?viewport=64,64'))).toMatchObject({ width: 64 });
  });

  it.each(['seg-samples/dcmqi/liver.dcm', 'seg-samples/dcmqi/23x38x3/seg/label.seg'])(
    'draws each frame of %s where its segment is',
    async (path) => {
      const seg = readSeg(parseInstance(readFileSync(root(path))));
      for (const frame of [seg.frames[0], seg.frames[seg.frames.length - 1]]) {
        const shown = await png(`${urlOf(add(path))}/frames/${frame.frameIndex + 1}/rendered`);
        const lit = Uint8Array.from(frame.unpack(), (_, n) =>
          shown.data[n * 3] + shown.data[n * 3 + 1] + shown.data[n * 3 + 2] > 0 ? 1 : 0,
        );
        expect(Buffer.from(lit).equals(Buffer.from(frame.unpack()))).toBe(true);
        expect(lit).toContain(1);
      }
    },
  );

  it('finds each frame of compressed objects, which hold the same pixels as the native one', async () => {
    const native = parseInstance(readFileSync(root('enhanced-multiframe/emri_small.dcm'))).dataset;
    const pixels = Buffer.from(native.bytesOf(TAG.PixelData) ?? []);
    const frameBytes = pixels.length / 10;
    for (const name of ['emri_small.dcm', 'emri_small_RLE.dcm', 'emri_small_jpeg_ls_lossless.dcm']) {
      const url = urlOf(server.archive.add(root(`enhanced-multiframe/${name}`)));
      for (const frame of [1, 2, 10]) {
        const answer = await fetch(`${url}/frames/${frame}`, { headers: { accept: 'application/octet-stream' } });
        const bytes = Buffer.from(await answer.arrayBuffer());
        expect([name, frame, bytes.equals(pixels.subarray((frame - 1) * frameBytes, frame * frameBytes))]).toEqual([name, frame, true]);
      }
    }
  });

  it('draws several frames in parts, and nothing of what is no image', async () => {
    const frames = await fetch(`${urlOf(add('enhanced-multiframe/eCT_Supplemental.dcm'))}/frames/1,2/rendered`);
    expect(frames.headers.get('content-type')).toContain('multipart/related; type="image/jpeg"');
    const parts = Buffer.from(await frames.arrayBuffer())
      .toString('latin1')
      .split('Content-Type: image/jpeg');
    expect(parts).toHaveLength(3);
    const report = add('planar-us-rt/pydicom/test-SR.dcm');
    for (const what of ['rendered', 'thumbnail']) {
      const answer = await fetch(`${urlOf(report)}/${what}`);
      expect([answer.status, await answer.json()]).toEqual([406, expect.objectContaining({ code: 'NOT_ACCEPTABLE' })]);
    }
  });

  it.each([
    ['rendered?window=1', 400],
    ['rendered?window=40,0', 400],
    ['rendered?window=40,400,round', 400],
    ['rendered?viewport=0,10', 400],
    ['rendered?viewport=10,10,0,0,-5,5', 400],
    ['rendered?viewport=100000,100000', 400],
    ['rendered?quality=101', 400],
    ['rendered?colour=red', 400],
    ['frames/7/rendered', 404],
    ['rendered?accept=image/gif', 406],
    ['rendered?accept=image/png', 200],
    ['rendered?annotation=patient', 200],
  ])('answers %s with %i', async (what, status) => {
    const answer = await fetch(`${urlOf(add('planar-us-rt/pydicom/CT_small.dcm'))}/${what}`);
    expect(answer.status).toBe(status);
    if (what.includes('annotation')) expect(answer.headers.get('warning')).toContain('299');
    if (status >= 400) expect(await answer.json()).toHaveProperty('remedy');
  });

  it('is asked again only for what has changed', async () => {
    const url = `${urlOf(add('planar-us-rt/pydicom/CT_small.dcm'))}/rendered`;
    const etag = (await fetch(url)).headers.get('etag') ?? '';
    // Not fetch, which says `Cache-Control: no-cache` with it.
    const statusOf = async (asked: string): Promise<number | undefined> => {
      const [answer] = (await once(httpGet(asked, { headers: { 'if-none-match': etag } }), 'response')) as [IncomingMessage];
      answer.resume();
      return answer.statusCode;
    };
    expect(await statusOf(url)).toBe(304);
    expect(await statusOf(`${url}?window=40,400`)).toBe(200);
  });
});

interface Png {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly data: ArrayLike<number>;
}

/** Three channels, whatever the file has. */
function grey({ data, channels }: Png): Uint8Array {
  if (channels === 3) return Uint8Array.from(data);
  const rgb = new Uint8Array((data.length / channels) * 3);
  for (let n = 0; n < rgb.length; n++) rgb[n] = data[Math.floor(n / 3) * channels];
  return rgb;
}

function largestDifference(a: Uint8Array, b: Uint8Array): number {
  expect(a).toHaveLength(b.length);
  let largest = 0;
  for (let n = 0; n < a.length; n++) largest = Math.max(largest, Math.abs(a[n] - b[n]));
  return largest;
}

/** By way of dcmtk: the JPEG becomes the pixel data of a DICOM file, and that is decompressed. */
function jpegPixels(jpeg: Buffer): Uint8Array {
  const folder = tempFolder('jpeg');
  const [picture, wrapped, raw] = ['picture.jpg', 'wrapped.dcm', 'raw.dcm'].map((name) => join(folder, name));
  writeFileSync(picture, jpeg);
  execFileSync('img2dcm', [picture, wrapped]);
  execFileSync('dcmdjpeg', [wrapped, raw]);
  return parseInstance(readFileSync(raw)).dataset.bytesOf(TAG.PixelData) ?? new Uint8Array();
}
