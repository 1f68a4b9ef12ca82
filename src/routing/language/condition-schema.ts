/** The form of conditions in rule files, and whether each one can be asked where it stands. */
import { z } from 'zod';
import type { Keyword } from '../../dicom/element/tags.js';
import { FACT_NAMES, FACTS, type FactName } from '../fact-names.js';
import { patternFault } from '../pattern.js';
import { QUANTIFIERS, type Condition, type QuantifierName, type Scope } from './condition-types.js';
import { askedAbout, operandFault } from './kind.js';
import { OPERATORS, operatorsOf, type Clause, type Operator } from './operators.js';
import { parseTagPath } from './tag-path.js';

/** Where a condition stands; a named one may stand anywhere, and is looked at again where it is used. */
export type Place = Scope | 'named';

const NAME = /^[a-z0-9][a-z0-9-]*$/;

/** The name of a rule, of a condition, of a series in a case. */
export const ruleName = () => z.string().regex(NAME, 'must be a name of lower-case letters, digits and "-"');

/** A regular expression that runs in linear time. */
export const pattern = () =>
  z
    .string()
    .min(1)
    .superRefine((source, context) => {
      const fault = patternFault(source);
      if (fault !== undefined) context.addIssue({ code: 'custom', message: fault });
    });

const operand = () => z.union([z.string().min(1), z.number(), z.boolean()], { error: 'must be a text, a number, or true or false' });
const bound = () => z.union([z.number(), z.string().min(1)], { error: 'must be a number, one with a unit like 2.5 mm, or a time' });

const operators = {
  equals: operand().optional().describe('A value is this one. Upper and lower case are the same; numbers are compared as numbers.'),
  oneOf: z.array(operand()).min(1).optional().describe('A value is one of these.'),
  matches: pattern()
    .optional()
    .describe('The regular expression (RE2 syntax, without look-around and back-references) is found in a value.'),
  contains: z.string().min(1).optional().describe('A value contains this text.'),
  atLeast: bound().optional().describe('A value is this or more: `20`, `2.5 mm`, `18 years`.'),
  atMost: bound().optional().describe('A value is this or less: `20`, `2.5 mm`, `18 years`.'),
  between: z
    .tuple([bound(), bound()], { error: 'must be two of them: [least, most]' })
    .optional()
    .describe("Both ends included: `[1 cm, 30 cm]`. Times of day go over midnight: `['20:00', '06:00']`."),
  exists: z.literal(true).optional().describe('It is there and not empty; never missing.'),
  absent: z.literal(true).optional().describe('It is not there, or is empty; never missing.'),
} as const satisfies Record<Operator, z.ZodType>;

/** The facts that hold for a study as a whole. */
const STUDY_FACTS: readonly FactName[] = FACT_NAMES.filter((name) => 'ofStudy' in FACTS[name]);

/** What editors show of the facts that can be asked there. */
function factHelp(place: Place) {
  const names = place === 'study' ? STUDY_FACTS : FACT_NAMES;
  return { enum: names, enumDescriptions: names.map((name) => FACTS[name].description) };
}

/** Why a fact cannot be asked here; undefined where it can. */
export function factScopeFault(fact: string, place: Place): string | undefined {
  if (place === 'instance') return `${fact} is a fact of a series; of an instance only tags can be asked`;
  if (place !== 'study' || (STUDY_FACTS as readonly string[]).includes(fact)) return undefined;
  return `${fact} is a fact of a series; ask it within anySeries, allSeries, noSeries or countSeries`;
}

/** What editors offer; any other tag is as good. */
const OFFERED_TAGS: readonly Keyword[] = [
  'Modality',
  'BodyPartExamined',
  'SeriesDescription',
  'StudyDescription',
  'ProtocolName',
  'ImageType',
  'ConvolutionKernel',
  'SliceThickness',
  'ContrastBolusAgent',
  'ScanOptions',
  'SequenceName',
  'ScanningSequence',
  'SequenceVariant',
  'EchoTime',
  'RepetitionTime',
  'InversionTime',
  'MagneticFieldStrength',
  'KVP',
  'PatientAge',
  'PatientSex',
  'PatientPosition',
  'Manufacturer',
  'ManufacturerModelName',
  'StationName',
  'InstitutionName',
  'SOPClassUID',
  'Laterality',
  'ViewPosition',
  'Rows',
  'Columns',
];

const clauseOf = (place: Place) =>
  z
    .strictObject({
      tag: z
        .string()
        .optional()
        .describe(
          'Keyword (`BodyPartExamined`), number (`0018,0050`), private tag with its creator (`0029,"SIEMENS CSA HEADER",08`) or path (`RequestAttributesSequence.RequestedProcedureDescription`).',
        )
        .meta({ anyOf: [{ enum: OFFERED_TAGS }, {}] }),
      fact: z.enum(FACT_NAMES).optional().describe('Something that the node derives.').meta(factHelp(place)),
      ...operators,
    })
    .meta({
      title: 'Clause',
      description: 'One question about one tag or fact, with exactly one operator.',
      allOf: [anyOneOf(['tag', ...(place === 'instance' ? [] : ['fact'])]), anyOneOf(OPERATORS)],
    })
    .superRefine((written, context) => {
      abandonOtherForms(context.issues);
      for (const { message, path } of clauseFaults(written, place, context.issues)) context.addIssue({ code: 'custom', message, path });
    });

const OTHER_FORMS: readonly string[] = ['all', 'any', 'not', 'use', ...Object.keys(QUANTIFIERS)];

/** An unknown key alone does not end a branch for zod: it would take the clause for what was meant in `any: [a clause with a fault]`. */
function abandonOtherForms(issues: readonly { readonly code?: string | undefined; readonly keys?: unknown }[]): void {
  for (const issue of issues) {
    const isOther =
      issue.code === 'unrecognized_keys' && Array.isArray(issue.keys) && issue.keys.some((key) => OTHER_FORMS.includes(String(key)));
    if (isOther) Object.assign(issue, { continue: false });
  }
}

/** In JSON Schema: exactly one of these keys. */
function anyOneOf(keys: readonly string[]) {
  return { oneOf: keys.map((key) => ({ required: [key] })) };
}

interface ClauseFault {
  readonly message: string;
  readonly path: string[];
}

function clauseFaults(clause: Clause, place: Place, others: readonly { code?: string | undefined }[]): ClauseFault[] {
  const faults: ClauseFault[] = [];
  const isMisspelt = others.some(({ code }) => code === 'unrecognized_keys');
  const namesNothing = clause.tag === undefined && clause.fact === undefined;
  if (namesNothing ? !isMisspelt : clause.tag !== undefined && clause.fact !== undefined)
    faults.push({ message: 'needs either a tag or a fact', path: [] });
  const asked = operatorsOf(clause);
  if (asked.length !== 1 && !(asked.length === 0 && isMisspelt)) {
    const has = asked.length > 1 ? `, has ${asked.join(' and ')}` : '';
    faults.push({ message: `needs exactly one of ${OPERATORS.join(', ')}${has}`, path: [] });
  }
  if (clause.fact !== undefined) {
    const message = factScopeFault(clause.fact, place);
    if (message !== undefined) faults.push({ message, path: ['fact'] });
  } else if (clause.tag !== undefined) {
    const parsed = parseTagPath(clause.tag);
    if ('fault' in parsed) faults.push({ message: parsed.fault, path: ['tag'] });
  }
  const [operator] = asked;
  const about = askedAbout(clause);
  if (operator === undefined || asked.length > 1 || about === undefined) return faults;
  const message = operandFault(about, operator, clause);
  return message === undefined ? faults : [...faults, { message, path: [operator] }];
}

const count = () => z.int({ error: 'must be a whole number' }).min(0);

function countedOf(inner: z.ZodType<Condition>) {
  return z
    .strictObject({
      where: inner.describe('Which members are counted.'),
      atLeast: count().optional().describe('As many or more.'),
      atMost: count().optional().describe('As many or fewer.'),
      between: z
        .tuple([count(), count()], { error: 'must be two whole numbers: [least, most]' })
        .optional()
        .describe('Both ends included: `[1, 3]`.'),
    })
    .meta(anyOneOf(['atLeast', 'atMost', 'between']))
    .superRefine(({ atLeast, atMost, between }, context) => {
      if ([atLeast, atMost, between].filter((one) => one !== undefined).length !== 1)
        context.addIssue({ code: 'custom', message: 'needs exactly one of atLeast, atMost, between' });
      if (between !== undefined && between[0] > between[1])
        context.addIssue({ code: 'custom', message: 'can never be true: the least is above the most', path: ['between'] });
    });
}

function quantifiersOf(place: Place): z.ZodType<Condition>[] {
  const ofInstances = [
    z.strictObject({ anyInstance: conditionAt('instance').describe('True of at least one instance of the series.') }),
    z.strictObject({ allInstances: conditionAt('instance').describe('True of every instance of the series.') }),
    z.strictObject({ noInstance: conditionAt('instance').describe('True of no instance of the series.') }),
    z.strictObject({ countInstances: countedOf(conditionAt('instance')).describe('How many instances of the series it is true of.') }),
  ];
  const ofSeries = [
    z.strictObject({ anySeries: conditionAt('series').describe('True of at least one series of the study.') }),
    z.strictObject({ allSeries: conditionAt('series').describe('True of every series of the study.') }),
    z.strictObject({ noSeries: conditionAt('series').describe('True of no series of the study.') }),
    z.strictObject({ countSeries: countedOf(conditionAt('series')).describe('How many series of the study it is true of.') }),
  ];
  if (place === 'instance') return misplaced('an instance has no members', 'instance', 'series');
  if (place === 'named') return [...ofInstances, ...ofSeries];
  return place === 'series'
    ? [...ofInstances, ...misplaced('is asked of the study as a whole: it can only stand in `study:`', 'series')]
    : [...ofSeries, ...misplaced('is asked of a series: within anySeries, allSeries, noSeries or countSeries', 'instance')];
}

/** Quantifiers that cannot stand there, so that whoever writes one is told why. */
function misplaced(why: string, ...kinds: readonly Scope[]): z.ZodType<Condition>[] {
  const names = (Object.keys(QUANTIFIERS) as QuantifierName[]).filter((name) => kinds.includes(QUANTIFIERS[name].of));
  const never = z
    .unknown()
    .nonoptional()
    .refine(() => false, { error: why })
    .describe(`Not here: ${why}.`)
    .meta({ not: {} });
  return names.map((name) => z.strictObject({ [name]: never }) as unknown as z.ZodType<Condition>);
}

const TITLES: Readonly<Record<Place, string>> = {
  instance: 'InstanceCondition',
  series: 'SeriesCondition',
  study: 'StudyCondition',
  named: 'NamedCondition',
};

function makeCondition(place: Place): z.ZodType<Condition> {
  const own = conditionAt(place);
  const list = () => z.array(own).min(1);
  return z
    .union(
      [
        list(),
        z.strictObject({ all: list().describe('Each of these is true.') }),
        z.strictObject({ any: list().describe('At least one of these is true.') }),
        z.strictObject({ not: own.describe('This is false. What is missing stays missing.') }),
        z.strictObject({ use: ruleName().describe('A condition from `conditions`, by its name.') }),
        ...quantifiersOf(place),
        clauseOf(place),
      ],
      { error: 'must be a condition: a list of them, all, any, not, use, a quantifier, or a clause with a tag or a fact' },
    )
    .meta({ id: TITLES[place] });
}

/** Each is made once: what describes a condition further refers to the same one. */
const made = new Map<Place, z.ZodType<Condition>>();

/** The schema of conditions that stand there. */
export function conditionAt(place: Place): z.ZodType<Condition> {
  return z.lazy(() => {
    const known = made.get(place);
    if (known !== undefined) return known;
    const schema = makeCondition(place);
    made.set(place, schema);
    return schema;
  });
}
