/** Two CSV files, cell by cell. */
import type { Check, Remark } from './finding.js';
import { numberIn, sameNumber } from './numbers.js';

/** At most so many differences are named. */
const MAX_FINDINGS = 50;

/** Compares two CSV texts (RFC 4180, comma or semicolon). Cells that are numbers in both are compared as numbers. */
export function checkCsv(reference: string, output: string): Check {
  const [expected, seen] = [rowsOf(reference), rowsOf(output)];
  const findings: Remark[] = [];
  if (expected.length !== seen.length)
    findings.push({ label: 'CSV Rows', description: `${seen.length} rows, expected ${expected.length}` });
  const head = expected[0] ?? [];
  expected.slice(0, seen.length).forEach((cells, row) => {
    const others = seen[row];
    if (cells.length !== others.length)
      findings.push({ label: 'CSV Columns', description: `${others.length} cells, expected ${cells.length}`, subpath: `row ${row + 1}` });
    cells.slice(0, others.length).forEach((cell, column) => {
      if (sameCell(cell, others[column])) return;
      const subpath = `row ${row + 1}, column ${head[column] ?? column + 1}`;
      findings.push({ label: 'CSV Value', description: `is "${others[column]}", expected "${cell}"`, subpath });
    });
  });
  return { checker: 'CsvContentCheck', notes: [], findings: findings.slice(0, MAX_FINDINGS) };
}

function sameCell(expected: string, seen: string): boolean {
  if (expected === seen) return true;
  const [one, other] = [numberIn(expected), numberIn(seen)];
  return one !== undefined && other !== undefined && sameNumber(one, other);
}

/** The cells of each row; a separator is taken for one where the first line has it. */
function rowsOf(text: string): string[][] {
  const [firstLine] = text.split('\n', 1);
  const separator = firstLine.includes(';') && !firstLine.includes(',') ? ';' : ',';
  const rows: string[][] = [[]];
  let cell = '';
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const letter = text[at];
    if (quoted) {
      if (letter !== '"') cell += letter;
      else if (text[at + 1] === '"') cell += text[at++];
      else quoted = false;
    } else if (letter === '"') quoted = true;
    else if (letter === separator || letter === '\n') {
      rows.at(-1)?.push(cell);
      cell = '';
      if (letter === '\n') rows.push([]);
    } else if (letter !== '\r') cell += letter;
  }
  if (cell !== '' || (rows.at(-1)?.length ?? 0) > 0) rows.at(-1)?.push(cell);
  return rows.filter((cells) => cells.length > 0);
}
