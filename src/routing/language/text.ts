/** How texts are compared: as a person reads them, not as a device wrote them. */

const ASCII = /^[\0-\x7f]*$/;

/**
 * A text for comparing: lower case, full-width and half-width forms as one (Japanese sets have both), composed accents, one
 * sigma. Leading and trailing padding must be gone already.
 */
export function folded(text: string): string {
  return ASCII.test(text) ? text.toLowerCase() : text.normalize('NFKC').toLowerCase().replaceAll('ς', 'σ');
}

/** A text for patterns: composed accents, so that a letter is one character. */
export function composed(text: string): string {
  return ASCII.test(text) ? text : text.normalize('NFC');
}
