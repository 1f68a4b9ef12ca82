/** Two CSV files, cell by cell. */
import { csvRows } from '../../foundation/csv.js';
import { numberIn } from '../../foundation/numbers.js';
import type { Check, Remark } from './finding.js';
import { sameNumber } from './numbers.js';

/** At most so many differences are named. */
const MAX_FINDINGS = 50;

/** Compares two CSV texts (RFC 4180, comma or semicolon). Cells that are numbers in both are compared as numbers. */
export function checkCsv(reference: string, output: string): Check {
  const [expected, seen] = [csvRows(reference), csvRows(output)];
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
