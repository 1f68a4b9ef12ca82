/** How the slices of a series lie in space, from their headers alone (PS3.3 C.7.6.2, C.7.6.16.2.3 and .4). */
import { TAG } from '../dicom/element/tags.js';
import type { Vec3 } from '../dicom/geometry/grid.js';
import type { Header } from '../dicom/header.js';
import type { Plane, StackKind } from './fact-names.js';
import { headersIn, numbersIn } from './header-values.js';

export interface StackFacts {
  readonly kind?: StackKind;
  readonly plane?: Plane;
  /** Distance of neighbouring slices along their normal: the mean of an even stack, the median of an uneven one. */
  readonly spacingMm?: number;
  /** Where this comes from, or why there is nothing. */
  readonly source: string;
}

/** Position and orientation of one image. */
interface Slice {
  readonly positionMm: Vec3;
  readonly iDirection: Vec3;
  readonly jDirection: Vec3;
}

/** Direction cosines are written with few digits; 0.01 is about half a degree. */
const DIRECTION_TOLERANCE = 0.01;
/** Two slices nearer than this are at the same place. */
const SAME_PLACE_MM = 0.01;
/** By how much a distance may differ from the median, as a part of it. */
const GAP_TOLERANCE = 0.1;
/** Positions that are rounded to 0.1 mm make distances that differ by so much. */
const ROUNDING_MM = 0.11;
const TILT_TOLERANCE_DEGREES = 0.5;
const PLANE_TOLERANCE_DEGREES = 30;

/** Describes the stack; independent of the order of the headers. */
export function describeStack(headers: readonly Header[]): StackFacts {
  const slices: Slice[] = [];
  for (const header of headers) {
    const found = slicesIn(header);
    if (found === undefined) return { source: 'ImagePositionPatient or ImageOrientationPatient is absent or unreadable' };
    slices.push(...found);
  }
  const [first] = slices;
  if (first === undefined) return { source: 'there is no image' };
  const source = 'ImagePositionPatient, ImageOrientationPatient';
  if (slices.some((slice) => !sameOrientation(slice, first))) return { kind: 'several-orientations', source };
  const normal = cross(first.iDirection, first.jDirection);
  const plane = planeOf(normal);
  if (slices.length === 1) return { kind: 'single-slice', plane, source };
  const sorted = slices.map((slice) => ({ slice, alongMm: dot(slice.positionMm, normal) })).sort((a, b) => a.alongMm - b.alongMm);
  const gaps = sorted.slice(1).map(({ alongMm }, index) => alongMm - (sorted[index]?.alongMm ?? 0));
  if (gaps.some((gap) => gap < SAME_PLACE_MM)) return { kind: 'repeated-positions', plane, source };
  const middleMm = median(gaps);
  if (!Number.isFinite(middleMm)) return { plane, source: 'ImagePositionPatient is out of any range' };
  const toleranceMm = Math.max(GAP_TOLERANCE * middleMm, Math.min(ROUNDING_MM, middleMm / 2));
  const even = gaps.every((gap) => Math.abs(gap - middleMm) <= toleranceMm);
  const spacingMm = Math.round((even ? mean(gaps) : middleMm) * 1000) / 1000;
  const [bottom, top] = [sorted[0]?.slice.positionMm, sorted[sorted.length - 1]?.slice.positionMm];
  const tilted = bottom !== undefined && top !== undefined && angleDegrees(minus(top, bottom), normal) > TILT_TOLERANCE_DEGREES;
  return { kind: even ? (tilted ? 'tilted' : 'regular') : 'gaps', plane, spacingMm, source };
}

/** The images of one instance: itself, or the frames of an enhanced one; undefined where one cannot be placed. */
function slicesIn(header: Header): Slice[] | undefined {
  const plain = sliceOf(header, header);
  if (plain !== undefined) return [plain];
  const shared = headersIn(header, TAG.SharedFunctionalGroupsSequence)[0];
  const frames = headersIn(header, TAG.PerFrameFunctionalGroupsSequence);
  const slices = frames.flatMap((frame) => {
    const position = headersIn(frame, TAG.PlanePositionSequence)[0];
    const orientation = headersIn(frame, TAG.PlaneOrientationSequence)[0] ?? (shared && headersIn(shared, TAG.PlaneOrientationSequence)[0]);
    return (position && orientation && sliceOf(position, orientation)) ?? [];
  });
  return frames.length > 0 && slices.length === frames.length ? slices : undefined;
}

function sliceOf(position: Header, orientation: Header): Slice | undefined {
  const place = vectorAt(numbersIn(position, TAG.ImagePositionPatient), 0, 3);
  const cosines = numbersIn(orientation, TAG.ImageOrientationPatient);
  const [iDirection, jDirection] = [vectorAt(cosines, 0, 6), vectorAt(cosines, 3, 6)];
  if (place === undefined || iDirection === undefined || jDirection === undefined) return undefined;
  return areOrthonormal(iDirection, jDirection) ? { positionMm: place, iDirection, jDirection } : undefined;
}

function vectorAt(values: readonly number[], offset: number, length: number): Vec3 | undefined {
  const [x, y, z] = values.slice(offset, offset + 3);
  return values.length === length && x !== undefined && y !== undefined && z !== undefined ? [x, y, z] : undefined;
}

function areOrthonormal(i: Vec3, j: Vec3): boolean {
  const near = (value: number, wanted: number) => Math.abs(value - wanted) < DIRECTION_TOLERANCE;
  return near(dot(i, i), 1) && near(dot(j, j), 1) && near(dot(i, j), 0);
}

function sameOrientation(a: Slice, b: Slice): boolean {
  const same = (u: Vec3, v: Vec3) => u.every((value, axis) => Math.abs(value - (v[axis] ?? 0)) < DIRECTION_TOLERANCE);
  return same(a.iDirection, b.iDirection) && same(a.jDirection, b.jDirection);
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

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

const dot = (a: Vec3, b: Vec3): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
const minus = (a: Vec3, b: Vec3): Vec3 => [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
const cross = (a: Vec3, b: Vec3): Vec3 => [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
