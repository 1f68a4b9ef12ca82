/** How the slices of a series lie in space, from their headers alone (PS3.3 C.7.6.2, C.7.6.16.2.3 and .4). Pure. */
import { TAG, tagKey } from '../../dicom/element/tags.js';
import type { Vec3 } from '../../dicom/geometry/grid.js';
import { cross, dot, minus } from '../../dicom/geometry/vector.js';
import type { Header } from '../../dicom/header.js';
import type { Plane, StackKind } from './stack-words.js';
import { sameOrientation, slicesOf, type Slice } from './slices.js';
import { volumesOf } from './volumes.js';

export interface StackFacts {
  readonly kind?: StackKind;
  readonly plane?: Plane;
  /** Distance of neighbouring slices along their normal: the mean of an even stack, the median of an uneven one. */
  readonly spacingMm?: number;
  /** By how much the distance that differs most differs from the median. */
  readonly spacingDeviationMm?: number;
  /** Between the normal of the slices and the line along which they are stacked. */
  readonly tiltDegrees?: number;
  /** From the first to the last position along the normal, and one spacing. */
  readonly coverageMm?: number;
  /** Where this comes from, or why there is nothing. */
  readonly source: string;
  /** Of `kind`: the source with what was seen. */
  readonly kindSource: string;
}

/** Two slices nearer than this are at the same place. */
const SAME_PLACE_MM = 0.01;
/** By how much a distance may differ from the median, as a part of it. */
const GAP_TOLERANCE = 0.1;
/** Positions that are rounded to 0.1 mm make distances that differ by so much. */
const ROUNDING_MM = 0.11;
/** No scanner is a kilometre long. */
const MOST_MM = 1e6;
const TILT_TOLERANCE_DEGREES = 0.5;
const PLANE_TOLERANCE_DEGREES = 30;
const SOURCE = 'ImagePositionPatient, ImageOrientationPatient';

/** Describes the stack; independent of the order of the headers. */
export function describeStack(headers: readonly Header[]): StackFacts {
  const slices = slicesOf(headers);
  if (slices === undefined)
    return nothing(headers.some(isCut) ? TOO_LARGE : 'ImagePositionPatient or ImageOrientationPatient is absent or unreadable');
  const [first] = slices;
  if (first === undefined) return nothing('there is no image');
  if (slices.some((slice) => !sameOrientation(slice.orientation, first.orientation)))
    return { kind: 'several-orientations', source: 'images of several orientations', kindSource: SOURCE };
  const normal = cross(first.orientation.iDirection, first.orientation.jDirection);
  const plane = planeOf(normal);
  if (slices.some(({ positionMm }) => positionMm.some((mm) => Math.abs(mm) > MOST_MM)))
    return { ...nothing('ImagePositionPatient is out of any range'), plane };
  const places = byPlace(slices, normal);
  const spacing = places.length > 1 ? describeSpacing(places, normal) : undefined;
  const { kind, source: kindSource } = kindOf(places, spacing);
  return { plane, kind, ...spacing?.facts, source: spacing === undefined ? 'there is one position only' : SOURCE, kindSource };
}

function nothing(source: string): StackFacts {
  return { source, kindSource: source };
}

const TOO_LARGE = 'PerFrameFunctionalGroupsSequence is empty or was too large to be kept with the header';

/** An enhanced object whose groups per frame are not in its header. */
function isCut(header: Header): boolean {
  const groups = header[tagKey(TAG.PerFrameFunctionalGroupsSequence)];
  return groups !== undefined && groups.Value === undefined;
}

/** Images at one place along the normal. */
interface Place {
  readonly alongMm: number;
  readonly slices: readonly Slice[];
}

function byPlace(slices: readonly Slice[], normal: Vec3): Place[] {
  const sorted = slices.map((slice) => ({ slice, alongMm: dot(slice.positionMm, normal) })).sort((a, b) => a.alongMm - b.alongMm);
  const places: { alongMm: number; slices: Slice[] }[] = [];
  for (const { slice, alongMm } of sorted) {
    const last = places[places.length - 1];
    if (last !== undefined && alongMm - last.alongMm < SAME_PLACE_MM) last.slices.push(slice);
    else places.push({ alongMm, slices: [slice] });
  }
  return places;
}

interface Spacing {
  readonly facts: Required<Pick<StackFacts, 'spacingMm' | 'spacingDeviationMm' | 'tiltDegrees' | 'coverageMm'>>;
  readonly isEven: boolean;
  readonly widestMm: number;
}

/** Of two places or more. */
function describeSpacing(places: readonly Place[], normal: Vec3): Spacing {
  const gaps = places.slice(1).map(({ alongMm }, index) => alongMm - (places[index]?.alongMm ?? 0));
  const middleMm = median(gaps);
  const deviationMm = gaps.reduce((most, gap) => Math.max(most, Math.abs(gap - middleMm)), 0);
  const isEven = deviationMm <= Math.max(GAP_TOLERANCE * middleMm, Math.min(ROUNDING_MM, middleMm / 2));
  const spanMm = gaps.reduce((total, gap) => total + gap, 0);
  const spacingMm = isEven ? spanMm / gaps.length : middleMm;
  const [bottom, top] = [positionAt(places[0]), positionAt(places[places.length - 1])];
  return {
    facts: {
      spacingMm: rounded(spacingMm, 3),
      spacingDeviationMm: rounded(deviationMm, 3),
      tiltDegrees: rounded(angleDegrees(minus(top, bottom), normal), 1),
      coverageMm: rounded(spanMm + spacingMm, 1),
    },
    isEven,
    widestMm: rounded(
      gaps.reduce((widest, gap) => Math.max(widest, gap), 0),
      3,
    ),
  };
}

/** Of images at one place the one that is nearest to the origin's corner: which one comes first must not matter. */
function positionAt(place: Place | undefined): Vec3 {
  return (
    (place?.slices ?? []).map(({ positionMm }) => positionMm).sort((a, b) => a[0] - b[0] || a[1] - b[1] || a[2] - b[2])[0] ?? [0, 0, 0]
  );
}

function kindOf(places: readonly Place[], spacing: Spacing | undefined): { kind: StackKind; source: string } {
  const repeated = places.some(({ slices }) => slices.length > 1);
  if (repeated) {
    const volumes = volumesOf(places.map(({ slices }) => slices));
    if (volumes === undefined) return { kind: 'repeated-positions', source: `${SOURCE}: positions are there more than once` };
    return {
      kind: '4d',
      source: `${SOURCE}: ${volumes.count} volumes of ${places.length} positions, told apart by ${volumes.toldApartBy}`,
    };
  }
  if (spacing === undefined) return { kind: 'single-slice', source: SOURCE };
  const { facts, isEven, widestMm } = spacing;
  if (!isEven) return { kind: 'gaps', source: `${SOURCE}: distances up to ${widestMm} mm where ${facts.spacingMm} mm is usual` };
  if (facts.tiltDegrees > TILT_TOLERANCE_DEGREES) return { kind: 'tilted', source: `${SOURCE}: tilted by ${facts.tiltDegrees}°` };
  return { kind: 'regular', source: SOURCE };
}

function planeOf(normal: Vec3): Plane {
  const planes = ['sagittal', 'coronal', 'axial'] as const;
  const least = Math.cos((PLANE_TOLERANCE_DEGREES * Math.PI) / 180);
  return planes.find((_, axis) => Math.abs(normal[axis] ?? 0) >= least) ?? 'oblique';
}

function angleDegrees(a: Vec3, b: Vec3): number {
  const cosine = dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
  return (Math.acos(Math.min(1, Math.max(-1, cosine))) * 180) / Math.PI;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? 0;
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
