/** What the node derives of a series beyond its tags: the facts that rules may name. */

export type FactKind =
  | { readonly kind: 'number' }
  | { readonly kind: 'flag' }
  | { readonly kind: 'text' }
  | { readonly kind: 'word'; readonly words: readonly string[] };

const number = { kind: 'number' } as const;
const flag = { kind: 'flag' } as const;
const text = { kind: 'text' } as const;

export const FACTS = {
  /** Instances of the series in this study version. */
  instanceCount: number,
  /** Images: instances, and every frame of multi-frame instances. */
  sliceCount: number,
  /** SliceThickness, also of enhanced objects. */
  sliceThicknessMm: number,
  /** Distance of neighbouring slices along their normal, from their positions; not SpacingBetweenSlices, which scanners fill in their own ways. */
  spacingBetweenSlicesMm: number,
  /** An ImageType (or frame type) with LOCALIZER in it. */
  isLocalizer: flag,
  /** ImageType begins with DERIVED. */
  isDerived: flag,
  /** `yes`: a contrast agent is named; `no`: the header says that there was none; missing where the header does not say. */
  contrast: { kind: 'word', words: ['yes', 'no'] },
  /** The plane whose normal is within 30° of that of the images, else oblique. */
  plane: { kind: 'word', words: ['axial', 'coronal', 'sagittal', 'oblique'] },
  /** Whether the slices are one regular stack, or what is in the way. */
  stack: { kind: 'word', words: ['regular', 'single-slice', 'tilted', 'gaps', 'repeated-positions', 'several-orientations'] },
  /** AE title of the sender. */
  callingAe: text,
  /** AE title that the sender called. */
  calledAe: text,
} as const satisfies Record<string, FactKind>;

export type FactName = keyof typeof FACTS;
export const FACT_NAMES = Object.keys(FACTS) as [FactName, ...FactName[]];
export type Plane = (typeof FACTS.plane.words)[number];
export type StackKind = (typeof FACTS.stack.words)[number];
