/** Rules: how right they are, whether every study is accounted for, and how fast rules are asked. */
import type { BenchOptions } from './report.js';
import { measureDay, type DayRow } from './rules-day.js';
import { measureLabelled, type LabelledRow } from './rules-labelled.js';
import { measureSpeed, type SpeedRow } from './rules-speed.js';

type RulesRow = LabelledRow | DayRow | SpeedRow;

/** Runs the case. */
export async function run({ repeats }: BenchOptions): Promise<RulesRow[]> {
  return [...told(measureLabelled()), ...told(await measureDay()), ...told(measureSpeed(repeats))];
}

function told<Row extends RulesRow>(rows: readonly Row[]): readonly Row[] {
  for (const { case: name, value, unit } of rows) console.log(`${name.padEnd(90)}${String(value).padStart(12)} ${unit}`);
  return rows;
}
