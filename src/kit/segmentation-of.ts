/** Items that show structures, on the grid of a series: segmentations of modules before, and label maps in files. */
import type { Grid } from '../dicom/geometry/grid.js';
import { labelsOnGrid } from '../dicom/label-map/on-grid.js';
import { readLabelMap } from '../dicom/label-map/read.js';
import { scaled } from '../dicom/geometry/vector.js';
import { structureById } from '../dicom/structures/table.js';
import { AnteroomError } from '../foundation/errors.js';
import { FILE_ENDINGS, itemText } from './items.js';
import type { Item, Segmentation } from './items.js';

/**
 * An item as a segmentation on that grid; its axes may run otherwise, but nothing is resampled. Of a file, the metadata of the key names
 * the structures of labels 1 to n.
 * @throws AnteroomError LABEL_MAP_REFUSED where it lies elsewhere or has a label without a name; CASE_DATA_OTHER for other items
 */
export async function segmentationOf(item: Item, grid: Grid, key = 'roi'): Promise<Segmentation> {
  if (item.type === 'segmentation') return onGrid(item.value, grid);
  if (item.type !== 'nifti' && item.type !== 'nrrd' && item.type !== 'mha')
    throw new AnteroomError('CASE_DATA_OTHER', `${itemText(item)} is no label map, expected segmentation, nifti, nrrd or mha`);
  const structures = structuresOf(item, key);
  const labelMap = labelsOnGrid(await readLabelMap(`x.${FILE_ENDINGS[item.type]}`, item.value), grid);
  let largest = 0;
  for (const label of labelMap.labels) if (label > largest) largest = label;
  if (largest > structures.length)
    throw new AnteroomError('LABEL_MAP_REFUSED', `label ${largest}, expected at most ${structures.length}, as ${key} has names for`);
  return { labelMap, structures };
}

/** A segmentation on that grid, as `segmentationOf`. Throws LABEL_MAP_REFUSED where it lies elsewhere. */
export function onGrid(segmentation: Segmentation, grid: Grid): Segmentation {
  const { labelMap } = segmentation;
  if (labelMap.grid === grid) return segmentation;
  const { columns, rows, slices, originMm, iDirection, jDirection, kDirection, spacingMm } = labelMap.grid;
  const volume = {
    size: [columns, rows, slices] as const,
    originMm,
    stepsMm: [scaled(iDirection, spacingMm[0]), scaled(jDirection, spacingMm[1]), scaled(kDirection, spacingMm[2])] as const,
    labels: labelMap.labels,
  };
  return { ...segmentation, labelMap: labelsOnGrid(volume, grid) };
}

function structuresOf(item: Item, key: string): Segmentation['structures'] {
  const names = Object.hasOwn(item.meta, key) ? item.meta[key] : '';
  if (names === '') throw new AnteroomError('CASE_DATA_OTHER', `${itemText(item)} has no ${key} that names its structures`);
  return names.split(',').map((id, n) => {
    if (structureById(id) === undefined)
      throw new AnteroomError('CASE_DATA_OTHER', `${itemText(item)}: ${id} is no structure that the kit has codes for`);
    return { value: n + 1, id };
  });
}
