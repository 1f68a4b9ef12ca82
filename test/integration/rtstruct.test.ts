/** Structure sets: those that we write judged by dciodvfy, pydicom and plastimatch, real ones drawn, and a model's own on its way to the PACS. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseInstance } from '../../src/dicom/element/parse.js';
import type { Grid } from '../../src/dicom/geometry/grid.js';
import { maskOfRoi } from '../../src/dicom/rtstruct/masks.js';
import { readStructureSet } from '../../src/dicom/rtstruct/read.js';
import { writeStructureSet } from '../../src/dicom/rtstruct/write.js';
import { masksOfLabels, maskOfSlices, type SegmentMask } from '../../src/dicom/seg/mask.js';
import { uniformRandom } from '../../src/dicom/phantom/random.js';
import { encodeNrrd } from '../../src/kit/nrrd.js';
import { sendTo } from '../support/chest-study.js';
import { describeWith, testData } from '../support/data.js';
import { diceOf, expectedLabels } from '../support/kit.js';
import { standInPackage } from '../support/mhub/package.js';
import { mixedStudy } from '../support/mhub/study.js';
import { missingForNode, startNode } from '../support/node.js';
import { missingForOrthanc, startOrthanc } from '../support/orthanc.js';
import { storedFile, storedInstances } from '../support/orthanc-rest.js';
import { regionsBy } from '../support/plastimatch.js';
import { dciodvfyErrors, ellipsoid, labelMapOf, madeUpSource, PYTHON, segInput, segmentOf, sourceOfFolder } from '../support/seg.js';
import { arrived, endedRun } from '../support/study-to-pacs.js';
import { tempFolder } from '../support/temp.js';
import { missingTools } from '../support/tools.js';
import { stringify } from 'yaml';

const folder = tempFolder('rtstruct');

/** The whole mask, C order [k][j][i]. */
function voxelsOf(mask: SegmentMask, { columns, rows, slices }: Grid): Uint8Array {
  const voxels = new Uint8Array(columns * rows * slices);
  for (const k of mask.slices) voxels.set(mask.slice(k), k * columns * rows);
  return voxels;
}

function gridFile(grid: Grid): string {
  const path = join(folder, 'grid.nrrd');
  writeFileSync(path, encodeNrrd(labelMapOf(grid, [])));
  return path;
}

function readBack(path: string) {
  return readStructureSet(parseInstance(readFileSync(path)).dataset);
}

/** What pydicom reads: its regions by name, code and side, and the points of their contours. */
function readWithPydicom(path: string): unknown {
  const script = `
import json, sys, pydicom
ds = pydicom.dcmread(sys.argv[1])
seen = zip(ds.StructureSetROISequence, ds.ROIContourSequence, ds.RTROIObservationsSequence)
print(json.dumps([[r.ROIName, o.RTROIIdentificationCodeSequence[0].CodeValue, [int(c) for c in q.ROIDisplayColor],
  all(len(c.ContourData) == 3 * c.NumberOfContourPoints for c in q.get('ContourSequence', []))] for r, q, o in seen]))`;
  return JSON.parse(execFileSync(PYTHON, ['-W', 'ignore', '-c', script, path], { encoding: 'utf8' }));
}

describeWith('written structure sets', missingTools('dciodvfy', 'python3-pydicom', 'plastimatch'), () => {
  it('are valid, and are drawn by plastimatch to the voxel, holes and corners included', () => {
    const source = madeUpSource({ columns: 32, rows: 24 });
    const random = uniformRandom(3);
    const sponge = ellipsoid(source.grid, [0.4, 0.5, 0.5], 0.3);
    const holed = new Map(sponge.slices.map((k) => [k, sponge.slice(k).map((voxel) => (voxel === 1 && random() < 0.8 ? 1 : 0))]));
    const segments = [segmentOf('LEFT_LUNG', maskOfSlices(holed)), segmentOf('LIVER', ellipsoid(source.grid, [0.05, 0.9, 0.5], 0.3))];
    const path = join(folder, 'written.dcm');
    writeFileSync(path, writeStructureSet(segInput(source, segments)));
    expect(dciodvfyErrors(path)).toEqual([]);
    expect(readWithPydicom(path)).toEqual(segments.map(({ label, meaning, colour }) => [label, meaning.type.value, [...colour], true]));
    const seen = regionsBy(path, gridFile(source.grid), join(folder, 'written'));
    for (const { label, mask } of segments) expect(seen.get(label)).toEqual(voxelsOf(mask, source.grid));
  });
});

describeWith(
  'structure sets of others',
  [...missingTools('plastimatch'), ...(testData('planar-us-rt') === undefined ? ['data planar-us-rt'] : [])],
  () => {
    const data = testData('planar-us-rt') ?? '';
    const grid: Grid = {
      columns: 512,
      rows: 512,
      slices: 2,
      originMm: [-125, -125, 60],
      iDirection: [1, 0, 0],
      jDirection: [0, 1, 0],
      kDirection: [0, 0, 1],
      spacingMm: [0.488281, 0.488281, 5],
      frameOfReferenceUid: '',
    };

    it('with a hole as a contour of its own are drawn within half a pixel of the formula, and like plastimatch', () => {
      const path = join(data, 'rtstruct-rt-utils/rt.dcm');
      const { mask, refusals } = maskOfRoi(readBack(path).rois[0], grid);
      expect({ refusals, slices: mask.slices }).toEqual({ refusals: [], slices: [0] });
      const filled = mask.slice(0);
      const depthMm = (x: number, y: number) => {
        const square = Math.min(x + 51, -27 - x, y + 51, -27 - y);
        const hole = Math.min(x + 47, -32 - x, y + 47, -32 - y, (x + y + 93) / Math.SQRT2);
        return Math.min(square, -hole);
      };
      const wrong = [...filled.keys()].filter((p) => {
        const depth = depthMm(-125 + 0.488281 * (p % 512), -125 + 0.488281 * Math.floor(p / 512)) / 0.488281;
        return filled[p] === 1 ? depth < -0.5 : depth > 0.5;
      });
      expect(wrong).toEqual([]);
      const [theirs] = regionsBy(path, gridFile(grid), join(folder, 'hole'), true).values();
      expect(diceOf(voxelsOf(mask, grid), theirs, 1)).toBeGreaterThan(0.98);
    });

    it('that lie partly beyond the images are refused by name, and what lies on them is like plastimatch’s', () => {
      const path = join(data, 'rtstruct-rt-utils/invalid_reference_rt.dcm');
      const { rois } = readBack(path);
      expect(rois.map(({ name }) => name)).toEqual(['ROI-1', 'ROI-2', 'ROI-3', 'ROI-4']);
      const theirs = regionsBy(path, gridFile(grid), join(folder, 'beyond'));
      for (const roi of rois) {
        const { mask, refusals } = maskOfRoi(roi, grid);
        expect(refusals).toEqual(['contour 1 lies 5.00 mm beyond the last slice, expected at most half a spacing (2.50 mm)']);
        expect(diceOf(voxelsOf(mask, grid), theirs.get(roi.name)!, 1)).toBeGreaterThan(0.95);
      }
    });

    it('with points among the regions are read; a point has no voxel', () => {
      const bytes = readFileSync(join(data, 'pydicom/rtstruct.dcm'));
      const { dataset } = parseInstance(bytes, { transferSyntaxUid: '1.2.840.10008.1.2' });
      const [patient, isocentre] = readStructureSet(dataset).rois;
      const coarse: Grid = { ...grid, columns: 100, rows: 100, slices: 3, originMm: [-250, -250, -200], spacingMm: [5, 5, 10] };
      expect(maskOfRoi(patient, coarse).mask.slices).toEqual([0, 1, 2]);
      expect(maskOfRoi(isocentre, coarse)).toMatchObject({ voxelCount: 0, notes: ['1 × POINT left out: bounds no area'] });
    });
  },
);

const realData = ['ct-chest-a0001', 'expected'].filter((name) => testData(name) === undefined).map((name) => `data ${name}`);

describeWith('real lungs', [...realData, ...missingTools('dciodvfy', 'plastimatch')], () => {
  it('come back through a structure set to the voxel, by us and by plastimatch, from a valid and small file', () => {
    const source = sourceOfFolder(join(testData('ct-chest-a0001') ?? '', 'B-jpegls'));
    const labels = expectedLabels('a0001b.unet_small_lung.post');
    const [mask] = masksOfLabels({ grid: source.grid, labels }, [1]);
    const path = join(folder, 'lungs.dcm');
    const bytes = writeStructureSet(segInput(source, [segmentOf('LUNG', mask)]));
    writeFileSync(path, bytes);
    expect(dciodvfyErrors(path)).toEqual([]);
    expect(bytes.length).toBeLessThan(1_000_000);
    const { rois } = readBack(path);
    expect(diceOf(voxelsOf(maskOfRoi(rois[0], source.grid).mask, source.grid), labels, 1)).toBe(1);
    const theirs = regionsBy(path, gridFile(source.grid), join(folder, 'lungs'));
    expect(diceOf(theirs.get('Lung')!, labels, 1)).toBe(1);
  });
});

describeWith('a structure set that a model leaves', [...missingForNode(), ...missingForOrthanc()], () => {
  const study = mixedStudy('structure set', { ct: { modality: 'CT' } });
  const { seriesInstanceUid, source, files } = study.series.ct;
  const input = segInput(source, [segmentOf('LIVER', ellipsoid(source.grid, [0.45, 0.55, 0.5], 0.3))]);
  const elsewhere = { ...source, grid: { ...source.grid, frameOfReferenceUid: '1.2.3.4.5' } };
  const models = { draws: writeStructureSet(input), draws_elsewhere: writeStructureSet({ ...input, source: elsewhere }) };

  it('reaches the PACS under UIDs of the node, and not where it is of another frame of reference', async () => {
    const pacs = await startOrthanc();
    const rules = Object.keys(models).map((model) => ({
      name: model.replace('_', '-'),
      when: [{ tag: 'Modality', equals: 'CT' }],
      model,
      destinations: ['pacs'],
    }));
    const node = await startNode({
      rules: { 'rules.yaml': stringify({ rules }) },
      settings: { destinations: { pacs: { kind: 'stow', url: pacs.dicomWebUrl } } },
    });
    try {
      for (const [name, bytes] of Object.entries(models)) {
        const answers = { [`${seriesInstanceUid}.rts.dcm`]: bytes };
        const standIn = { answers: ['.rts.dcm'] };
        const model = { name, standIn, answers, yaml: { cpus: 0.25, memoryMb: 200, outputs: { mustExist: 'card' } } };
        await node.admin.post('/models', { folder: standInPackage(model), activate: { by: 'test', reason: 'test' } });
      }
      await sendTo(node, files);
      expect(await endedRun(node, study.studyInstanceUid, 'draws')).toMatchObject({ state: 'done', reason: null });
      expect(await endedRun(node, study.studyInstanceUid, 'draws_elsewhere')).toMatchObject({
        state: 'rejected',
        failureCode: 'GATE_REJECTED',
        reason: `frame of reference: 1.2.3.4.5, expected ${source.grid.frameOfReferenceUid}`,
      });
      const [delivery] = await arrived(node, study.studyInstanceUid, 1);
      const [stored, ...others] = await storedInstances(pacs);
      expect(others).toEqual([]);
      expect(stored).toMatchObject({
        modality: 'RTSTRUCT',
        studyInstanceUid: study.studyInstanceUid,
        sopInstanceUid: delivery.sopInstanceUid,
      });
      expect(stored.sopInstanceUid).not.toBe(input.identity.sopInstanceUid);
      const set = readStructureSet(parseInstance(await storedFile(pacs, stored.orthancId)).dataset);
      const { mask } = input.segments[0];
      expect(voxelsOf(maskOfRoi(set.rois[0], source.grid).mask, source.grid)).toEqual(voxelsOf(mask, source.grid));
    } finally {
      await node.remove();
      await pacs.remove();
    }
  }, 120_000);
});
