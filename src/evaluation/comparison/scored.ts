/** What is counted: each structure of each model in each case whose truth has it. What failed and what is missing stays in. */
import { lackOf, planWhole } from '../../dicom/structures/wholes.js';
import { NO_FIGURES, type CaseScore, type MetricFigures, type ModelOutcome, type StructureScore } from './case-score.js';
import type { CountedModel } from './compared-model.js';

/** One structure of one model in one case. */
export interface Scored {
  readonly caseName: string;
  readonly patientId: string;
  readonly model: string;
  readonly structure: string;
  /**
   * `absent`: the model gives it in other cases or promises it on its card, and not here, which is a Dice of 0. `not measured`, whatever the model did: the
   * truth has a part of it only; else what it drew would be without a figure, and what it missed a Dice of 0. `false positive`: the truth was looked at for it and is empty, the
   * model drew it; this has no figure and is not in n, and neither is what both left empty.
   */
  readonly standing: 'scored' | 'absent' | 'failed' | 'not measured' | 'false positive';
  readonly figures: MetricFigures;
  /** What the truth or the result lacks of it, in words; empty where nothing. */
  readonly lack: string;
}

/** Groups in the order in which their first members come. */
export function groups<T>(all: readonly T[], keyOf: (one: T) => string): T[][] {
  const byKey = new Map<string, T[]>();
  for (const one of all) {
    const group = byKey.get(keyOf(one));
    if (group === undefined) byKey.set(keyOf(one), [one]);
    else group.push(one);
  }
  return [...byKey.values()];
}

/** What became of a model in a case. */
export function outcomeOf(model: string, { models }: CaseScore): ModelOutcome | undefined {
  return models.find((one) => one.model === model);
}

/** Of cases with truth: what a model gives anywhere, and what its card promises, is expected of it wherever the truth has it. */
export function scoresOfModel(model: CountedModel, cases: readonly CaseScore[]): Scored[] {
  const expected = expectedOf(model, cases);
  return cases.flatMap((one): Scored[] => {
    const outcome = outcomeOf(model.label, one);
    const known = new Map((outcome?.scores ?? []).map((score) => [score.structure, score]));
    const { caseName, patientId, truthHas } = one;
    const truth = givenByTruth(one);
    const of = { caseName, patientId, model: model.label };
    return [...expected].flatMap((structure): Scored[] => {
      const score = known.get(structure);
      if (truthHas.includes(structure)) return [{ ...of, structure, ...counted(structure, outcome, truth) }];
      return isFalsePositive(score) ? [{ ...of, structure, standing: 'false positive', figures: NO_FIGURES, lack: '' }] : [];
    });
  });
}

/** Structures that truths have and a model neither gives nor promises, with the number of cases in which it has not failed: it is not blamed for them, and they are told. */
export function notClaimedBy(model: CountedModel, cases: readonly CaseScore[]): { structure: string; cases: number }[] {
  const expected = expectedOf(model, cases);
  return groups(
    cases
      .filter((one) => outcomeOf(model.label, one)?.failure === undefined)
      .flatMap(({ truthDrawn }) => truthDrawn.filter((structure) => !expected.has(structure))),
    (structure) => structure,
  ).map((group) => ({ structure: group[0], cases: group.length }));
}

/** What it gives in any case; what its card names; and wholes that truths have and that the parts on its card are all of. */
function expectedOf({ label, claims }: CountedModel, cases: readonly CaseScore[]): ReadonlySet<string> {
  const promised = new Set(claims);
  const whole = cases.flatMap(({ truthDrawn }) => truthDrawn.filter((structure) => planWhole(structure, promised).state === 'complete'));
  return new Set([...cases.flatMap((one) => [...givenBy(outcomeOf(label, one))]), ...promised, ...whole]);
}

function givenBy(outcome: ModelOutcome | undefined): ReadonlySet<string> {
  const given = (outcome?.scores ?? []).filter(({ output }) => output.state !== 'absent');
  return new Set(given.map(({ structure }) => structure));
}

/** What the truth has as it is: drawn, or looked for and found empty. An earlier release kept the scores alone, which tell it where a result was read. */
function givenByTruth({ truthDrawn, models }: CaseScore): ReadonlySet<string> {
  const scores = models.flatMap((model) => model.scores.filter(({ reference }) => reference?.state === 'given'));
  return new Set([...truthDrawn, ...scores.map(({ structure }) => structure)]);
}

/** The truth was looked at for all of it and is empty; of a whole of which it is empty in a part, it says nothing. */
function isFalsePositive(score: StructureScore | undefined): boolean {
  const { state, volumeMl } = score?.reference ?? {};
  return (state === 'given' || state === 'complete') && volumeMl === 0 && (score?.output.volumeMl ?? 0) > 0;
}

function counted(
  structure: string,
  outcome: ModelOutcome | undefined,
  truth: ReadonlySet<string>,
): Pick<Scored, 'standing' | 'figures' | 'lack'> {
  const notMeasured = { standing: 'not measured', figures: NO_FIGURES } as const;
  const score = outcome?.scores.find((one) => one.structure === structure);
  if (score !== undefined && score.output.state !== 'absent')
    return { standing: score.figures.dice === null ? 'not measured' : 'scored', figures: score.figures, lack: lackIn(score) };
  const expected = planWhole(structure, truth);
  if (expected.state === 'incomplete' && expected.missing.length > 0) return { ...notMeasured, lack: lackOf(expected) };
  if (outcome?.failure !== undefined) return { standing: 'failed', figures: NO_FIGURES, lack: '' };
  // A whole of which parts are drawn is not put together in cases whose truth has parts only.
  if (planWhole(structure, givenBy(outcome)).state !== 'absent') return { ...notMeasured, lack: '' };
  return { standing: 'absent', figures: { ...NO_FIGURES, dice: 0 }, lack: '' };
}

/** What either side lacks of a structure, in words. */
export function lackIn({ output, reference }: StructureScore): string {
  return [...new Set([output.lack, reference?.lack ?? ''])].filter((lack) => lack !== '').join('; ');
}
