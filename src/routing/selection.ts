/** Which of the candidate series are fit for an input, in which order, and by what each other one lost. Pure. */
import { TAG } from '../dicom/element/tags.js';
import { cardRefusal } from './card-gate.js';
import { explain, reasonOf, seriesLabel, truthOfCondition, type Explained } from './condition.js';
import type { ActiveModel, Loss } from './decision.js';
import { bySeriesNumber, type SeriesFacts } from './facts.js';
import { textsIn } from './header-values.js';
import { patternFound } from './pattern.js';
import type { RuleInput } from './rule-inputs.js';
import type { Preference } from './schema.js';

interface Rank {
  /** Lower is better. */
  readonly rank: number;
  readonly text: () => string;
}

export interface Ranked {
  readonly series: SeriesFacts;
  readonly ranks: readonly Rank[];
}

export interface Selection {
  /** Those that are fit, the best first. */
  readonly ranked: readonly Ranked[];
  /** The account of `where`, by SeriesInstanceUID; empty where the input has none. */
  readonly where: ReadonlyMap<string, Explained>;
  /** Of those that are not fit, by SeriesInstanceUID. */
  readonly losses: ReadonlyMap<string, Loss>;
}

/**
 * Sets aside what `where` and then the model's card do not admit, and ranks the rest by each preference in turn. What is still
 * equal is ordered by the lowest SeriesNumber, then the lowest SeriesInstanceUID.
 */
export function select(candidates: readonly SeriesFacts[], input: RuleInput, model?: ActiveModel): Selection {
  const where = new Map<string, Explained>();
  const losses = new Map<string, Loss>();
  const fit = candidates.filter((series) => {
    const loss = whyUnfit(series, input, model, where);
    if (loss !== undefined) losses.set(series.seriesInstanceUid, loss);
    return loss === undefined;
  });
  const ranked = fit.map((series) => ({
    series,
    ranks: input.prefer.map((preference, index) => rankOf(series, preference, `${input.paths.prefer}[${index}]`)),
  }));
  return { ranked: ranked.sort(byRank), where, losses };
}

function whyUnfit(
  series: SeriesFacts,
  input: RuleInput,
  model: ActiveModel | undefined,
  accounts: Map<string, Explained>,
): Loss | undefined {
  const path = input.paths.where;
  if (input.where !== undefined) {
    const account = explain(input.where, series, path);
    accounts.set(series.seriesInstanceUid, account);
    if (account.truth !== 'true') return { path, text: reasonOf(account) };
  }
  const text = cardRefusal(series, input.name, model?.card);
  return text === undefined ? undefined : { path: 'card', text };
}

function byRank(a: Ranked, b: Ranked): number {
  const index = firstDifference(a, b);
  return index === -1 ? bySeriesNumber(a.series, b.series) : rankAt(a, index) < rankAt(b, index) ? -1 : 1;
}

function firstDifference(a: Ranked, b: Ranked): number {
  return a.ranks.findIndex(({ rank }, index) => rank !== rankAt(b, index));
}

function rankAt({ ranks }: Ranked, index: number): number {
  return ranks[index]?.rank ?? 0;
}

/** By what a series lost against one that ranks before it. */
export function lossAgainst(loser: Ranked, winner: Ranked, preferPath: string): Loss {
  const index = firstDifference(loser, winner);
  const [lost, won] = [loser.ranks[index], winner.ranks[index]];
  if (lost === undefined || won === undefined) {
    const text = `equal to ${seriesLabel(winner.series)}, which comes first by SeriesNumber, then SeriesInstanceUID`;
    return { path: 'order', text };
  }
  return { path: `${preferPath}[${index}]`, text: `${lost.text()}; ${seriesLabel(winner.series)}: ${won.text()}` };
}

function rankOf(series: SeriesFacts, preference: Preference, path: string): Rank {
  if ('thinnest' in preference) return thinness(series);
  if ('mostInstances' in preference) {
    const count = Number(series.facts.instanceCount.values[0] ?? 0);
    return { rank: -count, text: () => `${count} instances` };
  }
  if ('kernel' in preference) return kernelRank(series, preference.kernel);
  const truth = truthOfCondition(preference, series);
  const text = () => (truth === 'true' ? 'preferred' : reasonOf(explain(preference, series, path)));
  return { rank: { true: 0, missing: 1, false: 2 }[truth], text };
}

/** Thicknesses that differ by less than 0.01 mm are the same; a series without one comes last. */
function thinness(series: SeriesFacts): Rank {
  const { values, source } = series.facts.sliceThicknessMm;
  const [value] = values;
  return typeof value === 'number'
    ? { rank: Math.round(value * 100), text: () => `${value} mm thick` }
    : { rank: Infinity, text: () => source };
}

/** The first pattern that matches ranks best; without a kernel comes next, a kernel that matches none last. */
function kernelRank(series: SeriesFacts, patterns: readonly string[]): Rank {
  const kernels = textsIn(series.first, TAG.ConvolutionKernel);
  if (kernels.length === 0) return { rank: patterns.length, text: () => 'ConvolutionKernel is absent or empty' };
  const kernel = kernels.join('\\');
  const rank = patterns.findIndex((pattern) => kernels.some((one) => patternFound(pattern, one)));
  if (rank === -1) return { rank: patterns.length + 1, text: () => `kernel ${kernel} matches none` };
  return { rank, text: () => `kernel ${kernel} matches /${patterns[rank] ?? ''}/` };
}
