/** Segmentations of other makers, voxel for voxel as pydicom reads them. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { parseInstance } from '../../src/dicom/element/parse.js';
import { readSeg } from '../../src/dicom/seg/read.js';
import { describeWith, testData } from '../support/data.js';
import { readWithPydicom } from '../support/seg.js';
import { missingTools } from '../support/tools.js';

const FILES = [
  'dcmqi/liver.dcm',
  'dcmqi/partial_overlaps.dcm',
  'dcmqi/23x38x3/seg/label.seg',
  'dcmqi/24x38x3/seg/label.seg',
  'dcmqi/sparse-labelmap-noppv.dcm',
  'dcmqi/sparse-labelmap-ppv5.dcm',
  'dcmqi-sr/seg.dcm',
  'highdicom/seg_image_cr_binary.dcm',
  'highdicom/seg_image_ct_binary.dcm',
  'highdicom/seg_image_ct_binary_fractional.dcm',
  'highdicom/seg_image_ct_binary_overlap.dcm',
  'highdicom/seg_image_ct_binary_single_frame.dcm',
  'highdicom/seg_image_ct_true_fractional.dcm',
  'highdicom/seg_image_sm_control.dcm',
  'highdicom/seg_image_sm_control_labelmap.dcm',
  'highdicom/seg_image_sm_control_labelmap_palette_color.dcm',
  'highdicom/seg_image_sm_dots.dcm',
  'highdicom/seg_image_sm_numbers.dcm',
];

const missing = [
  ...missingTools('python3-pydicom', 'dcmconv'),
  ...['seg-samples', 'pet-seg-qin0024'].filter((name) => testData(name) === undefined),
];

describeWith('segmentations of other makers', missing, () => {
  const folder = mkdtempSync(join(tmpdir(), 'anteroom-seg-read-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const samples = testData('seg-samples') ?? '';
  const path = (file: string) => join(samples, file);
  const read = (file: string) => readSeg(parseInstance(readFileSync(path(file))));

  it('have the same frames, segments, positions and voxels as in pydicom', () => {
    const seen = readWithPydicom(...FILES.map(path));
    for (const [index, file] of FILES.entries()) {
      const segmentation = read(file);
      const ours = segmentation.frames.map((frame) => {
        const mask = frame.unpack();
        return {
          frame: frame.frameIndex,
          segment: frame.segmentNumber,
          position: frame.positionMm === undefined ? null : [...frame.positionMm],
          voxels: mask.reduce((sum, voxel) => sum + voxel, 0),
          sha256: createHash('sha256').update(mask).digest('hex'),
        };
      });
      const theirs = seen[index].frames.map((frame) => ({ ...frame, position: frame.position?.map(Number) ?? null }));
      expect({ file, frames: ours }).toEqual({ file, frames: theirs });
      expect(ours.length).toBeGreaterThan(0);
    }
  });

  it('are understood: codes, also in their former coding, segments, references', () => {
    const tumour = read('dcmqi-sr/seg.dcm');
    expect(tumour.segments[0]).toMatchObject({
      number: 1,
      label: 'Neoplasm, Primary',
      codes: { type: { value: 'M-80003', scheme: 'SRT' } },
    });
    expect(tumour.referencedSeries[0]?.sopInstanceUids.length).toBeGreaterThan(0);
    expect(tumour.frames[0]?.sourceSopInstanceUids).toHaveLength(1);
    expect(read('dcmqi/partial_overlaps.dcm').segments.map((segment) => segment.number)).toEqual([1, 2, 3, 4, 5]);
  });

  it('have no segment for the background of a label map', () => {
    expect(read('dcmqi/sparse-labelmap-noppv.dcm').segments.map((segment) => segment.label)).toEqual(['Liver']);
    expect(read('highdicom/seg_image_sm_control_labelmap.dcm').segments).toHaveLength(20);
  });

  it('are read where their data set is deflated', () => {
    const deflated = join(folder, 'deflated.dcm');
    execFileSync('dcmconv', ['+td', path('dcmqi/liver.dcm'), deflated]);
    const masks = (segmentation: ReturnType<typeof readSeg>) =>
      segmentation.frames.map((frame) => Buffer.from(frame.unpack()).toString('base64'));
    expect(masks(readSeg(parseInstance(readFileSync(deflated))))).toEqual(masks(read('dcmqi/liver.dcm')));
  });

  it('are refused with a reason where they are slides without positions', () => {
    expect(() => read('highdicom/seg_image_sm_dots_tiled_full.dcm')).toThrow(/TILED_FULL/);
  });
});
