/** A report as files: YAML and JSON in MHub's form, and a page for people. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { makeFolders } from '../../foundation/folders.js';
import type { FolderComparison } from './compare-folders.js';
import { reportPage } from './report-page.js';
import type { Report } from './report.js';

/** Writes `NAME.report.yaml`, `.json` and `.html` into a folder that is made. Returns their paths. */
export function writeReport(folder: string, name: string, report: Report, comparison: FolderComparison): string[] {
  makeFolders(folder);
  const files: [string, string][] = [
    ['yaml', stringify(report)],
    ['json', `${JSON.stringify(report, null, 2)}\n`],
    ['html', reportPage(report, comparison)],
  ];
  return files.map(([suffix, text]) => {
    const path = join(folder, `${name}.report.${suffix}`);
    writeFileSync(path, text);
    return path;
  });
}
