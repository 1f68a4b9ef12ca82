import { numberIn } from '../../../src/foundation/numbers.js';

describe('a number in a text', () => {
  it.each<[string, number | undefined]>([
    ['1', 1],
    ['-1.', -1],
    ['.5', 0.5],
    [' 1.50e-3 ', 0.0015],
    ['-inf', -Infinity],
    ['NaN', NaN],
    ['', undefined],
    ['.', undefined],
    ['1.2.3', undefined],
    ['0x10', undefined],
  ])('%p is %p', (text, expected) => {
    expect(numberIn(text)).toBe(expected);
  });

  it('is looked for only once in a text of many digits', () => {
    expect(numberIn(`${'1'.repeat(150_000)}x`)).toBeUndefined();
  });
});
