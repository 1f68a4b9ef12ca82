import { forwardOnly, parseProgressLine } from '../../../src/runs/runtimes/progress.js';

/** The shape that MHub's engine prints. */
function line(module: Record<string, unknown>, steps = 3): string {
  const modules = Array.from({ length: steps }, (_, index) => ({
    label: `Step${index}`,
    index,
    num_instances: 0,
    start: 1.5,
    stop: null,
    indtance_avg: 0,
  }));
  return JSON.stringify({
    current: { module, instance: { attr: { patientID: 'DOE' }, str: 'DOE', index: 1 } },
    total: { modules, instances: [{ id: 'a', _ref: 'DOE', sid: 'DOE' }] },
  });
}

describe('parseProgressLine', () => {
  it('counts finished steps and the part of the current one', () => {
    expect(parseProgressLine(line({ label: 'ProbeRunner', index: 1, num_instances: 2, instance_progress: 1 }))).toEqual({
      fraction: 0.5,
      text: 'ProbeRunner (step 2 of 3), 1 of 2 series',
    });
  });

  it('speaks of steps between two of them', () => {
    expect(parseProgressLine(line({ label: null, index: 2, num_instances: 2, instance_progress: 2 }))).toEqual({
      fraction: 2 / 3,
      text: '2 of 3 steps done',
    });
    expect(parseProgressLine(line({ label: null, index: 3 }))).toEqual({ fraction: 1, text: '3 of 3 steps done' });
  });

  it('takes no folder, patient or instance out of the line', () => {
    expect(JSON.stringify(parseProgressLine(line({ label: 'Runner', index: 0, num_instances: 1, instance_progress: 0 })))).not.toContain(
      'DOE',
    );
  });

  it('stays between 0 and 1 whatever the numbers', () => {
    expect(parseProgressLine(line({ label: 'X', index: 9, num_instances: 1, instance_progress: 5 }))?.fraction).toBe(1);
    expect(parseProgressLine(line({ label: 'X', index: -4, num_instances: null, instance_progress: 'much' }))?.fraction).toBe(0);
    expect(parseProgressLine(line({ label: 'X', index: 0 }, 0))).toEqual({ text: 'X (step 0 of 0)' });
  });

  it.each([
    '',
    'Start Runner',
    '{',
    '{}',
    '{"current":null,"total":null}',
    '{"current":{},"total":{}}',
    '{"result":{"current":1}}',
    '[1]',
    'null',
  ])('leaves %p in the log', (text) => {
    expect(parseProgressLine(text)).toBeUndefined();
  });
});

describe('forwardOnly', () => {
  it('never goes back', () => {
    const forward = forwardOnly();
    const seen = [0.2, 0.6, 0.1, undefined, 0.7].map(
      (fraction) => forward(fraction === undefined ? { text: '' } : { fraction, text: '' }).fraction,
    );
    expect(seen).toEqual([0.2, 0.6, 0.6, undefined, 0.7]);
  });
});
