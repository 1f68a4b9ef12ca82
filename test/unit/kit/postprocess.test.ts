/** Post-processing on small drawn masks whose answer can be seen. */
import type { Grid, Volume } from '../../../src/dicom/geometry/grid.js';
import { LabelMapPostprocessor } from '../../../src/kit/modules/label-map-postprocessor.js';
import { Case } from '../../../src/kit/module.js';
import type { ModuleContext } from '../../../src/kit/module.js';

const CONTEXT: ModuleContext = {
  folders: { inputDir: '', outputDir: '', modelDir: '' },
  model: { name: 'm', title: 'm', version: '1' },
  log: () => undefined,
  progress: () => undefined,
};

/** One slice of drawn rows; `#` is the structure LUNG (1), `o` HEART (2), `.` background. Voxels are 1 ml each. */
async function processed(rows: readonly string[], steps: readonly unknown[], hu?: readonly string[]): Promise<string[]> {
  const grid: Grid = {
    columns: rows[0].length,
    rows: rows.length,
    slices: 1,
    originMm: [0, 0, 0],
    iDirection: [1, 0, 0],
    jDirection: [0, 1, 0],
    kDirection: [0, 0, 1],
    spacingMm: [10, 10, 10],
    frameOfReferenceUid: '',
  };
  const labels = Uint8Array.from(rows.join(''), (drawn) => '.#o'.indexOf(drawn));
  const voxels = Int16Array.from((hu ?? rows).join(''), (drawn) => (drawn === ' ' ? -1000 : 0));
  const volume: Volume = { grid, voxels, slices: [] };
  const one = new Case('1.2');
  one.set('dicom', { seriesInstanceUid: '1.2', paths: [], instances: [], volume: () => Promise.resolve(volume) });
  const structures = [
    { value: 1, id: 'LUNG' },
    { value: 2, id: 'HEART' },
  ];
  one.set('segmentation', { labelMap: { grid, labels }, structures });
  await new LabelMapPostprocessor(LabelMapPostprocessor.settings.parse({ steps })).work(one, CONTEXT);
  const text = Array.from(one.get('segmentation').labelMap.labels, (label) => '.#o'[label]).join('');
  return rows.map((row, j) => text.slice(j * row.length, (j + 1) * row.length));
}

describe('post-processing', () => {
  const ISLANDS = ['####..#', '####...', '......#', '.##...#'];

  it('keeps components by their share of the largest, their number, or their volume', async () => {
    expect(await processed(ISLANDS, [{ keep_components: { above_percent_of_largest: 20 } }])).toEqual([
      '####...',
      '####...',
      '......#',
      '.##...#',
    ]);
    expect(await processed(ISLANDS, [{ keep_components: { above_percent_of_largest: 25 } }])).toEqual([
      '####...',
      '####...',
      '.......',
      '.......',
    ]);
    expect(await processed(ISLANDS, [{ keep_components: { largest: 1 } }])).toEqual(['####...', '####...', '.......', '.......']);
    expect(await processed(ISLANDS, [{ keep_components: { at_least_ml: 2 } }])).toEqual(['####...', '####...', '......#', '.##...#']);
  });

  it('fills what a slice encloses, up to an area, and never takes another structure', async () => {
    const holes = ['#####', '#.#o#', '#.###', '#####'];
    expect(await processed(holes, [{ fill_holes: {} }])).toEqual(['#####', '###o#', '#####', '#####']);
    expect(await processed(holes, [{ fill_holes: { up_to_mm2: 150 } }])).toEqual(['#####', '#.#o#', '#.###', '#####']);
  });

  it('takes out what lies in air that reaches the border, and leaves enclosed air', async () => {
    const mask = ['##....', '....##', '....##', '......'];
    const hu = ['  ....', '......', '.... .', '......'];
    expect(await processed(mask, [{ remove_air_at_border: {} }], hu)).toEqual(['......', '....##', '....##', '......']);
  });

  it('drops a structure that is too small as a whole, and grows into background only', async () => {
    expect(await processed(['##...', '....o'], [{ drop_below: { ml: 2 } }])).toEqual(['##...', '.....']);
    expect(await processed(['#.o..', '..o..', '.....'], [{ dilate_mm: { radius: 10, of: ['LUNG'] } }])).toEqual([
      '##o..',
      '#.o..',
      '.....',
    ]);
    expect(await processed(['.....', '.###.', '.....'], [{ erode_mm: { radius: 10 } }])).toEqual(['.....', '.....', '.....']);
    expect(await processed(['##.##', '##.##', '#####'], [{ close_mm: { radius: 10, of: ['LUNG'] } }])).toEqual(['#####', '#####', '#####']);
  });

  it('does the steps in the order in which they are written', async () => {
    const rows = ['#.#', '###', '...'];
    expect(await processed(rows, [{ dilate_mm: { radius: 10 } }, { erode_mm: { radius: 10 } }])).not.toEqual(
      await processed(rows, [{ erode_mm: { radius: 10 } }, { dilate_mm: { radius: 10 } }]),
    );
  });

  it('refuses a step for a structure that is not there', async () => {
    await expect(processed(['#'], [{ dilate_mm: { radius: 1, of: ['LIVER'] } }])).rejects.toThrow(
      /dilate_mm is for LIVER; the label map has LUNG, HEART/,
    );
  });
});
