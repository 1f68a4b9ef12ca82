/** Decimal strings (DS, PS3.5 6.2): at most 16 characters. */

/** A DS or IS value as a number; NaN for anything else, so that neither `''` nor `0x10` counts as one. */
export function parseDecimal(text: string): number {
  return /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/.test(text) ? Number(text) : Number.NaN;
}

/** The number as DS, as exact as 16 characters allow. */
export function formatDecimal(value: number): string {
  for (let digits = 17; digits > 0; digits--) {
    const text = String(Number(value.toPrecision(digits)));
    if (text.length <= 16) return text;
  }
  return '0';
}
