/** From the ranked series of each input to the runs: every input has a series, or there is no run. */
import { TAG } from '../dicom/element/tags.js';
import { seriesLabel } from './condition.js';
import type { Loss } from './decision.js';
import type { SeriesFacts } from './facts.js';
import { textsIn } from './header-values.js';
import type { RuleInput } from './rule-inputs.js';
import { lossAgainst, type Ranked, type Selection } from './selection.js';

export interface InputChoice {
  readonly input: RuleInput;
  readonly selection: Selection;
}

/** One series for each input, in their order. */
export type Combination = readonly Ranked[];

/**
 * One input: its best series, as many as it takes, each a run. Several: the best series of the first input that has partners,
 * with the best partners of it; every series is taken once only.
 */
export function combinationsOf(choices: readonly InputChoice[], tiedBy: 'study' | 'frameOfReference'): readonly Combination[] {
  const [only] = choices;
  if (choices.length === 1 && only !== undefined) return only.selection.ranked.slice(0, only.input.take).map((ranked) => [ranked]);
  const found = partnersFor(choices, tiedBy === 'frameOfReference', []);
  return found === undefined ? [] : [found];
}

function partnersFor(choices: readonly InputChoice[], sameFrame: boolean, taken: readonly Ranked[]): Combination | undefined {
  const next = choices[taken.length];
  if (next === undefined) return taken;
  for (const candidate of next.selection.ranked) {
    if (taken.some(({ series }) => series === candidate.series)) continue;
    const together = [...taken, candidate];
    if (sameFrame && !isPossible(together, choices)) continue;
    const found = partnersFor(choices, sameFrame, together);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Whether all that are taken share a frame of reference that each later input has too: else nothing further is tried. */
function isPossible(together: readonly Ranked[], choices: readonly InputChoice[]): boolean {
  const [first] = together;
  const frame = first && frameOfReference(first.series);
  if (frame === undefined || together.some(({ series }) => frameOfReference(series) !== frame)) return false;
  return choices.slice(together.length).every(({ selection }) => selection.ranked.some(({ series }) => frameOfReference(series) === frame));
}

/** FrameOfReferenceUID (PS3.3 C.7.4.1); undefined where it is absent or empty. */
export function frameOfReference(series: SeriesFacts): string | undefined {
  return textsIn(series.first, TAG.FrameOfReferenceUID)[0];
}

/** By what each fit series that is in no run lost, by SeriesInstanceUID; `position` counts the inputs. */
export function lossesOfFit(choices: readonly InputChoice[], combinations: readonly Combination[], position: number): Map<string, Loss> {
  const losses = new Map<string, Loss>();
  const { selection, input } = choices[position];
  const chosen = combinations.flatMap((combination) => combination[position] ?? []);
  const last = chosen.at(-1);
  for (const ranked of selection.ranked) {
    if (chosen.includes(ranked)) continue;
    const isBetter = last !== undefined && selection.ranked.indexOf(ranked) < selection.ranked.indexOf(last);
    const loss =
      last === undefined || isBetter ? partnerless(ranked, choices, combinations, position) : lossAgainst(ranked, last, input.paths.prefer);
    losses.set(ranked.series.seriesInstanceUid, loss);
  }
  return losses;
}

function partnerless({ series }: Ranked, choices: readonly InputChoice[], combinations: readonly Combination[], position: number): Loss {
  const path = 'tiedBy';
  const other = combinations[0]?.findIndex((one) => one.series === series) ?? -1;
  if (other !== -1) return { path, text: `taken as ${choices[other]?.input.name ?? 'another input'}` };
  const frame = frameOfReference(series);
  if (frame === undefined) return { path, text: 'FrameOfReferenceUID is absent or empty' };
  const without = choices.filter(
    ({ selection }, index) =>
      index !== position && !selection.ranked.some((one) => one.series !== series && frameOfReference(one.series) === frame),
  );
  if (without.length > 0)
    return { path, text: `no series for ${without.map(({ input }) => input.name).join(' and ')} shares its frame of reference` };
  const [first] = combinations[0] ?? [];
  return {
    path,
    text: first === undefined ? 'not every input has a series of its own' : `another frame of reference than ${seriesLabel(first.series)}`,
  };
}
