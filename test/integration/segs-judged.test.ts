/** The judge of every SEG that nodes write in the tests (test/support/judge_segs.py) sees what it is there for. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chestPhantom } from '../../src/dicom/phantom/chest.js';
import { sha256Hex } from '../../src/foundation/ids.js';
import { describeWith } from '../support/data.js';
import { judgeSegs } from '../support/judge-segs.js';
import { ResultStage } from '../support/result-stage.js';
import { missingTools } from '../support/tools.js';

describeWith('the judge of written SEGs', missingTools('python3-pydicom', 'dciodvfy'), () => {
  let node: ResultStage;
  let path: string;

  beforeEach(async () => {
    node = new ResultStage();
    await node.receive(...chestPhantom({ name: 'judged', spacingMm: [24, 24, 24] }).files.map(({ bytes }) => bytes));
    await node.produce(node.settle());
    await node.makeResults();
    path = join(node.folders.results, node.results()[0].path ?? '');
  });

  it('finds none at fault that the stage of results has made', async () => {
    expect(await judgeSegs(node.folders.root)).toEqual({ judged: 1, compared: 1, faults: [] });
  });

  it('names what the object does not say of model, image, rule and revision, of its source and of itself', async () => {
    node.db.run("UPDATE models SET version = '9.9', digest = 'sha256:1'");
    node.db.run("UPDATE runs SET rule = 'head', rules_revision = 'y'");
    node.db.run('UPDATE results SET series_number = 1');
    node.db.run(`UPDATE instances SET header = json_set(header, '$."00282110"', json('{"Value":["01"]}')) WHERE id = 1`);
    const verdict = await judgeSegs(node.folders.root);
    const faults = verdict?.faults.map(({ fault }) => fault).join('\n');
    expect(faults).toMatch(/^SeriesNumber is .* expected 1$/m);
    expect(faults).toMatch(/^SoftwareVersions of the contributing equipment is .* expected '9.9'$/m);
    expect(faults).toMatch(/^DeviceUID of the contributing equipment is /m);
    expect(faults).toMatch(/^ContributionDescription is .*sha256:0.* expected that it names 'sha256:1'$/m);
    expect(faults).toMatch(/^ContributionDescription is .* expected that it names 'rule head'$/m);
    expect(faults).toMatch(/^ContributionDescription is .* expected that it names 'revision y'$/m);
    expect(faults).toMatch(/^AlgorithmVersion of segment 2 is .* expected '9.9'$/m);
    expect(faults).toMatch(/^AlgorithmParameters of segment 1 is .* expected that it names 'sha256:1'$/m);
    expect(faults).toMatch(/^LossyImageCompression is '00', expected '01'$/m);
    expect(verdict?.faults[0].seg).toMatch(/\.dcm \(lungs, rule head\)$/);
  });

  it('names other voxels, what dciodvfy finds, and what is not of the images', async () => {
    const bytes = readFileSync(path);
    bytes[bytes.length - 40] ^= 1;
    bytes.write('ORIGINAL\\OTHER ', bytes.indexOf('DERIVED\\PRIMARY'), 'latin1');
    bytes.write('ACCEPTED', bytes.indexOf('PHANTOM1'), 'latin1');
    writeFileSync(path, bytes);
    node.db.run('UPDATE results SET sha256 = ?', sha256Hex(bytes));
    const faults = (await judgeSegs(node.folders.root))?.faults.map(({ fault }) => fault).join('\n');
    expect(faults).toMatch(/^its voxels are not those of the output that it was made of$/m);
    expect(faults).toMatch(/^Error - .*Image ?Type/m);
    expect(faults).toMatch(/^AccessionNumber is 'ACCEPTED', expected 'PHANTOM1'$/m);
  });

  it('names a file that is not as its row says, and leaves it out only where the test has damaged it', async () => {
    writeFileSync(path, readFileSync(path).subarray(0, 900));
    expect(await judgeSegs(node.folders.root, true)).toEqual({ judged: 0, compared: 0, faults: [] });
    const verdict = await judgeSegs(node.folders.root);
    expect(verdict?.faults).toMatchObject([{ fault: 'its file is missing, or not of the SHA-256 in its row' }]);
  });

  it('looks also at a second object with the same pixels, where its places or its header differ', async () => {
    await node.produce(node.settle('other'));
    await node.makeResults();
    expect(node.results()).toHaveLength(2);
    const second = node.results()[1];
    const file = join(node.folders.results, second.path ?? '');
    const bytes = readFileSync(file);
    expect(await judgeSegs(node.folders.root)).toEqual({ judged: 2, compared: 2, faults: [] });
    const faultsOf = async (change: (copy: Buffer) => void) => {
      const copy = Buffer.from(bytes);
      change(copy);
      writeFileSync(file, copy);
      node.db.run('UPDATE results SET sha256 = ? WHERE id = ?', sha256Hex(copy), second.id);
      return (await judgeSegs(node.folders.root))?.faults.map(({ fault }) => fault).join('\n');
    };
    const type = (copy: Buffer) => copy.write('ORIGINAL\\OTHER ', copy.indexOf('DERIVED\\PRIMARY'), 'latin1');
    expect(await faultsOf(type)).toMatch(/^Error - .*Image ?Type/m);
    const place = (copy: Buffer) => {
      // Of the second frame, which is not among those whose place is compared with that of its image.
      const element = Buffer.from([0x20, 0x00, 0x32, 0x00]);
      const at = copy.indexOf(element, copy.indexOf(element) + 4) + 8;
      copy.write(copy.toString('latin1', at, at + 1) === '-' ? '+' : '9', at, 'latin1');
    };
    expect(await faultsOf(place)).toMatch(/^its voxels are not those of the output/m);
  });
});
