/** Two images of numbers, as probabilities or doses, on one grid: voxel by voxel. */
import type { StoredVolume } from '../../dicom/label-map/read.js';
import { demandWhole, valueReader } from '../../dicom/label-map/voxels.js';
import type { Check } from './finding.js';

/**
 * A voxel may differ by so much of the largest value in the reference: single numbers near zero carry the rounding of the large ones that they were
 * made of. NaN equals NaN, and an infinity itself.
 */
export const IMAGE_TOLERANCE = 1e-6;

/** Compares two images of one size. Throws LABEL_MAP_REFUSED where voxels are missing. */
export function checkImages(reference: StoredVolume, output: StoredVolume): Check {
  const count = demandWhole(reference.size, reference.voxels);
  demandWhole(output.size, output.voxels);
  const [expected, seen] = [valueReader(reference.voxels), valueReader(output.voxels)];
  const largest = largestOf(count, expected);
  const allowed = largest * IMAGE_TOLERANCE;
  let [most, sum, finite, beyond, odd] = [0, 0, 0, 0, 0];
  for (let n = 0; n < count; n++) {
    const [one, other] = [expected(n), seen(n)];
    if (Number.isFinite(one) && Number.isFinite(other)) {
      const difference = Math.abs(one - other);
      most = Math.max(most, difference);
      sum += difference;
      finite++;
      if (difference > allowed) beyond++;
    } else if (!Object.is(one, other)) odd++;
  }
  const ofAll = `of ${count} voxels`;
  return {
    checker: 'ImageContentCheck',
    notes: [
      { label: 'Largest Difference', description: 'of two voxels', info: most },
      { label: 'Mean Difference', description: 'of all voxels with a number in both, without sign', info: finite === 0 ? 0 : sum / finite },
    ],
    findings: [
      ...(beyond === 0
        ? []
        : [
            {
              label: 'Voxel Values',
              description: `${beyond} ${ofAll} differ by more than ${text(allowed)} (${text(IMAGE_TOLERANCE)} of the largest value, ${text(largest)}): at most by ${text(most)}, in the mean of all by ${text(sum / finite)}`,
            },
          ]),
      ...(odd === 0
        ? []
        : [{ label: 'Voxels Not Finite', description: `${odd} ${ofAll} are NaN or infinite in one and not the same in the other` }]),
    ],
  };
}

function largestOf(count: number, value: (n: number) => number): number {
  let largest = 0;
  for (let n = 0; n < count; n++) {
    const size = Math.abs(value(n));
    if (size > largest && size !== Infinity) largest = size;
  }
  return largest;
}

function text(value: number): string {
  return String(Number(value.toPrecision(4)));
}
