/** What is counted: each structure of each model in each case whose truth has it. What failed and what is missing stays in. */
import { NO_FIGURES, type CaseScore, type MetricFigures, type ModelOutcome, type StructureScore } from './case-score.js';

/** One structure of one model in one case. */
export interface Scored {
  readonly caseName: string;
  readonly patientId: string;
  readonly model: string;
  readonly structure: string;
  /**
   * `absent`: the model gives it in other cases and not here, which is a Dice of 0. `false positive`: the truth was looked at for it and is empty, the
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

/** Of cases with truth: what a model gives anywhere is expected of it wherever the truth has it. */
export function scoresOfModel(model: string, cases: readonly CaseScore[]): Scored[] {
  const given = new Set(
    cases
      .flatMap((one) => outcomeOf(model, one)?.scores ?? [])
      .filter(({ output }) => output.state !== 'absent')
      .map(({ structure }) => structure),
  );
  return cases.flatMap((one): Scored[] => {
    const outcome = outcomeOf(model, one);
    const known = new Map((outcome?.scores ?? []).map((score) => [score.structure, score]));
    const { caseName, patientId, truthHas } = one;
    const of = { caseName, patientId, model };
    return [...given].flatMap((structure): Scored[] => {
      const score = known.get(structure);
      if (truthHas.includes(structure)) return [{ ...of, structure, ...counted(score, outcome?.failure !== undefined) }];
      return isFalsePositive(score) ? [{ ...of, structure, standing: 'false positive', figures: NO_FIGURES, lack: '' }] : [];
    });
  });
}

function isFalsePositive(score: StructureScore | undefined): boolean {
  return score?.reference?.volumeMl === 0 && (score.output.volumeMl ?? 0) > 0;
}

function counted(score: StructureScore | undefined, failed: boolean): Pick<Scored, 'standing' | 'figures' | 'lack'> {
  if (failed) return { standing: 'failed', figures: NO_FIGURES, lack: '' };
  if (score === undefined || score.output.state === 'absent') return { standing: 'absent', figures: { ...NO_FIGURES, dice: 0 }, lack: '' };
  return { standing: score.figures.dice === null ? 'not measured' : 'scored', figures: score.figures, lack: lackIn(score) };
}

/** What either side lacks of a structure, in words. */
export function lackIn({ output, reference }: StructureScore): string {
  return [...new Set([output.lack, reference?.lack ?? ''])].filter((lack) => lack !== '').join('; ');
}
