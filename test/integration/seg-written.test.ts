/** Segmentations that we write, judged by dciodvfy and read by pydicom. */
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { sha256Hex } from '../../src/foundation/ids.js';
import { parseInstance } from '../../src/dicom/element/parse.js';
import type { SegInput } from '../../src/dicom/seg/input.js';
import { masksOfLabels } from '../../src/dicom/seg/mask.js';
import { readSeg } from '../../src/dicom/seg/read.js';
import { writeSeg } from '../../src/dicom/seg/write.js';
import { writeLabelMap } from '../../src/dicom/seg/write-label-map.js';
import { STRUCTURES, structureOf } from '../../src/dicom/structures/table.js';
import { describeWith, testData } from '../support/data.js';
import {
  dciodvfyErrors,
  ellipsoid,
  labelMapOf,
  madeUpSource,
  readWithPydicom,
  segInput,
  segmentOf,
  sourceOfFolder,
} from '../support/seg.js';
import { missingTools } from '../support/tools.js';

const folder = mkdtempSync(join(tmpdir(), 'anteroom-seg-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let files = 0;

/** Writes the object, lets both judges look at it, and compares voxels and positions frame by frame. */
function expectFaithful(input: SegInput): void {
  const path = join(folder, `${++files}.dcm`);
  writeFileSync(path, writeSeg(input).bytes);
  expect(dciodvfyErrors(path)).toEqual([]);
  const [seen] = readWithPydicom(path);
  const expected = input.segments.flatMap((segment, index) =>
    segment.mask.slices.map((k) => ({
      segment: index + 1,
      position: input.source.slices[k].imagePosition,
      sha256: createHash('sha256')
        .update(segment.mask.slice(k).map((voxel) => (voxel ? 1 : 0)))
        .digest('hex'),
    })),
  );
  expect(seen.frames.map(({ segment, sha256 }) => ({ segment, sha256 }))).toEqual(
    expected.map(({ segment, sha256 }) => ({ segment, sha256 })),
  );
  seen.frames.forEach(({ position }, n) => position!.forEach((text, axis) => expectSamePosition(text, expected[n].position[axis])));
}

/** The same as a label map. Its frames come slice by slice, so that segments are compared one after the other. */
function expectFaithfulLabelMap(input: SegInput): void {
  const path = join(folder, `${++files}.dcm`);
  writeFileSync(path, writeLabelMap(input).bytes);
  const [seen] = readWithPydicom(path);
  const read = readSeg(parseInstance(readFileSync(path)));
  expect(read.segments.map(({ number, label }) => [number, label])).toEqual(input.segments.map(({ label }, n) => [n + 1, label]));
  input.segments.forEach(({ mask }, index) => {
    const expected = mask.slices.map((k) => sha256Hex(mask.slice(k).map((voxel) => (voxel ? 1 : 0))));
    const frames = seen.frames.filter(({ segment }) => segment === index + 1);
    expect(frames.map(({ sha256 }) => sha256)).toEqual(expected);
    frames.forEach(({ position }, n) =>
      position!.forEach((text, axis) => expectSamePosition(text, input.source.slices[mask.slices[n]].imagePosition[axis])),
    );
    const own = read.frames.filter(({ segmentNumber }) => segmentNumber === index + 1);
    expect(own.map((frame) => sha256Hex(frame.unpack()))).toEqual(expected);
  });
}

/** As written in the source, unless that is longer than DS allows: then the same number to a nanometre. */
function expectSamePosition(seen: string, source: string): void {
  if (source.length <= 16) expect(seen).toBe(source);
  else expect(Math.abs(Number(seen) - Number(source))).toBeLessThan(1e-6);
}

const chest = (input = madeUpSource()) => {
  const { grid } = input;
  const masks = [ellipsoid(grid, [0.3, 0.45, 0.4], 0.25), ellipsoid(grid, [0.7, 0.55, 0.6], 0.2)];
  const [right, left] = masksOfLabels(labelMapOf(grid, masks), [1, 2]);
  return segInput(input, [segmentOf('RIGHT_LUNG', right), segmentOf('LEFT_LUNG', left)]);
};

describeWith('written segmentations', missingTools('dciodvfy', 'python3-pydicom'), () => {
  it('may show every structure of the table, and are read as the same again', () => {
    const source = madeUpSource();
    const [mask] = masksOfLabels(labelMapOf(source.grid, [ellipsoid(source.grid, [0.5, 0.5, 0.5], 0.1)]), [1]);
    const ids = [...STRUCTURES.map(({ id }) => id), 'LIVER+NEOPLASM_MALIGNANT_PRIMARY', 'LUNG+FDG_AVID_TUMOR', 'KIDNEY+CYST'];
    const path = join(folder, 'all.dcm');
    writeFileSync(
      path,
      writeSeg({
        ...segInput(
          source,
          ids.map((id) => segmentOf(id, mask)),
        ),
        segmentsOverlap: true,
      }).bytes,
    );
    expect(dciodvfyErrors(path)).toEqual([]);
    const { segments } = readSeg(parseInstance(readFileSync(path)));
    expect(segments.map(({ codes, label }) => structureOf(codes, label)?.id)).toEqual(ids);
  });

  it.each([
    ['16 × 24', {}],
    ['38 × 23, an odd number of bits', { rows: 38, columns: 23 }],
    ['251 × 251', { rows: 251, columns: 251, slices: 5 }],
    ['sagittal slices', { iDirection: [0, 1, 0], jDirection: [0, 0, -1] }],
    ['oblique slices', { iDirection: [0.8, 0.6, 0], jDirection: [0, 0, -1] }],
    ['a flipped row direction', { iDirection: [-1, 0, 0], jDirection: [0, 1, 0] }],
  ] as const)('are valid and voxel for voxel the label map: %s', (_, options) => {
    expectFaithful(chest(madeUpSource(options)));
    expectFaithfulLabelMap(chest(madeUpSource(options)));
  });

  it('may have segments that overlap, and one that was not found', () => {
    const source = madeUpSource();
    const heart = ellipsoid(source.grid, [0.5, 0.5, 0.5], 0.3);
    expectFaithful(
      segInput(source, [
        segmentOf('HEART', heart),
        segmentOf('AORTA', ellipsoid(source.grid, [0.6, 0.5, 0.5], 0.2)),
        segmentOf('LEFT_LUNG+NODULE', { slices: [], slice: () => new Uint8Array(0) }),
      ]),
    );
  });

  it('say that their source was compressed with loss', () => {
    expectFaithful(chest({ ...madeUpSource(), lossy: { ratios: ['8.5'], methods: ['ISO_10918_1'] } }));
  });

  for (const series of [
    'ct-chest-a0001/B-jpegls',
    'mr-brain-t1-forrest/dicoms',
    'ct-head-phantom-multiseries/S2010-std-brain-5mm-jpegll',
  ]) {
    const data = testData(series);
    (data === undefined ? it.skip : it)(`keep the patient and the places of ${series}`, () => {
      expectFaithful(chest(sourceOfFolder(data!)));
      expectFaithfulLabelMap(chest(sourceOfFolder(data!)));
    });
  }
});
