/** Which structure a region of interest shows: by its codes, else by its name as people and planning systems write it. */
import { areOppositeSides, structureById, structureByName, structureOf, normalised, type Structure } from '../structures/table.js';
import type { Roi } from './structure-set.js';

/** Structure ids by name, as a site or a model's package has them. */
export type RoiNames = Readonly<Record<string, string>>;

/**
 * The structure of a region; undefined where neither codes nor name are known. `names` comes before everything else, as somebody wrote it for just
 * these objects; then codes, which decide over the name; then the table of structures with its synonyms; then names in the manner of AAPM TG-263.
 */
export function structureOfRoi({ name, codes }: Pick<Roi, 'name' | 'codes'>, names: RoiNames = {}): Structure | undefined {
  const given = Object.entries(names).find(([known]) => normalised(known) === normalised(name));
  if (given !== undefined) return structureById(given[1]);
  return structureOf(codes, name) ?? structureByName(name) ?? structureByTg263(name);
}

/** What a region's name and its codes mean, where they contradict each other in the side; undefined where they do not. */
export function contradictionOf({ name, codes }: Pick<Roi, 'name' | 'codes'>): string | undefined {
  const [coded, named] = [structureOf(codes, name), structureByName(name) ?? structureByTg263(name)];
  return areOppositeSides(coded, named) ? `named as ${named?.id} and coded as ${coded?.id}` : undefined;
}

/** Names of TG-263 that are no words of the table, without their side. */
const TG263: Readonly<Record<string, string>> = {
  'lung lul': 'LEFT_UPPER_LUNG_LOBE',
  'lung lll': 'LEFT_LOWER_LUNG_LOBE',
  'lung rul': 'RIGHT_UPPER_LUNG_LOBE',
  'lung rml': 'RIGHT_MIDDLE_LUNG_LOBE',
  'lung rll': 'RIGHT_LOWER_LUNG_LOBE',
};

/**
 * `Lung_L`, `Lungs`, `SpinalCord`, `A_Aorta`, `Bone_Mandible`, `Glnd_Thyroid`: words parted by underscores and capitals, the side last, what kind of
 * thing it is first. `~Lung_L` is a part of it and `Lung_L^x` a variant of somebody's own: neither is the structure.
 */
function structureByTg263(name: string): Structure | undefined {
  if (/[~^]/.test(name)) return undefined;
  const words = name
    .replaceAll(/([a-z])([A-Z])/g, '$1 $2')
    .split(/[\s_-]+/)
    .map((word) => word.toLowerCase());
  const listed = TG263[words.join(' ')];
  if (listed !== undefined) return structureById(listed);
  const side = { l: 'left', r: 'right' }[words.at(-1) ?? ''];
  const bare = side === undefined ? words : words.slice(0, -1);
  const kinds = ['a', 'v', 'bone', 'glnd', 'musc'];
  const candidates = [bare, kinds.includes(bare[0] ?? '') ? bare.slice(1) : bare, [...bare].reverse()].flatMap((some) => {
    const text = some.join(' ');
    return [text, text.replace(/s$/, '')];
  });
  return candidates.map((text) => structureByName(side === undefined ? text : `${side} ${text}`)).find((found) => found !== undefined);
}
