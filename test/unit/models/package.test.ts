import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InvalidFileError } from '../../../src/foundation/faults.js';
import { parseYaml } from '../../../src/foundation/yaml.js';
import { parseCard, structuresOf, type CardInput } from '../../../src/models/card.js';
import { usePermitted } from '../../../src/models/licence.js';
import { readModelPackage } from '../../../src/models/package.js';

const INPUT = {
  label: 'CT',
  description: '',
  format: 'DICOM',
  modality: 'CT',
  bodypartexamined: 'Chest',
  slicethickness: '2.5mm',
  contrast: false,
  'non-contrast': true,
};

/** A card as MHub's repository has them, with one input of these values. */
function card(input: object = {}, more: object = {}): object {
  return {
    id: '',
    name: 'lungs',
    title: 'Lungs',
    summary: {
      description: 'Left and right lung',
      inputs: [{ ...INPUT, ...input }],
      outputs: [{ type: 'Segmentation', classes: ['LEFT_LUNG', 'RIGHT_LUNG'] }],
    },
    details: {
      name: 'lungs',
      version: '1.0.0',
      date: { code: '22/03/02', weights: 'n/a' },
      license: { code: 'MIT', weights: 'CC BY-NC 4.0' },
      cite: 'A et al.',
    },
    info: {},
    ...more,
  };
}

function inputOf(written: object): CardInput | undefined {
  const checked = parseCard(parseYaml(JSON.stringify(card(written)), 'meta.json'));
  if (!checked.ok) throw new Error(JSON.stringify(checked.faults));
  return checked.value.inputs[0];
}

describe('a model card', () => {
  it.each<[string, object, object]>([
    ['two modalities in one text', { modality: 'MRI|CT' }, { modalities: ['MR', 'CT'] }],
    ['PET by another name', { modality: 'pet' }, { modalities: ['PT'] }],
    ['(false, false) as nothing said of contrast', { contrast: false, 'non-contrast': false }, { contrast: 'unknown' }],
    ['contrast wanted', { contrast: true, 'non-contrast': false }, { contrast: 'required' }],
    ['no contrast wanted', {}, { contrast: 'without' }],
    ['either', { contrast: true }, { contrast: 'either' }],
    ['no word of contrast', { contrast: undefined, 'non-contrast': undefined }, { contrast: 'unknown' }],
    ['a thickness with its unit', { slicethickness: '2.5 mm' }, { sliceThicknessMm: 2.5 }],
    ['the thickness among three numbers', { slicethickness: '0.5 x 0.5 x 3.0 mm' }, { sliceThicknessMm: 3 }],
    ['a body part in mixed case', { bodypartexamined: 'Chest' }, { bodyPart: 'CHEST' }],
  ])('understands %s', (_, written, expected) => {
    expect(inputOf(written)).toMatchObject(expected);
  });

  it.each(['n/a', ''])('takes the thickness %j as not stated', (slicethickness) => {
    expect(inputOf({ slicethickness })).not.toHaveProperty('sliceThicknessMm');
  });

  it('promises each structure once, and no background', () => {
    const outputs = [{ type: 'segmentation', label: '', structures: ['BACKGROUND', 'LIVER', 'LIVER'] }] as const;
    expect(structuresOf({ outputs })).toEqual(['LIVER']);
  });

  it('understands the other spelling of licence', () => {
    const details = { version: '1.0', licence: { code: 'MIT', weights: 'CC BY-NC 4.0' } };
    expect(parseCard(parseYaml(JSON.stringify(card({}, { details })), 'meta.json'))).toMatchObject({
      value: { license: { code: 'MIT', weights: 'CC BY-NC 4.0' } },
    });
  });

  it.each([
    ['MIT', 'MIT license', 'commercial'],
    ['Apache 2.0', 'CC BY-NC 4.0', 'non-commercial'],
    ['Apache 2.0', 'CC-BY-NC-SA-4.0', 'non-commercial'],
    ['GNU General Public License', 'AGPL v3.0', 'commercial'],
    ['Apache 2.0', 'N/A', 'unclear'],
    ['', 'MIT', 'unclear'],
    ['MIT', 'for research use only', 'non-commercial'],
  ])('with code under "%s" and weights under "%s" permits %s use', (code, weights, use) => {
    expect(usePermitted({ code, weights })).toBe(use);
  });

  it.each([
    'Not MIT; all rights reserved',
    'Nutzung nur mit Genehmigung des Autors',
    'Apache-2.0, not for clinical use',
    'MIT, for educational purposes only',
    'GPL; personal use only',
    'CC BY NonComm',
    'MIT (internal)',
  ])('does not take "%s" for the licence that it names', (weights) => {
    expect(usePermitted({ code: 'MIT', weights })).toBe('unclear');
  });

  it.each([
    'The MIT License',
    'Apache License, Version 2.0',
    'BSD-3-Clause',
    '3-Clause BSD License',
    'GPLv3',
    'LGPL-2.1-or-later',
    'GNU Affero General Public License v3.0',
    'CC-BY-4.0',
    'CC BY-SA 4.0',
    'CC0 1.0 Universal',
    'Creative Commons Attribution 4.0 International',
    'MPL-2.0',
  ])('knows %s', (weights) => {
    expect(usePermitted({ code: 'MIT', weights })).toBe('commercial');
  });

  it('keeps what was written', () => {
    const checked = parseCard(parseYaml(JSON.stringify(card({}, { info: { use: { text: 'x' } } })), 'meta.json'));
    expect(checked).toMatchObject({
      ok: true,
      value: { version: '1.0.0', license: { code: 'MIT', weights: 'CC BY-NC 4.0' }, raw: { info: { use: { text: 'x' } } } },
    });
  });
});

describe('a model package', () => {
  const root = mkdtempSync(join(tmpdir(), 'anteroom-package-'));
  afterAll(() => rmSync(root, { recursive: true }));
  let count = 0;

  function packageOf(files: Record<string, string>): string {
    const dir = join(root, String(count++));
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(join(dir, name, '..'), { recursive: true });
      writeFileSync(join(dir, name), text);
    }
    return dir;
  }

  function faultsOf(files: Record<string, string>): string[] {
    const dir = packageOf(files);
    try {
      readModelPackage(dir);
      return [];
    } catch (thrown) {
      if (!(thrown instanceof InvalidFileError) || thrown.code !== 'MODEL_INVALID') throw thrown;
      return thrown.seen.replaceAll(`${dir}/`, '').split('\n');
    }
  }

  it('is read with defaults; an image makes it a docker model', () => {
    const read = readModelPackage(
      packageOf({
        'meta.json': JSON.stringify(card()),
        'model.yaml': 'image: anteroom/lungs:1.0.0\nmemoryMb: 4096',
        'config/default.yml': '',
      }),
    );
    expect(read).toMatchObject({
      card: { name: 'lungs', outputs: [{ type: 'segmentation', structures: ['LEFT_LUNG', 'RIGHT_LUNG'] }] },
      model: {
        runtime: 'docker',
        image: 'anteroom/lungs:1.0.0',
        memoryMb: 4096,
        gpu: 'none',
        readOnlyRoot: true,
        user: 'node',
        workflow: 'default',
        outputs: { mustExist: 'card', allowEmpty: false },
      },
      files: ['config/default.yml', 'meta.json', 'model.yaml'],
    });
  });

  it('has a digest that changes with what it says, not with where it lies', () => {
    const digestOf = (yaml: string) => readModelPackage(packageOf({ 'meta.json': JSON.stringify(card()), 'model.yaml': yaml })).digest;
    expect(digestOf('image: a')).toBe(digestOf('image: a'));
    expect(digestOf('image: a')).not.toBe(digestOf('image: b'));
  });

  it('of the process runtime names a command', () => {
    const files = (yaml: string) => ({ 'meta.json': JSON.stringify(card()), 'model.yaml': yaml });
    expect(faultsOf(files('runtime: process\ncommand: [node, main.js]'))).toEqual([]);
    expect(faultsOf(files('runtime: process'))).toEqual(['model.yaml:1:1 command: is missing']);
    expect(faultsOf(files('runtime: process\ncommand: [node]\nreadOnlyRoot: true'))).toEqual([
      'model.yaml:3:1 readOnlyRoot: "readOnlyRoot" does not go with the other keys here',
    ]);
  });

  it('is refused with the faults of both files at once', () => {
    const meta = JSON.stringify(card({ modality: undefined }, { name: 'Lungs!' }), null, 1);
    expect(faultsOf({ 'meta.json': meta, 'model.yaml': 'image: x\nmemory: 4\ntimeoutS: soon' })).toEqual([
      'meta.json:3:10 name: must be a name of lower-case letters, digits and "_"',
      'meta.json:8:4 summary.inputs[0].modality: is missing',
      'model.yaml:2:1 memory: unknown key "memory" (did you mean memoryMb?)',
      'model.yaml:3:11 timeoutS: must be a number, is a text',
    ]);
    expect(faultsOf({ 'meta.json': JSON.stringify(card()) })).toEqual(['model.yaml: is missing; a model package needs it']);
  });

  it('may demand only structures that its card knows', () => {
    expect(faultsOf({ 'meta.json': JSON.stringify(card()), 'model.yaml': 'image: x\noutputs: { mustExist: [LEFT_LUNG, LIVER] }' })).toEqual(
      ['model.yaml:2:35 outputs.mustExist[1]: "LIVER" is not a class of any output in meta.json'],
    );
  });

  it.each(readdirSync('deploy/models').filter((name) => !name.endsWith('.md')))('that is shipped is valid: %s', (name) => {
    expect(readModelPackage(join('deploy/models', name)).card.name).toBe(name);
  });

  it('that is no folder is unreadable', () => {
    expect(() => readModelPackage(join(root, 'nowhere'))).toThrow('A file cannot be read');
  });
});
