/** Order statistics without sorting: the surfaces of large organs have millions of voxels. */

/** The value of `rank` (1 = smallest) among `values`, which are reordered (Hoare's selection). `rank` must be from 1 to their number. */
export function valueAtRank(values: Float32Array, rank: number): number {
  const wanted = rank - 1;
  let low = 0;
  let high = values.length - 1;
  while (low < high) {
    const pivot = middleOfThree(values[low], values[(low + high) >>> 1], values[high]);
    let i = low;
    let j = high;
    while (i <= j) {
      while (values[i] < pivot) i++;
      while (values[j] > pivot) j--;
      if (i > j) break;
      const swapped = values[i];
      values[i++] = values[j];
      values[j--] = swapped;
    }
    if (wanted <= j) high = j;
    else if (wanted >= i) low = i;
    else break;
  }
  return values[wanted];
}

function middleOfThree(a: number, b: number, c: number): number {
  return Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
}
