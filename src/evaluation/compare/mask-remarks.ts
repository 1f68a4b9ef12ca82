/** Two masks of the same thing in words: every figure as a note, and what speaks against them as findings. */
import type { MaskComparison } from '../metrics/compare-masks.js';
import { valueOf } from '../metrics/measured.js';
import type { Remark } from './finding.js';

/** What has a Dice with the reference below has come out otherwise. */
export const LEAST_DICE = 0.99;

/** Every figure, or why there is none. */
export function measures({ dice, surfaceDistances, volumeMl, voxels }: MaskComparison): Remark[] {
  const surface = valueOf(surfaceDistances);
  const why = 'undefinedBecause' in surfaceDistances ? `undefined: ${surfaceDistances.undefinedBecause}` : '';
  return [
    {
      label: 'Dice',
      description: 'Dice of reference and output.',
      info: 'value' in dice ? dice.value : `undefined: ${dice.undefinedBecause}`,
    },
    { label: 'Volume', description: 'Millilitres in the output.', info: volumeMl.output },
    { label: 'Volume Difference', description: 'Millilitres, output less reference.', info: volumeMl.difference },
    { label: 'Voxels Differing', description: 'Voxels in one of the two only.', info: voxels.reference + voxels.output - 2 * voxels.both },
    { label: 'Hausdorff', description: 'Largest surface distance in mm.', info: surface?.hausdorffMm ?? why },
    { label: 'Hausdorff 95 %', description: '95th percentile of the surface distances in mm.', info: surface?.hausdorff95Mm ?? why },
    { label: 'Mean Surface Distance', description: 'Mean surface distance in mm.', info: surface?.meanMm ?? why },
  ];
}

/** A large organ may be a voxel too large all around with a Dice that is high: then its surface tells. */
export function deviations({ dice, surfaceDistances }: MaskComparison, voxelMm: number): Remark[] {
  const found: Remark[] = [];
  const overlap = valueOf(dice);
  if (overlap !== undefined && overlap < LEAST_DICE)
    found.push({ label: 'Dice', description: `${overlap.toFixed(6)}, expected at least ${LEAST_DICE}`, info: overlap });
  const far = valueOf(surfaceDistances)?.hausdorff95Mm;
  if (far !== undefined && far >= voxelMm * 0.999)
    found.push({
      label: 'Surface Distance',
      description: `95 % within ${far.toFixed(3)} mm, expected less than one voxel (${voxelMm.toFixed(3)} mm)`,
      info: far,
    });
  return found;
}
