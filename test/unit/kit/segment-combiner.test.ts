import type { Remark, Segmentation } from '../../../src/kit/module.js';
import { Case } from '../../../src/kit/module.js';
import { SegmentCombiner } from '../../../src/kit/modules/segment-combiner.js';

const [RU, RM, RL, LU, LL] = ['RIGHT_UPPER', 'RIGHT_MIDDLE', 'RIGHT_LOWER', 'LEFT_UPPER', 'LEFT_LOWER'].map((lobe) => `${lobe}_LUNG_LOBE`);
const LOBES = [RU, RM, RL, LU, LL];

/** One row of voxels; the n-th structure has the label n + 1. */
function segmentation(labels: readonly number[], ids: readonly string[]): Segmentation {
  const grid = {
    ...{ columns: labels.length, rows: 1, slices: 1, spacingMm: [1, 1, 1] as const, originMm: [0, 0, 0] as const },
    ...{ iDirection: [1, 0, 0] as const, jDirection: [0, 1, 0] as const, kDirection: [0, 0, 1] as const, frameOfReferenceUid: '1.2' },
  };
  return { labelMap: { grid, labels: Uint8Array.from(labels) }, structures: ids.map((id, n) => ({ value: n + 1, id })) };
}

interface Settings {
  readonly wholes: readonly string[];
  readonly keep_parts?: boolean;
  readonly if_incomplete?: 'say' | 'leave_out';
}

/** Which voxels show what after the module, and what it logged. */
async function combine(
  input: Segmentation,
  given: Settings,
): Promise<{ voxels: Record<string, string>; remarks: Record<string, Remark>; log: string }> {
  const module = new SegmentCombiner(SegmentCombiner.settings.parse(given));
  const one = new Case('1.2.3');
  one.set('segmentation', input);
  const log: string[] = [];
  await module.work(one, {
    folders: { inputDir: '', outputDir: '', modelDir: '' },
    model: { name: 'x', title: 'X', version: '1' },
    log: (level, text) => log.push(`${level} ${text}`),
    progress: () => undefined,
  });
  const { labelMap, structures, wholes = [] } = one.get('segmentation');
  const shown = [...structures.map(({ value, ...structure }) => ({ ...structure, values: [value] })), ...wholes];
  const voxelsOf = (values: readonly number[]) => Array.from(labelMap.labels, (label) => (values.includes(label) ? 'x' : '.')).join('');
  expect(new Set(labelMap.labels).size - (labelMap.labels.includes(0) ? 1 : 0)).toBeLessThanOrEqual(
    new Set(shown.flatMap(({ values }) => values)).size,
  );
  return {
    voxels: Object.fromEntries(shown.map(({ id, values }) => [id, voxelsOf(values)])),
    remarks: Object.fromEntries(shown.flatMap(({ id, remark }) => (remark === undefined ? [] : [[id, remark] as const]))),
    log: log.join('\n'),
  };
}

const lobes = segmentation([0, 1, 1, 2, 3, 0, 4, 5, 5, 0], LOBES);
const parts = { [RU]: '.xx.......', [RM]: '...x......', [RL]: '....x.....', [LU]: '......x...', [LL]: '.......xx.' };

describe('SegmentCombiner', () => {
  it('puts wholes over their parts', async () => {
    const { voxels, remarks, log } = await combine(lobes, { wholes: ['RIGHT_LUNG', 'LUNG'] });
    expect(voxels).toEqual({ ...parts, RIGHT_LUNG: '.xxxx.....', LUNG: '.xxxx.xxx.' });
    expect(remarks).toEqual({});
    expect(log).toContain(`NOTICE RIGHT_LUNG of ${RU}, ${RM}, ${RL}`);
  });

  it('puts wholes in the place of their parts, also where one is part of the other', async () => {
    const lungs = await combine(lobes, { wholes: ['RIGHT_LUNG', 'LEFT_LUNG'], keep_parts: false });
    expect(lungs.voxels).toEqual({ RIGHT_LUNG: '.xxxx.....', LEFT_LUNG: '......xxx.' });
    const nested = await combine(lobes, { wholes: ['LEFT_LUNG', 'LUNG'], keep_parts: false });
    expect(nested.voxels).toEqual({ LEFT_LUNG: '......xxx.', LUNG: '.xxxx.xxx.' });
    const others = await combine(lobes, { wholes: ['LEFT_LUNG'], keep_parts: false });
    expect(others.voxels).toEqual({ [RU]: parts[RU], [RM]: parts[RM], [RL]: parts[RL], LEFT_LUNG: '......xxx.' });
  });

  it('takes a whole as it is where there is one', async () => {
    const both = segmentation([1, 1, 2, 3, 0], ['LEFT_LUNG', LU, LL]);
    const { voxels, log } = await combine(both, { wholes: ['LEFT_LUNG'], keep_parts: false });
    expect(voxels).toEqual({ LEFT_LUNG: 'xx...', [LU]: '..x..', [LL]: '...x.' });
    expect(log).toBe('NOTICE LEFT_LUNG is there as a whole');
  });

  it.each([
    ['is not there', segmentation([1, 2, 0, 3, 4], [RU, RL, LU, LL])],
    ['has no voxel', segmentation([1, 3, 0, 4, 5], LOBES)],
  ])('says that a whole is incomplete where a part %s', async (_, input) => {
    const { voxels, remarks, log } = await combine(input, { wholes: ['RIGHT_LUNG', 'LEFT_LUNG', 'LUNG'], keep_parts: false });
    expect(voxels).toEqual({ RIGHT_LUNG: 'xx...', LEFT_LUNG: '...xx', LUNG: 'xx.xx' });
    const remark = { word: 'incomplete', text: 'Incomplete: without Right middle lung lobe.' };
    expect(remarks).toEqual({ RIGHT_LUNG: remark, LUNG: remark });
    expect(log).toMatch(
      /^WARNING RIGHT_LUNG of .* is incomplete, without Right middle lung lobe\nNOTICE LEFT_LUNG of .*\nWARNING LUNG of /,
    );
  });

  it('leaves an incomplete whole out where it shall, and its parts where they are', async () => {
    const settings = { wholes: ['RIGHT_LUNG', 'LEFT_LUNG'], keep_parts: false, if_incomplete: 'leave_out' } as const;
    const { voxels, log } = await combine(segmentation([1, 2, 0, 3, 4], [RU, RL, LU, LL]), settings);
    expect(voxels).toEqual({ [RU]: 'x....', [RL]: '.x...', LEFT_LUNG: '...xx' });
    expect(log).toMatch(/^WARNING RIGHT_LUNG .*; it is left out$/m);
  });

  it('hands on that a part is incomplete itself', async () => {
    const remark = { word: 'incomplete', text: 'Incomplete: cut off.' } as const;
    const { structures, labelMap } = segmentation([1, 2], ['LEFT_LUNG', 'RIGHT_LUNG']);
    const input = { labelMap, structures: [{ ...structures[0], remark }, structures[1]] };
    expect((await combine(input, { wholes: ['LUNG'] })).remarks).toEqual({ LEFT_LUNG: remark, LUNG: remark });
  });

  it('says what was not found at all, and refuses what it can never make', async () => {
    const empty = await combine(segmentation([0, 0], LOBES), { wholes: ['LUNG'] });
    expect(empty.log).toBe('WARNING LUNG: none of its parts was found');
    const kidney = new SegmentCombiner(SegmentCombiner.settings.parse({ wholes: ['KIDNEY'] }));
    expect(() => kidney.structuresAfter(LOBES)).toThrow(/shall make KIDNEY, of which no part is among RIGHT_UPPER_LUNG_LOBE, /);
    expect(SegmentCombiner.settings.safeParse({ wholes: ['LUNGS'] }).error?.message).toContain('no structure of the table');
  });

  it('tells before it runs what there will be', () => {
    const after = (settings: Settings, before: readonly string[]) =>
      new SegmentCombiner(SegmentCombiner.settings.parse(settings)).structuresAfter(before);
    expect(after({ wholes: ['LEFT_LUNG'], keep_parts: false }, LOBES)).toEqual([RU, RM, RL, 'LEFT_LUNG']);
    expect(after({ wholes: ['LUNG'] }, LOBES)).toEqual([...LOBES, 'LUNG']);
    expect(after({ wholes: ['LUNG'], if_incomplete: 'leave_out' }, [LU, LL])).toEqual([LU, LL]);
  });
});
