/** The cases themselves: each follows from the seed and its number, so that a failure can be repeated. */
import { sha256 } from '../support/generated-instance.js';
import { attackOf } from './attack.js';

const CASES = 1000;

it('makes every case without stumbling, and the same one again', () => {
  for (let index = 0; index < CASES; index++) expect(fingerprint(7, index)).toBe(fingerprint(7, index));
});

it('makes other cases from another seed', () => {
  expect(fingerprint(1, 5)).not.toBe(fingerprint(2, 5));
});

function fingerprint(seed: number, index: number): string {
  const { kind, ending, request, rest } = attackOf(seed, index);
  return `${kind} ${ending} ${sha256(Buffer.concat([request, ...rest]))}`;
}
