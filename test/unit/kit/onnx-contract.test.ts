/** What is wrong with a package's ONNX contract is said before anything runs, each fault at its line. */
import { readdirSync, readFileSync } from 'node:fs';
import { MODULES } from '../../../src/kit/registry.js';
import { readWorkflow } from '../../../src/kit/workflow.js';

const GOOD = readFileSync('test/models/unet_small_lung/config/default.yml', 'utf8');
const read = (text: string) => readWorkflow(text, 'default.yml', [], MODULES);

describe('the contract of a network', () => {
  it.each(readdirSync('test/models'))('of %s is valid', (name) => {
    expect(read(readFileSync(`test/models/${name}/config/default.yml`, 'utf8')).steps.map(({ label }) => label)).toContain('OnnxRunner');
  });

  it.each([
    ['no file', / {4}file: .*\n/, '', /modules\.OnnxRunner\.file: OnnxRunner: is missing/],
    ['a digest that is none', /sha256: \w+/, 'sha256: 12ab', /default\.yml:20:\d+ .*sha256: OnnxRunner: must be 64 hexadecimal digits/],
    ['an unknown key deep down', 'multiple_of', 'multiple_off', /default\.yml:23:7 .*grid\.multiple_off: .*did you mean multiple_of\?/],
    ['letters that are no orientation', 'LPS', 'LPP', /default\.yml:22:\d+ .*orientation.*one each of L\/R, P\/A and S\/I/],
    [
      'an unknown step',
      'clamp:',
      'clip:',
      /default\.yml:26:\d+ .*intensity\[1\]: OnnxRunner: must be exactly one of offset, factor, clamp/,
    ],
    [
      'two steps in one',
      '- clamp: { from: 0 }',
      '- { clamp: { from: 0 }, factor: 2 }',
      /intensity\[1\]: .*has factor and clamp, must be exactly one of/,
    ],
    ['no labels', / {4}labels:\n.*\n/, '', /modules\.OnnxRunner\.labels: OnnxRunner: is missing/],
    [
      'an unknown structure',
      '1: LUNG',
      '1: LUNGS',
      /default\.yml:30:10 .*labels\.1: OnnxRunner: "LUNGS" is no structure of the table; did you mean LUNG\?/,
    ],
    ['a label that is none', '1: LUNG', '0: LUNG', /must be a label: a whole number from 1/],
    ['more labels than a probability has', '1: LUNG', '2: LUNG', /probability gives label 1 alone/],
    ['two outputs of one structure', '1: LUNG', '1: LUNG\n      2: LUNG', /labels\.2: .*"LUNG" is named twice/],
    [
      'a layout that is no slice',
      'name: input, layout: [n, 1, j, i]',
      'name: input, layout: [n, 1, i]',
      /input\.layout: .*needs two of i, j and k beside n/,
    ],
    ['an axis named twice', 'name: input, layout: [n, 1, j, i]', 'name: input, layout: [n, 1, i, i]', /names an axis twice/],
    [
      'an output of other axes',
      'name: prob, layout: [n, 1, j, i]',
      'name: prob, layout: [n, 1, k, i]',
      /output\.layout: .*must name the axes ijn of the input/,
    ],
    ['classes without their axis', 'kind: probability', 'kind: logits', /output\.layout: .*logits need c/],
    [
      'axes along the patient without a spacing',
      'orientation: LPS',
      'orientation: LPS\n      axes: patient',
      /spacing_mm: .*must be given where axes is patient/,
    ],
    [
      'tiles that overlap whole',
      '    labels:',
      '    tile: { size: [8, 8, 8], overlap: [0, 8, 0] }\n    labels:',
      /tile\.overlap: .*smaller than the size/,
    ],
    [
      'a step of post-processing that nobody knows',
      'fill_holes: { in: slices }',
      'fill_hole: { in: slices }',
      /steps\[2\]\.fill_hole: LabelMapPostprocessor: unknown key "fill_hole" \(did you mean fill_holes\?\)/,
    ],
  ])('with %s is refused', (_, from, to, reason) => {
    expect(() => read(GOOD.replace(from, to))).toThrow(reason);
  });

  it('is refused with all faults at once, each at its line', () => {
    const text = GOOD.replace('LPS', 'LPX').replace('type: float32', 'type: float31').replace('below: -300', 'below: cold');
    expect(() => read(text)).toThrow(/default\.yml:22:[^]*default\.yml:27:[^]*float32[^]*default\.yml:34:[^]*must be a number/);
  });
});
