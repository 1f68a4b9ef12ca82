import type { Grid } from '../../../src/dicom/geometry/grid.js';
import { Case, type DicomSeries, type Segmentation } from '../../../src/kit/module.js';
import { ReportExporter } from '../../../src/kit/modules/report-exporter.js';
import { csvRows } from '../../../src/foundation/csv.js';

/** Six voxels of 2 × 3 × 4 mm in a row. */
const GRID = {
  ...{ columns: 6, rows: 1, slices: 1, spacingMm: [2, 3, 4] as const, originMm: [0, 0, 0] as const },
  ...{ iDirection: [1, 0, 0] as const, jDirection: [0, 1, 0] as const, kDirection: [0, 0, 1] as const, frameOfReferenceUid: '1.2' },
};
const SEGMENTATION: Segmentation = {
  labelMap: { grid: GRID, labels: Uint8Array.of(0, 1, 1, 2, 2, 0) },
  structures: [
    { value: 1, id: 'LEFT_LUNG' },
    { value: 2, id: 'RIGHT_LUNG', remark: { word: 'incomplete', text: 'x' } },
    { value: 3, id: 'LUNG+NODULE' },
    { value: 4, id: 'HEART' },
  ],
  wholes: [{ values: [1, 2], id: 'LUNG' }],
};

async function exported(settings: object, grid: Grid = GRID): Promise<string> {
  const parsed = ReportExporter.settings.parse(settings);
  const one = new Case('1.2.3');
  const voxels = Int16Array.of(5, -900, -800, -700, -100, 5);
  const series: Partial<DicomSeries> = { volume: () => Promise.resolve({ grid, slices: [], voxels }) };
  one.set('dicom', series as DicomSeries);
  one.set('segmentation', SEGMENTATION);
  const context = {
    folders: { inputDir: '', outputDir: '', modelDir: '' },
    model: { name: 'x', title: 'X', version: '1' },
    log: () => undefined,
    progress: () => undefined,
  };
  await new ReportExporter(parsed).work(one, context);
  return Buffer.from(one.get(parsed.format)).toString('utf8');
}

describe('ReportExporter', () => {
  it('gives volume, voxels and mean of each structure, of wholes and of those without a voxel, but of no finding without one', async () => {
    expect(JSON.parse(await exported({}))).toEqual({
      structures: [
        { structure: 'LEFT_LUNG', name: 'Left lung', volume_ml: 0.048, voxels: 2, mean: -850 },
        { structure: 'RIGHT_LUNG', name: 'Right lung', volume_ml: 0.048, voxels: 2, mean: -400, remark: 'incomplete' },
        { structure: 'HEART', name: 'Heart', volume_ml: 0, voxels: 0, mean: null },
        { structure: 'LUNG', name: 'Lung', volume_ml: 0.096, voxels: 4, mean: -625 },
      ],
    });
  });

  it('refuses a label map that lies on another image', async () => {
    await expect(exported({}, { ...GRID, originMm: [40, 0, 0] })).rejects.toMatchObject({ code: 'LABEL_MAP_REFUSED' });
  });

  it('gives other figures, and a table', async () => {
    const rows = csvRows(await exported({ format: 'csv', figures: ['min', 'max', 'sd'] }));
    expect(rows).toEqual([
      ['structure', 'name', 'min', 'max', 'sd', 'remark'],
      ['LEFT_LUNG', 'Left lung', '-900', '-800', '50', ''],
      ['RIGHT_LUNG', 'Right lung', '-700', '-100', '300', 'incomplete'],
      ['HEART', 'Heart', '', '', '', ''],
      ['LUNG', 'Lung', '-900', '-100', '311.24749', ''],
    ]);
  });
});
