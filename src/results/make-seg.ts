/** From a segmentation that passed the gate to the object that leaves: our own SEG, durable on the disk. */
import { readFile } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import { parseInstance } from '../dicom/element/parse.js';
import type { SegIdentity, SegInput, SegSource, SegmentInput } from '../dicom/seg/input.js';
import { eachRunOn, type SegmentMask } from '../dicom/seg/mask.js';
import { readingSeg } from '../dicom/seg/read.js';
import type { Segment } from '../dicom/seg/segmentation.js';
import { encodeLabelMap } from '../dicom/seg/write-label-map.js';
import { encodeSeg } from '../dicom/seg/write.js';
import type { SegNote } from '../dicom/seg/write.js';
import { rgbFromLab } from '../dicom/structures/cielab.js';
import type { Rgb } from '../dicom/structures/cielab.js';
import { isAbnormality } from '../dicom/structures/table.js';
import type { Structure } from '../dicom/structures/table.js';
import { AnteroomError } from '../foundation/errors.js';
import { givingWay } from '../foundation/steps.js';
import { uidFromName } from '../foundation/ids.js';
import { judgeSegmentation } from './gate.js';
import { contributorOf, type ResultProvenance } from './provenance.js';
import { rejectionText } from './verdict.js';
import type { GatedSegment, PassedVerdict } from './verdict.js';
import { writeResult, type WrittenResult } from './write-result.js';

export interface ResultJob {
  readonly verdict: PassedVerdict;
  /** Whether a voxel belongs to two segments, where that is known. */
  readonly segmentsOverlap?: boolean;
  readonly source: SegSource;
  readonly identity: SegIdentity & {
    /** Names what later results replace, such as the source series and the model: segments of the same name in it keep their Tracking UID. */
    readonly trackingNamespace: string;
  };
  readonly provenance: ResultProvenance;
}

/** A bit for each segment, which everybody reads, or the number of its segment for each voxel. */
export type SegForm = 'BINARY' | 'LABELMAP';

export interface MadeSeg extends WrittenResult {
  readonly frameCount: number;
  readonly notes: readonly SegNote[];
}

/** Colours for segments that are not in the table and bring none. */
const SPARE_COLOURS: readonly Rgb[] = [
  [230, 25, 75],
  [60, 180, 75],
  [255, 225, 25],
  [0, 130, 200],
  [245, 130, 48],
  [145, 30, 180],
  [70, 240, 240],
  [240, 50, 230],
];

/** What the writer is told for a job; the same job gives the same bytes. */
export function segInputOf({ verdict, segmentsOverlap, source, identity, provenance }: ResultJob): SegInput {
  const { model } = provenance;
  const names = trackingNames(verdict.segments);
  return {
    source,
    identity,
    ...(segmentsOverlap === undefined ? {} : { segmentsOverlap }),
    segments: verdict.segments.map((segment, index) => segmentInput(segment, index, names[index] ?? '', identity.trackingNamespace, model)),
    provenance: {
      equipment: provenance.node,
      contributors: [contributorOf(provenance)],
    },
  };
}

function segmentInput(
  { segment, structure, meaning, mask }: GatedSegment,
  index: number,
  name: string,
  namespace: string,
  model: ResultProvenance['model'],
): SegmentInput {
  return {
    label: labelOf(segment, structure, index),
    description: segment.description,
    meaning,
    algorithm: {
      type: 'AUTOMATIC',
      name: model.name,
      version: model.version,
      family: model.algorithmFamily,
      parameters: `image ${model.digest}`,
    },
    tracking: { id: name, uid: uidFromName(`${namespace} ${name}`) },
    colour: colourOf(segment, structure, index),
    mask,
  };
}

/**
 * Anatomy is called as in the table, by every model alike, with what the container adds in brackets: `Right lung (incomplete)`. Of findings
 * its own label tells one from the other.
 */
function labelOf(segment: Segment, structure: Structure | undefined, index: number): string {
  const own = segment.label === '' ? undefined : segment.label;
  if (structure !== undefined && own?.startsWith(`${structure.name} (`) === true) return own;
  const [first, second] = structure !== undefined && isAbnormality(structure) ? [own, structure.name] : [structure?.name, own];
  return first ?? second ?? `Segment ${index + 1}`;
}

function colourOf(segment: Segment, structure: Structure | undefined, index: number): Rgb {
  const own = segment.cielab === undefined ? undefined : rgbFromLab(segment.cielab);
  const [first, second] = structure !== undefined && isAbnormality(structure) ? [own, structure.colour] : [structure?.colour, own];
  return first ?? second ?? SPARE_COLOURS[index % SPARE_COLOURS.length];
}

/** A name for each segment that is the same in the next result: the structure's id or the label, counted where it comes again. */
function trackingNames(segments: readonly GatedSegment[]): string[] {
  const seen = new Map<string, number>();
  return segments.map(({ segment, structure }) => {
    const name = structure?.id ?? segment.label;
    const count = (seen.get(name) ?? 0) + 1;
    seen.set(name, count);
    return count === 1 ? name : `${name} ${count}`;
  });
}

/**
 * Writes the result of a job to `path` below `root`, so that it is whole and durable under that name or not there at all.
 * What was written is read again and judged like a container's before it counts. Doing it twice gives the same file.
 * @throws {AnteroomError} GATE_REJECTED for a verdict without a voxel, and what has no label map (`encodeLabelMap`); STORE_FAILED where the disk fails; INTERNAL where the object does not stand its own check.
 */
export async function makeSeg(job: ResultJob, root: string, path: string, form: SegForm = 'BINARY'): Promise<MadeSeg> {
  const file = await (form === 'LABELMAP' ? encodeLabelMap : encodeSeg)(segInputOf(job));
  const written = await writeResult(root, path, file.chunks(), (partPath) => checkOwn(partPath, job));
  return { ...written, frameCount: file.frameCount, notes: file.notes };
}

/** The written object passes the gate, and has the voxels that it was made of. */
async function checkOwn(path: string, { verdict, source }: ResultJob): Promise<void> {
  const seg = await givingWay(readingSeg(parseInstance(await readFile(path))));
  const written = await judgeSegmentation(seg, source, false);
  if (!written.passed) throw new AnteroomError('INTERNAL', `our own segmentation does not pass the gate: ${rejectionText(written)}`);
  for (const [index, expected] of verdict.segments.entries()) {
    const seen = written.segments[index];
    if (seen === undefined || !(await sameVoxels(seen.mask, expected.mask))) {
      throw new AnteroomError('INTERNAL', `segment ${index + 1} of our own segmentation has other voxels than the output it was made of`);
    }
  }
}

/** Gives way to other work after each slice. */
async function sameVoxels(seen: SegmentMask, expected: SegmentMask): Promise<boolean> {
  if (seen.slices.join() !== expected.slices.join()) return false;
  for (const k of expected.slices) {
    if (runsOn(seen, k).join() !== runsOn(expected, k).join()) return false;
    await setImmediate();
  }
  return true;
}

/** Beginnings and ends of the runs on a slice; what follows one another without a gap is one. */
function runsOn(mask: SegmentMask, k: number): number[] {
  const ends: number[] = [];
  eachRunOn(mask, k, (from, to) => {
    if (ends.at(-1) === from) ends[ends.length - 1] = to;
    else ends.push(from, to);
  });
  return ends;
}
