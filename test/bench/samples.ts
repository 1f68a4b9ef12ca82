/** Studies to measure with: the phantom everywhere, a real chest CT where the data is. Each passage gets one with UIDs of its own. */
import { execFileSync } from 'node:child_process';
import { copyFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { newUid } from '../../src/foundation/ids.js';
import { makeChestStudy } from '../support/chest-study.js';
import { testData } from '../support/data.js';
import { part10Files } from '../support/part10.js';
import { tempFolder } from '../support/temp.js';

export interface Study {
  readonly studyInstanceUid: string;
  readonly files: readonly string[];
}

export interface Sample {
  readonly name: string;
  /** Of a patient, not drawn. */
  readonly isReal: boolean;
  make(passage: number): Study;
}

/** The chest CTs that the example model can be run on. */
export function chestSamples(): Sample[] {
  const phantom: Sample = {
    name: 'chest phantom',
    isReal: false,
    make: (passage) => makeChestStudy(`bench ${passage}`, { spacingMm: [1.5, 1.5, 5] }),
  };
  const real = testData('ct-chest-a0001');
  if (real === undefined) console.log('ct-chest-a0001 is not on this machine: the phantom alone is measured');
  return real === undefined ? [phantom] : [phantom, { name: 'ct-chest-a0001', isReal: true, make: () => withNewUids(real) }];
}

/** A copy under new UIDs: a study that the node knows already would not be run again. */
function withNewUids(folder: string): Study {
  const to = tempFolder('bench-study');
  const studyInstanceUid = newUid();
  const files = part10Files(folder).map(({ path }) => {
    const copy = join(to, basename(path));
    copyFileSync(path, copy);
    return copy;
  });
  execFileSync('dcmodify', ['-nb', '-m', `StudyInstanceUID=${studyInstanceUid}`, '-m', `SeriesInstanceUID=${newUid()}`, '-gin', ...files]);
  return { studyInstanceUid, files };
}
