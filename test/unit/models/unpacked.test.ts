/** The package of an exported model is registered only where it is the model, and names the image, that the head says. */
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ExportHead } from '../../../src/models/exported/manifest.js';
import { nameImage } from '../../../src/models/exported/unpacked.js';
import { makeModelPackage } from '../../support/model-package.js';

const ID = `sha256:${'a'.repeat(64)}`;
const PINNED = `registry.example/lungs:1@sha256:${'b'.repeat(64)}`;

function head(reference: string, modelFile?: string): ExportHead {
  return {
    form: 1,
    writtenBy: 'anteroom 0.1.0',
    writtenAt: '2026-11-25T00:00:00.000Z',
    model: { name: 'travelling', version: '1.0.0', digest: ID, licence: { code: 'MIT', weights: 'MIT' }, modelFile },
    image: { reference, id: ID, os: 'linux', architecture: 'amd64', sizeBytes: 1, kit: null },
    packageBytes: 8,
  };
}

const packageOf = (image: string) => makeModelPackage('travelling', image, 'true');

it('keeps the name of its image', () => {
  expect(nameImage(packageOf('localhost/lungs:1'), head('localhost/lungs:1'))).toBe('localhost/lungs:1');
});

it("gets a tag in place of a registry's digest, wherever the file names it", () => {
  const folder = packageOf(PINNED);
  const file = join(folder, 'model.yaml');
  writeFileSync(file, `# made for ${PINNED}\n${readFileSync(file, 'utf8')}`);
  expect(nameImage(folder, head(PINNED))).toBe('registry.example/lungs:imported-aaaaaaaaaaaa');
  expect(readFileSync(file, 'utf8')).toMatch(/^image: registry\.example\/lungs:imported-aaaaaaaaaaaa$/m);
});

it('is read by the model.yaml that it was registered with', () => {
  const folder = packageOf('localhost/another');
  copyFileSync(join(packageOf(PINNED), 'model.yaml'), join(folder, 'model.gpu.yaml'));
  expect(nameImage(folder, head(PINNED, 'model.gpu.yaml'))).toBe('registry.example/lungs:imported-aaaaaaaaaaaa');
  expect(readFileSync(join(folder, 'model.yaml'), 'utf8')).toContain('image: localhost/another');
  expect(() => nameImage(folder, head(PINNED, '../model.yaml'))).toThrow(/model\.yaml/);
});

it.each<[string, string, RegExp]>([
  [
    'a program of this machine',
    'runtime: process\ncommand: [/bin/true]\n',
    /its model\.yaml names no image but runtime: process, expected localhost\/lungs/,
  ],
  ['another image', '', /its model\.yaml names localhost\/another, expected localhost\/lungs, the image that is in the file/],
])('is refused where it would run %s', (_, runtime, reason) => {
  const folder = packageOf('localhost/another');
  const file = join(folder, 'model.yaml');
  if (runtime !== '')
    writeFileSync(file, `${runtime}${readFileSync(file, 'utf8').replace(/^(runtime|image|command):.*\n( {2}- .*\n)*/gm, '')}`);
  expect(() => nameImage(folder, head('localhost/lungs'))).toThrow(reason);
});

it('is refused where its card is of another model', () => {
  expect(() => nameImage(makeModelPackage('other', 'localhost/lungs', 'true'), head('localhost/lungs'))).toThrow(
    /its card is of other 1\.0\.0, expected travelling 1\.0\.0/,
  );
});
