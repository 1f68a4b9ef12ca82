/** Two folders of results, file by file: what a model has left now, and what it is known to leave. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, extname, join, relative } from 'node:path';
import { filesBelow } from '../../archive/walk.js';
import { AnteroomError, toAnteroomError } from '../../foundation/errors.js';
import { checkCsv } from './csv-check.js';
import type { Check, CheckedFile, Picture } from './finding.js';
import { checkJson } from './json-check.js';
import { checkBytes, checkObjects } from './object-check.js';
import { checkVolumes, isVolumeName } from './volume-check.js';

export interface FolderComparison {
  /** Relative paths, sorted. */
  readonly missing: readonly string[];
  readonly extra: readonly string[];
  readonly checked: readonly { readonly path: string; readonly checks: readonly Check[]; readonly pictures: readonly Picture[] }[];
}

/**
 * Compares every file of two folders that has the same path in both. A file that cannot be read is a finding.
 * @throws {AnteroomError} FILE_UNREADABLE where a folder is not there.
 */
export async function compareFolders(referenceDir: string, outputDir: string): Promise<FolderComparison> {
  const [expected, seen] = [await pathsIn(referenceDir), await pathsIn(outputDir)];
  const checked: { path: string; checks: Check[]; pictures: readonly Picture[] }[] = [];
  for (const path of expected.filter((one) => seen.includes(one))) {
    const { check, pictures } = await compareFile(join(referenceDir, path), join(outputDir, path));
    checked.push({ path, checks: [check], pictures });
  }
  return {
    missing: expected.filter((path) => !seen.includes(path)),
    extra: seen.filter((path) => !expected.includes(path)),
    checked,
  };
}

async function pathsIn(folder: string): Promise<string[]> {
  if (!existsSync(folder)) throw new AnteroomError('FILE_UNREADABLE', `there is no folder ${folder}`);
  const paths: string[] = [];
  for await (const path of filesBelow(folder)) paths.push(relative(folder, path));
  return paths.sort();
}

async function compareFile(reference: string, output: string): Promise<CheckedFile> {
  const [expected, seen] = [await readFile(reference), await readFile(output)];
  try {
    if (isPart10(expected) && isPart10(seen)) return checkObjects(expected, seen);
    const name = basename(reference);
    const check = { '.json': checkJson, '.csv': checkCsv }[extname(name).toLowerCase()];
    if (check !== undefined) return { check: check(expected.toString('utf8'), seen.toString('utf8')), pictures: [] };
    const same = checkBytes(expected, seen);
    return isVolumeName(name) && same.check.findings.length > 0 ? await checkVolumes(name, expected, seen, same) : same;
  } catch (thrown) {
    const { code, seen: what } = toAnteroomError(thrown);
    return { check: { checker: 'ReadCheck', notes: [], findings: [{ label: code, description: what }] }, pictures: [] };
  }
}

/** `DICM` at offset 128 (PS3.10 section 7.1). */
function isPart10(bytes: Buffer): boolean {
  return bytes.toString('latin1', 128, 132) === 'DICM';
}
