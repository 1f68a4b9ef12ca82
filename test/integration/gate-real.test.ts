/** The gate on real pairs of a series and a segmentation that others made of it. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseInstance } from '../../src/dicom/element/parse.js';
import { readSeg } from '../../src/dicom/seg/read.js';
import { judgeSegmentation } from '../../src/results/gate.js';
import { makeSeg } from '../../src/results/make-seg.js';
import { rejectionText } from '../../src/results/verdict.js';
import { describeWith, testData } from '../support/data.js';
import { dciodvfyErrors, madeUpSource, readWithPydicom, segInput, sourceOfFolder } from '../support/seg.js';
import { missingTools } from '../support/tools.js';

const data = (path: string) => testData(path) ?? '';
const read = (path: string) => readSeg(parseInstance(readFileSync(path)));

const missing = [
  ...missingTools('python3-pydicom', 'dciodvfy'),
  ...['seg-samples', 'pet-seg-qin0024'].filter((name) => testData(name) === undefined),
];

describeWith('real segmentations at the gate', missing, () => {
  const folder = mkdtempSync(join(tmpdir(), 'anteroom-gate-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each([
    ["dcmqi's liver on its CT", 'seg-samples/dcmqi/ct-3slice', 'seg-samples/dcmqi/liver.dcm'],
    ["dcmqi's overlapping segments", 'seg-samples/dcmqi/ct-3slice', 'seg-samples/dcmqi/partial_overlaps.dcm'],
    ['a tumour in PET, former codes', 'pet-seg-qin0024/PET-rle', 'pet-seg-qin0024/SEG/3DSlicer/tumor_User1_Manual_Trial1.dcm'],
  ])('pass and become results with the same voxels: %s', async (_, series, file) => {
    const source = sourceOfFolder(data(series));
    const verdict = await judgeSegmentation(read(data(file)), source, false);
    if (!verdict.passed) throw new Error(rejectionText(verdict));
    const { identity, provenance } = segInput(source, []);
    await makeSeg(
      {
        verdict,
        source,
        identity: { ...identity, trackingNamespace: 'test' },
        provenance: {
          node: provenance.equipment,
          model: { manufacturer: 'X', name: 'x', version: '1', digest: 'sha256:0' },
          rule: { name: 'r', revision: '1' },
        },
      },
      folder,
      'result.dcm',
    );
    expect(dciodvfyErrors(join(folder, 'result.dcm'))).toEqual([]);
    const [theirs, ours] = readWithPydicom(data(file), join(folder, 'result.dcm'));
    const bySegment = (seen: typeof theirs) =>
      seen.frames
        .filter((frame) => frame.voxels > 0)
        .map((frame) => `${frame.segment} ${Number(frame.position![2]).toFixed(3)} ${frame.sha256}`)
        .sort();
    expect(bySegment(ours)).toEqual(bySegment(theirs));
  });

  it("are rejected for another patient's series, for every reason that is seen without unpacking a frame", async () => {
    const verdict = await judgeSegmentation(
      read(data('seg-samples/dcmqi/liver.dcm')),
      madeUpSource({ rows: 512, columns: 512, slices: 3 }),
      false,
    );
    expect(verdict).toMatchObject({ passed: false });
    if (!verdict.passed)
      expect(new Set(verdict.reasons.map((reason) => reason.check))).toEqual(
        new Set(['patient', 'study', 'frame of reference', 'reference']),
      );
  });
});
