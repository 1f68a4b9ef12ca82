/** Comma-separated values (RFC 4180). */

/** The cells of each row, without blank lines. */
export function csvRows(text: string): string[][] {
  return [...eachCsvRow(text)];
}

/**
 * The cells of each row, one row after another; blank lines are left out, and so is a byte order mark. A semicolon separates where the first
 * line has some and no comma. Quotes count at the beginning of a cell only, so that `5" tube` is a text.
 * `openQuote` is called for a quote without its end, before the last row: all that follows it is one cell.
 */
export function* eachCsvRow(text: string, openQuote: () => void = () => undefined): Generator<string[]> {
  const end = text.indexOf('\n');
  const firstLine = end < 0 ? text : text.slice(0, end);
  const separator = firstLine.includes(';') && !firstLine.includes(',') ? ';' : ',';
  let [row, cell]: [string[], string] = [[], ''];
  let [quoted, wasQuoted] = [false, false];
  for (let at = text.startsWith('\ufeff') ? 1 : 0; at < text.length; at++) {
    const letter = text[at];
    if (quoted) {
      if (letter !== '"') cell += letter;
      else if (text[at + 1] === '"') cell += text[at++];
      else quoted = false;
    } else if (letter === '"' && cell === '' && !wasQuoted) quoted = wasQuoted = true;
    else if (letter === separator || letter === '\n') {
      row.push(cell);
      if (letter === '\n') {
        if (row.length > 1 || cell.trim() !== '' || wasQuoted) yield row;
        row = [];
      }
      [cell, wasQuoted] = ['', false];
    } else if (letter !== '\r') cell += letter;
  }
  if (quoted) openQuote();
  if (cell.trim() !== '' || wasQuoted || row.length > 0) yield [...row, cell];
}

/** Rows of the same columns as text; what is absent is an empty cell. */
export function csvText<C extends string>(columns: readonly C[], rows: readonly Partial<Record<C, string | number | null>>[]): string {
  const lines = rows.map((row) => columns.map((column) => cellText(row[column])).join(','));
  return [columns.join(','), ...lines, ''].join('\n');
}

function cellText(value: string | number | null | undefined): string {
  if (value === null || value === undefined) return '';
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
