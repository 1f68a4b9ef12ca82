/**
 * Wholes out of their parts, by the table of structures: lungs of lobes, kidneys of both sides. Ids in, a plan out: whoever has masks
 * unites them as the plan says, in a model's container as in an evaluation, so that both mean the same by "lung".
 */
import { STRUCTURES, isAbnormality, structureById } from './table.js';

/** How a structure is had from those that are given. */
export interface WholePlan {
  readonly id: string;
  /** `given`: as it is. `complete`: the union of its parts. `incomplete`: a union that lacks something. `absent`: nothing of it is given. */
  readonly state: 'given' | 'complete' | 'incomplete' | 'absent';
  /** Ids of the given structures whose union it is; it alone where it is given, none where it is absent. */
  readonly from: readonly string[];
  /** Ids of what it lacks, the largest that are lacking as a whole: the right lung, not each of its lobes. */
  readonly missing: readonly string[];
  /** Wholes in it that were put together though the table knows parts of them only, as of a heart: they lack something that has no id. */
  readonly moreThanParts: readonly string[];
}

const PARTS: ReadonlyMap<string, readonly string[]> = groupedByParent();

/** Kinds of a finding are no parts of it: a neoplasm without metastases lacks nothing. */
function groupedByParent(): Map<string, string[]> {
  const parts = new Map<string, string[]>();
  for (const structure of STRUCTURES) {
    const { id, parent } = structure;
    if (parent !== undefined && !isAbnormality(structure)) parts.set(parent, [...(parts.get(parent) ?? []), id]);
  }
  return parts;
}

/** The ids of a structure's nearest parts, in the order of the table. Those of a finding in a place are that finding in the parts of the place. */
export function partsOf(id: string): readonly string[] {
  const [place, finding] = id.split('+');
  const parts = PARTS.get(place) ?? [];
  return finding === undefined ? parts : parts.map((part) => `${part}+${finding}`);
}

/**
 * How the structure `id` is had from `given`, the ids that a model or an observer gave: taken as it is where it is among them, else the
 * union of its parts, and of theirs. What is missing is told: a whole never becomes smaller in silence.
 * @param given what is there; leave out what was looked for and has no voxel, where that shall count as missing
 */
export function planWhole(id: string, given: ReadonlySet<string>): WholePlan {
  if (given.has(id)) return { id, state: 'given', from: [id], missing: [], moreThanParts: [] };
  const parts = partsOf(id).map((part) => planWhole(part, given));
  const from = parts.flatMap((part) => part.from);
  if (from.length === 0) return { id, state: 'absent', from, missing: [id], moreThanParts: [] };
  const missing = parts.flatMap((part) => part.missing);
  const own = structureById(id)?.madeOfParts === true ? [] : [id];
  const moreThanParts = [...own, ...parts.flatMap((part) => part.moreThanParts)];
  const state = missing.length + moreThanParts.length === 0 ? 'complete' : 'incomplete';
  return { id, state, from, missing, moreThanParts };
}

/** What a plan's structure lacks, for people: `without Right lung`; an empty text where it lacks nothing. */
export function lackOf({ missing, moreThanParts }: WholePlan): string {
  const names = (ids: readonly string[]) => ids.map((id) => structureById(id)?.name ?? id).join(', ');
  return [
    ...(missing.length === 0 ? [] : [`without ${names(missing)}`]),
    ...(moreThanParts.length === 0 ? [] : [`without what of ${names(moreThanParts)} belongs to none of its parts`]),
  ].join(', ');
}
