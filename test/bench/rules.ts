/** Rules: how fast they are asked. */
import type { BenchOptions } from './report.js';
import { measureSpeed, type SpeedRow } from './rules-speed.js';

/** Runs the case. */
export function run({ repeats }: BenchOptions): Promise<SpeedRow[]> {
  const rows = measureSpeed(repeats);
  for (const { case: name, value, unit } of rows) console.log(`${name.padEnd(90)}${String(value).padStart(12)} ${unit}`);
  return Promise.resolve(rows);
}
