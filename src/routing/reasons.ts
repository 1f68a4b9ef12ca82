/** Decisions in one sentence for people. What was not analysed is said so: nothing here may read as "negative". */
import { reasonOf, seriesLabel, type Explained } from './condition.js';
import type { ActiveModels, Loss, RuleDecision } from './decision.js';
import type { SeriesFacts } from './facts.js';
import type { Combination, InputChoice } from './combine.js';
import type { Rule } from './schema.js';

/** How many series a sentence names. */
const NAMED_SERIES = 5;

export interface AskedSeries {
  readonly series: SeriesFacts;
  readonly when: Explained;
}

/** `model lungs takes series 3`; with several inputs `series 3 as ct and series 4 as pt`; with several runs `series 3 and series 4, each in a run of its own`. */
export function takesText(model: Rule['model'], choices: readonly InputChoice[], combinations: readonly Combination[]): string {
  const wanted = model.version === undefined ? model.name : `${model.name} ${model.version}`;
  const [combination = []] = combinations;
  if (choices.length > 1) {
    const taken = combination.map(({ series }, index) => `${seriesLabel(series)} as ${choices[index]?.input.name ?? ''}`);
    return `model ${wanted} takes ${taken.join(' and ')}`;
  }
  const labels = combinations.flatMap((one) => one.map(({ series }) => seriesLabel(series)));
  const each = labels.length > 1 ? ', each in a run of its own' : '';
  return `model ${wanted} takes ${labels.join(' and ')}${each}`;
}

/** Why the model of a rule cannot run now. */
export function waitsText(model: RuleDecision['model'], models: ActiveModels): string {
  const active = models.get(model.name);
  return active === undefined ? 'no model of that name is active' : `version ${active.version} is active`;
}

/** Why none of the series that a rule is about can be analysed. */
export function notAnalysed(losses: readonly { readonly series: SeriesFacts; readonly loss: Loss }[], input?: string): string {
  const texts = new Set(losses.map(({ loss }) => loss.text));
  const [same = ''] = texts;
  const named = losses.slice(0, NAMED_SERIES).map(({ series, loss }) => `${seriesLabel(series)}: ${loss.text}`);
  const more = losses.length > NAMED_SERIES ? ` | and ${losses.length - NAMED_SERIES} more series` : '';
  return `not analysed: ${input === undefined ? '' : `no series for ${input}: `}${texts.size === 1 ? same : named.join(' | ') + more}`;
}

/** Why the inputs cannot be put together. */
export function noPartners(choices: readonly InputChoice[], tiedBy: 'study' | 'frameOfReference'): string {
  const names = choices.map(({ input }) => input.name).join(' and ');
  const fit = choices.map(
    ({ input, selection }) =>
      `${input.name}: ${selection.ranked
        .slice(0, NAMED_SERIES)
        .map(({ series }) => seriesLabel(series))
        .join(', ')}`,
  );
  const why = tiedBy === 'study' ? `${names} need a series each` : `no ${names} share a frame of reference`;
  return `not analysed: ${why} (${fit.join('; ')})`;
}

/** The reason of the series that came nearest: missing before false, then most clauses true, then the first. */
export function notConcerned(asked: readonly AskedSeries[]): string {
  const nearness = ({ when }: AskedSeries) => (when.truth === 'missing' ? 1000 : 0) + trueClauses(when);
  const nearest = asked.reduce<AskedSeries | undefined>(
    (best, next) => (best === undefined || nearness(next) > nearness(best) ? next : best),
    undefined,
  );
  if (nearest === undefined) return 'the study has no series';
  return `${seriesLabel(nearest.series)}${asked.length > 1 ? `, the nearest of ${asked.length}` : ''}: ${reasonOf(nearest.when)}`;
}

function trueClauses(explained: Explained): number {
  if (explained.parts === undefined || explained.group === 'members') return explained.truth === 'true' ? 1 : 0;
  return explained.parts.reduce((count, part) => count + trueClauses(part), 0);
}
