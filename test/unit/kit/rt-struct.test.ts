/** The modules for structure sets: label map → contours → label map, and what an importer says of others' regions. */
import { parseInstance } from '../../../src/dicom/element/parse.js';
import { chestPhantom } from '../../../src/dicom/phantom/chest.js';
import { readStructureSet } from '../../../src/dicom/rtstruct/read.js';
import { writeStructureSet } from '../../../src/dicom/rtstruct/write.js';
import type { SegInput, SegmentMeaning } from '../../../src/dicom/seg/input.js';
import { maskOfSlices, type SegmentMask } from '../../../src/dicom/seg/mask.js';
import { CATEGORY } from '../../../src/dicom/structures/code.js';
import { Case, type Segmentation } from '../../../src/kit/module.js';
import { RtStructConverter } from '../../../src/kit/modules/rt-struct-converter.js';
import { RtStructImporter } from '../../../src/kit/modules/rt-struct-importer.js';
import { segInputOf } from '../../../src/kit/seg-input.js';
import { seriesOf } from '../../../src/kit/series.js';
import { ellipsoid, labelMapOf } from '../../support/seg.js';

const FILES = chestPhantom({ name: 'rt-struct', spacingMm: [12, 12, 12] }).files.map(({ name, bytes }) => ({
  path: name,
  instance: parseInstance(bytes),
}));
const SERIES = seriesOf('1.2.3', FILES);
const { grid } = await SERIES.volume();
const MODEL = { name: 'lungs', title: 'Lungs', version: '1.0' };
const RIGHT = ellipsoid(grid, [0.3, 0.5, 0.5], 0.2);
const LEFT = ellipsoid(grid, [0.7, 0.5, 0.5], 0.2);
const WHOLE = ellipsoid(grid, [0.7, 0.5, 0.5], 0.3);

function caseOf(): Case {
  const one = new Case('1.2.3');
  one.set('dicom', SERIES);
  return one;
}

/** What is logged while a module works on a case. */
async function logsOf(module: { work(one: Case, context: never): Promise<void> }, one: Case): Promise<string[]> {
  const logs: string[] = [];
  const log = (level: string, text: string) => void logs.push(`${level} ${text}`);
  await module.work(one, { folders: {}, model: MODEL, log, progress: () => undefined } as never);
  return logs;
}

/** A structure set of regions by name, as a planning system writes it. */
async function drawnByHand(regions: readonly (readonly [string, SegmentMask])[], change: (input: SegInput) => SegInput = (input) => input) {
  const one = caseOf();
  one.set('segmentation', { labelMap: labelMapOf(grid, []), structures: [{ value: 1, id: 'LUNG' }] });
  const input = await segInputOf(one, RtStructConverter.settings.parse({}), MODEL);
  const segments = regions.map(([label, mask]) => ({ ...input.segments[0], label, mask, meaning: UNKNOWN }));
  return writeStructureSet(change({ ...input, segments }));
}
/** Codes that no structure has. */
const UNKNOWN: SegmentMeaning = {
  category: CATEGORY.anatomy,
  type: { value: 'ROI', scheme: '99LOCAL', meaning: 'Region' },
  typeModifiers: [],
  regions: [],
  regionModifiers: [],
};

async function imported(
  bytes: Uint8Array,
  settings: Record<string, unknown> = {},
): Promise<{ logs: string[]; segmentation: Segmentation }> {
  const one = caseOf();
  one.set('rtstruct', bytes, { meta: { mod: 'rtstruct' } });
  const logs = await logsOf(new RtStructImporter(RtStructImporter.settings.parse(settings)), one);
  return { logs, segmentation: one.get('segmentation') };
}

const idOf = ({ structures }: Segmentation, value: number) => structures.find((one) => one.value === value)?.id;

describe('a label map', () => {
  const labelMap = labelMapOf(grid, [RIGHT, LEFT]);
  const structures = [
    { value: 1, id: 'RIGHT_LUNG' },
    { value: 2, id: 'LEFT_LUNG' },
  ];

  it('comes back to the voxel through RtStructConverter and RtStructImporter', async () => {
    const one = caseOf();
    one.set('segmentation', { labelMap, structures });
    expect(await logsOf(new RtStructConverter(RtStructConverter.settings.parse({})), one)).toEqual([]);
    expect(await logsOf(new RtStructImporter(RtStructImporter.settings.parse({})), one)).toEqual([]);
    const back = one.get('segmentation');
    expect(back.structures).toEqual(structures);
    expect(back.labelMap.labels).toEqual(labelMap.labels);
  });

  it('gets the names that the site uses', async () => {
    const one = caseOf();
    one.set('segmentation', { labelMap, structures });
    await logsOf(new RtStructConverter(RtStructConverter.settings.parse({ names: { LEFT_LUNG: 'Lung_L' } })), one);
    const { rois } = readStructureSet(parseInstance(one.get('rtstruct')).dataset);
    expect(rois.map(({ name }) => name)).toEqual(['Right lung', 'Lung_L']);
  });
});

describe('a structure set that somebody drew', () => {
  it('is taken by its names; what no structure is known of is left out and said', async () => {
    const { logs, segmentation } = await imported(await drawnByHand([['Lung_R', RIGHT], ['PTV 60', LEFT]])); // prettier-ignore
    expect(segmentation.structures).toEqual([{ value: 1, id: 'RIGHT_LUNG' }]);
    expect(logs).toEqual(['WARNING left out, as no structure is known of that name: "PTV 60"']);
  });

  it.each([
    ['a whole and its part', 'Lungs', 'Lung_L', 'LUNG', 'LEFT_LUNG'],
    ['a place and a finding in it', 'Lungs', 'GTV 1', 'LUNG', 'LUNG+NEOPLASM'],
    ['a whole and a finding in its part', 'Lungs', 'GTV 2', 'LUNG', 'LEFT_LUNG+NODULE'],
  ])('gives a voxel of %s to the smaller one, in whatever order, and says so', async (_name, large, small, whole, part) => {
    const roi = { 'GTV 1': 'LUNG+NEOPLASM', 'GTV 2': 'LEFT_LUNG+NODULE' };
    const regions = [[large, WHOLE], [small, LEFT]] as const; // prettier-ignore
    for (const order of [regions, [...regions].reverse()]) {
      const { logs, segmentation } = await imported(await drawnByHand(order), { roi });
      const { labels } = segmentation.labelMap;
      expect(idOf(segmentation, labels[voxelAt(0.7)])).toBe(part);
      const text = new RegExp(`^NOTICE (\\d+) voxels of ${literal(whole)} are of ${literal(part)} too, which has them`);
      expect(logs).toEqual([expect.stringMatching(text)]);
      const lacking = segmentation.structures.find(({ id }) => id === whole);
      expect(lacking?.remark).toEqual({
        word: 'incomplete',
        text: `Incomplete: without ${text.exec(logs[0])?.[1]} voxels that are of ${part}.`,
      });
    }
  });

  it('is refused where two others share voxels, unless it is said which of them has them', async () => {
    const regions = [['Heart', LEFT], ['Liver', WHOLE]] as const; // prettier-ignore
    for (const order of [regions, [...regions].reverse()]) {
      const bytes = await drawnByHand(order);
      await expect(imported(bytes)).rejects.toThrow(/: \d+ voxels are of HEART and of LIVER; expected none, or both in `priority`/);
      for (const priority of [
        ['LIVER', 'HEART'],
        ['HEART', 'LIVER'],
      ]) {
        // prettier-ignore
        const { logs, segmentation } = await imported(bytes, { priority });
        expect(idOf(segmentation, segmentation.labelMap.labels[voxelAt(0.7)])).toBe(priority[0]);
        expect(logs).toEqual([expect.stringContaining(`voxels of ${priority[1]} are of ${priority[0]} too, which has them`)]);
      }
    }
  });

  it('counts priority for parts of what it names, and for findings in it', async () => {
    const bytes = await drawnByHand([['Lung_L', LEFT], ['Heart', WHOLE]]); // prettier-ignore
    for (const [priority, first] of [
      [['HEART', 'LUNG'], 'HEART'],
      [['LUNG', 'HEART'], 'LEFT_LUNG'],
    ] as const) {
      // prettier-ignore
      const { segmentation } = await imported(bytes, { priority });
      expect(idOf(segmentation, segmentation.labelMap.labels[voxelAt(0.7)])).toBe(first);
    }
  });

  it('is refused where a structure that is asked for was drawn without a voxel, which is said of others', async () => {
    const bytes = await drawnByHand([['Lung_R', RIGHT], ['Lung_L', maskOfSlices(new Map())]]); // prettier-ignore
    await expect(imported(bytes, { structures: ['RIGHT_LUNG', 'LEFT_LUNG'] })).rejects.toThrow(
      /no voxel of LEFT_LUNG \("Lung_L"\); expected some, as `structures` asks for it/,
    );
    expect((await imported(bytes)).logs).toEqual(['WARNING LEFT_LUNG has no voxel']);
  });

  it('with a frame of reference that its writer invented is taken, with a warning, as it names images of the series', async () => {
    const { logs, segmentation } = await imported(await drawnByHand([['Lung_R', RIGHT]], (input) => moved(input, 0, '9.9')));
    expect(segmentation.structures).toEqual([{ value: 1, id: 'RIGHT_LUNG' }]);
    expect(logs).toEqual([expect.stringMatching(/^WARNING FrameOfReferenceUID 9\.9, expected .*; taken all the same/)]);
  });

  it.each<readonly [string, Record<string, unknown>, (input: SegInput) => SegInput, RegExp]>([
    [
      'without a structure that is asked for',
      { structures: ['LIVER'] },
      (input) => input,
      /no region that is LIVER; there is "Lung_R", "OAR 1"/,
    ],
    ['with an unknown one where none may be', { unknown: 'refuse' }, (input) => input, /regions that no structure is known of: "OAR 1"/],
    [
      'of another frame of reference and other images',
      {},
      (input) => ofOthers(moved(input, 0, '9.9')),
      /FrameOfReferenceUID 9\.9, expected that of/,
    ],
    ['beside the images', {}, (input) => moved(input, 900), /region RIGHT_LUNG: contour 1 lies .* beyond the last slice/],
  ])('%s is refused', async (_, settings, change, reason) => {
    const bytes = await drawnByHand([['Lung_R', RIGHT], ['OAR 1', LEFT]], change); // prettier-ignore
    await expect(imported(bytes, settings)).rejects.toThrow(reason);
  });
});

const literal = (id: string) => id.replaceAll('+', '\\+');

function voxelAt(along: number): number {
  const { columns, rows, slices } = grid;
  return (Math.round(slices / 2) * rows + Math.round(rows / 2)) * columns + Math.round(along * columns);
}

function moved(input: SegInput, byMm: number, frameOfReferenceUid = input.source.grid.frameOfReferenceUid): SegInput {
  const [x, y, z] = input.source.grid.originMm;
  return { ...input, source: { ...input.source, grid: { ...input.source.grid, originMm: [x, y, z + byMm], frameOfReferenceUid } } };
}

function ofOthers(input: SegInput): SegInput {
  const slices = input.source.slices.map((slice, k) => ({ ...slice, sopInstanceUid: `9.8.${k}` }));
  return { ...input, source: { ...input.source, slices } };
}
