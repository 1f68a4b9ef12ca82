/** SNOMED CT identifiers: 6 to 18 digits, the last of which is a check digit by Verhoeff's dihedral scheme. */

/** Products of the dihedral group of ten elements: rotations 0 to 4, reflections 5 to 9. */
function product(a: number, b: number): number {
  const [first, second] = [a % 5, b % 5];
  const turned = a < 5 ? first + second : first - second + 5;
  return (turned % 5) + (a < 5 === b < 5 ? 0 : 5);
}

/** Verhoeff's permutation of digits; that of the n-th place is applied n times. */
const PERMUTATION = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];

/** True where the text can be a SNOMED CT code: digits with the right check digit. Whether such a concept is there, is not known. */
export function isSctIdentifier(text: string): boolean {
  if (!/^[1-9]\d{5,17}$/.test(text)) return false;
  const digits = Array.from(text).reverse().map(Number);
  const check = digits.reduce((sum, digit, place) => product(sum, permuted(digit, place)), 0);
  return check === 0;
}

function permuted(digit: number, times: number): number {
  let at = digit;
  for (let n = 0; n < times % 8; n++) at = PERMUTATION[at];
  return at;
}
