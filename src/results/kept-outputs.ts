/** Answers without a DICOM form: numbers and tables for which the package has no mapping to a report. They are kept, and never leave the node. */
import { AnteroomError } from '../foundation/errors.js';
import { parsePythonJson } from '../foundation/python-json.js';
import type { OutputRow } from '../ledger/results.js';
import { readRegularFile } from './read-outputs.js';
import { join } from 'node:path';

const MAX_CHECKED_BYTES = 64 * 1024 * 1024;
const MAX_NAMED = 5;

/** The outputs of a run that are answers, without the logs of its engine. */
export function answersAmong(outputs: readonly OutputRow[]): OutputRow[] {
  return outputs.filter(({ kind, size_bytes }) => kind !== 'log' && size_bytes > 0);
}

/**
 * Looks whether what is kept is whole: a JSON file that ends in the middle is no answer. Python's NaN and Infinity are let through.
 * @throws AnteroomError GATE_REJECTED
 */
export async function demandWhole(folder: string, outputs: readonly OutputRow[]): Promise<void> {
  for (const { path } of outputs.filter(({ kind, size_bytes }) => kind === 'json' && size_bytes <= MAX_CHECKED_BYTES)) {
    const text = Buffer.from(await readRegularFile(join(folder, path))).toString('utf8');
    if (parsePythonJson(text) === undefined)
      throw new AnteroomError('GATE_REJECTED', `format: ${path} is no JSON from its beginning to its end, expected a whole file`);
  }
}

/** The reason of a run that is done and has no result. */
export function keptText(outputs: readonly OutputRow[]): string {
  const names = outputs.slice(0, MAX_NAMED).map(({ path }) => path);
  const more = outputs.length > MAX_NAMED ? ` and ${outputs.length - MAX_NAMED} more` : '';
  return `analysed; no DICOM form: ${names.join(', ')}${more} kept with the run, nothing is delivered`;
}
