/** Draws the regions of a structure set on its images. */
import { z } from 'zod';
import { parseInstance } from '../../dicom/element/parse.js';
import type { Grid, Volume } from '../../dicom/geometry/grid.js';
import { maskOfRoi } from '../../dicom/rtstruct/masks.js';
import { readStructureSet } from '../../dicom/rtstruct/read.js';
import { contradictionOf, structureOfRoi } from '../../dicom/rtstruct/roi-structure.js';
import type { Roi, StructureSet } from '../../dicom/rtstruct/structure-set.js';
import { AnteroomError } from '../../foundation/errors.js';
import type { KitLog } from '../kit-log.js';
import { CaseModule } from '../module.js';
import type { Case, ModuleContext } from '../module.js';
import { oneLabelEach, type DrawnRegion, type Overlap } from '../one-label-each.js';
import { query } from '../query.js';
import { structureId } from '../structure-id.js';

const settings = z.object({
  in_datas: query.prefault('rtstruct').describe('Which structure set, where a case has several.'),
  target_dicom: query.prefault('dicom').describe('The series that it was drawn on.'),
  roi: z
    .record(z.string(), structureId)
    .default({})
    .describe('Structures by the names of regions, before codes, the names of the table, and names in the manner of TG-263.'),
  structures: z
    .array(structureId)
    .min(1)
    .optional()
    .describe('Only these are taken, and each of them must be there with a voxel at least; all by default.'),
  unknown: z
    .enum(['leave_out', 'refuse'])
    .default('leave_out')
    .describe('What becomes of a region that no name or code is known of, where `structures` names none.'),
  priority: z
    .array(structureId)
    .default([])
    .describe(
      'Of structures that share voxels the one that is first here has them, with its parts and the findings in it. Else a part comes before its whole, a finding before its place, and any other overlap is refused.',
    ),
});

/** A region, its structure and its voxels. */
interface Drawn extends DrawnRegion {
  readonly roi: Roi;
  readonly voxelCount: number;
}

/** The label map has the grid of the series. A voxel is in a region where its centre is; the rules are those of `dicom/rtstruct/fill.ts`. */
export class RtStructImporter extends CaseModule {
  static readonly does = 'draws the regions of an RT Structure Set on the grid of its series';
  static readonly settings = settings;
  readonly inputs;
  readonly outputs;

  constructor(private readonly options: z.output<typeof settings>) {
    super();
    this.inputs = [options.target_dicom, options.in_datas];
    this.outputs = [{ type: 'segmentation', meta: { mod: 'seg', roi: options.structures?.join(',') ?? null } }] as const;
  }

  async work(one: Case, { log }: ModuleContext): Promise<void> {
    const item = one.only(this.options.in_datas);
    if (item.type !== 'rtstruct')
      throw new AnteroomError('CASE_DATA_OTHER', `${this.options.in_datas.text} is ${item.type}, expected rtstruct`);
    const set = readStructureSet(parseInstance(item.value).dataset);
    const volume = await one.series(this.options.target_dicom).volume();
    demandSameFrame(set, volume, log);
    const { grid } = volume;
    const { structures, priority } = this.options;
    const drawn = this.#wanted(set, log).map(({ roi, id }) => draw(roi, id, grid, log));
    demandVoxels(drawn, structures);
    const { segmentation, overlaps } = oneLabelEach(drawn, structures ?? [...new Set(drawn.map(({ id }) => id))], grid, priority);
    judgeOverlaps(overlaps, log);
    one.set('segmentation', segmentation);
  }

  /** The regions whose structures are asked for. */
  #wanted({ rois }: StructureSet, log: KitLog): { roi: Roi; id: string }[] {
    const { roi: names, structures, unknown } = this.options;
    const known = rois.flatMap((roi) => {
      const contradiction = contradictionOf(roi);
      if (contradiction !== undefined) throw refused(`region "${roi.name || roi.number}" ${contradiction}; expected the same side in both`);
      const structure = structureOfRoi(roi, names);
      return structure === undefined ? [] : [{ roi, id: structure.id }];
    });
    const taken = structures === undefined ? known : known.filter(({ id }) => structures.includes(id));
    const missing = structures?.filter((id) => !taken.some((one) => one.id === id)) ?? [];
    const others = rois.filter((roi) => !known.some((one) => one.roi === roi)).map(({ name, number }) => `"${name || number}"`);
    if (missing.length > 0 || taken.length === 0)
      throw refused(
        `no region that is ${missing.join(', ') || 'a structure of the table'}; there is ${listed(rois.map(({ name }) => `"${name}"`))}`,
      );
    if (structures === undefined && others.length > 0) {
      if (unknown === 'refuse') throw refused(`regions that no structure is known of: ${listed(others)}`);
      log('WARNING', `left out, as no structure is known of that name: ${listed(others)}`);
    }
    return taken;
  }
}

/** Some programs invent a frame of reference; an object that names images of this series, and no others, was drawn on it all the same. */
function demandSameFrame(set: StructureSet, { grid, slices }: Volume, log: KitLog): void {
  const other = set.frameOfReferenceUids.find((uid) => uid !== grid.frameOfReferenceUid);
  if (other === undefined || grid.frameOfReferenceUid === '') return;
  const images = new Set(slices.map(({ sopInstanceUid }) => sopInstanceUid));
  const named = [...set.referencedSeries.flatMap((series) => series.sopInstanceUids), ...set.rois.flatMap(imagesOf)];
  const seen = `FrameOfReferenceUID ${other}, expected that of the series (${grid.frameOfReferenceUid})`;
  if (named.length === 0 || named.some((uid) => !images.has(uid))) throw refused(seen);
  log('WARNING', `${seen}; taken all the same, as all images that it names are of the series`);
}

function imagesOf({ contours }: Roi): string[] {
  return contours.flatMap(({ imageSopInstanceUids }) => imageSopInstanceUids);
}

function draw(roi: Roi, id: string, grid: Grid, log: KitLog): Drawn {
  const { mask, voxelCount, refusals, notes } = maskOfRoi(roi, grid);
  if (refusals.length > 0) throw refused(`region ${id}: ${refusals[0]}${refusals.length > 1 ? ` and ${refusals.length - 1} more` : ''}`);
  for (const note of notes) log('NOTICE', `${id}: ${note}`);
  if (voxelCount === 0) log('WARNING', `${id} has no voxel`);
  return { roi, id, mask, voxelCount };
}

/** Says which structures share voxels, and refuses those of which nothing says which has them. */
function judgeOverlaps(overlaps: readonly Overlap[], log: KitLog): void {
  const open = overlaps.filter(({ decided }) => !decided).map(({ has, lacks, voxels }) => `${voxels} voxels are of ${has} and of ${lacks}`);
  if (open.length > 0) throw refused(`${listed(open)}; expected none, or both in \`priority\`, which says which of them has the voxels`);
  for (const { has, lacks, voxels } of overlaps)
    log('NOTICE', `${voxels} voxels of ${lacks} are of ${has} too, which has them: ${lacks} is without them`);
}

/** Each structure that is asked for has voxels, in whichever of its regions. */
function demandVoxels(drawn: readonly Drawn[], structures: readonly string[] = []): void {
  const empty = structures.filter((id) => !drawn.some((one) => one.id === id && one.voxelCount > 0));
  if (empty.length === 0) return;
  const named = empty.map(
    (id) => `${id} (${drawn.flatMap((one) => (one.id === id ? `"${one.roi.name || one.roi.number}"` : [])).join(', ')})`,
  );
  throw refused(`no voxel of ${listed(named)}; expected some, as \`structures\` asks for it`);
}

function listed(names: readonly string[]): string {
  return names.length === 0 ? 'none' : `${names.slice(0, 10).join(', ')}${names.length > 10 ? ` and ${names.length - 10} more` : ''}`;
}

function refused(seen: string): AnteroomError {
  return new AnteroomError('STRUCTURE_SET_REFUSED', seen);
}
