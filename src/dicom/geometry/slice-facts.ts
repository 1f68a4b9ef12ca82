/** What the header of an image says about where its slices lie: the Image Plane module (PS3.3 C.7.6.2) or, for enhanced objects, the functional groups (C.7.6.16). */
import { AnteroomError } from '../../foundation/errors.js';
import { parseDecimal } from '../element/decimal.js';
import type { DataSet } from '../element/data-set.js';
import { keywordOf } from '../element/dictionary.js';
import { TAG } from '../element/tags.js';
import { SOP_CLASS } from '../element/uids.js';
import type { Rescale } from '../codec/rescale.js';
import type { SourceSlice, Vec3 } from './grid.js';

/** One slice, or one frame of a multi-frame image. */
export interface SliceFacts extends SourceSlice {
  readonly rows: number;
  readonly columns: number;
  /** PixelSpacing: distance of rows (along j), then of columns (along i). */
  readonly pixelSpacingMm: readonly [number, number];
  readonly positionMm: Vec3;
  /** The triplets of ImageOrientationPatient: along increasing column index and along increasing row index. */
  readonly iDirection: Vec3;
  readonly jDirection: Vec3;
  /** Empty where the object names none, as de-identified ones may. */
  readonly frameOfReferenceUid: string;
  readonly rescale: Rescale;
  readonly isLocalizer: boolean;
}

const SEGMENTATIONS: ReadonlySet<string> = new Set([SOP_CLASS.SegmentationStorage, SOP_CLASS.LabelMapSegmentationStorage]);

/**
 * The slices of one instance: one, or one for each frame where functional groups say where the frames lie.
 * @throws {AnteroomError} GEOMETRY_REFUSED where the instance is no image with a place in the patient.
 */
export function sliceFacts(dataset: DataSet): SliceFacts[] {
  const sopClassUid = dataset.uid(TAG.SOPClassUID) ?? '';
  const sopInstanceUid = dataset.uid(TAG.SOPInstanceUID) ?? '';
  const where = new InstanceFacts(dataset, `instance ${sopInstanceUid}`);
  const frames = dataset.items(TAG.PerFrameFunctionalGroupsSequence);
  const common = { sopClassUid, sopInstanceUid, ...where.common() };
  if (frames.length > 0) return frames.map((frame, n) => ({ ...common, frameNumber: n + 1, ...where.plane(frame) }));
  const numberOfFrames = dataset.number(TAG.NumberOfFrames) ?? 1;
  if (numberOfFrames > 1)
    refuse(`instance ${sopInstanceUid} has ${numberOfFrames} frames and no functional groups that say where they lie`);
  return [{ ...common, ...where.plane(undefined) }];
}

/** Reads attributes from where they stand: the frame's functional groups, the shared ones, or the data set itself. */
class InstanceFacts {
  readonly #dataset: DataSet;
  readonly #shared: DataSet | undefined;
  readonly #name: string;

  constructor(dataset: DataSet, name: string) {
    this.#dataset = dataset;
    this.#shared = dataset.items(TAG.SharedFunctionalGroupsSequence)[0];
    this.#name = name;
  }

  common(): Pick<SliceFacts, 'rows' | 'columns' | 'frameOfReferenceUid' | 'isLocalizer'> {
    const rows = this.#dataset.number(TAG.Rows);
    const columns = this.#dataset.number(TAG.Columns);
    if (!rows || !columns)
      return refuse(`${this.#name} is no image (SOP class ${this.#dataset.uid(TAG.SOPClassUID) ?? 'missing'}, no Rows and Columns)`);
    if (SEGMENTATIONS.has(this.#dataset.uid(TAG.SOPClassUID) ?? '')) refuse(`${this.#name} is a segmentation and no image`);
    return {
      rows,
      columns,
      frameOfReferenceUid: this.#dataset.uid(TAG.FrameOfReferenceUID) ?? '',
      isLocalizer: this.#dataset.texts(TAG.ImageType)[2] === 'LOCALIZER',
    };
  }

  plane(
    frame: DataSet | undefined,
  ): Pick<SliceFacts, 'imagePosition' | 'positionMm' | 'iDirection' | 'jDirection' | 'pixelSpacingMm' | 'rescale'> {
    const imagePosition = this.#texts(frame, TAG.PlanePositionSequence, TAG.ImagePositionPatient, 3) as [string, string, string];
    const [x, y, z] = this.#decimals(imagePosition, TAG.ImagePositionPatient);
    const orientation = this.#texts(frame, TAG.PlaneOrientationSequence, TAG.ImageOrientationPatient, 6);
    const [ix, iy, iz, jx, jy, jz] = this.#decimals(orientation, TAG.ImageOrientationPatient);
    const spacing = this.#texts(frame, TAG.PixelMeasuresSequence, TAG.PixelSpacing, 2);
    const [rowSpacingMm, columnSpacingMm] = this.#decimals(spacing, TAG.PixelSpacing);
    if (!(rowSpacingMm > 0 && columnSpacingMm > 0)) refuse(`${this.#name} has PixelSpacing ${spacing.join('\\')}`);
    return {
      imagePosition,
      positionMm: [x, y, z],
      iDirection: [ix, iy, iz],
      jDirection: [jx, jy, jz],
      pixelSpacingMm: [rowSpacingMm, columnSpacingMm],
      rescale: this.#rescale(frame),
    };
  }

  #rescale(frame: DataSet | undefined): Rescale {
    const value = (tag: number, fallback: number) => this.#home(frame, TAG.PixelValueTransformationSequence, tag)?.number(tag) ?? fallback;
    const rescale = { slope: value(TAG.RescaleSlope, 1), intercept: value(TAG.RescaleIntercept, 0) };
    if (rescale.slope === 0) throw new AnteroomError('PIXELS_UNSUPPORTED', `${this.#name} has RescaleSlope 0`);
    if (this.#dataset.items(TAG.ModalityLUTSequence).length > 0)
      throw new AnteroomError('PIXELS_UNSUPPORTED', `${this.#name} has a Modality LUT instead of RescaleSlope and RescaleIntercept`);
    return rescale;
  }

  /** The data set that has the attribute. */
  #home(frame: DataSet | undefined, group: number, tag: number): DataSet | undefined {
    return [frame?.items(group)[0], this.#shared?.items(group)[0], this.#dataset].find(
      (place) => place !== undefined && !place.isEmpty(tag),
    );
  }

  #texts(frame: DataSet | undefined, group: number, tag: number, count: number): string[] {
    const texts = this.#home(frame, group, tag)?.texts(tag) ?? this.#missing(tag);
    if (texts.length !== count) refuse(`${this.#name} has ${texts.length} values in ${keywordOf(tag)} where ${count} belong`);
    return texts;
  }

  #decimals(texts: readonly string[], tag: number): number[] {
    const values = texts.map(parseDecimal);
    if (values.some(Number.isNaN)) refuse(`${this.#name} has a value in ${keywordOf(tag)} that is no number`);
    return values;
  }

  #missing(tag: number): never {
    return refuse(`${this.#name} has no ${keywordOf(tag)}`);
  }
}

function refuse(seen: string): never {
  throw new AnteroomError('GEOMETRY_REFUSED', seen);
}
