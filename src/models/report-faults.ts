/** What is wrong with a mapping to a structured report although its form is right: codes, units, paths and structures that are none. */
import { measurementByName, MEASUREMENTS } from '../dicom/sr/concepts.js';
import { KNOWN_UNITS, unitMeant, unitOf } from '../dicom/sr/units.js';
import { isSctIdentifier } from '../dicom/structures/sct-identifier.js';
import { structureById } from '../dicom/structures/table.js';
import { closest, type Fault } from '../foundation/faults.js';
import type { Path, YamlDocument } from '../foundation/yaml.js';
import type { ModelYaml } from './model-yaml.js';
import { parsePath } from './report-path.js';
import { rangeOf } from './report-threshold.js';
import type { ReportCodeYaml, ReportGroupYaml, ReportValueYaml } from './report-yaml.js';

/** The faults of `outputs.reports` and `reportTitle`; `inputs` are the names that the layout has, none where it names none. */
export function reportFaults(document: YamlDocument, outputs: ModelYaml['outputs'], inputs: readonly string[]): Fault[] {
  const { reports, reportTitle } = outputs;
  const ofTitle = reportTitle === undefined ? [] : codeFaults(document, reportTitle, ['outputs', 'reportTitle']);
  const ofReports = reports.flatMap((report, index) => {
    const at: Path = ['outputs', 'reports', index];
    const { on, file, groups } = report;
    const isCsv = /\.csv$/i.test(file);
    const elsewhere =
      on !== undefined && inputs.length > 0 && !inputs.includes(on)
        ? [document.fault([...at, 'on'], `"${on}" is no input of the layout; it has ${inputs.join(', ')}`)]
        : [];
    return [...elsewhere, ...groups.flatMap((group, n) => groupFaults(document, group, [...at, 'groups', n], isCsv))];
  });
  return [...ofTitle, ...ofReports];
}

function groupFaults(document: YamlDocument, group: ReportGroupYaml, at: Path, isCsv: boolean): Fault[] {
  const { each, label, structure, finding, values } = group;
  const faults: Fault[] = [];
  if (each !== undefined && isCsv)
    faults.push(document.fault([...at, 'each'], 'is for lists in JSON; each row of a CSV file is a group anyway'));
  else if (each !== undefined) faults.push(...pathFaults(document, each, [...at, 'each'], false));
  for (const path of placeholdersIn(label ?? '')) faults.push(...pathFaults(document, path, [...at, 'label'], isCsv));
  if (structure !== undefined) faults.push(...structureFaults(document, structure, [...at, 'structure'], isCsv));
  if (finding !== undefined) faults.push(...codeFaults(document, finding, [...at, 'finding']));
  return [...faults, ...values.flatMap((value, n) => valueFaults(document, value, [...at, 'values', n], isCsv))];
}

function structureFaults(document: YamlDocument, structure: string, at: Path, isCsv: boolean): Fault[] {
  const paths = placeholdersIn(structure);
  if (paths.length > 0) return paths.flatMap((path) => pathFaults(document, path, at, isCsv));
  if (structureById(structure) !== undefined) return [];
  return [document.fault(at, `"${structure}" is no structure that the node has codes for; see the ids of MHub's SegDB`)];
}

function valueFaults(document: YamlDocument, value: ReportValueYaml, at: Path, isCsv: boolean): Fault[] {
  const { path, name, unit, factor, range, codes, text } = value;
  const faults = pathFaults(document, path, [...at, 'path'], isCsv);
  const forms = [unit, codes, text].filter((form) => form !== undefined);
  if (forms.length !== 1)
    faults.push(document.fault(at, 'needs exactly one of `unit` (a number), `codes` (a coded answer) and `text: true`'));
  if (unit === undefined && (factor !== undefined || range !== undefined))
    faults.push(document.fault(at, '`factor` and `range` are for a number, which has a `unit`'));
  if (range !== undefined && range[0] >= range[1]) faults.push(document.fault([...at, 'range'], 'must have the lower number first'));
  faults.push(...(typeof name === 'string' ? nameFaults(document, name, [...at, 'name']) : codeFaults(document, name, [...at, 'name'])));
  if (unit !== undefined) faults.push(...unitFaults(document, unit, [...at, 'unit']));
  for (const [key, code] of Object.entries(codes ?? {})) {
    if (rangeOf(key) === 'faulty')
      faults.push(
        document.fault([...at, 'codes', key], `"${key}" is no range; expected one like "< 0.2", ">= 0.5" or "0.2..0.5"`, { at: 'key' }),
      );
    faults.push(...codeFaults(document, code, [...at, 'codes', key]));
  }
  return faults;
}

function pathFaults(document: YamlDocument, path: string, at: Path, isCsv: boolean): Fault[] {
  if (isCsv || parsePath(path) !== undefined) return [];
  return [document.fault(at, `"${path}" is no path; expected one like a.b, a[0].b or ["a.b"]`)];
}

function nameFaults(document: YamlDocument, name: string, at: Path): Fault[] {
  if (measurementByName(name) !== undefined) return [];
  const known = MEASUREMENTS.map(({ meaning }) => meaning);
  const suggestion = closest(name, known);
  const message = `the node has no code for "${name}"; it has ${known.join(', ')}; else write {code, scheme, meaning}`;
  return [document.fault(at, message, suggestion === undefined ? {} : { suggestion })];
}

function unitFaults(document: YamlDocument, unit: string, at: Path): Fault[] {
  if (unitOf(unit) !== undefined) return [];
  const suggestion = unitMeant(unit) ?? closest(unit, KNOWN_UNITS);
  const message = `"${unit}" is no unit of UCUM that the node knows; a count is written in braces, as {lesions}`;
  return [document.fault(at, message, suggestion === undefined ? {} : { suggestion })];
}

/** SNOMED CT codes hold a check digit, codes of DICOM are six digits or capitals: what is misspelt is found. */
function codeFaults(document: YamlDocument, { code, scheme }: ReportCodeYaml, at: Path): Fault[] {
  if (scheme === 'SCT' && !isSctIdentifier(code))
    return [document.fault([...at, 'code'], `${code} is no code of SNOMED CT: its check digit is wrong`)];
  if (scheme === 'DCM' && !/^(\d{6}|[A-Z]{2,16})$/.test(code))
    return [document.fault([...at, 'code'], `${code} is no code of DICOM (PS3.16 annex D): expected six digits`)];
  if (['SRT', 'SNM3', '99SDM'].includes(scheme))
    return [document.fault([...at, 'scheme'], `${scheme} is retired (PS3.16 section 8.1); expected SCT with its own codes`)];
  return [];
}

/** The paths in braces of a text. */
export function placeholdersIn(text: string): string[] {
  return [...text.matchAll(/\{([^{}]+)\}/g)].map(([, path]) => path);
}
