/** Rules: how right they are, and how fast they are asked. */
import type { BenchOptions } from './report.js';
import { measureLabelled, type LabelledRow } from './rules-labelled.js';
import { measureSpeed, type SpeedRow } from './rules-speed.js';

type RulesRow = LabelledRow | SpeedRow;

/** Runs the case. */
export function run({ repeats }: BenchOptions): Promise<RulesRow[]> {
  const rows = [...told(measureLabelled()), ...told(measureSpeed(repeats))];
  return Promise.resolve(rows);
}

function told<Row extends RulesRow>(rows: readonly Row[]): readonly Row[] {
  for (const { case: name, value, unit } of rows) console.log(`${name.padEnd(90)}${String(value).padStart(12)} ${unit}`);
  return rows;
}
