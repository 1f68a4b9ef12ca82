/**
 * The form of routing-rules/*.yaml.
 *
 * `when` is asked of each series of the study; the series for which it is true are what the rule is about, and with at
 * least one of them the study is due a result of this rule. `series` then chooses the input among them: `where` sets aside
 * what the model cannot take, `prefer` ranks the rest. So "the rule does not concern this study" and "it does, but no
 * series is fit for the model" are two different answers.
 */
import { z } from 'zod';
import { TAG, tagOf } from '../dicom/element/tags.js';
import { closest } from '../foundation/faults.js';
import { FACTS, FACT_NAMES, type FactName } from './fact-names.js';
import { patternFault } from './pattern.js';

const NAME = /^[a-z0-9][a-z0-9-]*$/;
export const ruleName = () => z.string().regex(NAME, 'must be a name of lower-case letters, digits and "-"');

const pattern = () =>
  z
    .string()
    .min(1)
    .superRefine((source, context) => {
      const fault = patternFault(source);
      if (fault !== undefined) context.addIssue({ code: 'custom', message: fault });
    });

const operand = () => z.union([z.string().min(1), z.number(), z.boolean()], { error: 'must be a text, a number, or true or false' });

/** What a clause may ask. Every clause has exactly one of these. */
const operators = {
  equals: operand().optional().describe('A value is this one. Upper and lower case are the same; numbers are compared as numbers.'),
  oneOf: z.array(operand()).min(1).optional().describe('A value is one of these.'),
  matches: pattern().optional().describe('The regular expression (RE2 syntax) is found in a value.'),
  contains: z.string().min(1).optional().describe('A value contains this text.'),
  atLeast: z.number().optional(),
  atMost: z.number().optional(),
  between: z.tuple([z.number(), z.number()], { error: 'must be two numbers: [least, most]' }).optional().describe('Both ends included.'),
  exists: z.literal(true).optional().describe('The tag is there and not empty; never missing.'),
  absent: z.literal(true).optional().describe('The tag is not there, or is empty; never missing.'),
};

export type Operator = keyof typeof operators;
export const OPERATORS = Object.keys(operators) as Operator[];

const clause = z
  .strictObject({
    tag: z.string().optional().describe('Keyword (`BodyPartExamined`) or number (`0019,100C`) of a tag.'),
    fact: z.enum(FACT_NAMES).optional().describe('Something that the node derives.'),
    ...operators,
  })
  .superRefine((written, context) => {
    const add = (message: string, path: string[] = []) => context.addIssue({ code: 'custom', message, path });
    if ((written.tag === undefined) === (written.fact === undefined)) add('needs either a tag or a fact');
    const asked = OPERATORS.filter((operator) => written[operator] !== undefined);
    const misspelt = asked.length === 0 && context.issues.some((issue) => issue.code === 'unrecognized_keys');
    if (asked.length !== 1 && !misspelt)
      add(`needs exactly one of ${OPERATORS.join(', ')}${asked.length > 1 ? `, has ${asked.join(' and ')}` : ''}`);
    if (written.tag !== undefined && tagOf(written.tag) === undefined) add(unknownTag(written.tag), ['tag']);
    if (written.between !== undefined && written.between[0] > written.between[1])
      add('can never be true: the least is above the most', ['between']);
    const [operator] = asked;
    if (operator === undefined || asked.length > 1) return;
    if (written.fact !== undefined) {
      const fault = factFault(written.fact, operator, written[operator]);
      if (fault !== undefined) add(fault, [operator]);
    } else if ([written[operator]].flat().some((value) => typeof value === 'boolean') && operator !== 'exists' && operator !== 'absent') {
      add('a tag has texts and numbers, not true and false', [operator]);
    }
  });

function unknownTag(tag: string): string {
  const near = closest(tag, Object.keys(TAG));
  return `no tag is called "${tag}"${near === undefined ? '' : `; did you mean ${near}?`}`;
}

const TEXT_OPERATORS: readonly Operator[] = ['matches', 'contains'];
const NUMBER_OPERATORS: readonly Operator[] = ['atLeast', 'atMost', 'between'];

/** Why this question can never be true of this fact. */
function factFault(name: FactName, operator: Operator, value: unknown): string | undefined {
  const fact = FACTS[name];
  if (operator === 'exists' || operator === 'absent') return undefined;
  if (NUMBER_OPERATORS.includes(operator)) return fact.kind === 'number' ? undefined : `can never be true: ${name} is not a number`;
  if (TEXT_OPERATORS.includes(operator))
    return fact.kind === 'text' ? undefined : `can never be true: ${name} is not a free text; use equals or oneOf`;
  const values = (Array.isArray(value) ? value : [value]) as (string | number | boolean)[];
  if (fact.kind === 'number') return values.every((one) => typeof one === 'number') ? undefined : `can never be true: ${name} is a number`;
  if (fact.kind === 'flag')
    return values.every((one) => typeof one === 'boolean') ? undefined : `can never be true: ${name} is true or false`;
  if (fact.kind === 'word') {
    const words: readonly string[] = fact.words;
    const odd = values.find((one) => !words.includes(String(one)));
    return odd === undefined ? undefined : `can never be true: ${name} is one of ${words.join(', ')}, never ${String(odd)}`;
  }
  return undefined;
}

export type Clause = Readonly<z.output<typeof clause>>;

/** A list is short for `all`. */
export type Condition =
  | readonly Condition[]
  | { readonly all: readonly Condition[] }
  | { readonly any: readonly Condition[] }
  | { readonly not: Condition }
  | Clause;

export const condition: z.ZodType<Condition> = z.lazy(() =>
  z.union(
    [
      conditions(),
      z.strictObject({ all: conditions() }),
      z.strictObject({ any: conditions() }),
      z.strictObject({ not: condition }),
      clause,
    ],
    {
      error: 'must be a condition: a list of them, all, any, not, or a clause with a tag or a fact',
    },
  ),
);
const conditions = () => z.array(condition).min(1);

const preference = z.union(
  [
    z.strictObject({ thinnest: z.literal(true) }),
    z.strictObject({ mostInstances: z.literal(true) }),
    z.strictObject({ kernel: z.array(pattern()).min(1) }),
    condition,
  ],
  { error: 'must be a preference: thinnest, mostInstances, kernel, or a condition' },
);

export type Preference = z.output<typeof preference>;

const rule = z.strictObject({
  name: ruleName().describe('Named in runs, results and explanations.'),
  description: z.string().optional(),
  when: condition.describe('Asked of each series; true for those that the rule is about.'),
  series: z
    .strictObject({
      where: condition.optional().describe('What the model can take.'),
      prefer: z
        .array(preference)
        .default([])
        .describe('Ranks the rest, the first preference first. Ties: the lowest SeriesNumber, then the lowest SeriesInstanceUID.'),
    })
    .prefault({}),
  completeWith: z
    .array(condition)
    .min(1)
    .optional()
    .describe(
      'With the signal `required-series`: the study settles when the model has its series and each of these conditions is true of some series.',
    ),
  model: z
    .union([z.string().min(1), z.strictObject({ name: z.string().min(1), version: z.string().min(1).optional() })], {
      error: 'must be the name of a model, or {name, version}',
    })
    .transform((model): { readonly name: string; readonly version?: string | undefined } =>
      typeof model === 'string' ? { name: model } : model,
    ),
  settings: z
    .record(z.string().min(1), z.union([z.string(), z.number(), z.boolean()]))
    .default({})
    .describe('Handed to the model over those of model.yaml.'),
  destinations: z.array(z.string().min(1)).min(1).describe('Names of destinations in config/anteroom.yaml.'),
  priority: z.enum(['stat', 'routine', 'bulk']).default('routine'),
});

/** One file of rules. */
export const ruleFileSchema = z.strictObject({ rules: z.array(rule).default([]) });

export type Rule = Readonly<z.output<typeof rule>> & { readonly file: string };
export type Priority = Rule['priority'];

/** All rules that are in force together, in the order of file names and, within a file, as written. */
export interface RuleSet {
  readonly rules: readonly Rule[];
  /** SHA-256 over names and contents of `files`. */
  readonly revision: string;
  /** Name and text of each file of rules, of cases, and of each one that is included, as they are kept with the revision. */
  readonly files: Readonly<Record<string, string>>;
}
