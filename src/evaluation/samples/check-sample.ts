/** Whether a package has what its test needs: for each of its workflows a sample and a reference that can be read. */
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseInstance } from '../../dicom/element/parse.js';
import { toAnteroomError } from '../../foundation/errors.js';
import type { ModelPackage } from '../../models/package.js';
import { MODEL_FILE } from '../../models/package.js';
import { fetchSample } from './fetch-sample.js';

/** Where every DICOM file says that it is one (PS3.10 7.1). */
const PREFIX = { at: 128, text: 'DICM' };

/** Every fault, in words. What lies behind a URL is not looked at: a check needs no network. */
export async function sampleFaults({ dir, files, model }: ModelPackage): Promise<string[]> {
  const path = join(dir, MODEL_FILE);
  if (model.test === undefined)
    return [`${path}: there is no \`test\`, expected where sample and reference are, such as \`test: { data: test }\``];
  const { data, sample } = model.test;
  if (/^https?:/.test(data)) return [];
  const there = resolve(dir, data);
  if (!existsSync(there))
    return [
      `${there} is not there: put a series into ${data}/${model.workflow}/sample; \`anteroom models test --record\` makes the reference`,
    ];
  const workflows = files.flatMap((file) => /^config\/([^/]+)\.yml$/.exec(file)?.[1] ?? []);
  const cache = mkdtempSync(join(tmpdir(), 'anteroom-lint-sample-'));
  try {
    const faults: string[] = [];
    for (const workflow of workflows.length === 0 ? [model.workflow] : workflows) {
      try {
        const folders = await fetchSample({ data: there, workflow }, { cache, keepFreeBytes: 0 });
        if (sample !== 'phantom') faults.push(...faultsIn(folders.sampleDir, 'the series that the model is given', true));
        faults.push(...faultsIn(folders.referenceDir, 'what the model is known to leave; `anteroom models test --record` makes it', false));
      } catch (thrown) {
        faults.push(toAnteroomError(thrown).message);
      }
    }
    return faults;
  } finally {
    rmSync(cache, { recursive: true, force: true });
  }
}

function faultsIn(folder: string, expected: string, mustHaveDicom: boolean): string[] {
  const entries = existsSync(folder) ? readdirSync(folder, { recursive: true, withFileTypes: true }) : [];
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  if (paths.length === 0) return [`${folder} ${existsSync(folder) ? 'is empty' : 'is not there'}, expected ${expected}`];
  const dicom = paths.filter((path) => isDicom(path) || path.endsWith('.dcm'));
  if (dicom.length === 0 && mustHaveDicom) return [`${folder} has ${paths.length} file(s), none of them DICOM, expected ${expected}`];
  return dicom.flatMap((path) => {
    try {
      parseInstance(readFileSync(path));
      return [];
    } catch (thrown) {
      return [`${path}: ${toAnteroomError(thrown).message}`];
    }
  });
}

function isDicom(path: string): boolean {
  const { at, text } = PREFIX;
  return readFileSync(path).toString('latin1', at, at + text.length) === text;
}
