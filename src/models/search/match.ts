/** Whether a card meets the conditions of a search, how well, and why. */
import { structureById } from '../../dicom/structures/table.js';
import type { IndexedCard } from './indexed-card.js';
import type { ModelQuery, StructureCondition } from './query.js';
import { keyOf, singular, unitsOf } from './units.js';

/** Facts of a model that its card does not have. */
export interface Standing {
  readonly installed: boolean;
  readonly tested: boolean;
  /** Undefined where nobody has said it: MHub's cards do not. */
  readonly gpu?: 'none' | 'required' | 'optional';
}

export interface Searchable extends Standing {
  readonly indexed: IndexedCard;
}

/** One condition met. */
interface Met {
  readonly score: number;
  readonly reason?: string;
}

/** Why a model was found, the best first; undefined where a condition is not met. */
export interface Match {
  readonly score: number;
  readonly reasons: readonly string[];
}

const NAMED = 30;
const EXACT = 10;
const PART = 6;
const WHOLE = 2;
const SAID = 4;

/** All conditions but the free words, which `search` weighs over all cards. The cheap ones come first: most cards fail one. */
export function match(model: Searchable, query: ModelQuery, options: { wholes: boolean }): Match | undefined {
  const { indexed } = model;
  const met: Met[] = [];
  for (const condition of conditionsOf(model, indexed, query, options.wholes)) {
    const one = condition();
    if (one === undefined) return undefined;
    met.push(one);
  }
  met.sort((a, b) => b.score - a.score);
  return { score: met.reduce((sum, { score }) => sum + score, 0), reasons: met.flatMap(({ reason }) => reason ?? []) };
}

function conditionsOf(model: Searchable, indexed: IndexedCard, query: ModelQuery, wholes: boolean): (() => Met | undefined)[] {
  return [
    () => standingMet(model, query),
    () => outputMet(indexed, query),
    ...query.modalities.map((codes) => () => modalityMet(indexed, codes)),
    ...query.bodyParts.map((parts) => () => bodyPartMet(indexed, parts)),
    () => contrastMet(indexed, query),
    () => thicknessMet(indexed, query.sliceThicknessMm),
    ...query.structures.map((condition) => () => structureMet(indexed, condition, query, wholes)),
  ];
}

/** How a free word is met: by the name, the title, or anything else that a card says. */
export function wordMet({ card, titleWords, words }: IndexedCard, word: string): Met | undefined {
  const one = singular(word);
  if (card.name === word || card.name.split('_').join('') === word) return { score: NAMED, reason: `is called ${card.name}` };
  if (titleWords.has(one) || card.name.includes(one)) return { score: EXACT, reason: `"${word}" in its name or title` };
  return words.has(one) ? { score: SAID, reason: `"${word}" in its card` } : undefined;
}

function structureMet(card: IndexedCard, condition: StructureCondition, query: ModelQuery, wholes: boolean): Met | undefined {
  const wanted = wantedIds(condition);
  const exact = wanted.filter((id) => card.structures.has(id));
  if (exact.length > 0) return { score: EXACT + specific(card, exact.length), reason: `gives ${listed(exact)}` };
  const parts = [...new Set(wanted.flatMap((id) => card.parts.get(id) ?? []))];
  if (parts.length > 0)
    return { score: PART + specific(card, parts.length), reason: `gives parts of ${condition.asked}: ${listed(parts)}` };
  const alone = condition.places.length > 0 && condition.findings.length > 0 ? findingIn(card, condition) : undefined;
  if (alone !== undefined) return alone;
  if (card.predicts && query.output !== 'segmentation' && isSaid(card, condition))
    return { score: SAID, reason: `its card speaks of ${condition.asked}` };
  if (!wholes) return undefined;
  const whole = [...card.structures].find((id) => condition.places.some((place) => partOf(place, id)));
  return whole === undefined ? undefined : { score: WHOLE, reason: `gives ${whole}, which ${condition.asked} is a part of` };
}

/** Of models that meet a condition equally, the one that does little else comes first. */
function specific(card: IndexedCard, given: number): number {
  return (3 * given) / Math.max(card.structures.size, 1);
}

function wantedIds({ places, findings }: StructureCondition): string[] {
  if (findings.length === 0) return [...places];
  if (places.length === 0) return [...findings];
  return places.flatMap((place) => findings.map((finding) => `${place}+${finding}`));
}

/** A finding in any place, from a model that looks at the place that was asked for. */
function findingIn(card: IndexedCard, { places, findings, asked }: StructureCondition): Met | undefined {
  const found = findings.flatMap((id) => card.parts.get(id) ?? []).filter((id) => !id.includes('+'));
  return found.length > 0 && places.some((place) => card.bodyParts.has(place))
    ? { score: SAID, reason: `gives ${listed(found)}, in ${asked}` }
    : undefined;
}

function partOf(id: string, whole: string): boolean {
  for (let at = structureById(id)?.parent; at !== undefined; at = structureById(at)?.parent) if (at === whole) return true;
  return false;
}

/** True where texts or body part of a card name the structure; a finding in a place needs both. */
function isSaid(card: IndexedCard, { places, findings }: StructureCondition): boolean {
  const isNamed = (id: string) =>
    card.bodyParts.has(id) || namesOf(id).some(({ first, phrase }) => card.words.has(first) && card.text.includes(phrase));
  return [places, findings].every((ids) => ids.length === 0 || ids.some(isNamed));
}

interface SaidName {
  readonly first: string;
  /** With blanks around. */
  readonly phrase: string;
}

const names = new Map<string, readonly SaidName[]>();
const ALSO: Readonly<Record<string, readonly string[]>> = {
  NEOPLASM: ['cancer', 'carcinoma', 'adenocarcinoma', 'tumour', 'lesion'],
  LUNG: ['pulmonary'],
};

/** Names of a structure as they stand in a card's text. */
function namesOf(id: string): readonly SaidName[] {
  const known = names.get(id);
  if (known !== undefined) return known;
  const structure = structureById(id);
  const all = structure === undefined ? [] : [structure.name, ...structure.synonyms, ...(ALSO[id] ?? [])];
  const made = all.map((name) => {
    const units = unitsOf(name).map(singular);
    return { first: units[0], phrase: ` ${keyOf(units)} ` };
  });
  names.set(id, made);
  return made;
}

function modalityMet(card: IndexedCard, codes: readonly string[]): Met | undefined {
  const taken = codes.filter((code) => card.modalities.has(code));
  if (taken.length === 0) return undefined;
  return { score: 1 + 1 / card.modalities.size, reason: `takes ${taken.join(' or ')}` };
}

function bodyPartMet(card: IndexedCard, parts: readonly string[]): Met | undefined {
  const own = parts.find((one) => card.bodyParts.has(one));
  if (own !== undefined) return { score: 3, reason: `is for ${own}` };
  return card.bodyParts.has('WHOLEBODY') ? { score: 1, reason: 'takes the whole body' } : undefined;
}

function outputMet(card: IndexedCard, { output, structures }: ModelQuery): Met | undefined {
  if (output === undefined) return { score: 0 };
  if (output === 'segmentation') return card.segments ? { score: 1, reason: structures.length > 0 ? undefined : 'segments' } : undefined;
  return card.predicts ? { score: 1, reason: 'predicts' } : undefined;
}

function contrastMet({ card }: IndexedCard, { contrast }: ModelQuery): Met | undefined {
  if (contrast === undefined) return { score: 0 };
  const said = card.inputs.map((input) => input.contrast);
  const text = contrast === 'required' ? 'with contrast agent' : 'without contrast agent';
  if (said.includes(contrast)) return { score: 2, reason: `takes series ${text}` };
  if (said.includes('either')) return { score: 1.5, reason: 'takes series with and without contrast agent' };
  return said.includes('unknown') ? { score: 0, reason: 'says nothing of contrast agent' } : undefined;
}

function thicknessMet({ card }: IndexedCard, wantedMm: number | undefined): Met | undefined {
  if (wantedMm === undefined) return { score: 0 };
  const limits = card.inputs.flatMap(({ sliceThicknessMm }) => sliceThicknessMm ?? []);
  if (limits.length === 0) return { score: 0, reason: 'says nothing of slice thickness' };
  const least = Math.min(...limits);
  return least >= wantedMm ? { score: 1, reason: `takes slices up to ${least} mm` } : undefined;
}

function standingMet({ indexed, installed, tested, gpu }: Searchable, query: ModelQuery): Met | undefined {
  const refused =
    (query.licence !== undefined && query.licence !== indexed.use) ||
    (query.tested !== undefined && query.tested !== tested) ||
    (query.installed !== undefined && query.installed !== installed) ||
    (query.gpu === 'none' && gpu === 'required') ||
    (query.gpu === 'required' && gpu === 'none');
  if (refused) return undefined;
  const told = [
    query.licence === undefined ? [] : LICENCE_TEXTS[query.licence],
    query.gpu === undefined ? [] : gpu === undefined ? 'says nothing of a GPU' : `GPU: ${gpu}`,
    query.tested ? 'tested here' : [],
  ].flat();
  return { score: installed ? 0.1 : 0, reason: told.length === 0 ? undefined : told.join('; ') };
}

const LICENCE_TEXTS = {
  commercial: 'its licences allow commercial use',
  'non-commercial': 'its licences forbid commercial use',
  unclear: 'its licences are unclear',
} as const;

function listed(ids: readonly string[]): string {
  return ids.length <= 3 ? ids.join(', ') : `${ids.slice(0, 3).join(', ')} and ${ids.length - 3} more`;
}
