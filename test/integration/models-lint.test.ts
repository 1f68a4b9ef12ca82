/** Packages, each with one fault: `anteroom models lint` names it, and nothing else. */
import { spawnSync } from 'node:child_process';
import { appendFileSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { lungsSeg, makeChestStudy } from '../support/chest-study.js';
import { describeWith } from '../support/data.js';
import { missingForOnnx, onnxPackage } from '../support/kit.js';
import { tempFolder } from '../support/temp.js';

const NAME = 'unet_small_lung';
const REFERENCE = 'test/default/reference/lungs.seg.dcm';

describeWith('models lint', missingForOnnx(), () => {
  const good = onnxPackage(NAME);
  const study = makeChestStudy('lint');
  mkdirSync(join(good, 'test/default/reference'), { recursive: true });
  cpSync(study.folder, join(good, 'test/default/sample'), { recursive: true });
  writeFileSync(join(good, REFERENCE), lungsSeg(study));
  appendFileSync(join(good, 'model.yaml'), 'test: { data: test }\n');
  const sample = `test/default/sample/${basename(study.files[0])}`;

  function lint(folder: string): { faults: string[]; exitCode: number | null } {
    const args = [resolve('dist/anteroom.cjs'), 'models', 'lint', folder, '--no-image', '--json'];
    const { stdout, status } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    return { faults: JSON.parse(stdout) as string[], exitCode: status };
  }

  it.each([good, 'deploy/models/lungs', 'deploy/models/lobes'])('finds nothing wrong with a good package: %s', (folder) => {
    expect(lint(folder)).toEqual({ faults: [], exitCode: 0 });
  });

  it.each<[string, string, (text: string) => string | undefined, RegExp]>([
    ['no card', 'meta.json', () => undefined, /meta\.json: is missing; a model package needs it/],
    [
      'no licence of the weights',
      'meta.json',
      (text) => text.replace('"weights": "MIT"', '"weights": "n/a"'),
      /meta\.json:\d+:\d+ details\.license\.weights: the card does not say the licence/,
    ],
    [
      'no limitations',
      'meta.json',
      (text) => text.replace(/A research network[^"]*/, ''),
      /info\.limitations\.text: the card does not say where it fails/,
    ],
    [
      'a structure without codes',
      'meta.json',
      (text) => text.replace(/\["?\s*"LUNG"\s*\]/, '["LUNG", "LUNGZ"]'),
      /classes\[1\]: "LUNGZ" is no structure of the table/,
    ],
    [
      'a place that was not filled in',
      'meta.json',
      (text) => text.replace('Axial chest CT', 'FILL IN'),
      /meta\.json:\d+:\d+: is not filled in/,
    ],
    [
      'a setting that model.yaml does not know',
      'model.yaml',
      (text) => text.replace('memoryMb', 'memoryMB'),
      /model\.yaml:3:1 memoryMB: unknown key "memoryMB" \(did you mean memoryMb\?\)/,
    ],
    [
      'a workflow that is not there',
      'model.yaml',
      (text) => `${text}workflow: fast\n`,
      /model\.yaml:\d+:\d+ workflow: there is no config\/fast\.yml/,
    ],
    [
      'a workflow with a slip',
      'config/default.yml',
      (text) => text.replace('multiple_of', 'multipel_of'),
      /config\/default\.yml:23:7 .*unknown key "multipel_of" \(did you mean multiple_of\?\)/,
    ],
    ['other weights', `weights/${NAME}.onnx`, (text) => `${text} `, /has SHA-256 \w+, expected 969bfb26/],
    [
      'a tensor that the network does not have',
      'config/default.yml',
      (text) => text.replace('name: prob', 'name: mask'),
      /it has no output "mask"; it has prob float32 \[n, 1, h, w\]/,
    ],
    [
      'structures that card and workflow do not share',
      'config/default.yml',
      (text) => text.replace('1: LUNG', '1: LIVER'),
      /the card promises LUNG, which the workflow does not give; the workflow gives LIVER/,
    ],
    [
      'no word of its test',
      'model.yaml',
      (text) => text.replace('test: { data: test }', ''),
      /model\.yaml: there is no `test`, expected where/,
    ],
    ['no reference', REFERENCE, () => undefined, /test\/default\/reference is empty, expected what the model is known to leave/],
    [
      'a sample that is elsewhere',
      'model.yaml',
      (text) => text.replace('data: test', 'data: tests'),
      /tests is not there: put a series into tests\/default\/sample/,
    ],
    ['a sample that was cut off', sample, (text) => text.slice(0, 1000), /test\/default\/sample\/\S+: The data set cannot be parsed/],
    ['a reference that is no DICOM file', REFERENCE, () => 'PK', /lungs\.seg\.dcm: The file is not a DICOM Part 10 file/],
  ])('names the fault of a package with %s', (_, file, change, reason) => {
    const folder = join(tempFolder('lint'), NAME);
    cpSync(good, folder, { recursive: true });
    const path = join(folder, file);
    const changed = change(readFileSync(path, 'latin1'));
    if (changed === undefined) rmSync(path);
    else writeFileSync(path, changed, 'latin1');
    const { faults, exitCode } = lint(folder);
    expect(exitCode).toBe(1);
    expect(faults.join('\n')).toMatch(reason);
    // A structure that the table does not know is one that the workflow cannot give either.
    expect(faults.length).toBeLessThanOrEqual(2);
  });
});
