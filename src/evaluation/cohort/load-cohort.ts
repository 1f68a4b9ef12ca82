/** Reading a cohort file, with every fault and its line. */
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { AnteroomError } from '../../foundation/errors.js';
import { InvalidFileError, type Fault } from '../../foundation/faults.js';
import { parseYaml, validate, type YamlDocument } from '../../foundation/yaml.js';
import { readClinicalTable, type ClinicalTable } from './clinical-table.js';
import { cohortSchema, type CohortCase, type CohortFile } from './cohort-schema.js';

/** Cases as the file names them, with absolute paths; those of a query are not known yet. */
export interface Cohort {
  readonly cases: readonly CohortEntry[];
  readonly clinical?: ClinicalTable;
}

export type CohortEntry =
  | { readonly query: NonNullable<CohortCase['query']> }
  | {
      /** Unique in the cohort; its files are named so. */
      readonly name: string;
      readonly source: { readonly folder: string } | { readonly studyInstanceUid: string };
      readonly seriesInstanceUid?: string;
      /** File or folder with expert segmentations of this case. */
      readonly truth?: string;
    };

/**
 * The cohort in a file; paths in it are relative to its folder.
 * @throws InvalidFileError COHORT_INVALID with every fault; AnteroomError FILE_UNREADABLE.
 */
export function loadCohort(file: string): Cohort {
  const document = parseYaml(textOf(file), file);
  const checked = validate(document, cohortSchema);
  if (!checked.ok) throw new InvalidFileError('COHORT_INVALID', checked.faults);
  const faults: Fault[] = [];
  const names = new Map<string, number>();
  const cases = checked.value.cases.map((one, index) => entryOf(one, index, { document, faults, names, folder: dirname(resolve(file)) }));
  const clinical = clinicalOf(checked.value, { document, faults, folder: dirname(resolve(file)) });
  if (faults.length > 0) throw new InvalidFileError('COHORT_INVALID', faults);
  return { cases, ...(clinical === undefined ? {} : { clinical }) };
}

interface Reading {
  readonly document: YamlDocument;
  readonly faults: Fault[];
  readonly folder: string;
}

function entryOf(one: CohortCase, index: number, reading: Reading & { readonly names: Map<string, number> }): CohortEntry {
  const { document, faults, names } = reading;
  if (one.query !== undefined) return { query: one.query };
  const at = ['cases', index];
  const path = (key: 'folder' | 'truth'): string | undefined => existing(one[key], [...at, key], reading);
  const folder = path('folder');
  const name = one.name ?? (folder === undefined ? (one.study ?? '') : basename(folder).replaceAll(/[^\w.-]+/g, '_'));
  const earlier = names.get(name);
  if (earlier !== undefined)
    faults.push(
      document.fault(
        [...at, one.name === undefined ? 'folder' : 'name'],
        `case ${name} is there already (cases[${earlier}]); expected another name`,
      ),
    );
  names.set(name, index);
  const truth = path('truth');
  return {
    name,
    source: folder === undefined ? { studyInstanceUid: one.study ?? '' } : { folder },
    ...(one.series === undefined ? {} : { seriesInstanceUid: one.series }),
    ...(truth === undefined ? {} : { truth }),
  };
}

function clinicalOf({ clinical }: CohortFile, reading: Reading): ClinicalTable | undefined {
  if (clinical === undefined) return undefined;
  const { file, patientId } = typeof clinical === 'string' ? { file: clinical, patientId: 'PatientID' } : clinical;
  const before = reading.faults.length;
  const path = existing(file, ['clinical'], reading);
  if (path === undefined || reading.faults.length > before) return undefined;
  const table = readClinicalTable(textOf(path), patientId);
  if (typeof table !== 'string') return table;
  reading.faults.push(reading.document.fault(['clinical'], `${file}: ${table}`));
  return undefined;
}

function existing(path: string | undefined, at: readonly PropertyKey[], { document, faults, folder }: Reading): string | undefined {
  if (path === undefined) return undefined;
  const absolute = resolve(folder, path);
  if (!existsSync(absolute)) faults.push(document.fault(at, `${absolute} is not there`));
  return absolute;
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new AnteroomError('FILE_UNREADABLE', `${file} (${(cause as NodeJS.ErrnoException).code ?? 'unknown reason'})`, { cause });
  }
}
