/** Which of the candidate series becomes the input, and by what each other one lost. Pure. */
import { TAG } from '../dicom/element/tags.js';
import { explain, reasonOf, seriesLabel, type Explained } from './condition.js';
import { bySeriesNumber, type SeriesFacts } from './facts.js';
import { textsIn } from './header-values.js';
import { patternFound } from './pattern.js';
import type { Condition, Preference, Rule } from './schema.js';

/** Where a series left the selection. */
export interface Loss {
  /** `series.where`, `series.prefer[0]`, or `order` for a tie. */
  readonly path: string;
  /** What this series had, and what the better one had. */
  readonly text: string;
}

export interface Selection {
  readonly chosen?: SeriesFacts;
  /** The account of `where`, by SeriesInstanceUID; empty where the rule has none. */
  readonly where: ReadonlyMap<string, Explained>;
  readonly losses: ReadonlyMap<string, Loss>;
}

/**
 * Sets aside what `where` does not admit, then lets each preference in turn keep the best of those that are left. What is
 * still equal is decided by the lowest SeriesNumber, then the lowest SeriesInstanceUID.
 */
export function select(candidates: readonly SeriesFacts[], selection: Rule['series']): Selection {
  const where = new Map<string, Explained>();
  const losses = new Map<string, Loss>();
  let left = [...candidates].sort(bySeriesNumber);
  if (selection.where !== undefined) left = admitted(left, selection.where, where, losses);
  for (const [index, preference] of selection.prefer.entries()) left = preferred(left, preference, `series.prefer[${index}]`, losses);
  const [chosen, ...equals] = left;
  if (chosen === undefined) return { where, losses };
  for (const series of equals) {
    losses.set(series.seriesInstanceUid, {
      path: 'order',
      text: `equal to ${seriesLabel(chosen)}, which comes first by SeriesNumber, then SeriesInstanceUID`,
    });
  }
  return { chosen, where, losses };
}

function admitted(
  series: readonly SeriesFacts[],
  where: Condition,
  accounts: Map<string, Explained>,
  losses: Map<string, Loss>,
): SeriesFacts[] {
  return series.filter((one) => {
    const account = explain(where, one, 'series.where');
    accounts.set(one.seriesInstanceUid, account);
    if (account.truth === 'true') return true;
    losses.set(one.seriesInstanceUid, { path: 'series.where', text: reasonOf(account) });
    return false;
  });
}

function preferred(series: readonly SeriesFacts[], preference: Preference, path: string, losses: Map<string, Loss>): SeriesFacts[] {
  const ranked = series.map((one) => ({ one, ...rankOf(one, preference, path) }));
  const best = ranked.reduce<(typeof ranked)[number] | undefined>(
    (leader, next) => (leader === undefined || next.rank < leader.rank ? next : leader),
    undefined,
  );
  if (best === undefined) return [];
  for (const { one, rank, text } of ranked) {
    if (rank > best.rank) losses.set(one.seriesInstanceUid, { path, text: `${text}; ${seriesLabel(best.one)}: ${best.text}` });
  }
  return ranked.filter(({ rank }) => rank === best.rank).map(({ one }) => one);
}

interface Rank {
  /** Lower is better. */
  readonly rank: number;
  readonly text: string;
}

function rankOf(series: SeriesFacts, preference: Preference, path: string): Rank {
  if ('thinnest' in preference) return thinness(series);
  if ('mostInstances' in preference) {
    const count = series.instances().length;
    return { rank: -count, text: `${count} instances` };
  }
  if ('kernel' in preference) return kernelRank(series, preference.kernel);
  const account = explain(preference, series, path);
  return { rank: { true: 0, missing: 1, false: 2 }[account.truth], text: account.truth === 'true' ? 'preferred' : reasonOf(account) };
}

/** Thicknesses that differ by less than 0.01 mm are the same; a series without one comes last. */
function thinness(series: SeriesFacts): Rank {
  const { values, source } = series.facts.sliceThicknessMm;
  const [value] = values;
  return typeof value === 'number' ? { rank: Math.round(value * 100), text: `${value} mm thick` } : { rank: Infinity, text: source };
}

/** The first pattern that matches ranks best; without a kernel comes next, a kernel that matches none last. */
function kernelRank(series: SeriesFacts, patterns: readonly string[]): Rank {
  const kernels = textsIn(series.first, TAG.ConvolutionKernel);
  if (kernels.length === 0) return { rank: patterns.length, text: 'ConvolutionKernel is absent or empty' };
  const kernel = kernels.join('\\');
  const rank = patterns.findIndex((pattern) => kernels.some((one) => patternFound(pattern, one)));
  if (rank === -1) return { rank: patterns.length + 1, text: `kernel ${kernel} matches none` };
  return { rank, text: `kernel ${kernel} matches /${patterns[rank] ?? ''}/` };
}
