/** A table of what is known of patients, joined to cases by PatientID. */
import { csvRows } from '../../foundation/csv.js';

export interface ClinicalTable {
  /** Columns of which every cell that is filled is a number, at least one of them. */
  readonly columns: readonly string[];
  /** By PatientID: the numbers of its row; a cell without one is left out, and so is a row without a PatientID. */
  readonly rows: ReadonlyMap<string, ReadonlyMap<string, number>>;
}

/** What stands for no value in tables of others. */
const NOTHING: readonly string[] = ['', 'na', 'n/a', 'nan', 'null', 'none', '-', '.'];

/** The table in a CSV text, or in words why it is none. `key` is the column with the PatientID; case does not count. */
export function readClinicalTable(text: string, key: string): ClinicalTable | string {
  const [head = [], ...rows] = csvRows(text).map((cells) => cells.map((cell) => cell.trim()));
  const at = head.findIndex((name) => name.toLowerCase() === key.toLowerCase());
  if (at < 0) return `no column ${key} among ${head.join(', ') || 'none'}`;
  const ids = rows.map((cells) => cells[at] ?? '');
  const twice = ids.find((id, index) => id !== '' && ids.indexOf(id) !== index);
  if (twice !== undefined) return `PatientID ${twice} has two rows; expected one`;
  const columns = head.filter((name, column) => column !== at && name !== '' && isNumeric(rows.map((cells) => cells[column] ?? '')));
  const numbers = (cells: readonly string[]) =>
    columns.flatMap((name): [string, number][] => {
      const cell = cells[head.indexOf(name)] ?? '';
      return isNothing(cell) ? [] : [[name, Number(cell)]];
    });
  const ofPatients = rows.map((cells, index) => [ids[index], new Map(numbers(cells))] as const).filter(([id]) => id !== '');
  return { columns, rows: new Map(ofPatients) };
}

function isNothing(cell: string): boolean {
  return NOTHING.includes(cell.toLowerCase());
}

function isNumeric(cells: readonly string[]): boolean {
  const filled = cells.filter((cell) => !isNothing(cell));
  return filled.length > 0 && filled.every((cell) => Number.isFinite(Number(cell)));
}
