/**
 * What another system says about an object, without what may be a value of the data set, so that it can stand in logs and errors:
 * quoted, bracketed or name-like words and long numbers that are no UIDs become `…`.
 */
export function withoutValues(text: string): string {
  return text
    .replace(/"[^"]*"|'[^']*'|\[[^\]]*\]|«[^»]*»/g, '…')
    .replace(/[^\s,;:()]*\^[^\s,;()]*/g, '…')
    .replace(/(?<![\d.])\d{6,}(?![\d.])/g, '…');
}
