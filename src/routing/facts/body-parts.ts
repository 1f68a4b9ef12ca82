/** The body parts that rules may name, and which part a part lies in. */

export const BODY_PARTS = [
  'whole-body',
  'head',
  'brain',
  'face',
  'neck',
  'chest',
  'heart',
  'breast',
  'abdomen',
  'liver',
  'kidney',
  'pelvis',
  'prostate',
  'spine',
  'cervical-spine',
  'thoracic-spine',
  'lumbar-spine',
  'limb',
  'upper-limb',
  'shoulder',
  'arm',
  'elbow',
  'wrist',
  'hand',
  'lower-limb',
  'hip',
  'leg',
  'knee',
  'ankle',
  'foot',
] as const;

export type BodyPart = (typeof BODY_PARTS)[number];

/**
 * What an image of a part is an image of too. Heart, breast and spine stand for themselves: their images show a cut-out, not the
 * chest, as far as a model of the chest would need it. So does the whole body: models of a part did not learn from such scans, and
 * a rule that wants them says so.
 */
export const SHOWN_WITH: Readonly<Partial<Record<BodyPart, readonly BodyPart[]>>> = {
  brain: ['head'],
  face: ['head'],
  liver: ['abdomen'],
  kidney: ['abdomen'],
  prostate: ['pelvis'],
  'cervical-spine': ['spine'],
  'thoracic-spine': ['spine'],
  'lumbar-spine': ['spine'],
  'upper-limb': ['limb'],
  shoulder: ['upper-limb'],
  arm: ['upper-limb'],
  elbow: ['upper-limb'],
  wrist: ['upper-limb'],
  hand: ['upper-limb'],
  'lower-limb': ['limb'],
  hip: ['lower-limb'],
  leg: ['lower-limb'],
  knee: ['lower-limb'],
  ankle: ['lower-limb'],
  foot: ['lower-limb'],
};

/** The parts and all that they are shown with, in the order of `BODY_PARTS`. */
export function withWider(parts: readonly BodyPart[]): BodyPart[] {
  const all = new Set<BodyPart>();
  const add = (part: BodyPart) => {
    all.add(part);
    for (const wider of SHOWN_WITH[part] ?? []) add(wider);
  };
  parts.forEach(add);
  return BODY_PARTS.filter((part) => all.has(part));
}
