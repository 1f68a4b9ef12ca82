/**
 * A process that does nothing but compare two masks, so that its memory is that of the comparison. It does it twice, once as a process that has
 * just started, once as one that runs already. Arguments: two NRRD files, JSON {extent, spacingMm}.
 */
import { readFileSync } from 'node:fs';
import { compareMasks } from '../../dist/evaluation/metrics/compare-masks.js';

const [reference, output, grid] = process.argv.slice(2);
const { extent, spacingMm } = JSON.parse(grid);
const idleMb = process.memoryUsage().rss / 1e6;
compare();
// maxRSS is in kilobytes (getrusage).
const peakMb = (process.resourceUsage().maxRSS * 1024) / 1e6;
const firstMs = performance.now();
const begin = performance.now();
const comparison = compare();
process.stdout.write(JSON.stringify({ idleMb, peakMb, firstMs, againMs: performance.now() - begin, comparison }));

function compare() {
  return compareMasks(voxelsOf(reference), voxelsOf(output), extent, spacingMm);
}

function voxelsOf(path) {
  const bytes = readFileSync(path);
  const at = bytes.indexOf('\n\n') + 2;
  return new Uint8Array(bytes.buffer, bytes.byteOffset + at, bytes.length - at);
}
