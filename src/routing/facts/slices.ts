/** The images of a series as planes in space, from their headers alone (PS3.3 C.7.6.2, C.7.6.16.2.3 and .4). Pure. */
import { TAG, tagKey } from '../../dicom/element/tags.js';
import type { Vec3 } from '../../dicom/geometry/grid.js';
import { dot } from '../../dicom/geometry/vector.js';
import type { Header } from '../../dicom/header.js';
import { headersIn, numberIn, numbersIn } from '../header-values.js';

/** One image in space, and the headers that tell it from others at the same place. */
export interface Slice {
  readonly positionMm: Vec3;
  readonly orientation: Orientation;
  readonly header: Header;
  /** Of a frame of an enhanced object, its item of the per-frame functional groups. */
  readonly frame?: Header;
}

/** Unit vectors along the rows and the columns; the same object for images that are written alike. */
export interface Orientation {
  readonly iDirection: Vec3;
  readonly jDirection: Vec3;
}

/** Direction cosines are written with few digits; 0.01 is about half a degree. */
const DIRECTION_TOLERANCE = 0.01;

/** All images of the series; undefined where one of them cannot be placed. */
export function slicesOf(headers: readonly Header[]): Slice[] | undefined {
  const reader = new SliceReader();
  const slices: Slice[] = [];
  for (const header of headers) {
    const found = reader.read(header);
    if (found === undefined) return undefined;
    slices.push(...found);
  }
  return slices;
}

class SliceReader {
  /** Nearly all images of a series have the same cosines: those of the last one, and what they are. */
  #cosines: readonly number[] = [];
  #orientation: Orientation | undefined;

  /** The images of one instance: itself, or the frames of an enhanced one; undefined where one cannot be placed. */
  read(header: Header): Slice[] | undefined {
    if (header[PER_FRAME]?.Value === undefined) {
      const plain = hasFrames(header) ? undefined : this.#slice(header, header, header);
      return plain && [plain];
    }
    const shared = headersIn(header, TAG.SharedFunctionalGroupsSequence)[0];
    const frames = headersIn(header, TAG.PerFrameFunctionalGroupsSequence);
    const slices = frames.flatMap((frame) => {
      const position = headersIn(frame, TAG.PlanePositionSequence)[0];
      const orientation =
        headersIn(frame, TAG.PlaneOrientationSequence)[0] ?? (shared && headersIn(shared, TAG.PlaneOrientationSequence)[0]);
      return (position && orientation && this.#slice(position, orientation, header, frame)) ?? [];
    });
    return frames.length > 0 && slices.length === frames.length ? slices : undefined;
  }

  #slice(position: Header, orientation: Header, header: Header, frame?: Header): Slice | undefined {
    const positionMm = vectorAt(numbersIn(position, TAG.ImagePositionPatient), 0, 3);
    if (positionMm === undefined) return undefined;
    const directions = this.#directions(numbersIn(orientation, TAG.ImageOrientationPatient));
    if (directions === undefined) return undefined;
    return { positionMm, orientation: directions, header, ...(frame === undefined ? {} : { frame }) };
  }

  #directions(cosines: readonly number[]): Orientation | undefined {
    const isLast = cosines.length === this.#cosines.length && cosines.every((value, index) => value === this.#cosines[index]);
    if (!isLast) {
      this.#cosines = cosines;
      this.#orientation = orientationOf(cosines);
    }
    return this.#orientation;
  }
}

const PER_FRAME = tagKey(TAG.PerFrameFunctionalGroupsSequence);

/** Frames without functional groups (nuclear medicine, ultrasound, captures) lie where one position does not tell. */
function hasFrames(header: Header): boolean {
  return (numberIn(header, TAG.NumberOfFrames) ?? 1) > 1;
}

function orientationOf(cosines: readonly number[]): Orientation | undefined {
  const [iDirection, jDirection] = [vectorAt(cosines, 0, 6), vectorAt(cosines, 3, 6)];
  if (iDirection === undefined || jDirection === undefined) return undefined;
  const near = (value: number, wanted: number) => Math.abs(value - wanted) < DIRECTION_TOLERANCE;
  const areOrthonormal =
    near(dot(iDirection, iDirection), 1) && near(dot(jDirection, jDirection), 1) && near(dot(iDirection, jDirection), 0);
  return areOrthonormal ? { iDirection, jDirection } : undefined;
}

function vectorAt(values: readonly number[], offset: number, length: number): Vec3 | undefined {
  if (values.length !== length) return undefined;
  const [x, y, z] = [values[offset], values[offset + 1], values[offset + 2]];
  return x !== undefined && y !== undefined && z !== undefined ? [x, y, z] : undefined;
}

/** Whether two images lie parallel and are turned alike, as far as their cosines are written. */
export function sameOrientation(a: Orientation, b: Orientation): boolean {
  if (a === b) return true;
  const same = (u: Vec3, v: Vec3) => u.every((value, axis) => Math.abs(value - (v[axis] ?? 0)) < DIRECTION_TOLERANCE);
  return same(a.iDirection, b.iDirection) && same(a.jDirection, b.jDirection);
}
