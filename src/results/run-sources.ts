/** The images that a run was given: which of them a result lies on. Headers are read once, when they are asked for. */
import { join } from 'node:path';
import { readHead } from '../archive/read-head.js';
import type { DataSet } from '../dicom/element/parse.js';
import { TAG } from '../dicom/element/tags.js';
import { toHeader } from '../dicom/element/to-header.js';
import { SOP_CLASS } from '../dicom/element/uids.js';
import type { Header } from '../dicom/header.js';
import type { SegSource } from '../dicom/seg/input.js';
import { SEGMENTATION_SOP_CLASSES } from '../dicom/seg/read.js';
import type { InstanceRow } from '../ledger/instances.js';
import { readSourceSeries } from './source-series.js';

export interface SourceInput {
  readonly name: string;
  readonly seriesInstanceUid: string;
  readonly instances: readonly InstanceRow[];
}

/** What lies on an image, and is none itself. */
const DRAWN: readonly string[] = [...SEGMENTATION_SOP_CLASSES, SOP_CLASS.RTStructureSetStorage];

/** The inputs of one run. */
export class RunSources {
  private readonly read = new Map<string, Promise<SegSource>>();
  private readonly images: readonly SourceInput[];
  private firstHeads?: Promise<readonly DataSet[]>;

  /** `inputs`: all series of the run, at least one. */
  constructor(
    private readonly archiveFolder: string,
    readonly inputs: readonly SourceInput[],
  ) {
    const images = inputs.filter(({ instances }) => !instances.some(({ sop_class_uid }) => DRAWN.includes(sop_class_uid)));
    this.images = images.length > 0 ? images : inputs;
  }

  /** The image that an object says that it is of; the first one where it names none of them, which the gate then says. */
  referenced(seriesInstanceUids: readonly string[]): Promise<SegSource> {
    return this.sourceOf(this.images.find(({ seriesInstanceUid }) => seriesInstanceUids.includes(seriesInstanceUid)) ?? this.images[0]);
  }

  /** Images on which an output that names none may lie: the one called `name`, or all of them. */
  candidates(name?: string): readonly SourceInput[] {
    const named = this.images.filter((image) => image.name === name);
    return named.length > 0 ? named : this.images;
  }

  /** How many voxels the grid of the largest image may have, by the header of its first instance. */
  async mostVoxels(): Promise<number> {
    const heads = await this.heads();
    const voxels = this.images.map((image) => {
      const head = heads[this.inputs.indexOf(image)];
      const [rows = 0, columns = 0, frames = 1] = [TAG.Rows, TAG.Columns, TAG.NumberOfFrames].map((tag) => head.number(tag));
      return image.instances.length * rows * columns * frames;
    });
    return Math.max(...voxels);
  }

  /** The header of one instance, for patient and study. */
  async header(): Promise<Header> {
    return toHeader(await readHead(join(this.archiveFolder, this.images[0].instances[0].path)));
  }

  /** UIDs that no output may take for its own, and that stay what they are wherever one names them: of inputs, their studies and frames of reference. */
  async foreignUids(): Promise<ReadonlySet<string>> {
    const uids = this.inputs.flatMap(({ seriesInstanceUid, instances }) => [
      seriesInstanceUid,
      ...instances.map(({ sop_instance_uid }) => sop_instance_uid),
    ]);
    for (const head of await this.heads())
      uids.push(...[TAG.StudyInstanceUID, TAG.FrameOfReferenceUID].flatMap((tag) => head.uid(tag) ?? []));
    return new Set(uids);
  }

  /** The headers of the first instance of each input, as they are written. */
  heads(): Promise<readonly DataSet[]> {
    return (this.firstHeads ??= Promise.all(this.inputs.map(({ instances }) => readHead(join(this.archiveFolder, instances[0].path)))));
  }

  /** The headers of all instances: first those of `heads`, then the others, each read when it is asked for. */
  async *allHeads(): AsyncGenerator<DataSet, void, undefined> {
    yield* await this.heads();
    for (const { path } of this.inputs.flatMap(({ instances }) => instances.slice(1))) yield readHead(join(this.archiveFolder, path));
  }

  /** The headers of an image. Throws GEOMETRY_REFUSED where it is no regular stack. */
  sourceOf({ seriesInstanceUid, instances }: SourceInput): Promise<SegSource> {
    const known = this.read.get(seriesInstanceUid) ?? readSourceSeries(this.archiveFolder, instances);
    this.read.set(seriesInstanceUid, known);
    return known;
  }
}
