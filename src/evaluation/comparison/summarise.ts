/** All cases of a comparison as statistics. Pure: scores and clinical numbers in, a summary out; the same scores give the same summary. */
import type { ClinicalTable } from '../cohort/clinical-table.js';
import { describe, type Description } from '../statistics/describe.js';
import { METRICS, type CaseScore, type Metric } from './case-score.js';
import type { CountedModel } from './compared-model.js';
import { groups, lackIn, notClaimedBy, outcomeOf, scoresOfModel, type Scored } from './scored.js';
import { meanInterval, type Interval } from '../statistics/bootstrap.js';
import { compareModels, compareSides, type PairedTest, type SideTest } from './paired-tests.js';
import { correlate, type ClinicalCorrelation } from './clinical-correlations.js';

/** A description with the 95 % bootstrap interval of the mean. */
export type Figures = Description & { readonly meanInterval?: Interval };

export interface ModelSummary {
  readonly model: string;
  /** Of all cases of the cohort, so many have a result, and so many have none. */
  readonly casesIn: number;
  readonly done: number;
  readonly failed: number;
  /** Failures by code. */
  readonly failures: Readonly<Record<string, number>>;
  readonly runTimeMs?: Description;
  readonly peakMemoryBytes?: Description;
  /** Structures of truths that it gives nowhere and its card does not promise: they are not in its figures. Ready results have no card. */
  readonly notClaimed: readonly { readonly structure: string; readonly cases: number }[];
}

export interface StructureSummary {
  readonly structure: string;
  readonly model: string;
  /** Cases whose truth has the structure: each of them is scored, failed or not measured. */
  readonly n: number;
  /** With figures; a structure that the model gives elsewhere or promises, and not here, counts with a Dice of 0. */
  readonly scored: number;
  /** Of those, not drawn here. */
  readonly absent: number;
  /** The model, or reading its result, failed. */
  readonly failed: number;
  /** Not measured: the truth or the result is a whole that lacks something, or lies on another grid. */
  readonly notMeasured: number;
  /** Cases beside n: the truth says that there is nothing of it, and the model drew some. */
  readonly falsePositives: number;
  readonly metrics: Readonly<Partial<Record<Metric, Figures>>>;
  /** The mean Dice where each failure counts as 0. */
  readonly diceWithFailuresAsZero: number | null;
  /** What truths or results lack of it. */
  readonly lacks: readonly string[];
}

/** How two models agree where there is no truth. */
export interface AgreementSummary {
  readonly structure: string;
  readonly models: readonly [string, string];
  readonly n: number;
  readonly metrics: Readonly<Partial<Record<Metric, Figures>>>;
  readonly lacks: readonly string[];
}

export interface Summary {
  readonly casesIn: number;
  readonly casesWithTruth: number;
  readonly casesWithUnreadableTruth: number;
  readonly models: readonly ModelSummary[];
  readonly structures: readonly StructureSummary[];
  readonly agreement: readonly AgreementSummary[];
  /** Models against each other on the same cases. */
  readonly modelTests: readonly PairedTest[];
  /** Left against right. */
  readonly sideTests: readonly SideTest[];
  readonly clinical: {
    readonly casesJoined: number;
    readonly casesWithoutRow: number;
    readonly correlations: readonly ClinicalCorrelation[];
  };
}

/** Summarises a comparison of these models. */
export function summarise(models: readonly CountedModel[], cases: readonly CaseScore[], clinical?: ClinicalTable): Summary {
  const withTruth = cases.filter(({ truth }) => truth === 'there');
  const scored = models.flatMap((model) => scoresOfModel(model, withTruth));
  const joined = cases.filter(({ patientId }) => clinical?.rows.has(patientId) === true).length;
  return {
    casesIn: cases.length,
    casesWithTruth: withTruth.length,
    casesWithUnreadableTruth: cases.filter(({ truth }) => truth === 'unreadable').length,
    models: models.map((model) => ({ ...summaryOfModel(model.label, cases), notClaimed: notClaimedBy(model, withTruth) })),
    structures: groups(scored, ({ structure, model }) => `${structure}\n${model}`).map(summaryOfStructure),
    agreement: agreementOf(cases),
    modelTests: compareModels(
      models.map(({ label }) => label),
      scored,
    ),
    sideTests: compareSides(scored),
    clinical: {
      casesJoined: joined,
      casesWithoutRow: clinical === undefined ? 0 : cases.length - joined,
      correlations: clinical === undefined ? [] : correlate(scored, clinical),
    },
  };
}

function summaryOfModel(model: string, cases: readonly CaseScore[]): Omit<ModelSummary, 'notClaimed'> {
  const outcomes = cases.flatMap((one) => outcomeOf(model, one) ?? []);
  const failures: Record<string, number> = {};
  for (const { failure } of outcomes) if (failure !== undefined) failures[failure.code] = (failures[failure.code] ?? 0) + 1;
  const failed = Object.values(failures).reduce((sum, count) => sum + count, 0);
  const numbers = (key: 'runTimeMs' | 'peakMemoryBytes') =>
    describe(outcomes.flatMap((one) => (one.failure === undefined ? (one[key] ?? []) : [])));
  const [runTimeMs, peakMemoryBytes] = [numbers('runTimeMs'), numbers('peakMemoryBytes')];
  return {
    model,
    casesIn: cases.length,
    done: cases.length - failed,
    failed,
    failures,
    ...(runTimeMs === undefined ? {} : { runTimeMs }),
    ...(peakMemoryBytes === undefined ? {} : { peakMemoryBytes }),
  };
}

function summaryOfStructure(scored: readonly Scored[]): StructureSummary {
  const [{ structure, model }] = scored;
  const count = (standing: Scored['standing']) => scored.filter((one) => one.standing === standing).length;
  const dice = scored.flatMap(({ figures, standing }) => (standing === 'failed' ? 0 : (figures.dice ?? [])));
  return {
    structure,
    model,
    n: scored.length - count('false positive'),
    scored: count('scored') + count('absent'),
    absent: count('absent'),
    failed: count('failed'),
    notMeasured: count('not measured'),
    falsePositives: count('false positive'),
    metrics: metricsOf(scored.map(({ figures }) => figures)),
    diceWithFailuresAsZero: describe(dice)?.mean ?? null,
    lacks: distinct(scored.map(({ lack }) => lack)),
  };
}

function metricsOf(all: readonly Scored['figures'][]): StructureSummary['metrics'] {
  return Object.fromEntries(
    METRICS.flatMap((metric) => {
      const values = all.flatMap((figures) => figures[metric] ?? []);
      const description = describe(values);
      const interval = meanInterval(values);
      return description === undefined ? [] : [[metric, { ...description, ...(interval === undefined ? {} : { meanInterval: interval }) }]];
    }),
  );
}

function agreementOf(cases: readonly CaseScore[]): AgreementSummary[] {
  const scores = cases.flatMap(({ pairs }) => pairs.flatMap(({ models, scores: all }) => all.map((score) => ({ models, score }))));
  const measured = scores.filter(({ score }) => score.figures.dice !== null);
  return groups(measured, ({ models, score }) => [score.structure, ...models].join('\n')).map((group) => ({
    structure: group[0].score.structure,
    models: group[0].models,
    n: group.length,
    metrics: metricsOf(group.map(({ score }) => score.figures)),
    lacks: distinct(group.map(({ score }) => lackIn(score))),
  }));
}

function distinct(texts: readonly string[]): string[] {
  return [...new Set(texts)].filter((text) => text !== '');
}
