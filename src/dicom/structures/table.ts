/**
 * The structures that segments can show, as data: id, names, codes, colour, parent. One table for rules, cards, the SEG writer and the metrics.
 *
 * Ids are those of MHub's SegDB where it has the structure. Codes are SNOMED CT as PS3.16 lists them: types from CID 7151 (7153 and 7140
 * for the brain, 7603 and 7604 for the spine, 7159 for abnormalities, 4031), categories from CID 7150, regions from CID 4031,
 * laterality from CID 244. A test holds them against the code dictionary of pydicom; the few that PS3.16 does not list are named there
 * and say beside them who uses them. Colours are our own.
 */
import { ABDOMEN } from './abdomen.js';
import { ABNORMALITIES } from './abnormalities.js';
import { BONES, MUSCLES } from './bones.js';
import { CHEST } from './chest.js';
import { CATEGORY, LATERALITY, isConcept } from './code.js';
import type { Code, KnownCode } from './code.js';
import { HEAD } from './head.js';
import { HEART } from './heart.js';
import { SPINE } from './spine.js';
import type { Structure } from './structure.js';
import { VESSELS } from './vessels.js';

export type { Structure } from './structure.js';

/** The codes of one segment, as an object carries them; lists are empty where the object has none. */
export interface SegmentCodes {
  readonly category?: Code;
  readonly type?: Code;
  readonly typeModifiers: readonly Code[];
  readonly regions: readonly Code[];
  readonly regionModifiers: readonly Code[];
}

/** The codes with which a segment that shows this structure is written (PS3.3 C.8.20.4.1). */
export function meaningOf(structure: Structure): SegmentCodes & { readonly category: Code; readonly type: Code } {
  const listed = (code: KnownCode | undefined) => (code === undefined ? [] : [code]);
  return {
    category: structure.category,
    type: structure.type,
    typeModifiers: listed(structure.laterality),
    regions: listed(structure.region),
    regionModifiers: listed(structure.regionLaterality),
  };
}

const ANATOMY: readonly Structure[] = [...HEAD, ...CHEST, ...HEART, ...VESSELS, ...ABDOMEN, ...SPINE, ...BONES, ...MUSCLES];

/** All structures that stand alone; abnormalities can also be put in a place (`structureById('LIVER+NEOPLASM')`). */
export const STRUCTURES: readonly Structure[] = [...ANATOMY, ...ABNORMALITIES];

const BY_ID: ReadonlyMap<string, Structure> = new Map(STRUCTURES.map((structure) => [structure.id, structure]));
const BY_NAME: ReadonlyMap<string, Structure> = new Map(
  STRUCTURES.flatMap((structure) =>
    [structure.id, structure.name, ...structure.synonyms, ...structure.chinese].map((name) => [normalised(name), structure]),
  ),
);

/** The structure of an id such as `LEFT_LUNG` or `LIVER+NEOPLASM`; undefined where the table has none. */
export function structureById(id: string): Structure | undefined {
  const [placeId, abnormalityId, ...rest] = id.split('+');
  if (abnormalityId === undefined) return BY_ID.get(id);
  const place = BY_ID.get(placeId ?? '');
  const finding = BY_ID.get(abnormalityId);
  const fits = place?.category === CATEGORY.anatomy && finding !== undefined && isAbnormality(finding) && rest.length === 0;
  return fits ? inPlace(place, finding) : undefined;
}

/** The structure that an id, a name or a synonym means, without regard to case, underscores and hyphens. */
export function structureByName(name: string): Structure | undefined {
  return BY_NAME.get(normalised(name));
}

/** True for findings such as nodules, of which there may be several, each in some place; false for anatomy. */
export function isAbnormality(structure: Structure): boolean {
  return structure.category === CATEGORY.abnormality;
}

/**
 * The structure itself and all that it is a part of, the nearest first. Of findings both sides count: `LEFT_LUNG+NODULE` is one of
 * `LUNG+NODULE` and of `NODULE`, not of `LUNG`; `LIVER+NEOPLASM_MALIGNANT_PRIMARY` is one of `LIVER+NEOPLASM`.
 */
export function wholesOf(id: string): readonly string[] {
  const [first, second] = id.split('+');
  if (second === undefined) return chainOf(id);
  const findings = chainOf(second);
  return [...chainOf(first).flatMap((place) => findings.map((finding) => `${place}+${finding}`)), ...findings];
}

function chainOf(id: string): string[] {
  const chain: string[] = [];
  for (let at: string | undefined = id; at !== undefined; at = BY_ID.get(at)?.parent) chain.push(at);
  return chain;
}

/** True where `id` is `ancestorId` or a part of it: `LEFT_UPPER_LUNG_LOBE` of `LUNG`. */
export function isPartOf(id: string, ancestorId: string): boolean {
  return wholesOf(id).includes(ancestorId);
}

/**
 * The structure that a segment's codes mean; undefined where they say none of the table. The side counts: `Lung` with the
 * modifier `Left` is the left lung. A structure of the table without a side is also found with one.
 */
export function structureByCodes(codes: SegmentCodes): Structure | undefined {
  const { type } = codes;
  if (type === undefined) return undefined;
  const ofType = STRUCTURES.filter((structure) => isConcept(type, structure.type));
  const [first] = ofType;
  if (first !== undefined && isAbnormality(first)) {
    const place = codes.regions.map((region) => sided(organsOfType(region), codes.regionModifiers)).find((found) => found !== undefined);
    return place === undefined ? first : inPlace(place, first);
  }
  return sided(ofType, [...codes.typeModifiers, ...codes.regionModifiers]);
}

/**
 * The structure that a segment shows by its codes and its label. The codes decide, but where they fit several structures, because they
 * name no side or are known to be written for more than their own, a label that names one of those says which.
 */
export function structureOf(codes: SegmentCodes, label: string): Structure | undefined {
  const coded = structureByCodes(codes);
  const named = structureByName(label);
  if (named === undefined || coded?.id === named.id || codes.type === undefined) return coded;
  return mayMean(codes, codes.type, named) ? named : coded;
}

/** True where these codes are written for the structure too, and contradict neither its side nor one another. */
function mayMean(codes: SegmentCodes, type: Code, structure: Structure): boolean {
  if (isAbnormality(structure) || ![structure.type, ...structure.otherTypes].some((known) => isConcept(type, known))) return false;
  const sides = Object.values(LATERALITY).filter((known) => codes.typeModifiers.some((modifier) => isConcept(modifier, known)));
  return sides.length === 0 || sides.every((side) => side === structure.laterality);
}

/** True of the two sides of one structure: where a name means one and a code the other, nobody knows which is right. */
export function areOppositeSides(one: Structure | undefined, other: Structure | undefined): boolean {
  if (one?.laterality === undefined || other?.laterality === undefined) return false;
  return one.type === other.type && one.laterality !== other.laterality;
}

function organsOfType(type: Code): Structure[] {
  return ANATOMY.filter((structure) => isConcept(type, structure.type));
}

/** Of structures that share a type, the one with the side that the modifiers name. No side named means both. */
function sided(candidates: readonly Structure[], modifiers: readonly Code[]): Structure | undefined {
  const side = Object.values(LATERALITY).find((known) => modifiers.some((modifier) => isConcept(modifier, known))) ?? LATERALITY.both;
  const unsided = candidates.find((structure) => structure.laterality === undefined);
  const only = candidates.length === 1 && side === LATERALITY.both ? candidates[0] : undefined;
  return candidates.find((structure) => structure.laterality === side) ?? unsided ?? only;
}

function inPlace(place: Structure, finding: Structure): Structure {
  return {
    ...finding,
    id: `${place.id}+${finding.id}`,
    name: `${finding.name} in ${place.name.toLowerCase()}`,
    synonyms: [],
    chinese: place.chinese.slice(0, 1).flatMap((where) => finding.chinese.slice(0, 1).map((what) => `${where}${what}`)),
    region: place.type,
    madeOfParts: place.madeOfParts,
    ...(place.laterality === undefined ? {} : { regionLaterality: place.laterality }),
    parent: place.parent === undefined ? finding.id : `${place.parent}+${finding.id}`,
  };
}

/** A name of a structure for comparing: without regard to case, underscores and hyphens. */
export function normalised(name: string): string {
  return name
    .toLowerCase()
    .replaceAll(/[\s_-]+/g, ' ')
    .trim();
}
