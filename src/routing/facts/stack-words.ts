/** The words for how slices lie. */

export const PLANES = ['axial', 'coronal', 'sagittal', 'oblique'] as const;
export type Plane = (typeof PLANES)[number];

export const STACK_KINDS = ['regular', 'single-slice', 'tilted', 'gaps', '4d', 'repeated-positions', 'several-orientations'] as const;
export type StackKind = (typeof STACK_KINDS)[number];
