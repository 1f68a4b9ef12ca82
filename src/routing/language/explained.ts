/** What became of a condition, part by part, and in words. */
import type { Truth } from '../truth.js';

export type SeenValue = string | number | boolean;

/** One node of a condition with its answer. May hold values of the patient's header: for people with access, never for logs. */
export interface Explained {
  /** Where it stands in the rule: `when[1].any[0]`. */
  readonly path: string;
  /** In words: `BodyPartExamined is one of CHEST, THORAX`; `all of`, `any of`, `not`, a name, or a quantifier for groups. */
  readonly text: string;
  readonly truth: Truth;
  /** Clauses only: what was there, and where it was read or why it was not. */
  readonly seen?: { readonly values: readonly SeenValue[]; readonly source: string };
  /** Groups only; of a quantifier the first two members that were true, false and missing. */
  readonly parts?: readonly Explained[];
  /** How `parts` make the answer; absent for clauses. */
  readonly group?: 'all' | 'any' | 'not' | 'named' | 'members';
  /** Quantifiers only: how many members there are of each answer. */
  readonly counts?: Readonly<Record<Truth, number>>;
  /** Parts of quantifiers only: the member that was asked, `instance 3` or `series 2`. */
  readonly member?: string;
}

/** The parts because of which a condition is not true, each once, in the order of the rule. */
export function blame(explained: Explained): Explained[] {
  const { truth, parts, group } = explained;
  if (truth === 'true') return [];
  if (parts === undefined || group === 'not' || group === 'members') return [explained];
  const guilty = group === 'all' ? parts.filter((part) => part.truth === truth) : parts;
  return guilty.flatMap(blame);
}

/** Why a condition is not true, in one line. */
export function reasonOf(explained: Explained): string {
  return blame(explained).map(phrase).join('; ');
}

/** One blamed part as a phrase: what was asked and what was seen instead. */
function phrase(explained: Explained): string {
  const [inner] = explained.parts ?? [];
  if (explained.group === 'not' && inner !== undefined) return `not (${wording(inner)}): ${seenText(inner)}`;
  return `${wording(explained)}: ${seenText(explained)}`;
}

/** A condition in words, its parts included: `all of (Modality is CT, plane is axial)`. */
export function wording({ text, parts, group }: Explained): string {
  if (group === undefined || group === 'named' || group === 'members') return text;
  const inner = (parts ?? []).map(wording);
  return group === 'not' ? `not (${inner.join(', ')})` : inner.length === 1 ? inner.join() : `${text} (${inner.join(', ')})`;
}

/** What a clause saw, for people: the values, or why there is none; of a quantifier, how many members answered what. */
export function seenText(explained: Explained): string {
  const { seen, truth, counts, parts } = explained;
  if (counts !== undefined) return countsText(counts);
  if (seen !== undefined) return seen.values.length === 0 ? seen.source : `seen ${valuesText(seen.values)}`;
  return (parts ?? []).length > 0 && truth !== 'true' ? reasonOf(explained) : truth;
}

/** How many values are shown of an element that has more. */
const SHOWN_VALUES = 20;

/** Values as DICOM writes several; long lists are cut. */
export function valuesText(values: readonly SeenValue[]): string {
  const shown = values.slice(0, SHOWN_VALUES).map(String).join('\\');
  return values.length > SHOWN_VALUES ? `${shown}\\… (${values.length} values)` : shown;
}

/** `true of 3, false of 7, missing in 1`; what there is none of is left out. */
export function countsText(counts: Readonly<Record<Truth, number>>): string {
  const texts = [
    ...(counts.true > 0 ? [`true of ${counts.true}`] : []),
    ...(counts.false > 0 ? [`false of ${counts.false}`] : []),
    ...(counts.missing > 0 ? [`missing in ${counts.missing}`] : []),
  ];
  return texts.length === 0 ? 'there is none' : texts.join(', ');
}

/** `series 3`, or its UID where it has no number. */
export function seriesLabel(series: { readonly seriesNumber?: number; readonly seriesInstanceUid: string }): string {
  return series.seriesNumber === undefined ? `series ${series.seriesInstanceUid}` : `series ${series.seriesNumber}`;
}
