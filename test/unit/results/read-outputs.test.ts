/** What files of an output folder are. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { headerOf } from '../../../src/dicom/compose.js';
import { SOP_CLASS } from '../../../src/dicom/element/uids.js';
import { writeSeg } from '../../../src/dicom/seg/write.js';
import { classifyOutputs, readSegFile } from '../../../src/results/read-outputs.js';
import { changed } from '../../support/changed-object.js';
import { lungsOn } from '../../support/result-stage.js';
import { madeUpSource } from '../../support/seg.js';
import { tempFolder } from '../../support/temp.js';

describe('classifyOutputs', () => {
  it('finds the series of an object that names a thousand images before it', async () => {
    const input = lungsOn(madeUpSource());
    const images = Array.from({ length: 1000 }, (_, n) =>
      headerOf({ ReferencedSOPClassUID: SOP_CLASS.CTImageStorage, ReferencedSOPInstanceUID: `1.2.3.4.5.6.7.8.9.10.11.12.${n}` }),
    );
    const folder = tempFolder('outputs');
    writeFileSync(join(folder, 'a'), changed(writeSeg(input).bytes, { ReferencedImageSequence: images }));
    const { sopInstanceUid, seriesInstanceUid } = input.identity;
    expect(await classifyOutputs(folder, ['a'])).toMatchObject([{ kind: 'seg', sopInstanceUid, seriesInstanceUid }]);
  });
});

describe('readSegFile', () => {
  it('refuses more segments than any atlas has, before it looks for them in the pixels', async () => {
    const path = join(tempFolder('outputs'), 'a');
    const segments = Array.from({ length: 65_535 }, (_, n) => headerOf({ SegmentNumber: n + 1 }));
    writeFileSync(path, changed(writeSeg(lungsOn(madeUpSource())).bytes, { SegmentSequence: segments }));
    await expect(readSegFile(path)).rejects.toMatchObject({
      code: 'GATE_REJECTED',
      seen: '65535 segments, expected at most 1000 in one segmentation',
    });
  });
});
