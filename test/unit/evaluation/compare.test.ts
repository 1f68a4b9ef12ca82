/** Two sets of results: what is planted in one of them is found and named. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { decode } from 'fast-png';
import { parse } from 'yaml';
import type { Vec3 } from '../../../src/dicom/geometry/grid.js';
import { writeStructureSet } from '../../../src/dicom/rtstruct/write.js';
import type { SegInput } from '../../../src/dicom/seg/input.js';
import type { SegmentMask } from '../../../src/dicom/seg/mask.js';
import { writeSeg } from '../../../src/dicom/seg/write.js';
import { compareFolders, type FolderComparison } from '../../../src/evaluation/compare/compare-folders.js';
import { compareReproduction } from '../../../src/evaluation/reproduction.js';
import { reportOf } from '../../../src/evaluation/compare/report.js';
import { writeReport } from '../../../src/evaluation/compare/write-report.js';
import { ellipsoid, madeUpSource, segInput, segmentOf } from '../../support/seg.js';
import { tempFolder } from '../../support/temp.js';

const source = madeUpSource({ columns: 64, rows: 64, slices: 24 });
const left = ellipsoid(source.grid, [0.7, 0.5, 0.5], 0.2);
const right = ellipsoid(source.grid, [0.3, 0.5, 0.5], 0.2);

/** The bytes of a segmentation of these structures. */
function seg(structures: Readonly<Record<string, SegmentMask>>): Buffer {
  const segments = Object.entries(structures).map(([id, mask]) => segmentOf(id, mask));
  return Buffer.from(writeSeg(segInput(source, segments)).bytes);
}

/** A mask with all voxels that touch it in its slices, and its outermost slices once more: one voxel more on every side. */
function withShell(mask: SegmentMask): SegmentMask {
  const { columns, rows, slices } = source.grid;
  const has = (k: number) => mask.slices.includes(k);
  const slice = (k: number) => {
    const here = has(k) ? mask.slice(k).slice() : new Uint8Array(columns * rows);
    const grown = here.slice();
    for (let p = columns; p < here.length - columns; p++)
      if (here[p - 1] | here[p + 1] | here[p - columns] | here[p + columns]) grown[p] = 1;
    for (const next of [k - 1, k + 1].filter(has)) mask.slice(next).forEach((voxel, p) => (grown[p] |= voxel));
    return grown;
  };
  return { slices: Array.from({ length: slices }, (_, k) => k).filter((k) => [k - 1, k, k + 1].some(has)), slice };
}

const lungs = seg({ LEFT_LUNG: left, RIGHT_LUNG: right });

async function compared(reference: Record<string, string | Buffer>, output: Record<string, string | Buffer>): Promise<FolderComparison> {
  const folders = [reference, output].map((files) => {
    const folder = tempFolder('compare');
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), content);
    }
    return folder;
  });
  return compareFolders(folders[0], folders[1]);
}

/** `label at subpath` of every finding. */
function findings({ checked }: FolderComparison): string[] {
  return checked.flatMap(({ checks }) =>
    checks.flatMap((check) => check.findings.map(({ label, subpath }) => (subpath === undefined ? label : `${label} at ${subpath}`))),
  );
}

const subject = { id: 'one', name: 'lungs', date: '2026-11-25 10:00:00', anteroom: { digest: 'sha256:1' } };

const small = madeUpSource({ columns: 24, rows: 16, slices: 8 });

/** The bytes of a structure set of these structures. */
function structureSet(structures: Readonly<Record<string, SegmentMask>>, change: (input: SegInput) => SegInput = (input) => input): Buffer {
  const segments = Object.entries(structures).map(([id, mask]) => segmentOf(id, mask));
  return Buffer.from(writeStructureSet(change(segInput(small, segments))));
}

function movedBy(mm: readonly [number, number, number]): (input: SegInput) => SegInput {
  return (input) => {
    const { grid } = input.source;
    const originMm = grid.originMm.map((at, axis) => at + mm[axis]) as unknown as Vec3;
    return { ...input, source: { ...input.source, grid: { ...grid, originMm } } };
  };
}

describe('two structure sets', () => {
  const left = ellipsoid(small.grid, [0.7, 0.5, 0.5], 0.2);
  const right = ellipsoid(small.grid, [0.3, 0.5, 0.5], 0.2);
  const nowhere: SegmentMask = { slices: [], slice: () => new Uint8Array(0) };
  const lungSet = structureSet({ LEFT_LUNG: left, RIGHT_LUNG: right });

  it.each<readonly [string, Buffer, readonly string[]]>([
    ['that are equal', lungSet, []],
    ['with regions in another order', structureSet({ RIGHT_LUNG: right, LEFT_LUNG: left }), []],
    [
      'of which one is shifted by a millimetre in its planes',
      structureSet({ LEFT_LUNG: left, RIGHT_LUNG: right }, movedBy([1, 0, 0])),
      ['Dice at LEFT_LUNG', 'Surface Distance at LEFT_LUNG', 'Dice at RIGHT_LUNG', 'Surface Distance at RIGHT_LUNG'],
    ],
    [
      'of which one is shifted by half a slice',
      structureSet({ LEFT_LUNG: left, RIGHT_LUNG: right }, movedBy([0, 0, 1.25])),
      ['Dice at LEFT_LUNG', 'Surface Distance at LEFT_LUNG', 'Dice at RIGHT_LUNG', 'Surface Distance at RIGHT_LUNG'],
    ],
    ['without a region', structureSet({ LEFT_LUNG: left }), ['ROI Missing at RIGHT_LUNG']],
    ['with one more', structureSet({ LEFT_LUNG: left, RIGHT_LUNG: right, HEART: right }), ['ROI Extra at HEART']],
    ['with another code', structureSet({ LEFT_LUNG: left, HEART: right }), ['ROI Code at RIGHT_LUNG', 'ROI Extra at HEART']],
    [
      'with swapped labels',
      structureSet({ LEFT_LUNG: right, RIGHT_LUNG: left }),
      ['LEFT_LUNG', 'RIGHT_LUNG'].flatMap((id) => [`ROI Swapped at ${id}`, `Dice at ${id}`, `Surface Distance at ${id}`]),
    ],
    ['with a region that has lost its contours', structureSet({ LEFT_LUNG: left, RIGHT_LUNG: nowhere }), ['Dice at RIGHT_LUNG']],
    ['without any contour', structureSet({ LEFT_LUNG: nowhere, RIGHT_LUNG: nowhere }), ['Dice at LEFT_LUNG', 'Dice at RIGHT_LUNG']],
  ])('%s are told', async (_, output, expected) => {
    expect(findings(await compared({ 'lungs.dcm': lungSet }, { 'lungs.dcm': output }))).toEqual(expected);
  });

  it('without contours in both are equal, whatever their file is called', async () => {
    const none = structureSet({ LEFT_LUNG: nowhere });
    const comparison = await compared({ a: none }, { a: none });
    expect(findings(comparison)).toEqual([]);
    expect(comparison.checked[0].checks[0]).toMatchObject({ checker: 'RtstructContentCheck' });
  });

  it('are reproduced where every region has the same voxels, else its figures are told', async () => {
    const folder = tempFolder('reproduced');
    const paths = [lungSet, structureSet({ LEFT_LUNG: left, RIGHT_LUNG: left })].map((bytes, n) => {
      writeFileSync(join(folder, String(n)), bytes);
      return join(folder, String(n));
    });
    expect(await compareReproduction(paths[0], paths[0])).toEqual({ voxelsEqual: true, differences: [] });
    const { voxelsEqual, differences } = await compareReproduction(paths[0], paths[1]);
    expect([voxelsEqual, new Set(differences.map(({ subpath }) => subpath))]).toEqual([false, new Set(['RIGHT_LUNG'])]);
  });

  it('of which one is of other images say so', async () => {
    const other = structureSet({ LEFT_LUNG: left, RIGHT_LUNG: right }, (input) => ({
      ...input,
      source: { ...input.source, seriesInstanceUid: '9.9' },
    }));
    expect(findings(await compared({ a: lungSet }, { a: other }))).toEqual(['References at ReferencedSeriesSequence']);
  });
});

describe('two segmentations', () => {
  it('that are equal say so, with every figure', async () => {
    const comparison = await compared({ 'a/lungs.dcm': lungs }, { 'a/lungs.dcm': lungs });
    expect(findings(comparison)).toEqual([]);
    const notes = comparison.checked[0].checks[0].notes;
    expect(notes).toContainEqual({ label: 'Voxels', description: 'equal', subpath: 'LEFT_LUNG' });
    expect(notes).toContainEqual(expect.objectContaining({ label: 'Dice', info: 1, subpath: 'RIGHT_LUNG' }));
    expect(reportOf(subject, comparison).conclusion).toBe(true);
  });

  it('are compared by codes, in whatever order their segments are', async () => {
    const comparison = await compared({ a: lungs }, { a: seg({ RIGHT_LUNG: right, LEFT_LUNG: left }) });
    expect(findings(comparison)).toEqual([]);
  });

  it('with a shell of one voxel are told, with a picture', async () => {
    const comparison = await compared({ a: lungs }, { a: seg({ LEFT_LUNG: withShell(left), RIGHT_LUNG: right }) });
    expect(findings(comparison)).toEqual(['Dice at LEFT_LUNG', 'Surface Distance at LEFT_LUNG']);
    const [picture] = comparison.checked[0].pictures;
    expect(picture.title).toBe('LEFT_LUNG');
    const { data, channels } = decode(picture.bytes);
    const colours = new Set(Array.from({ length: data.length / channels }, (_, p) => data.slice(p * channels, p * channels + 3).join()));
    // The slice with most that differs is one that the reference does not have.
    expect(colours).toEqual(new Set(['20,20,20', '230,159,0']));
  });

  it('with exchanged labels are told whose voxels are where', async () => {
    const comparison = await compared({ a: lungs }, { a: seg({ LEFT_LUNG: right, RIGHT_LUNG: left }) });
    expect(findings(comparison)).toEqual(expect.arrayContaining(['Segment Swapped at LEFT_LUNG', 'Segment Swapped at RIGHT_LUNG']));
    expect(comparison.checked[0].checks[0].findings[0].description).toBe('has the voxels that RIGHT_LUNG has in the reference');
  });

  it('with a wrong code are told which code the voxels have', async () => {
    const comparison = await compared({ a: lungs }, { a: seg({ LIVER: left, RIGHT_LUNG: right }) });
    expect(findings(comparison)).toEqual(['Segment Code at LEFT_LUNG', 'Segment Extra at LIVER']);
  });

  it('of which one lacks a segment are told so', async () => {
    const comparison = await compared({ a: lungs }, { a: seg({ RIGHT_LUNG: right }) });
    expect(findings(comparison)).toEqual(['Segment Missing at LEFT_LUNG']);
  });

  it('of other images are told so', async () => {
    const other = { ...source, seriesInstanceUid: '1.2.3.4.21' };
    const bytes = Buffer.from(writeSeg(segInput(other, [segmentOf('LEFT_LUNG', left), segmentOf('RIGHT_LUNG', right)])).bytes);
    expect(findings(await compared({ a: lungs }, { a: bytes }))).toEqual(['References at ReferencedSeriesSequence']);
  });

  it('of which one is damaged are a finding', async () => {
    expect(findings(await compared({ a: lungs }, { a: lungs.subarray(0, lungs.length - 100) }))).toHaveLength(1);
  });
});

describe('numbers', () => {
  it.each<[string, string, string[]]>([
    ['{"volume": 1.000, "n": [1, 2]}', '{"n": [1, 2], "volume": 1.0000000001}', []],
    ['{"volume": 1.000}', '{"volume": 1.001}', ['JSON Value at $.volume']],
    ['{"a": [0, -1e-3, NaN]}', '{"a": [-0, -1e-3, NaN]}', []],
    ['{"a": [0, -1, NaN, -Infinity]}', '{"a": [1e-3, 1, 0, Infinity]}', ['0', '1', '2', '3'].map((n) => `JSON Value at $.a[${n}]`)],
    ['{"a": "NaN", "b": null}', '{"a": "NaN", "c": null}', ['JSON Key at $.b', 'JSON Key at $.c']],
    ['{"a": {}}', '{"a": []}', ['JSON Value at $.a']],
    ['{"a": 1}', '{"a": 1', ['JSON Format']],
  ])('in JSON: %s and %s', async (reference, output, expected) => {
    expect(findings(await compared({ 'x.json': reference }, { 'x.json': output }))).toEqual(expected);
  });

  it.each<[string, string, string[]]>([
    ['id,volume\n1,10.0\n', 'id,volume\r\n1,10\r\n', []],
    ['id,volume\n1,10.0\n', 'id,volume\n1,10.001\n', ['CSV Value at row 2, column volume']],
    ['a,b,c\nnan,-0,-5\n', 'a,b,c\nNaN,0,-5.0\n', []],
    ['a,b\nnan,0\n', 'a,b\n0,nan\n', ['CSV Value at row 2, column a', 'CSV Value at row 2, column b']],
    ['a;b\n"x;1";2\n', 'a;b\n"x;1";3\n', ['CSV Value at row 2, column b']],
    ['a,b\n1,2\n', 'a,b\n', ['CSV Rows']],
    ['', '', []],
  ])('in CSV: %j and %j', async (reference, output, expected) => {
    expect(findings(await compared({ 'x.csv': reference }, { 'x.csv': output }))).toEqual(expected);
  });
});

/** A label map of 4 × 4 × 3 voxels of 2 mm, most of them 0. */
function nrrd(labels: Readonly<Record<number, number>>, options: { gzip?: boolean; origin?: string; type?: string } = {}): Buffer {
  const voxels = Buffer.alloc(48);
  for (const [at, label] of Object.entries(labels)) voxels[Number(at)] = label;
  const header = [
    'NRRD0004',
    `type: ${options.type ?? 'uint8'}`,
    'dimension: 3',
    'space: left-posterior-superior',
    'sizes: 4 4 3',
    'space directions: (2,0,0) (0,2,0) (0,0,2)',
    `space origin: ${options.origin ?? '(0,0,0)'}`,
    `encoding: ${options.gzip === true ? 'gzip' : 'raw'}`,
  ];
  return Buffer.concat([Buffer.from(`${header.join('\n')}\n\n`), options.gzip === true ? gzipSync(voxels) : voxels]);
}

describe('label maps', () => {
  const reference = nrrd({ 5: 1, 6: 1, 9: 1, 10: 1, 21: 2 });
  it.each<[string, Buffer, string[]]>([
    ['packed in another way are equal', nrrd({ 5: 1, 6: 1, 9: 1, 10: 1, 21: 2 }, { gzip: true }), []],
    ['with a voxel less are told', nrrd({ 5: 1, 6: 1, 9: 1, 21: 2 }), ['Dice at label 1']],
    [
      'with exchanged labels are told',
      nrrd({ 5: 2, 6: 2, 9: 2, 10: 2, 21: 1 }),
      ['Dice at label 1', 'Surface Distance at label 1', 'Dice at label 2', 'Surface Distance at label 2'],
    ],
    [
      'without a label, and with another one',
      nrrd({ 5: 1, 6: 1, 9: 1, 10: 1, 22: 3 }),
      ['Label Missing at label 2', 'Label Extra at label 3'],
    ],
    ['elsewhere are told', nrrd({ 5: 1, 6: 1, 9: 1, 10: 1, 21: 2 }, { origin: '(0,0,1)' }), ['Geometry']],
    ['that are empty have no figures, and do no harm', nrrd({}), ['Label Missing at label 1', 'Label Missing at label 2']],
    ['that are damaged differ as files', reference.subarray(0, 100), ['Content']],
  ])('%s', async (_, output, expected) => {
    expect(findings(await compared({ 'a.nrrd': reference }, { 'a.nrrd': output }))).toEqual(expected);
  });

  it('with more labels than there can be are images: compared by value, at once', async () => {
    // A CT of 16-bit numbers: one comparison for each of its values would take hours.
    const ct = (odd: number) => mha16([32, 32, 32], (at) => (at === 7 ? odd : at % 4000));
    const { checked } = await compared({ 'ct.mha': ct(7) }, { 'ct.mha': ct(9) });
    expect(checked[0].checks[0]).toMatchObject({
      checker: 'ImageContentCheck',
      findings: [{ label: 'Voxel Values', description: expect.stringContaining('1 of 32768 voxels differ') as string }],
    });
  });

  it.each<[string, number, number, object]>([
    ['200 labels in both', 200, 200, { label: 'Compared By Label', description: 'at most 200 labels in both' }],
    [
      '201 labels in the reference',
      201,
      200,
      { label: 'Compared By Value', description: '201 labels in the reference, expected at most 200 to compare each' },
    ],
    [
      '201 labels in the output',
      200,
      201,
      { label: 'Compared By Value', description: '201 labels in the output, expected at most 200 to compare each' },
    ],
  ])('with %s say how they were compared', async (_name, one, other, how) => {
    const [reference, output] = [one, other].map((count, n) => mha16([15, 15, 2], (at) => (at + n) % (count + 1)));
    const { checked } = await compared({ 'a.mha': reference }, { 'a.mha': output });
    expect(checked[0].checks[0].notes).toContainEqual(how);
  });

  it('of four dimensions are compared as bytes, and that is said', async () => {
    const [one, other] = [0, 1].map((value) => mha16([2, 2, 2, 3], () => value));
    const { checked } = await compared({ 'a.mha': one }, { 'a.mha': other });
    expect(checked[0].checks[0]).toMatchObject({ notes: [{ label: 'Compared As Bytes' }], findings: [{ label: 'Content' }] });
  });
});

function mha16(size: readonly number[], value: (at: number) => number): Buffer {
  const header = [`NDims = ${size.length}`, `DimSize = ${size.join(' ')}`, 'ElementType = MET_USHORT', 'ElementDataFile = LOCAL'];
  const count = size.reduce((product, extent) => product * extent);
  const voxels = Buffer.from(Uint16Array.from({ length: count }, (_, at) => value(at)).buffer);
  return Buffer.concat([Buffer.from(`ObjectType = Image\n${header.join('\n')}\n`), voxels]);
}

/** 3 × 2 × 1 numbers as float32, in each format that has them. */
const FLOATS: Readonly<Record<string, (values: readonly number[]) => Buffer>> = {
  'a.nrrd': (values) => {
    const header = ['type: float', 'dimension: 3', 'space: left-posterior-superior', 'sizes: 3 2 1', 'endian: little', 'encoding: gzip'];
    const place = ['space directions: (1,0,0) (0,1,0) (0,0,1)', 'space origin: (0,0,0)'];
    return Buffer.concat([Buffer.from(`${['NRRD0004', ...header, ...place].join('\n')}\n\n`), gzipSync(float32(values))]);
  },
  'a.mha': (values) => {
    const header = ['ObjectType = Image', 'NDims = 3', 'DimSize = 3 2 1', 'ElementType = MET_FLOAT', 'ElementDataFile = LOCAL'];
    return Buffer.concat([Buffer.from(`${header.join('\n')}\n`), float32(values)]);
  },
  'a.nii.gz': (values) => {
    const header = Buffer.alloc(352);
    header.writeInt32LE(348);
    [3, 3, 2, 1].forEach((extent, n) => header.writeInt16LE(extent, 40 + 2 * n));
    header.writeInt16LE(16, 70);
    header.writeInt16LE(1, 254);
    for (const [row, at] of [280, 296, 312].entries()) header.writeFloatLE(1, at + 4 * row);
    header.writeFloatLE(352, 108);
    header.write('n+1', 344);
    return gzipSync(Buffer.concat([header, float32(values)]));
  },
};

function float32(values: readonly number[]): Buffer {
  return Buffer.from(Float32Array.from(values).buffer);
}

describe.each(Object.keys(FLOATS))('images of fractions (%s)', (name) => {
  const make = FLOATS[name];
  const reference = [0.25, -0.5, 2, NaN, Infinity, 0];
  const check = async (output: readonly number[]) => {
    const { checked } = await compared({ [name]: make(reference) }, { [name]: make(output) });
    return checked[0].checks[0];
  };
  const figures = async (output: readonly number[]) => (await check(output)).notes.flatMap(({ info }) => info ?? []);

  it('are the same where their numbers are, but for a millionth of the largest, NaN and infinities included', async () => {
    expect((await check([0.25 + 1e-6, -0.5, 2, NaN, Infinity, 1e-7])).findings).toEqual([]);
    expect(await figures([0.25, -0.5, 2.5, NaN, Infinity, 0])).toEqual([0.5, 0.125]);
  });

  it('say that they were compared by value, and why', async () => {
    const seen = 'a voxel of value 0.25, expected whole numbers from 0 to 65535';
    expect((await check([0.25, -0.5, 2.5, NaN, Infinity, 0])).notes).toContainEqual({ label: 'Compared By Value', description: seen });
  });

  it('that differ are told with the largest and the mean difference', async () => {
    expect((await check([0.25, -0.5, 2.5, NaN, Infinity, -0.25])).findings).toEqual([
      {
        label: 'Voxel Values',
        description:
          '2 of 6 voxels differ by more than 0.000002 (0.000001 of the largest value, 2): at most by 0.5, in the mean of all by 0.1875',
      },
    ]);
  });

  it('with NaN or an infinity in one alone are told', async () => {
    expect((await check([NaN, -0.5, 2, 1, -Infinity, 0])).findings).toEqual([
      { label: 'Voxels Not Finite', description: '3 of 6 voxels are NaN or infinite in one and not the same in the other' },
    ]);
    expect((await check([NaN, NaN, NaN, NaN, NaN, NaN])).findings).toHaveLength(1);
  });
});

describe('files', () => {
  it('that are missing, in addition, or others are named, in the form of MHub and on a page', async () => {
    const comparison = await compared({ 'a/1.txt': 'one', 'a/2.txt': 'two' }, { 'a/2.txt': 'Two', '<b>.txt': 'three' });
    const report = reportOf({ ...subject, findings: [{ label: 'Digest', description: 'another' }] }, comparison);
    expect(report).toMatchObject({
      missing_files: ['a/1.txt'],
      extra_files: ['<b>.txt'],
      checked_files: [{ file: '2.txt', path: 'a/2.txt', checks: [{ checker: 'FileContentCheck', findings: [{ label: 'Content' }] }] }],
      summary: { files_missing: 1, files_extra: 1, checks: { FileContentCheck: { files: 1, findings: { Content: 1 } } } },
      conclusion: false,
    });
    const paths = writeReport(join(tempFolder('report'), 'new'), 'default', report, comparison);
    expect(paths.every((path) => existsSync(path))).toBe(true);
    expect(parse(readFileSync(paths[0], 'utf8'))).toEqual(JSON.parse(readFileSync(paths[1], 'utf8')));
    expect(readFileSync(paths[2], 'utf8')).toContain('&lt;b&gt;.txt');
  });

  it('of which there is nothing are no pass for a run of another digest', async () => {
    const comparison = await compared({ 'a.txt': 'one' }, { 'a.txt': 'one' });
    expect(reportOf({ ...subject, findings: [{ label: 'Digest', description: 'another' }] }, comparison).conclusion).toBe(false);
  });

  it('of a folder that is not there cannot be compared', async () => {
    await expect(compareFolders('/nowhere/reference', '/nowhere/output')).rejects.toThrow('there is no folder /nowhere/reference');
  });
});
