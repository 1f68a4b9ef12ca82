/**
 * A process that does nothing but write one segmentation of a label map, so that its memory is that of the writer. It does it twice: the first time is for
 * the compiler. Arguments: JSON {columns, rows, slices, segments}, the file to write. Prints milliseconds and MB.
 */
import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { masksOfLabels } from '../../dist/dicom/seg/mask.js';
import { encodeSeg } from '../../dist/dicom/seg/write.js';
import { STRUCTURES, meaningOf } from '../../dist/dicom/structures/table.js';

const [extent, file] = process.argv.slice(2);
const { columns, rows, slices, segments } = JSON.parse(extent);
const labelMap = drawn();
globalThis.gc?.();
const idleMb = process.memoryUsage().rss / 1e6;
const first = timed();
const again = timed();
const peakMb = highestMb();
const { sizeBytes, sha256 } = written();
rmSync(file);
process.stdout.write(JSON.stringify({ idleMb, peakMb, first, again, sizeBytes, sha256 }));

/** Of this process alone: getrusage tells the peak of the one that started it where that was higher. */
function highestMb() {
  return (Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8'))[1]) * 1024) / 1e6;
}

function timed() {
  rmSync(file, { force: true });
  const [begin, cpu] = [performance.now(), process.cpuUsage()];
  write();
  const { user, system } = process.cpuUsage(cpu);
  return { ms: performance.now() - begin, cpuMs: (user + system) / 1000 };
}

/** As the kit does: from the label map to the file. */
function write() {
  const handle = openSync(file, 'w');
  for (const chunk of segmentation().chunks()) writeSync(handle, chunk);
  closeSync(handle);
}

function written() {
  const hash = createHash('sha256');
  const seg = segmentation();
  for (const chunk of seg.chunks()) hash.update(chunk);
  return { sizeBytes: seg.sizeBytes, sha256: hash.digest('hex') };
}

function segmentation() {
  const values = Array.from({ length: segments }, (_, n) => n + 1);
  const masks = masksOfLabels(labelMap, values);
  return encodeSeg({
    source: source(),
    segments: values.map((value, n) => segmentOf(STRUCTURES[n], value, masks[n])),
    segmentsOverlap: false,
    identity: {
      sopInstanceUid: '1.2.3.4.77.1',
      seriesInstanceUid: '1.2.3.4.77',
      seriesNumber: 1,
      contentDate: '20260101',
      contentTime: '101500',
      seriesDescription: 'bench',
    },
    provenance: {
      equipment: { manufacturer: 'Anteroom', modelName: 'bench', deviceSerialNumber: 'none', softwareVersions: ['1'] },
      contributors: [],
    },
  });
}

function segmentOf(structure, value, mask) {
  return {
    label: structure.name,
    meaning: meaningOf(structure),
    algorithm: { type: 'AUTOMATIC', name: 'bench', version: '1' },
    tracking: { id: structure.id, uid: `1.2.3.4.50.${value}` },
    colour: structure.colour,
    mask,
  };
}

function source() {
  return {
    header: {},
    seriesInstanceUid: '1.2.3.4.20',
    grid: labelMap.grid,
    slices: Array.from({ length: slices }, (_, k) => ({
      sopClassUid: '1.2.840.10008.5.1.4.1.1.2',
      sopInstanceUid: `1.2.3.4.20.${k + 1}`,
      imagePosition: ['-180', '-180', String(k)],
    })),
    imageOrientation: ['1', '0', '0', '0', '1', '0'],
    pixelSpacing: ['0.7', '0.7'],
  };
}

/** Ellipsoids side by side, each as large as its cell: five like the lobes of lungs, a hundred like all organs of a trunk. */
function drawn() {
  const [across, down, deep] = segments === 5 ? [5, 1, 1] : [5, 5, segments / 25];
  const labels = new Uint8Array(columns * rows * slices);
  const [a, b, c] = [columns / across, rows / down, slices / deep];
  for (let k = 0, p = 0; k < slices; k++)
    for (let j = 0; j < rows; j++)
      for (let i = 0; i < columns; i++, p++) {
        const cell = Math.floor(i / a) + across * (Math.floor(j / b) + down * Math.floor(k / c));
        const off = (n, size) => (((n % size) + 0.5) / size - 0.5) * 2;
        labels[p] = off(i, a) ** 2 + off(j, b) ** 2 + off(k, c) ** 2 <= 1 ? cell + 1 : 0;
      }
  const grid = {
    columns,
    rows,
    slices,
    originMm: [-180, -180, 0],
    iDirection: [1, 0, 0],
    jDirection: [0, 1, 0],
    kDirection: [0, 0, 1],
    spacingMm: [0.7, 0.7, 1],
    frameOfReferenceUid: '1.2.3.4.99',
  };
  return { grid, labels };
}
