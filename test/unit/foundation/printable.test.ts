/** What comes from outside moves no cursor and rings no bell on an administrator's terminal. */
import { jest } from '@jest/globals';
import { line } from '../../../src/cli/print.js';
import { printable } from '../../../src/foundation/printable.js';

it('keeps lines and letters, and shows control characters of both sets as dots', () => {
  expect(printable('Müller\n\u001b[31mred\u0007\u009b2J\u007f\tend')).toBe('Müller\n·[31mred··2J··end');
});

it('is what every line of the command goes through', () => {
  const write = jest.spyOn(process.stdout, 'write').mockReturnValue(true);
  line('not analysed: SeriesDescription \u001b]0;title\u0007');
  expect(write.mock.calls).toEqual([['not analysed: SeriesDescription ·]0;title·\n']]);
  write.mockRestore();
});
