/** What a model or an observer has drawn in a case: structures by the table, wholes put together of their parts. */
import { readFile } from 'node:fs/promises';
import { readHead } from '../../archive/read-head.js';
import { parseInstance } from '../../dicom/element/parse.js';
import { TAG } from '../../dicom/element/tags.js';
import { SOP_CLASS } from '../../dicom/element/uids.js';
import type { Grid } from '../../dicom/geometry/grid.js';
import { planGrid, sliceFacts } from '../../dicom/geometry/volume.js';
import { readStructureSet } from '../../dicom/rtstruct/read.js';
import { readSeg, SEGMENTATION_SOP_CLASSES } from '../../dicom/seg/read.js';
import type { Segmentation } from '../../dicom/seg/segmentation.js';
import { structureOf } from '../../dicom/structures/table.js';
import { planWhole, type WholePlan } from '../../dicom/structures/wholes.js';
import type { Mask } from '../../dicom/voxels/extent.js';
import { AnteroomError } from '../../foundation/errors.js';
import { maskOf, type CommonGrid } from '../compare/common-grid.js';
import { codesOf } from '../compare/segment-names.js';
import { segmentationOfContours } from './drawn-contours.js';

interface DrawnSegment {
  readonly segmentation: Segmentation;
  readonly number: number;
}

/** One case's segmentations of one maker. */
export class Answer {
  /** By the id of the table, or by codes where it has none. Several segments of one meaning, as nodules are, count together. */
  private readonly segments = new Map<string, DrawnSegment[]>();

  private readonly promised: ReadonlySet<string>;

  /** At least one segmentation; `promised` are the structures that its maker always looks for. */
  constructor(
    readonly segmentations: readonly [Segmentation, ...Segmentation[]],
    promised: readonly string[] = [],
  ) {
    this.promised = new Set(promised);
    for (const segmentation of segmentations)
      for (const { codes, label, number } of segmentation.segments) {
        const id = structureOf(codes, label)?.id ?? codesOf(codes);
        this.segments.set(id, [...(this.segments.get(id) ?? []), { segmentation, number }]);
      }
  }

  /** What was drawn, or looked for and found empty. */
  get structures(): ReadonlySet<string> {
    return new Set(this.segments.keys());
  }

  /** What has a voxel. */
  get drawn(): ReadonlySet<string> {
    const hasVoxel = ({ segmentation: { frames }, number }: DrawnSegment) =>
      frames.some((frame) => frame.segmentNumber === number && frame.unpack().some((voxel) => voxel !== 0));
    return new Set([...this.segments].filter(([, segments]) => segments.some(hasVoxel)).map(([id]) => id));
  }

  /** How a structure is had of what was drawn. */
  planOf(structure: string): WholePlan {
    return planWhole(structure, this.structures);
  }

  /**
   * Whether a plan lacks something that nobody has looked for. What its maker promises and has not drawn is empty: who draws one of two lungs has the other
   * one wrong, and must not come off better than who draws none.
   */
  isPartial({ missing }: WholePlan): boolean {
    return missing.some((id) => !['given', 'complete'].includes(planWhole(id, this.promised).state));
  }

  /** The voxels of a plan's structure, C order [k][j][i]. */
  maskOf({ from }: WholePlan, grid: CommonGrid): Mask {
    const masks = from.flatMap((id) => this.segments.get(id) ?? []).map(({ segmentation, number }) => maskOf(segmentation, number, grid));
    const [union = new Uint8Array(grid.extent.columns * grid.extent.rows * grid.extent.slices), ...others] = masks;
    for (const mask of others) for (let p = 0; p < union.length; p++) union[p] |= mask[p];
    return union;
  }
}

/**
 * Reads the answer in files, segmentations and structure sets; together they are one. Contours are drawn on the grid of `images`, the paths of the
 * case's images. `promised`: see `Answer`.
 * @throws {AnteroomError} DICOM_NOT_P10, DICOM_DAMAGED, PIXELS_UNSUPPORTED, GEOMETRY_REFUSED, FILE_UNREADABLE
 */
export async function readAnswer(files: readonly string[], images: readonly string[], promised: readonly string[] = []): Promise<Answer> {
  const read = await Promise.all(files.map((file) => readSegmentation(file, images)));
  const [first, ...others] = read;
  if (first === undefined) throw new AnteroomError('FILE_UNREADABLE', 'there is no file with a segmentation');
  return new Answer([first, ...others], promised);
}

async function readSegmentation(file: string, images: readonly string[]): Promise<Segmentation> {
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch (cause) {
    throw new AnteroomError('FILE_UNREADABLE', file, { cause });
  }
  const instance = parseInstance(bytes);
  const sopClass = instance.dataset.uid(TAG.SOPClassUID) ?? 'none';
  if (SEGMENTATION_SOP_CLASSES.includes(sopClass)) return readSeg(instance);
  if (sopClass !== SOP_CLASS.RTStructureSetStorage)
    throw new AnteroomError('DICOM_DAMAGED', `${file} is of SOP class ${sopClass}; expected a segmentation or a structure set`);
  return segmentationOfContours(readStructureSet(instance.dataset), await gridOf(images));
}

async function gridOf(images: readonly string[]): Promise<Grid> {
  if (images.length === 0)
    throw new AnteroomError('GEOMETRY_REFUSED', 'contours without the images that they were drawn on; expected a case with images');
  const heads = [];
  for (const image of images) heads.push(await readHead(image));
  return planGrid(heads.flatMap(sliceFacts)).grid;
}
