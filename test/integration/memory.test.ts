/**
 * Memory does not grow with the size of an instance nor of a study. The pixels of what is sent are holes in the files: they cost
 * the sender's disk nothing, and the receiver cannot know.
 */
import { mkdirSync, openSync, closeSync, ftruncateSync, readdirSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { StudyView } from '../../src/api/views.js';
import { stow } from '../../src/dicomweb/client/stow.js';
import { SOP_CLASS } from '../../src/dicom/element/uids.js';
import { dcmtk } from '../support/dcmtk.js';
import { describeWith } from '../support/data.js';
import { missingForNode, startNode, type TestNode } from '../support/node.js';
import { descriptorCount, forgetPeak, missingForProcessFigures, residentMb } from '../support/process-figures.js';
import { part10, type Attributes } from '../support/synthetic-image.js';
import { tempFolder } from '../support/temp.js';
import { missingTools } from '../support/tools.js';
import { until } from '../support/until.js';

const MAX_GROWTH_MB = 100;
const FRAMES = 2048;
const SLICES = 2000;
const RULES = `rules:
  - name: any-ct
    when: { tag: Modality, equals: CT }
    series: { prefer: [{ mostInstances: true }] }
    model: lungs
    destinations: [archive]
`;

describeWith('memory', [...missingForNode(), ...missingForProcessFigures(), ...missingTools('storescu')], () => {
  let node: TestNode;
  let idleMb: number;

  beforeEach(async () => {
    node = await startNode({ rules: { 'rules.yaml': RULES } });
    const pid = node.pid() as number;
    idleMb = residentMb(pid).now;
    forgetPeak(pid);
  });
  afterEach(() => node.remove());

  it('stays within bounds for one instance of 1 GB over C-STORE', async () => {
    const { path } = bigInstance();
    expect(await send(node, path)).toMatchObject({ code: 0 });
    await decided(node, 1);
    expectBounded(node, idleMb, statSync(path).size);
  }, 180_000);

  it('stays within bounds where an instance of 1 GB comes again with a corrected header', async () => {
    const [first, corrected] = [bigInstance('Doe^Jane'), bigInstance('Doe^Joan')];
    expect(await send(node, first.path)).toMatchObject({ code: 0 });
    await decided(node, 1);
    expect(await send(node, corrected.path)).toMatchObject({ code: 0 });
    await decided(node, 1, 2);
    expectBounded(node, idleMb, first.sizeBytes + corrected.sizeBytes);
  }, 180_000);

  it('stays within bounds for one instance of 1 GB over STOW-RS, and for what is read of it', async () => {
    const item = bigInstance();
    const [outcome] = await stow({ url: `http://127.0.0.1:${node.httpPort}/dicom-web`, timeoutMs: 120_000 }, [item]);
    expect(outcome).toMatchObject({ stored: true });
    await decided(node, 1);
    await readBack(node, item.sopInstanceUid);
    expectBounded(node, idleMb, item.sizeBytes);
  }, 180_000);

  it('stays within bounds for 2 000 CT slices in one association', async () => {
    const folder = ctSeries();
    expect(await send(node, '+sd', folder)).toMatchObject({ code: 0 });
    await decided(node, SLICES);
    expectBounded(node, idleMb, SLICES * 512 * 1024);
  }, 240_000);
});

/** Asks for all that can be had of the instance; many clients go away in the middle of it. No descriptor is left open for them. */
async function readBack(node: TestNode, sopInstanceUid: string): Promise<void> {
  const url = `http://127.0.0.1:${node.httpPort}/dicom-web/studies/1.2.3.7/series/1.2.3.8/instances/${sopInstanceUid}`;
  const get = (what: string, accept = '*/*', signal?: AbortSignal) => fetch(url + what, { headers: { accept }, signal });
  const pid = node.pid() as number;
  const before = descriptorCount(pid);
  for (const [what, accept, sizeBytes] of [
    ['/metadata', '*/*', undefined],
    [`/frames/${FRAMES}`, 'application/octet-stream', 512 * 1024],
    ['/thumbnail', 'image/png', undefined],
    ['/bulkdata/7FE00010', 'application/octet-stream', FRAMES * 512 * 1024],
  ] as const) {
    const answer = await get(what, accept);
    expect(answer.status).toBe(200);
    let seenBytes = 0;
    for await (const chunk of answer.body as AsyncIterable<Uint8Array>) seenBytes += chunk.length;
    if (sizeBytes !== undefined) expect(seenBytes).toBe(sizeBytes);
  }
  for (const what of ['', '/bulkdata/7FE00010', `/frames/${Array.from({ length: 500 }, (_, n) => n + 1).join(',')}`]) {
    for (let n = 0; n < 10; n++) {
      const leaving = new AbortController();
      const answer = await get(what, '*/*', leaving.signal);
      expect(answer.status).toBe(200);
      leaving.abort();
    }
  }
  await until('no descriptor is left open', () => descriptorCount(pid) <= before + 2);
}

/** A multi-frame image of 1 GB (2 048 frames of 512 × 512 × 16 bit). */
function bigInstance(patientName = 'Doe^Jane'): { path: string; sizeBytes: number; sopInstanceUid: string; sopClassUid: string } {
  const path = join(tempFolder('memory'), 'big.dcm');
  const sopInstanceUid = '1.2.3.9';
  writeWithHole(
    path,
    image(sopInstanceUid, { NumberOfFrames: [String(FRAMES)], PatientName: [{ Alphabetic: patientName }] }),
    FRAMES * 512 * 1024,
  );
  return { path, sizeBytes: statSync(path).size, sopInstanceUid, sopClassUid: SOP_CLASS.CTImageStorage };
}

/** A folder with a series of slices of 512 × 512 × 16 bit. */
function ctSeries(): string {
  const folder = join(tempFolder('memory'), 'series');
  mkdirSync(folder);
  for (let k = 0; k < SLICES; k++) {
    const attributes: Attributes = { ImagePositionPatient: ['-100', '-100', String(k)], InstanceNumber: [String(k + 1)] };
    writeWithHole(join(folder, `${k}.dcm`), image(`1.2.3.9.${k + 1}`, attributes), 512 * 1024);
  }
  return folder;
}

function image(sopInstanceUid: string, attributes: Attributes): Uint8Array {
  return part10({
    ImageType: ['ORIGINAL', 'PRIMARY', 'AXIAL'],
    SOPClassUID: [SOP_CLASS.CTImageStorage],
    SOPInstanceUID: [sopInstanceUid],
    StudyInstanceUID: ['1.2.3.7'],
    SeriesInstanceUID: ['1.2.3.8'],
    PatientID: ['MEMORY'],
    Modality: ['CT'],
    ImageOrientationPatient: ['1', '0', '0', '0', '1', '0'],
    FrameOfReferenceUID: ['1.2.3.4'],
    SamplesPerPixel: [1],
    PhotometricInterpretation: ['MONOCHROME2'],
    Rows: [512],
    Columns: [512],
    PixelSpacing: ['0.5', '0.5'],
    BitsAllocated: [16],
    BitsStored: [16],
    HighBit: [15],
    PixelRepresentation: [0],
    ...attributes,
  });
}

/** The object with Pixel Data (7FE0,0010) of so many zeros, which the file system need not store. */
function writeWithHole(path: string, object: Uint8Array, pixelBytes: number): void {
  const pixelData = Buffer.from([0xe0, 0x7f, 0x10, 0x00, 0x4f, 0x57, 0, 0, 0, 0, 0, 0]);
  pixelData.writeUInt32LE(pixelBytes, 8);
  const fd = openSync(path, 'w');
  try {
    writeSync(fd, object);
    writeSync(fd, pixelData);
    ftruncateSync(fd, object.length + pixelData.length + pixelBytes);
  } finally {
    closeSync(fd);
  }
}

function send(node: TestNode, ...what: string[]): ReturnType<typeof dcmtk> {
  return dcmtk('storescu', '-aec', 'ANTEROOM', '127.0.0.1', String(node.dicomPort), ...what);
}

/** Waits until the study has settled with all instances and the rules have looked at this version of it. */
async function decided(node: TestNode, instances: number, version = 1): Promise<void> {
  await until('the rules to decide', async () => {
    const [study] = await node.admin.get<StudyView[]>('/studies');
    return study?.instances === instances && study.versions[version - 1]?.state === 'decided';
  });
}

/** What was sent lies in the archive, and the node's memory shows nothing of it. */
function expectBounded(node: TestNode, idleMb: number, atLeastBytes: number): void {
  const archive = join(node.dataDir, 'archive');
  const files = readdirSync(archive, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const stored = files.reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
  expect(stored).toBeGreaterThan(atLeastBytes - 1);
  const { peak: peakMb } = residentMb(node.pid() as number);
  expect(peakMb - idleMb).toBeLessThanOrEqual(MAX_GROWTH_MB);
}
