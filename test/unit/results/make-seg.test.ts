import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseInstance } from '../../../src/dicom/element/parse.js';
import { TAG } from '../../../src/dicom/element/tags.js';
import { readSeg } from '../../../src/dicom/seg/read.js';
import { writeSeg } from '../../../src/dicom/seg/write.js';
import { structureById } from '../../../src/dicom/structures/table.js';
import { judgeSegmentation } from '../../../src/results/gate.js';
import { makeSeg } from '../../../src/results/make-seg.js';
import type { ResultJob } from '../../../src/results/make-seg.js';
import { classifyOutputs, readSegFile } from '../../../src/results/read-outputs.js';
import { ellipsoid, madeUpSource, segInput, segmentOf } from '../../support/seg.js';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'anteroom-results-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const source = madeUpSource();
const container = segInput(source, [
  segmentOf('RIGHT_LUNG', ellipsoid(source.grid, [0.3, 0.5, 0.5], 0.2)),
  segmentOf('LEFT_LUNG', ellipsoid(source.grid, [0.7, 0.5, 0.5], 0.2)),
]);
const output = writeSeg(container).bytes;
const verdict = await judgeSegmentation(readSeg(parseInstance(output)), source, false);

function job(): ResultJob {
  if (!verdict.passed) throw new Error('the test output did not pass');
  return {
    verdict,
    source,
    identity: {
      ...container.identity,
      sopInstanceUid: '2.25.1',
      seriesInstanceUid: '2.25.2',
      seriesDescription: 'lungs 2.0',
      trackingNamespace: '1.2.3.4.20 lungs',
    },
    provenance: {
      node: { manufacturer: 'Anteroom', modelName: 'Anteroom', deviceSerialNumber: 'node-1', softwareVersions: ['0.1.0'] },
      model: { manufacturer: 'Anteroom', name: 'lungs', version: '2.0', digest: `sha256:${'ab'.repeat(32)}` },
      rule: { name: 'chest-ct', revision: '3' },
    },
  };
}

describe('making a result', () => {
  it('leaves one file with the size and hash that it tells', async () => {
    const made = await makeSeg(job(), folder, '12/result.dcm');
    const bytes = readFileSync(join(folder, '12/result.dcm'));
    expect(made).toMatchObject({ sizeBytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex'), notes: [] });
    expect(readdirSync(folder)).toEqual(['12']);
  });

  it('gives the same bytes when it is done again', async () => {
    const first = await makeSeg(job(), folder, 'a.dcm');
    const second = await makeSeg(job(), folder, 'a.dcm');
    expect(second).toEqual(first);
  });

  it('writes model, digest, rule and revision into the object, and nothing of the container but its voxels and codes', async () => {
    await makeSeg(job(), folder, 'a.dcm');
    const { dataset } = parseInstance(readFileSync(join(folder, 'a.dcm')));
    expect(dataset.uid(TAG.SOPInstanceUID)).toBe('2.25.1');
    expect(dataset.text(TAG.SeriesDescription)).toBe('lungs 2.0');
    const [equipment] = dataset.items(TAG.ContributingEquipmentSequence);
    expect(equipment.text(TAG.ManufacturerModelName)).toBe('lungs');
    expect(equipment.text(TAG.ContributionDescription)).toBe(`image sha256:${'ab'.repeat(32)}; rule chest-ct, revision 3`);
    const segments = dataset.items(TAG.SegmentSequence);
    expect(segments.map((item) => item.text(TAG.SegmentAlgorithmName))).toEqual(['lungs', 'lungs']);
    expect(segments.map((item) => item.uid(TAG.TrackingUID))).not.toContain(container.segments[0].tracking.uid);
  });

  it('keeps Tracking UIDs in a later version and changes them for another model', async () => {
    const trackingUids = async (path: string, of: ResultJob) => {
      await makeSeg(of, folder, path);
      return parseInstance(readFileSync(join(folder, path)))
        .dataset.items(TAG.SegmentSequence)
        .map((item) => item.uid(TAG.TrackingUID));
    };
    const first = await trackingUids('a.dcm', job());
    const later = await trackingUids('b.dcm', {
      ...job(),
      identity: { ...job().identity, sopInstanceUid: '2.25.3', seriesInstanceUid: '2.25.4' },
    });
    const other = await trackingUids('c.dcm', { ...job(), identity: { ...job().identity, trackingNamespace: 'other' } });
    expect(later).toEqual(first);
    expect(new Set([...first, ...other]).size).toBe(4);
  });

  it('calls anatomy as the table does, with what the model adds in brackets, and findings as the model does', async () => {
    const made = job();
    const [first, second] = made.verdict.segments;
    const nodule = structureById('LEFT_LUNG+NODULE');
    const segments = [
      { ...first, segment: { ...first.segment, label: 'lung_r' } },
      { ...second, structure: nodule, segment: { ...second.segment, label: 'Finding 3' } },
    ];
    await makeSeg({ ...made, verdict: { ...made.verdict, segments } }, folder, 'a.dcm');
    expect((await readSegFile(join(folder, 'a.dcm'))).segments.map((segment) => segment.label)).toEqual(['Right lung', 'Finding 3']);
    segments[0] = { ...first, segment: { ...first.segment, label: 'Right lung (incomplete)', description: 'Incomplete: without a lobe.' } };
    await makeSeg({ ...made, verdict: { ...made.verdict, segments } }, folder, 'b.dcm');
    const [incomplete] = (await readSegFile(join(folder, 'b.dcm'))).segments;
    expect(incomplete).toMatchObject({ label: 'Right lung (incomplete)', description: 'Incomplete: without a lobe.' });
  });

  it('leaves nothing behind where there is nothing to write', async () => {
    const { verdict, ...rest } = job();
    const empty = {
      ...verdict,
      segments: verdict.segments.map((segment) => ({ ...segment, mask: { slices: [], slice: () => new Uint8Array(0) } })),
    };
    await expect(makeSeg({ ...rest, verdict: empty }, folder, 'a.dcm')).rejects.toMatchObject({ code: 'GATE_REJECTED' });
    expect(readdirSync(folder)).toEqual([]);
  });

  it('does not publish an object that is not what the gate let through', async () => {
    const made = job();
    const changing = { ...made.verdict.segments[0].mask };
    let calls = 0;
    const mask = {
      slices: changing.slices,
      slice: (k: number) => Uint8Array.from(changing.slice(k), (voxel) => (++calls % 97 === 0 ? 1 - voxel : voxel)),
    };
    const verdict = { ...made.verdict, segments: [{ ...made.verdict.segments[0], mask }, made.verdict.segments[1]] };
    await expect(makeSeg({ ...made, verdict }, folder, 'a.dcm')).rejects.toThrow(/other voxels/);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('says what the disk said', async () => {
    await expect(makeSeg(job(), join(folder, 'gone'), 'a.dcm')).rejects.toMatchObject({ code: 'STORE_FAILED' });
  });
});

describe('the files of an output folder', () => {
  it('are classified by what they hold', async () => {
    mkdirSync(join(folder, 'sub'));
    writeFileSync(join(folder, 'sub/wrong-name.txt'), output);
    writeFileSync(join(folder, 'report.json'), '{}');
    writeFileSync(join(folder, 'empty.dcm'), '');
    // An element whose VR is none.
    const broken = Buffer.from([0x08, 0, 0x05, 0, 0xff, 0xff, 0, 0]);
    writeFileSync(join(folder, 'broken.dcm'), Buffer.concat([output.subarray(0, parseInstance(output).dataSetOffsetBytes), broken]));
    const found = await classifyOutputs(folder, ['sub/wrong-name.txt', 'report.json', 'empty.dcm', 'broken.dcm']);
    const uids = { sopInstanceUid: '1.2.3.4.77.1', seriesInstanceUid: '1.2.3.4.77' };
    expect(found).toEqual([
      { path: 'sub/wrong-name.txt', kind: 'seg', sopClassUid: '1.2.840.10008.5.1.4.1.1.66.4', ...uids },
      { path: 'report.json', kind: 'other' },
      { path: 'empty.dcm', kind: 'other' },
      { path: 'broken.dcm', kind: 'dicom' },
    ]);
    expect((await readSegFile(join(folder, 'sub/wrong-name.txt'))).segments).toHaveLength(2);
  });

  it('are not read through a link, which could lead anywhere', async () => {
    writeFileSync(join(folder, 'seg.dcm'), output);
    symlinkSync(join(folder, 'seg.dcm'), join(folder, 'link.dcm'));
    await expect(classifyOutputs(folder, ['link.dcm'])).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
    await expect(readSegFile(join(folder, 'link.dcm'))).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
  });
});
