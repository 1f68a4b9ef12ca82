/** What an object that leaves as it is refers to: however much it is, to judge it takes little. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { headerOf } from '../../../src/dicom/compose.js';
import { parseInstance, type DataSet } from '../../../src/dicom/element/parse.js';
import { TAG } from '../../../src/dicom/element/tags.js';
import { chestPhantom } from '../../../src/dicom/phantom/chest.js';
import type { InstanceRow } from '../../../src/ledger/instances.js';
import { judgeReferences, type Reference } from '../../../src/results/passing/references.js';
import { RunSources } from '../../../src/results/run-sources.js';
import { changed } from '../../support/changed-object.js';
import { tempFolder } from '../../support/temp.js';

const IMAGE = chestPhantom({ name: 'references', spacingMm: [24, 24, 24] }).files[4].bytes;

/** Images of which the first alone is there. */
function sourcesOf(): RunSources {
  const folder = tempFolder('references');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'first.dcm'), IMAGE);
  const rows = ['first.dcm', 'gone.dcm'].map(
    (path, n) => ({ path, sop_instance_uid: `1.2.8.${n}`, sop_class_uid: '1.2.7' }) as InstanceRow,
  );
  return new RunSources(folder, [{ name: 'ct', seriesInstanceUid: '1.2.6', instances: rows }]);
}

/** A series of one header, many times. */
class ManyImages extends RunSources {
  constructor(
    private readonly head: DataSet,
    private readonly count: number,
  ) {
    super('', [{ name: 'ct', seriesInstanceUid: '1.2.6', instances: [] }]);
  }

  override heads(): Promise<readonly DataSet[]> {
    return Promise.resolve([this.head]);
  }

  override async *allHeads(): AsyncGenerator<DataSet, void, undefined> {
    for (let n = 0; n < this.count; n++) yield this.head;
  }
}

/** References to as many objects that nobody has. */
function toStrangers(count: number): Reference[] {
  return Array.from({ length: count }, (_, n) => ({ kind: 'instance', uid: `1.2.9.${n}`, root: TAG.ReferencedImageSequence }));
}

describe('references to what is not there', () => {
  it('are looked for in all images', async () => {
    await expect(judgeReferences(toStrangers(1), sourcesOf(), new Map())).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('are refused without a look at the images where they are more than any header has', async () => {
    const reasons = await judgeReferences(toStrangers(500_000), sourcesOf(), new Map());
    expect(reasons.map(({ seen }) => seen)).toEqual([
      ...[0, 1, 2].map((n) => `1.2.9.${n}, which is neither an input nor an output of the run`),
      'more than 10000 such references',
    ]);
  });

  it('count once, however often they are named', async () => {
    const head = parseInstance(IMAGE).dataset;
    const often = Array.from({ length: 5000 }, () => toStrangers(4)).flat();
    const reasons = await judgeReferences(often, new ManyImages(head, 1), new Map());
    expect(reasons.map(({ seen }) => seen).slice(3)).toEqual(['4 such references in all']);
  });

  it('are compared with each image by what the image refers to: many images and many references are no product', async () => {
    const image = headerOf({ ReferencedSOPInstanceUID: '1.2.9.1' });
    const head = parseInstance(changed(IMAGE, { ReferencedImageSequence: [image] })).dataset;
    const sources = new ManyImages(head, 5000);
    const before = process.cpuUsage();
    const reasons = await judgeReferences(toStrangers(10_000), sources, new Map());
    const { user, system } = process.cpuUsage(before);
    expect(reasons.at(-1)).toMatchObject({ seen: '9999 such references in all' });
    expect((user + system) / 1e6).toBeLessThan(2);
  });
});
