/**
 * The form of routing-rules/*.yaml.
 *
 * `when` is asked of each series of the study; the series for which it is true are what the rule is about, and with at
 * least one of them the study is due a result of this rule. `series` then chooses the input among them: `where` sets aside
 * what the model cannot take, `prefer` ranks the rest. So "the rule does not concern this study" and "it does, but no
 * series is fit for the model" are two different answers. A model with several inputs has `inputs` in place of both.
 */
import { z } from 'zod';
import { conditionAt, pattern, ruleName } from './language/condition-schema.js';
import { timeWindow } from '../settings/time-window.js';

export { ruleName } from './language/condition-schema.js';
export type { Condition } from './language/condition-types.js';
export { OPERATORS, type Clause, type Operator } from './language/operators.js';

const seriesCondition = () => conditionAt('series');

const preference = z.union(
  [
    z.strictObject({ thinnest: z.literal(true).describe('The thinnest slices first.') }),
    z.strictObject({ mostInstances: z.literal(true).describe('The most instances first.') }),
    z.strictObject({ kernel: z.array(pattern()).min(1).describe('Patterns of ConvolutionKernel, the best first.') }),
    conditionAt('series'),
  ],
  { error: 'must be a preference: thinnest, mostInstances, kernel, or a condition' },
);

export type Preference = z.output<typeof preference>;

const where = () => seriesCondition().optional().describe('What the model can take.');
const prefer = () =>
  z
    .array(preference)
    .default([])
    .describe('Ranks the rest, the first preference first. Ties: the lowest SeriesNumber, then the lowest SeriesInstanceUID.');

const MAX_INPUTS = 8;
const MAX_TAKE = 50;

const seriesSelection = z.strictObject({
  where: where(),
  prefer: prefer(),
  take: z.int().min(1).max(MAX_TAKE).default(1).describe('How many series are taken at most, each for a run of its own.'),
});

const input = z.strictObject({
  when: seriesCondition().describe('Which series of the study are this input. Without one for each input the rule does not apply.'),
  where: where(),
  prefer: prefer(),
});

/** When runs may start, in local time. */
export type RunWindow = Readonly<z.output<typeof timeWindow>>;

const limit = () => z.int().min(1).optional();
const sourceLimits = {
  atOnce: limit().describe('Runs at the same time.'),
  perHour: limit().describe('Runs begun within an hour.'),
  perDay: limit().describe('Runs begun within a day.'),
};

const limits = z.strictObject({
  ...sourceLimits,
  perSource: z.strictObject(sourceLimits).optional().describe('The same for the studies of each calling AE title.'),
});

/** How many runs a rule may have. What is over them waits. */
export type RunLimits = Readonly<z.output<typeof limits>>;

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null;
/** Checks of several keys together that are made also where another key is at fault. */
const always = { when: ({ value }: { value: unknown }) => isObject(value) };

const rule = z
  .strictObject({
    name: ruleName().describe('Named in runs, results and explanations.'),
    description: z.string().optional().describe('For people.'),
    owner: z.string().min(1).optional().describe('Who answers for the rule: a name, an address.'),
    tags: z.array(z.string().min(1)).default([]).describe('Words for finding rules.'),
    enabled: z.boolean().default(true).describe('`false`: the rule is never asked, and the explanation says so.'),
    study: conditionAt('study').optional().describe('Asked once of the study as a whole; where it is not true the rule does not apply.'),
    when: seriesCondition().optional().describe('Asked of each series; true for those that the rule is about.'),
    series: seriesSelection.optional().describe('Which of those series becomes the input of the model.'),
    inputs: z
      .record(z.string().min(1).max(64), input)
      .optional()
      .describe(
        "In place of `when` and `series`, for a model with several inputs: the model's name of each input, and which series it is.",
      ),
    tiedBy: z
      .enum(['study', 'frameOfReference'])
      .optional()
      .describe('What the inputs must have in common: the study (default), or also the frame of reference.'),
    completeWith: z
      .array(seriesCondition())
      .min(1)
      .optional()
      .describe(
        'With the signal `required-series`: the study settles when the model has its series and each of these conditions is true of some series.',
      ),
    model: z
      .union(
        [
          z.string().min(1),
          z.strictObject({
            name: z.string().min(1).describe('The name on its card.'),
            version: z.string().min(1).optional().describe('The only version that will do.'),
          }),
        ],
        {
          error: 'must be the name of a model, or {name, version}',
        },
      )
      .describe('The model that is run; any version that is active, or only the one named.')
      .transform((model): { readonly name: string; readonly version?: string | undefined } =>
        typeof model === 'string' ? { name: model } : model,
      ),
    workflow: z.string().min(1).optional().describe('Another workflow of the model than its default.'),
    settings: z
      .record(z.string().min(1), z.union([z.string(), z.number(), z.boolean()]))
      .default({})
      .describe('Handed to the model over those of model.yaml.'),
    destinations: z.array(z.string().min(1)).min(1).optional().describe('Names of destinations in config/anteroom.yaml.'),
    shadow: z.boolean().default(false).describe('The model runs and its results are kept, but nothing is ever delivered.'),
    priority: z.enum(['stat', 'routine', 'bulk']).default('routine').describe('In which order runs start.'),
    window: timeWindow.optional().describe('When runs may start.'),
    limits: limits.optional().describe('How many runs there may be; what is over them waits.'),
    then: z
      .enum(['go-on', 'stop'])
      .default('go-on')
      .describe('`stop`: where this rule applies, or waits for its model, the rules after it are not asked.'),
  })
  .meta({ oneOf: [{ required: ['when'] }, { required: ['inputs'] }] })
  .refine(({ when, inputs }) => when !== undefined || inputs !== undefined, { ...always, path: ['when'], error: 'is missing' })
  .refine(({ when, inputs }) => when === undefined || inputs === undefined, {
    ...always,
    path: ['when'],
    error: 'does not go with inputs: each of them has a when of its own',
  })
  .refine(({ series, inputs }) => series === undefined || inputs === undefined, {
    ...always,
    path: ['series'],
    error: 'does not go with inputs: each of them has a where and a prefer of its own',
  })
  .refine(({ inputs, tiedBy }) => tiedBy === undefined || inputs !== undefined, { ...always, path: ['tiedBy'], error: 'needs inputs' })
  .refine(({ inputs }) => !isObject(inputs) || between(Object.keys(inputs).length, 1, MAX_INPUTS), {
    ...always,
    path: ['inputs'],
    error: `needs at least one of them, and at most ${MAX_INPUTS}`,
  })
  .refine(({ destinations, shadow }) => destinations !== undefined || shadow, {
    ...always,
    path: ['destinations'],
    error: 'is missing',
  });

function between(value: number, least: number, most: number): boolean {
  return value >= least && value <= most;
}

/** One file of rules. */
export const ruleFileSchema = z.strictObject({
  include: z
    .array(z.string().min(1))
    .default([])
    .describe('Other files, from the folder of rules (`shared/conditions.yaml`): this one may use their named conditions.'),
  conditions: z
    .record(ruleName(), conditionAt('named'))
    .default({})
    .describe('Named conditions, for `use` in this file and in those that include it.'),
  rules: z.array(rule).default([]).describe('Asked in this order, the files in the order of their names.'),
});

export type Rule = Readonly<Omit<z.output<typeof rule>, 'destinations'>> & {
  /** None of a rule whose results only stay here. */
  readonly destinations: readonly string[];
  readonly file: string;
};
export type Priority = Rule['priority'];

/** All rules that are in force together, in the order of file names and, within a file, as written. */
export interface RuleSet {
  readonly rules: readonly Rule[];
  /** SHA-256 over names and contents of `files`. */
  readonly revision: string;
  /** Name and text of each file of rules, of cases, and of each one that is included, as they are kept with the revision. */
  readonly files: Readonly<Record<string, string>>;
}
