/** What an administrator reads: first each rule in one line, then the details. */
import { decide } from '../../../src/routing/evaluate.js';
import { formatExplanation } from '../../../src/routing/explain.js';
import { CONTEXT, rulesOf, series, study } from './support.js';

const RULES = rulesOf(`
conditions:
  ct: { tag: Modality, equals: CT }
rules:
  - name: chest
    study: { noSeries: { tag: Modality, equals: PT } }
    when: [{ use: ct }, { allInstances: { tag: ImageType, contains: ORIGINAL } }]
    series: { take: 2 }
    model: lungs
    workflow: fast
    shadow: true
    window: { from: '20:00', to: '06:00', days: [mon, tue] }
    then: stop
  - { name: brain, when: { tag: Modality, equals: MR }, model: lungs, destinations: [archive] }
`);

const ct = (number: number, ImageType: string) =>
  series(`1.${number}`, { Modality: 'CT', SeriesNumber: number, ImageType: [ImageType] }, 3);

describe('the explanation of several rules', () => {
  it('tells each in one line, then each with its clauses', () => {
    const text = formatExplanation(decide(study(ct(1, 'ORIGINAL'), ct(2, 'ORIGINAL'), ct(3, 'DERIVED')), RULES, CONTEXT));
    expect(text.split('\n').slice(3)).toEqual([
      '✓ chest: applied     model lungs takes series 1 and series 2, each in a run of its own',
      '– brain: preempted   not asked: rule chest before it has the study, and says `then: stop`',
      '',
      '✓ chest: applied',
      '  model lungs takes series 1 and series 2, each in a run of its own',
      '  priority routine, shadow: results are kept and never delivered, workflow fast, starts between 20:00 and 06:00 (mon, tue)',
      '  the study as a whole',
      '    ✓ study: no series with Modality is PT                 false of 3',
      '      ✗ series 1: Modality is PT                           CT',
      '      ✗ series 2: Modality is PT                           CT',
      '  series 1 (CT, 3 inst.), series 2 (CT, 3 inst.): chosen',
      '    ✓ when: all of',
      '      ✓ ct',
      '        ✓ Modality is CT                                   CT',
      '      ✓ all instances with ImageType contains "ORIGINAL"   true of 3',
      '        ✓ instance 1: ImageType contains "ORIGINAL"        ORIGINAL',
      '        ✓ instance 2: ImageType contains "ORIGINAL"        ORIGINAL',
      '  series 3 (CT, 3 inst.): not concerned',
      '    ✗ when: all of',
      '      ✓ ct',
      '        ✓ Modality is CT                                   CT',
      '      ✗ all instances with ImageType contains "ORIGINAL"   false of 3',
      '        ✗ instance 1: ImageType contains "ORIGINAL"        DERIVED',
      '        ✗ instance 2: ImageType contains "ORIGINAL"        DERIVED',
      '',
      '– brain: preempted',
      '  not asked: rule chest before it has the study, and says `then: stop`',
      '',
    ]);
  });

  it('stays short for many series and instances', () => {
    const many = Array.from({ length: 100 }, (_, number) =>
      series(`1.${number}`, { Modality: 'CT', SeriesNumber: number, ImageType: ['DERIVED'] }, 30),
    );
    const text = formatExplanation(decide(study(...many), RULES, CONTEXT));
    expect(text).toContain('series 7 (CT, 30 inst.) and 92 more: not concerned');
    expect(text.split('\n').length).toBeLessThan(40);
  });
});
