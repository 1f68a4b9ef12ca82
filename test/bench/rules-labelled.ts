/** How right the shipped rules are: precision and recall on studies that people have labelled. */
import { decide } from '../../src/routing/evaluate.js';
import { studyFacts, type FactsInput } from '../../src/routing/facts.js';
import { testData } from '../support/data.js';
import { labelledStudies, RULES, type Expectation, type RuleName } from '../support/labelled-studies.js';
import { verdictOn, type Verdict } from '../support/labelled-verdict.js';
import { REAL_FOLDERS, realLabels, realStudies } from '../support/real-studies.js';
import { shippedModels, shippedRules } from '../support/shipped-rules.js';

export interface LabelledRow {
  readonly case: string;
  readonly value: number;
  readonly unit: 'studies' | 'decisions' | 'share';
}

interface Labelled {
  readonly input: () => FactsInput;
  readonly expected: Readonly<Record<RuleName, Expectation>>;
}

/** What was decided, by verdict; `rightly fired` are those of the right ones where there was something to take. */
type Tally = Record<Verdict | 'rightly fired', number>;

const WRONG = ['wrong series', 'fired wrongly', 'missed', 'other answer'] as const;

/** The figures over the made-up studies, and over those of the test data where all of it is there. */
export function measureLabelled(): LabelledRow[] {
  const real = realOnes();
  return [...rowsOf('labelled set', labelledStudies()), ...(real === undefined ? [] : rowsOf('labelled test data', real))];
}

function realOnes(): Labelled[] | undefined {
  const folders = REAL_FOLDERS.flatMap((name) => testData(name) ?? []);
  if (folders.length < REAL_FOLDERS.length) {
    console.log('not all of the test data is on this machine: precision and recall on it are left out');
    return undefined;
  }
  const studies = new Map(realStudies(...folders).map((study) => [study.studyInstanceUid, study]));
  return realLabels().map(({ studyInstanceUid, expected }) => {
    const study = studies.get(studyInstanceUid);
    if (study === undefined) throw new Error(`no study ${studyInstanceUid} in the test data, though it has a label`);
    return { input: () => study, expected };
  });
}

function rowsOf(set: string, studies: readonly Labelled[]): LabelledRow[] {
  const tallies = tallyOf(studies);
  const all = none();
  for (const tally of tallies.values()) for (const key of Object.keys(all) as (keyof Tally)[]) all[key] += tally[key];
  return [
    { case: `${set}: studies`, value: studies.length, unit: 'studies' },
    ...[...tallies].flatMap(([rule, tally]) => figuresOf(`${set}, ${rule}`, tally)),
    ...figuresOf(`${set}, all rules`, all),
  ];
}

function tallyOf(studies: readonly Labelled[]): Map<RuleName, Tally> {
  const [rules, models] = [shippedRules(), shippedModels()];
  const tallies = new Map(RULES.map((rule) => [rule, none()]));
  for (const { input, expected } of studies) {
    const decision = decide(studyFacts(input()), rules, { models });
    for (const [rule, tally] of tallies) {
      const decided = decision.rules.find((one) => one.rule === rule);
      if (decided === undefined) throw new Error(`the rule ${rule} is not in force`);
      const verdict = verdictOn(decided, expected[rule]);
      tally[verdict]++;
      if (verdict === 'right' && decided.runs.length > 0) tally['rightly fired']++;
    }
  }
  return tallies;
}

const none = (): Tally => ({ right: 0, 'wrong series': 0, 'fired wrongly': 0, missed: 0, 'other answer': 0, 'rightly fired': 0 });

/** A wrong series counts against both: what was taken was not right, and what was right was not taken. */
function figuresOf(name: string, tally: Tally): LabelledRow[] {
  const fired = tally['rightly fired'];
  const precision = share(fired, fired + tally['wrong series'] + tally['fired wrongly']);
  const recall = share(fired, fired + tally['wrong series'] + tally.missed);
  return [
    ...precision.map((value): LabelledRow => ({ case: `${name}: precision`, value, unit: 'share' })),
    ...recall.map((value): LabelledRow => ({ case: `${name}: recall`, value, unit: 'share' })),
    { case: `${name}: rightly fired`, value: fired, unit: 'decisions' },
    ...WRONG.map((verdict): LabelledRow => ({ case: `${name}: ${verdict}`, value: tally[verdict], unit: 'decisions' })),
  ];
}

/** Of nothing there is no share. */
function share(part: number, whole: number): number[] {
  return whole === 0 ? [] : [Math.round((part / whole) * 10_000) / 10_000];
}
