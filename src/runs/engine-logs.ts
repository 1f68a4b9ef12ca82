/**
 * The logs of the modules of MHub's engine. It keeps them to itself and ends with 0 whatever happened; its last step copies them beside the
 * outputs where its targets say so. What they say of errors is the reason that a person looks for.
 */
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import type { FoundOutput } from './outputs.js';

/** What is added to the targets of the workflow: the folder is that of the series, `global` for what concerns none. */
export const LOG_TARGET = 'log-->[i:sid]/mlog/[d:module].log';

const ERROR_LINE = /^\[ERROR\|[^\]]*\]:\s*(?:ERROR:\s*)?(.+)$/;
const MAX_LINES = 5;
const MAX_LINE_CHARS = 400;
/** Of each log; the errors of its module stand where it ended. */
const END_BYTES = 256 * 1024;

/** The last lines of level ERROR in exported logs, `Module: text`, a few at most; none where no log was exported. */
export async function errorsInLogs(outputDir: string, outputs: readonly FoundOutput[]): Promise<string[]> {
  const found: string[] = [];
  for (const { path, sizeBytes } of outputs.filter(({ kind }) => kind === 'log')) {
    const module = path.slice(path.lastIndexOf('/') + 1, -'.log'.length);
    const text = await endOf(join(outputDir, path), sizeBytes).catch(() => '');
    for (const line of stripVTControlCharacters(text).split('\n')) {
      const [, said] = ERROR_LINE.exec(line.trim()) ?? [];
      if (said !== undefined) found.push(`${module}: ${said.slice(0, MAX_LINE_CHARS)}`);
    }
  }
  return found.slice(-MAX_LINES);
}

async function endOf(path: string, sizeBytes: number): Promise<string> {
  const handle = await open(path, 'r');
  try {
    const start = Math.max(0, sizeBytes - END_BYTES);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(sizeBytes - start), 0, sizeBytes - start, start);
    return buffer.subarray(0, bytesRead).toString('utf8');
  } finally {
    await handle.close();
  }
}
