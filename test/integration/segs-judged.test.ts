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

  it('leaves out what was damaged after it was written', async () => {
    writeFileSync(path, readFileSync(path).subarray(0, 900));
    expect(await judgeSegs(node.folders.root)).toEqual({ judged: 0, compared: 0, faults: [] });
  });
});
