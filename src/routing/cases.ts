/** `*.cases.yaml`: small made-up studies and what the rules must decide on them. The tests of the rules, kept beside them. */
import { z } from 'zod';
import { dictionaryVr, tagKey, tagOf } from '../dicom/element/tags.js';
import type { Header, HeaderElement, HeaderValue } from '../dicom/header.js';
import { suggestionFor } from '../foundation/faults.js';
import { validate, type Validation, type YamlDocument } from '../foundation/yaml.js';
import { decide, OUTCOME, type RuleDecision } from './evaluate.js';
import { studyFacts, type SeriesInput } from './facts.js';
import { ruleName, type RuleSet } from './schema.js';

const tagValue = z.union([z.string(), z.number(), z.array(z.union([z.string(), z.number()]))], {
  error: 'must be a text, a number or a list of them',
});

const tagName = () => z.string().refine((name) => tagOf(name) !== undefined, { error: 'is the keyword or number of no tag' });

const seriesSchema = z.strictObject({
  name: ruleName().describe('For `expect`.'),
  slices: z.int().min(1).max(10_000).default(1),
  spacingMm: z.number().positive().default(1).describe('Distance of the slices, which lie axially one above the other.'),
  tags: z.record(tagName(), tagValue).default({}).describe('In every instance; may override the geometry too.'),
});

const caseFileSchema = z.strictObject({
  cases: z
    .array(
      z.strictObject({
        name: z.string().min(1),
        callingAe: z.string().optional(),
        calledAe: z.string().optional(),
        series: z.array(seriesSchema).min(1),
        expect: z
          .record(
            z.string(),
            z.union([z.literal(OUTCOME.notApplied), z.literal(OUTCOME.noSeries), ruleName()], {
              error: `must be the name of a series, "${OUTCOME.noSeries}" or "${OUTCOME.notApplied}"`,
            }),
          )
          .describe('For each rule the series that it takes, or why it takes none.'),
      }),
    )
    .default([]),
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
}

/** Reads a file of cases; with `rules`, an expectation of a rule that is not there is a fault. */
export function parseCases(document: YamlDocument, file: string, rules?: readonly string[]): Validation<RuleCase[]> {
  const checked = validate(document, caseFileSchema);
  if (!checked.ok) return checked;
  const faults = checked.value.cases.flatMap((one, index) => {
    const names = one.series.map((series) => series.name);
    return Object.entries(one.expect).flatMap(([rule, expected]) => {
      const path = ['cases', index, 'expect', rule];
      if (rules !== undefined && !rules.includes(rule))
        return [document.fault(path, `no rule is called "${rule}"`, { at: 'key', ...suggestionFor(rule, rules) })];
      return expected.includes(' ') || names.includes(expected)
        ? []
        : [document.fault(path, `no series of this case is called "${expected}"`, suggestionFor(expected, names))];
    });
  });
  if (faults.length > 0) return { ok: false, faults };
  const lineOf = (index: number) => document.fault(['cases', index, 'name'], '').line;
  return { ok: true, value: checked.value.cases.map((one, index) => ({ ...one, file, line: lineOf(index) })) };
}

/** Decides every case and answers with those that came out otherwise. Whether a model is installed does not matter. */
export function checkCases(ruleSet: RuleSet, cases: readonly RuleCase[]): CaseFailure[] {
  return cases.flatMap((one) => {
    const decision = decide(factsOf(one), ruleSet, { models: new Map() });
    return Object.entries(one.expect).flatMap(([rule, expected]) => {
      const decided = decision.rules.find((candidate) => candidate.rule === rule);
      const seen = decided === undefined ? 'no such rule' : asExpected(decided);
      return seen === expected
        ? []
        : [{ file: one.file, line: one.line, case: one.name, rule, expected, seen, reason: decided?.reason ?? '' }];
    });
  });
}

/** Series of cases have their name as UID, so that the chosen one can be named. */
function asExpected(decided: RuleDecision): string {
  return decided.runs[0]?.inputs[0]?.seriesInstanceUid ?? decided.outcome;
}

function factsOf(one: RuleCase) {
  const series = one.series.map((written, index): SeriesInput => {
    const instances = Array.from({ length: written.slices }, (_, slice) => ({
      sopInstanceUid: `${written.name}.${slice}`,
      header: headerOf({
        SeriesNumber: index + 1,
        InstanceNumber: slice + 1,
        ImageOrientationPatient: [1, 0, 0, 0, 1, 0],
        ImagePositionPatient: [0, 0, slice * written.spacingMm],
        ...written.tags,
      }),
    }));
    return { seriesInstanceUid: written.name, instances };
  });
  return studyFacts({
    studyInstanceUid: one.name,
    ...(one.callingAe === undefined ? {} : { callingAe: one.callingAe }),
    ...(one.calledAe === undefined ? {} : { calledAe: one.calledAe }),
    series,
  });
}

function headerOf(tags: Readonly<Record<string, z.output<typeof tagValue>>>): Header {
  const elements = Object.entries(tags).map(([name, value]): [string, HeaderElement] => {
    const tag = tagOf(name) ?? 0;
    const values: HeaderValue[] = [value].flat();
    return [tagKey(tag), values[0] === '' ? { vr: dictionaryVr(tag) } : { vr: dictionaryVr(tag), Value: values }];
  });
  return Object.fromEntries(elements);
}
