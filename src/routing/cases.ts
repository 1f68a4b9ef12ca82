/** `*.cases.yaml`: small made-up studies and what the rules must decide on them. The tests of the rules, kept beside them. */
import { z } from 'zod';
import { suggestionFor, type Fault } from '../foundation/faults.js';
import { validate, type Path, type Validation, type YamlDocument } from '../foundation/yaml.js';
import { caseFacts, caseStudyFields } from './case-study.js';
import { decide, OUTCOME, type RuleDecision } from './evaluate.js';
import { ruleName } from './language/condition-schema.js';
import { SERIES_INPUT } from './rule-inputs.js';
import type { RuleSet } from './schema.js';

/** What a case may expect in place of series. Whether the model is there does not matter, so a rule never waits. */
const NO_SERIES_TAKEN = [OUTCOME.notApplied, OUTCOME.noSeries, OUTCOME.notAsked, OUTCOME.preempted] as const;

const expected = z.union(
  [
    z.enum(NO_SERIES_TAKEN).describe('Why the rule takes no series.'),
    ruleName().describe('The series that it takes.'),
    z.array(ruleName()).min(1).describe('With `take`: the series that it takes, the best first, each for a run of its own.'),
    z.record(z.string(), ruleName()).describe("With `inputs`: the series for each, by the model's name of the input."),
  ],
  { error: `must be the name of a series, a list of them, a series for each input, or one of ${NO_SERIES_TAKEN.join(', ')}` },
);

type Expected = z.output<typeof expected>;

/** One file of cases. */
export const caseFileSchema = z.strictObject({
  cases: z
    .array(
      z.strictObject({
        name: z.string().min(1).describe('What is shown where it comes out otherwise.'),
        ...caseStudyFields,
        expect: z.record(z.string(), expected).describe('For each rule the series that it takes, or why it takes none.'),
      }),
    )
    .default([])
    .describe('Made-up studies, each with what the rules must decide on it.'),
});

export type RuleCase = z.output<typeof caseFileSchema>['cases'][number] & { readonly file: string; readonly line: number };

/** What a case expected and what was decided instead. */
export interface CaseFailure {
  readonly file: string;
  /** Of the case. */
  readonly line: number;
  readonly case: string;
  readonly rule: string;
  readonly expected: string;
  readonly seen: string;
  readonly reason: string;
  /** What was decided, with every clause; undefined where there is no such rule. */
  readonly decision?: RuleDecision;
}

/** Reads a file of cases; with `rules`, an expectation of a rule that is not there is a fault. */
export function parseCases(document: YamlDocument, file: string, rules?: readonly string[]): Validation<RuleCase[]> {
  const checked = validate(document, caseFileSchema);
  if (!checked.ok) return checked;
  const faults = checked.value.cases.flatMap((one, index) => caseFaults(one, ['cases', index], document, rules));
  if (faults.length > 0) return { ok: false, faults };
  const lineOf = (index: number) => document.fault(['cases', index, 'name'], '').line;
  return { ok: true, value: checked.value.cases.map((one, index) => ({ ...one, file, line: lineOf(index) })) };
}

function caseFaults(one: Omit<RuleCase, 'file' | 'line'>, at: Path, document: YamlDocument, rules: readonly string[] | undefined): Fault[] {
  const names = one.series.map(({ name }) => name);
  const twice = names.flatMap((name, index) =>
    names.indexOf(name) === index
      ? []
      : [document.fault([...at, 'series', index, 'name'], `another series of this case is called "${name}"`)],
  );
  const expectations = Object.entries(one.expect).flatMap(([rule, wanted]) => {
    const path = [...at, 'expect', rule];
    if (rules !== undefined && !rules.includes(rule))
      return [document.fault(path, `no rule is called "${rule}"`, { at: 'key', ...suggestionFor(rule, rules) })];
    return seriesIn(wanted).flatMap(({ name, step }) =>
      names.includes(name)
        ? []
        : [document.fault([...path, ...step], `no series of this case is called "${name}"`, suggestionFor(name, names))],
    );
  });
  return [...twice, ...expectations];
}

/** The series that an expectation names, with the step to each. */
function seriesIn(wanted: Expected): { readonly name: string; readonly step: Path }[] {
  if (typeof wanted === 'string') return isOutcome(wanted) ? [] : [{ name: wanted, step: [] }];
  return Object.entries(wanted).map(([key, name]) => ({ name, step: [Array.isArray(wanted) ? Number(key) : key] }));
}

function isOutcome(wanted: string): boolean {
  return (NO_SERIES_TAKEN as readonly string[]).includes(wanted);
}

/** Decides every case and answers with those that came out otherwise. Whether a model is installed does not matter. */
export function checkCases(ruleSet: RuleSet, cases: readonly RuleCase[]): CaseFailure[] {
  return cases.flatMap((one) => {
    const decision = decide(caseFacts(one), ruleSet, { models: new Map() });
    return Object.entries(one.expect).flatMap(([rule, wanted]) => {
      const decided = decision.rules.find((candidate) => candidate.rule === rule);
      const [asked, seen] = [expectationText(wanted), decided === undefined ? 'no such rule' : decisionText(decided)];
      if (seen === asked) return [];
      const because = decided === undefined ? { reason: '' } : { reason: decided.reason, decision: decided };
      return [{ file: one.file, line: one.line, case: one.name, rule, expected: asked, seen, ...because }];
    });
  });
}

/** One form for what was expected and what was decided: `a`, `a, then b`, `ct: a, pt: b`. */
function expectationText(wanted: Expected): string {
  if (typeof wanted === 'string') return wanted;
  if (Array.isArray(wanted)) return wanted.join(', then ');
  return inputsText(Object.entries(wanted));
}

function decisionText({ runs, outcome, inputs }: RuleDecision): string {
  if (runs.length === 0) return outcome;
  const isPlain = inputs.length === 1 && inputs[0]?.name === SERIES_INPUT;
  return runs
    .map((run) => {
      const named = run.inputs.map(({ name, seriesInstanceUid }): [string, string] => [name, seriesInstanceUid]);
      return isPlain ? named.map(([, series]) => series).join() : inputsText(named);
    })
    .join(', then ');
}

function inputsText(named: readonly (readonly [string, string])[]): string {
  return [...named]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, series]) => `${name}: ${series}`)
    .join(', ');
}
