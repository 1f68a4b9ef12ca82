/** A search as a person asks it, understood: phrases of the lexicon become conditions, the rest are words to be found in cards' texts. */
import type { CardContrast } from '../card.js';
import type { LicenceUse } from '../licence.js';
import { LEXICON, LONGEST_PHRASE, type Meaning } from './lexicon.js';
import { isChinese, keyOf, singular, unitsOf } from './units.js';

/** Structures of which a model must give one; with `findings`, one of those in one of these places, or in any where there is none. */
export interface StructureCondition {
  /** As it was asked. */
  readonly asked: string;
  readonly places: readonly string[];
  readonly findings: readonly string[];
}

export interface ModelQuery {
  readonly structures: readonly StructureCondition[];
  /** Each is a list of codes of which the model must take one. */
  readonly modalities: readonly (readonly string[])[];
  readonly bodyParts: readonly (readonly string[])[];
  readonly output?: 'segmentation' | 'prediction';
  readonly contrast?: Extract<CardContrast, 'required' | 'without'>;
  readonly licence?: LicenceUse;
  readonly gpu?: 'none' | 'required';
  readonly tested?: boolean;
  readonly installed?: boolean;
  /** The model must take slices this thick. */
  readonly sliceThicknessMm?: number;
  /** Words that the lexicon does not have. */
  readonly words: readonly string[];
}

/** What is asked beside the free words. */
export interface QueryOptions extends Partial<
  Pick<ModelQuery, 'output' | 'contrast' | 'licence' | 'gpu' | 'tested' | 'installed' | 'sliceThicknessMm'>
> {
  readonly modality?: string;
  readonly bodyPart?: string;
  readonly structure?: string;
}

interface Phrase {
  readonly text: string;
  /** Undefined for a word that the lexicon does not have. */
  readonly meaning?: Meaning;
}

/** Understands free words and options together; every condition must be met. */
export function parseQuery(text: string, options: QueryOptions = {}): ModelQuery {
  const { modality, bodyPart, structure, ...rest } = options;
  const phrases = phrasesOf(text);
  const asked = [...phrases, ...named(structure, 'structure'), ...named(modality, 'modality'), ...named(bodyPart, 'body part')];
  const thickness = /(\d+(?:\.\d+)?)\s*(?:mm|毫米)/i.exec(text)?.[1];
  return {
    structures: structuresOf(asked),
    modalities: joined(asked, 'modality').map((list) => list.flatMap((one) => one.codes)),
    bodyParts: ofKind(asked, 'body part').map((one) => one.parts),
    output: ofKind(asked, 'output')[0]?.output,
    contrast: ofKind(asked, 'contrast')[0]?.contrast,
    licence: ofKind(asked, 'licence')[0]?.use,
    gpu: ofKind(asked, 'gpu')[0]?.gpu,
    tested: ofKind(asked, 'tested')[0]?.tested,
    installed: ofKind(asked, 'installed')[0]?.installed,
    ...(thickness === undefined ? {} : { sliceThicknessMm: Number(thickness) }),
    ...Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined)),
    words: phrases.flatMap(({ text: word, meaning }) => (meaning === undefined ? [word] : [])),
  };
}

/** An option's value by the lexicon; as it stands where that does not have it, so that it can still be met or not. */
function named(value: string | undefined, kind: 'structure' | 'modality' | 'body part'): Phrase[] {
  if (value === undefined) return [];
  const meaning = LEXICON.get(keyOf(unitsOf(value)));
  const joint: Phrase = { text: '', meaning: { kind: 'joint', joint: 'and' } };
  if (meaning?.kind === kind) return [joint, { text: value, meaning }];
  const upper = value.toUpperCase();
  if (kind === 'modality') return [joint, { text: value, meaning: { kind, codes: [upper] } }];
  if (kind === 'body part') return [joint, { text: value, meaning: { kind, parts: [upper] } }];
  return [joint, { text: value, meaning: { kind, ids: [upper], finding: false } }];
}

/** Longest phrases first, from the left. */
function phrasesOf(text: string): Phrase[] {
  const units = unitsOf(text.replaceAll(/\d+(?:\.\d+)?\s*(?:mm|毫米)/gi, ' '));
  const phrases: Phrase[] = [];
  for (let at = 0; at < units.length;) {
    const found = longestAt(units, at);
    phrases.push(found ?? { text: units[at] });
    at += found?.length ?? 1;
  }
  return phrases;
}

function longestAt(units: readonly string[], at: number): (Phrase & { length: number }) | undefined {
  for (let length = Math.min(LONGEST_PHRASE, units.length - at); length > 0; length--) {
    const these = units.slice(at, at + length);
    const text = keyOf(these);
    const meaning = LEXICON.get(text) ?? LEXICON.get(keyOf([...these.slice(0, -1), singular(these[length - 1])]));
    if (meaning !== undefined) return { text, meaning, length };
  }
  return undefined;
}

function ofKind<K extends Meaning['kind']>(phrases: readonly Phrase[], kind: K): Extract<Meaning, { kind: K }>[] {
  return phrases.flatMap(({ meaning }) => (meaning?.kind === kind ? [meaning as Extract<Meaning, { kind: K }>] : []));
}

/** Meanings of one kind, those with "or" between them in one list. */
function joined<K extends Meaning['kind']>(phrases: readonly Phrase[], kind: K): Extract<Meaning, { kind: K }>[][] {
  const lists: Extract<Meaning, { kind: K }>[][] = [];
  let either = false;
  for (const { meaning } of phrases) {
    if (meaning?.kind === 'joint') either = meaning.joint === 'or';
    if (meaning?.kind !== kind) continue;
    const one = meaning as Extract<Meaning, { kind: K }>;
    if (either && lists.length > 0) lists[lists.length - 1].push(one);
    else lists.push([one]);
    either = false;
  }
  return lists;
}

/** `lung tumour` and `tumour of the lung` are one condition, `lung and tumour` two, `lung or liver` one that either meets. */
function structuresOf(phrases: readonly Phrase[]): StructureCondition[] {
  const conditions: StructureCondition[] = [];
  let joint: 'and' | 'or' | undefined = 'and';
  for (const { text, meaning } of phrases) {
    if (meaning?.kind === 'joint') joint = meaning.joint;
    if (meaning?.kind !== 'structure') continue;
    const next: StructureCondition = meaning.finding
      ? { asked: text, places: [], findings: meaning.ids }
      : { asked: text, places: meaning.ids, findings: [] };
    const before = conditions.at(-1);
    const merged = before === undefined ? undefined : merge(before, next, joint);
    if (merged === undefined) conditions.push(next);
    else conditions[conditions.length - 1] = merged;
    joint = undefined;
  }
  return conditions;
}

function merge(before: StructureCondition, next: StructureCondition, joint: 'and' | 'or' | undefined): StructureCondition | undefined {
  const isFinding = (one: StructureCondition) => one.findings.length > 0;
  if (joint === 'and') return undefined;
  const asked = `${before.asked}${joint === 'or' ? ' or ' : isChinese(next.asked) ? '' : ' '}${next.asked}`;
  const both = { asked, places: [...before.places, ...next.places], findings: [...before.findings, ...next.findings] };
  // After `tumour of the liver`, `or the pancreas` is another place.
  if (joint === 'or') return isFinding(before) || !isFinding(next) ? both : undefined;
  const placeAndFinding = isFinding(before) !== isFinding(next) && (before.places.length === 0 || before.findings.length === 0);
  return placeAndFinding ? both : undefined;
}
