/** Which stored values are black and which are white: Modality and VOI transformation (PS3.3 C.11.1, C.11.2). */
import type { StoredValues } from '../codec/pixels.js';
import type { DataSet } from '../element/parse.js';
import { TAG } from '../element/tags.js';

export type VoiFunction = 'LINEAR' | 'LINEAR_EXACT' | 'SIGMOID';

/** In units behind the Modality transformation, such as Hounsfield's. */
export interface Window {
  readonly center: number;
  readonly width: number;
  readonly function: VoiFunction;
}

const FUNCTIONS: readonly string[] = ['LINEAR', 'LINEAR_EXACT', 'SIGMOID'] satisfies VoiFunction[];

/** Slope and intercept of a frame (from 1), its functional groups first; 1 and 0 where nothing is said. Tables (Modality LUT Sequence) are not looked at. */
export function rescaleOf(dataset: DataSet, frame: number): { slope: number; intercept: number } {
  for (const place of placesOf(dataset, frame, TAG.PixelValueTransformationSequence)) {
    const [slope, intercept] = [place.number(TAG.RescaleSlope), place.number(TAG.RescaleIntercept)];
    if (slope !== undefined && slope !== 0) return { slope, intercept: intercept ?? 0 };
  }
  return { slope: 1, intercept: 0 };
}

/** The first window that a frame (from 1) names; undefined where it names none. */
export function windowOf(dataset: DataSet, frame: number): Window | undefined {
  for (const place of placesOf(dataset, frame, TAG.FrameVOILUTSequence)) {
    const [center, width] = [place.number(TAG.WindowCenter), place.number(TAG.WindowWidth)];
    if (center === undefined || width === undefined || !(width > 0)) continue;
    const named = place.text(TAG.VOILUTFunction) ?? 'LINEAR';
    return { center, width, function: FUNCTIONS.includes(named) ? (named as VoiFunction) : 'LINEAR' };
  }
  return undefined;
}

/** From the darkest to the brightest of the values, padding aside. */
export function fullWindow(
  values: StoredValues,
  padding: number | undefined,
  { slope, intercept }: { slope: number; intercept: number },
): Window {
  let [lowest, highest] = [Infinity, -Infinity];
  for (const value of values) {
    if (value === padding) continue;
    if (value < lowest) lowest = value;
    if (value > highest) highest = value;
  }
  if (lowest > highest) [lowest, highest] = [0, 1];
  const ends = [lowest * slope + intercept, highest * slope + intercept];
  return { center: (ends[0] + ends[1]) / 2, width: Math.abs(ends[1] - ends[0]) || 1, function: 'LINEAR_EXACT' };
}

/** The brightness 0..255 of a value (PS3.3 C.11.2.1.2, C.11.2.1.3). */
export function brightness(value: number, { center, width, function: shape }: Window): number {
  if (shape === 'SIGMOID') return Math.round(255 / (1 + Math.exp((-4 * (value - center)) / width)));
  // LINEAR counts its width in whole values; of width 1 it is a threshold.
  const [middle, extent] = shape === 'LINEAR' ? [center - 0.5, width - 1] : [center, width];
  if (value <= middle - extent / 2) return 0;
  if (value > middle + extent / 2) return 255;
  return Math.round(((value - middle) / extent + 0.5) * 255);
}

/** Where a frame's attributes may stand: its own functional group, the shared one, the data set (PS3.3 C.7.6.16). */
function placesOf(dataset: DataSet, frame: number, group: number): DataSet[] {
  const own = dataset.items(TAG.PerFrameFunctionalGroupsSequence)[frame - 1];
  const shared = dataset.items(TAG.SharedFunctionalGroupsSequence)[0];
  return [...(own?.items(group) ?? []), ...(shared?.items(group) ?? []), dataset];
}
