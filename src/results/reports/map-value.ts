/** One value of a model's answer as an item of a report, by what model.yaml says of it. */
import { numberIn } from '../../foundation/numbers.js';
import type { Json } from '../../foundation/python-json.js';
import { CONCEPT, measurementByName, QUALIFIER } from '../../dicom/sr/concepts.js';
import type { Evaluation, Measurement } from '../../dicom/sr/measurement-report.js';
import { unitOf } from '../../dicom/sr/units.js';
import type { Code } from '../../dicom/structures/code.js';
import { AnteroomError } from '../../foundation/errors.js';
import { rangeOf } from '../../models/report-threshold.js';
import type { ReportCodeYaml, ReportValueYaml } from '../../models/report-yaml.js';
import type { GateReason } from '../verdict.js';

export interface MappedValue {
  readonly measurements: readonly Measurement[];
  readonly evaluations: readonly Evaluation[];
  readonly reasons: readonly GateReason[];
}

const NOTHING: MappedValue = { measurements: [], evaluations: [], reasons: [] };

/**
 * The items of a value. `seen` is undefined where the answer has no such place; `place` says where it is, for messages.
 * - A number that is a text (`"0.83"`, a cell of a CSV file) counts as the number. NaN, an infinity and null are written as a measurement
 *   without a number, which says why.
 * - Text and codes have no such form: null counts as missing, as a text of blanks does, unless the table has a code for it.
 * - What is missing, and what is no number where one was to be, speaks against the answer.
 */
export function mapValue(seen: Json | undefined, place: string, yaml: ReportValueYaml): MappedValue {
  if (seen === undefined || (seen === null && !takesNull(yaml)) || (yaml.text === true && textOf(seen).trim() === '')) {
    if (yaml.optional) return NOTHING;
    return refused(`nothing at ${place}`, 'a value: model.yaml does not say that it is optional');
  }
  if (yaml.unit !== undefined) return measured(seen, place, yaml, yaml.unit);
  if (yaml.codes !== undefined) return coded(seen, place, yaml, yaml.codes);
  return { ...NOTHING, evaluations: [{ name: nameOf(yaml), value: textOf(seen).trim() }] };
}

/** A number of null is one that is not known. */
function takesNull({ unit, codes }: ReportValueYaml): boolean {
  return unit !== undefined || (codes !== undefined && Object.hasOwn(codes, 'null'));
}

function measured(seen: Json, place: string, yaml: ReportValueYaml, ucum: string): MappedValue {
  const number = seen === null ? null : typeof seen === 'string' ? numberIn(seen) : seen;
  if (number !== null && typeof number !== 'number') return refused(`${told(seen)} at ${place}`, 'a number');
  const [low, high] = yaml.range ?? [-Infinity, Infinity];
  if (number !== null && (number < low || number > high)) return refused(`${number} at ${place}`, `a number from ${low} to ${high}`);
  const factor = yaml.factor ?? 1;
  if (Number.isFinite(number) && !Number.isFinite((number as number) * factor))
    return refused(`${number} at ${place}`, `a number that ${factor} can be multiplied with`);
  const unit = unitOf(ucum);
  if (unit === undefined) throw new AnteroomError('INTERNAL', `the unit ${ucum} of a registered model is not known`);
  return { ...NOTHING, measurements: [{ name: nameOf(yaml), unit, value: scaled(number, factor) }] };
}

function scaled(number: number | null, factor: number): number | Code {
  if (number === null) return QUALIFIER.unknown;
  if (Number.isNaN(number)) return QUALIFIER.notANumber;
  if (!Number.isFinite(number)) return number > 0 === factor > 0 ? QUALIFIER.positiveInfinity : QUALIFIER.negativeInfinity;
  // 0.29 × 100 is 28.999999999999996.
  return factor === 1 ? number : Number((number * factor).toPrecision(15));
}

/** A code that a range gave has the number and the range beside it, in words: the code alone does not say how near to the limit it is. */
function coded(seen: Json, place: string, yaml: ReportValueYaml, codes: Readonly<Record<string, ReportCodeYaml>>): MappedValue {
  const name = nameOf(yaml);
  const text = textOf(seen);
  if (Object.hasOwn(codes, text)) return { ...NOTHING, evaluations: [{ name, value: codeOf(codes[text]) }] };
  const number = typeof seen === 'number' ? seen : numberIn(text);
  for (const [key, code] of Object.entries(codes)) {
    const within = rangeOf(key);
    if (number === undefined || typeof within !== 'function' || !within(number)) continue;
    const why = `${name.meaning}: ${code.meaning}, because ${place} is ${text} (${key})`;
    return {
      ...NOTHING,
      evaluations: [
        { name, value: codeOf(code) },
        { name: CONCEPT.comment, value: why },
      ],
    };
  }
  return refused(`${told(seen)} at ${place}`, `one of ${Object.keys(codes).join(', ')}`);
}

function nameOf({ name }: ReportValueYaml): Code {
  const code = typeof name === 'string' ? measurementByName(name) : codeOf(name);
  if (code === undefined) throw new AnteroomError('INTERNAL', 'the name of a measurement of a registered model is not known');
  return code;
}

/** The code of model.yaml in the words of the tables. */
export function codeOf({ code, scheme, meaning }: ReportCodeYaml): Code {
  return { value: code, scheme, meaning };
}

/** A value in words; lists and objects as JSON. */
export function textOf(seen: Json): string {
  return typeof seen === 'object' && seen !== null ? JSON.stringify(seen) : String(seen);
}

function told(seen: Json): string {
  if (typeof seen !== 'object' || seen === null) return JSON.stringify(seen)?.slice(0, 40);
  return Array.isArray(seen) ? 'a list' : 'an object';
}

function refused(seen: string, expected: string): MappedValue {
  return { ...NOTHING, reasons: [{ check: 'format', seen, expected }] };
}
