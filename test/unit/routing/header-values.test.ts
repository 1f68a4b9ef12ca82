import { numberOf, textOf } from '../../../src/routing/header-values.js';

describe('a value of a header', () => {
  it('is a text without padding, and a number where it is one', () => {
    expect(textOf(' \0CT  ABDOMEN\0 ')).toBe('CT  ABDOMEN');
    expect([' 1.5 ', '-2.', '.5e1', 'x', '', '1.2.3'].map(numberOf)).toEqual([1.5, -2, 5, undefined, undefined, undefined]);
  });

  it('is read once only, however many digits or blanks it has', () => {
    expect(numberOf(`${'1'.repeat(150_000)}x`)).toBeUndefined();
    expect(textOf(`x${' '.repeat(150_000)}x`)).toHaveLength(150_002);
  });
});
