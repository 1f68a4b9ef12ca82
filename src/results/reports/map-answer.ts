/** A model's answer in JSON or CSV as the groups of a report of measurements, by the mapping in its model.yaml. Pure. */
import { CONCEPT } from '../../dicom/sr/concepts.js';
import type { Evaluation, Site } from '../../dicom/sr/measurement-report.js';
import { isAbnormality, structureById, structureByName, type Structure } from '../../dicom/structures/table.js';
import { eachCsvRow } from '../../foundation/csv.js';
import { AnteroomError } from '../../foundation/errors.js';
import { parsePythonJson, type Json } from '../../foundation/python-json.js';
import { placeholdersIn } from '../../models/report-faults.js';
import { parsePath, valueAt } from '../../models/report-path.js';
import type { ReportGroupYaml, ReportYaml } from '../../models/report-yaml.js';
import type { GateReason } from '../verdict.js';
import type { UntrackedGroup } from './report-content.js';
import { codeOf, mapValue, textOf } from './map-value.js';

/** An answer, and how its places are named. */
export interface Answer {
  /** A list of rows where it is a table. */
  readonly value: Json;
  readonly isTable: boolean;
}

export interface MappedAnswer {
  readonly groups: readonly UntrackedGroup[];
  readonly evaluations: readonly Evaluation[];
  /** Why the answer cannot be taken; none where it can. */
  readonly reasons: readonly GateReason[];
}

/** More are no report that anybody reads. */
const MAX_GROUPS = 1000;

/**
 * The answer in a file's text, of a table only the columns that the report names; undefined where it is no JSON. Cells without anything in
 * them are null. A table without a row is an empty list.
 * @throws {AnteroomError} GATE_REJECTED for a table without a header, of which a row has another number of cells than that, or of which two
 * columns that the report names have the same name, and for a quote without its end
 */
export function readAnswer(text: string, report: ReportYaml): Answer | undefined {
  if (isTable(report)) return { value: rowsOf(eachCsvRow(text, refuseOpenQuote), columnsIn(report)), isTable: true };
  const parsed = parsePythonJson(text);
  return parsed && { value: parsed.value, isTable: false };
}

/** True where the report is made of a table. */
export function isTable({ file }: ReportYaml): boolean {
  return /\.csv$/i.test(file);
}

function refuseOpenQuote(): never {
  throw new AnteroomError('GATE_REJECTED', 'a quote without its end');
}

/** The columns that a report takes from a table. */
function columnsIn({ groups }: ReportYaml): Set<string> {
  return new Set(
    groups.flatMap(({ label = '', structure = '', values }) => [...placeholdersIn(label + structure), ...values.map(({ path }) => path)]),
  );
}

/** No more rows than it takes to know that they are too many. */
function rowsOf(lines: Generator<string[]>, wanted: ReadonlySet<string>): Json[] {
  const rows: Json[] = [];
  let columns: readonly string[] | undefined;
  for (const cells of lines) {
    if (columns === undefined) {
      columns = cells.map((name) => name.trim());
      const taken = columns.filter((name) => wanted.has(name));
      const twice = taken.find((name, n) => taken.indexOf(name) !== n);
      if (twice !== undefined) throw new AnteroomError('GATE_REJECTED', `two columns ${twice}`);
      continue;
    }
    if (cells.length !== columns.length)
      throw new AnteroomError('GATE_REJECTED', `${cells.length} cells in row ${rows.length + 1}, ${columns.length} in the header`);
    rows.push(Object.fromEntries(columns.flatMap((name, n) => (wanted.has(name) ? [[name, cells[n].trim() || null]] : []))));
    if (rows.length > MAX_GROUPS) break;
  }
  if (columns === undefined) throw new AnteroomError('GATE_REJECTED', 'a table without a header');
  return rows;
}

/** What a report says of an answer. */
export function mapAnswer(answer: Answer, report: ReportYaml): MappedAnswer {
  const parts = report.groups.map((group) => mapGroup(answer, group));
  const groups = parts.flatMap((part) => part.groups);
  const tooMany: GateReason[] =
    groups.length > MAX_GROUPS ? [{ check: 'format', seen: `${groups.length} groups`, expected: `at most ${MAX_GROUPS}` }] : [];
  return {
    groups: withOwnLabels(groups),
    evaluations: parts.flatMap((part) => part.evaluations),
    reasons: [...parts.flatMap((part) => part.reasons), ...tooMany],
  };
}

function mapGroup(answer: Answer, yaml: ReportGroupYaml): MappedAnswer {
  const list = answer.isTable ? '.' : yaml.each;
  if (list === undefined) return onlyGroup(new Part(answer.value, '', answer.isTable), yaml, yaml.label ?? 'Answer', false);
  const elements = new Part(answer.value, '', false).at(list);
  if (!Array.isArray(elements)) {
    const reasons: GateReason[] = [{ check: 'format', seen: `no list at ${list}`, expected: 'a list, also where it is empty' }];
    return { groups: [], evaluations: [], reasons };
  }
  // Nothing that reads as if nothing were there: only what the model did is said.
  if (elements.length === 0)
    return {
      groups: [],
      evaluations: [
        { name: CONCEPT.comment, value: `${answer.isTable ? 'Rows' : list === '.' ? 'Elements' : list}: analysed, none listed` },
      ],
      reasons: [],
    };
  const parts = elements.slice(0, MAX_GROUPS + 1).map((element, n) => {
    const name = answer.isTable ? 'Row' : list === '.' ? 'Element' : list;
    const part = new Part(element, answer.isTable ? `row ${n + 1}, ` : `${list === '.' ? '' : list}[${n}].`, answer.isTable);
    return onlyGroup(part, yaml, yaml.label ?? `${name} ${n + 1}`, true);
  });
  return {
    groups: parts.flatMap((part) => part.groups),
    evaluations: [],
    reasons: parts.flatMap((part) => part.reasons),
  };
}

/** A part of an answer, in which paths begin. */
class Part {
  constructor(
    private readonly value: Json,
    private readonly prefix: string,
    /** True where paths are names of columns. */
    private readonly isRow: boolean,
  ) {}

  at(path: string): Json | undefined {
    return valueAt(this.value, this.isRow ? [path] : (parsePath(path) ?? [path]));
  }

  nameOf(path: string): string {
    return `${this.prefix}${path}`;
  }
}

function onlyGroup(part: Part, yaml: ReportGroupYaml, wantedLabel: string, isElement: boolean): MappedAnswer {
  const label = filled(part, wantedLabel);
  const structure = structureOf(part, yaml.structure);
  const values = yaml.values.map((value) => mapValue(part.at(value.path), part.nameOf(value.path), value));
  const finding = yaml.finding === undefined ? abnormalityOf(structure.found)?.type : codeOf(yaml.finding);
  const group: UntrackedGroup = {
    label: label.text,
    ...(finding === undefined ? {} : { finding }),
    sites: structure.found === undefined ? [] : sitesOf(structure.found),
    measurements: values.flatMap(({ measurements }) => measurements),
    evaluations: values.flatMap(({ evaluations }) => evaluations),
  };
  // An element of a list was found, whatever is known of it.
  const says = group.measurements.length + group.evaluations.length > 0 || (isElement && (finding !== undefined || group.sites.length > 0));
  return {
    groups: says ? [group] : [],
    evaluations: [],
    reasons: [...label.reasons, ...structure.reasons, ...values.flatMap(({ reasons }) => reasons)],
  };
}

/** A text with what stands in braces taken from the answer. */
function filled(part: Part, text: string): { readonly text: string; readonly reasons: readonly GateReason[] } {
  const missing = placeholdersIn(text).filter((path) => textOf(part.at(path) ?? '').trim() === '');
  const reasons = missing.map((path): GateReason => ({ check: 'format', seen: `nothing at ${part.nameOf(path)}`, expected: 'a text' }));
  return { text: text.replaceAll(/\{([^{}]+)\}/g, (_, path: string) => textOf(part.at(path) ?? '')).trim(), reasons };
}

function structureOf(part: Part, wanted: string | undefined): { readonly found?: Structure; readonly reasons: readonly GateReason[] } {
  if (wanted === undefined) return { reasons: [] };
  const { text, reasons } = filled(part, wanted);
  if (reasons.length > 0) return { reasons };
  const found = structureById(text) ?? structureByName(text);
  if (found !== undefined) return { found, reasons: [] };
  return { reasons: [{ check: 'codes', seen: `structure "${text.slice(0, 40)}"`, expected: 'one that the node has codes for' }] };
}

function abnormalityOf(structure: Structure | undefined): Structure | undefined {
  return structure !== undefined && isAbnormality(structure) ? structure : undefined;
}

/** The structure itself, or the place that an abnormality is in. */
function sitesOf(structure: Structure): Site[] {
  const [code, laterality] = isAbnormality(structure)
    ? [structure.region, structure.regionLaterality]
    : [structure.type, structure.laterality];
  return code === undefined ? [] : [{ code, ...(laterality === undefined ? {} : { laterality }) }];
}

/** Labels that come again are counted: they tell the groups apart. */
function withOwnLabels(groups: readonly UntrackedGroup[]): UntrackedGroup[] {
  const taken = new Set<string>();
  const counts = new Map<string, number>();
  return groups.map((group) => {
    let { label } = group;
    let count = counts.get(group.label) ?? 1;
    while (taken.has(label)) label = `${group.label} (${++count})`;
    counts.set(group.label, count);
    taken.add(label);
    return label === group.label ? group : { ...group, label };
  });
}
