/** Texts for terminals. */

/** Header values and messages of others come from outside: control characters in them must not reach a terminal. Those of lines stay. */
export function printable(text: string): string {
  // eslint-disable-next-line no-control-regex
  return text.replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g, '·');
}
