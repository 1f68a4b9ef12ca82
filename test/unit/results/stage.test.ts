/** From what a model left to results, while the study goes on: late slices, corrections, a model's failures. */
import { mkdirSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { parseInstance } from '../../../src/dicom/element/parse.js';
import { TAG } from '../../../src/dicom/element/tags.js';
import { fileMeta } from '../../../src/dicom/element/write.js';
import { chestPhantom } from '../../../src/dicom/phantom/chest.js';
import { encodeNrrd } from '../../../src/kit/nrrd.js';
import type { ResultRow } from '../../../src/ledger/results.js';
import { modelYamlSchema } from '../../../src/models/model-yaml.js';
import { ResultStage } from '../../support/result-stage.js';

const FAILPOINT = Symbol.for('anteroom.failpoint');
const SLICES = chestPhantom({ name: 'stage', spacingMm: [24, 24, 24] }).files;

/** The same object with another PatientID of the same length: its sender has corrected it. */
function corrected(file: Uint8Array): Uint8Array {
  const {
    dataSetOffsetBytes,
    dataset,
    transferSyntaxUid,
    mediaStorageSopClassUid = '',
    mediaStorageSopInstanceUid = '',
  } = parseInstance(file);
  const body = Buffer.from(file.subarray(dataSetOffsetBytes));
  const patientId = dataset.text(0x00100020) ?? '';
  const at = body.indexOf(Buffer.from(patientId, 'latin1'), body.indexOf(Buffer.from([0x10, 0x00, 0x20, 0x00])));
  body.write('X', at, 'latin1');
  const meta = fileMeta({ sopClassUid: mediaStorageSopClassUid, sopInstanceUid: mediaStorageSopInstanceUid, transferSyntaxUid });
  return Buffer.concat([meta, body]);
}

/** Told each point that is come to, until the test has ended. */
function atFailpoint(reached: (name: string) => unknown): void {
  Object.assign(globalThis, { [FAILPOINT]: reached });
}

const ALL = SLICES.map(({ bytes }) => bytes);

describe('results', () => {
  afterEach(() => {
    Object.assign(globalThis, { [FAILPOINT]: undefined });
  });

  it('of a later version take the place of the earlier ones, with the same Tracking UIDs', async () => {
    const node = new ResultStage();
    await node.receive(...ALL.slice(1));
    const first = node.settle();
    await node.produce(first);
    expect(await node.makeResults()).toBe(1);
    expect(node.run(first)).toMatchObject({ state: 'done', reason: null });
    await node.receive(ALL[0]);
    const second = node.settle();
    await node.produce(second);
    await node.makeResults();
    const [earlier, later] = node.results();
    expect([earlier, later]).toMatchObject([{ state: 'superseded', superseded_by: later.id }, { state: 'passed' }]);
    expect(node.deliveries().map(({ result_id }) => result_id)).toEqual([earlier.id, later.id]);
    expect(trackingUids(node, later)).toEqual(trackingUids(node, earlier));
    expect(later.series_instance_uid).not.toBe(earlier.series_instance_uid);
  });

  it('made by hand replace nothing', async () => {
    const node = new ResultStage();
    await node.receive(...ALL.slice(1));
    await node.produce(node.settle());
    await node.makeResults();
    await node.receive(ALL[0]);
    await node.produce(node.settle(null));
    await node.makeResults();
    expect(node.results().map(({ state }) => state)).toEqual(['passed', 'passed']);
  });

  it('of an earlier version do not leave once the rule has a run on a later one', async () => {
    const node = new ResultStage();
    await node.receive(...ALL.slice(1));
    const first = node.settle();
    await node.receive(ALL[0]);
    const second = node.settle();
    await node.produce(first);
    expect(await node.makeResults()).toBe(1);
    expect(node.run(first)).toMatchObject({
      state: 'rejected',
      failure_code: 'OUTDATED',
      reason: `version 2 of its study has run ${second} in its place`,
    });
    expect(node.deliveries()).toEqual([]);
  });

  it('wait while their input is being corrected, and never leave under the old PatientID', async () => {
    const node = new ResultStage();
    await node.receive(...ALL);
    const run = node.settle();
    await node.produce(run);
    expect(await node.receive(corrected(ALL[0]))).toEqual(['corrected']);
    expect(await node.makeResults()).toBe(0);
    expect(node.run(run)).toMatchObject({ state: 'produced', reason: expect.stringContaining('being corrected') as string });
    await node.receive(...ALL.slice(1).map(corrected));
    const next = node.settle();
    await node.makeResults();
    expect(node.run(run)).toMatchObject({ state: 'rejected', failure_code: 'OUTDATED' });
    await node.produce(next);
    await node.makeResults();
    expect(node.run(next)).toMatchObject({ state: 'done' });
    expect(node.deliveries()).toHaveLength(1);
  });

  it('leave after all where the correction was taken back', async () => {
    const node = new ResultStage();
    await node.receive(...ALL);
    const run = node.settle();
    await node.produce(run);
    await node.receive(corrected(ALL[0]));
    await node.makeResults();
    await node.receive(ALL[0]);
    await node.makeResults();
    expect(node.run(run)).toMatchObject({ state: 'done', reason: null, failure_code: null });
  });

  it('say why they are not there yet where the disk fails, and are there when it works again', async () => {
    const node = new ResultStage();
    await node.receive(...ALL);
    const run = node.settle();
    await node.produce(run);
    rmSync(node.folders.results, { recursive: true });
    for (let look = 0; look < 5; look++) expect(await node.makeResults()).toBe(0);
    expect(node.run(run)).toMatchObject({ state: 'produced', failure_code: 'STORE_FAILED', makings: 0 });
    mkdirSync(node.folders.results);
    await node.makeResults();
    expect(node.run(run)).toMatchObject({ state: 'done', failure_code: null, reason: null });
    expect(node.results()).toHaveLength(1);
  });

  it('are not left half-made where the node itself fails', async () => {
    const node = new ResultStage();
    await node.receive(...ALL);
    const run = node.settle();
    await node.produce(run);
    rmSync(node.folders.results, { recursive: true });
    await node.makeResults();
    node.db.run("UPDATE models SET card = 'no card'");
    await node.makeResults();
    expect(node.run(run)).toMatchObject({ state: 'failed', failure_code: 'INTERNAL' });
    expect(node.results()).toMatchObject([{ state: 'rejected', reason: expect.stringContaining('card') as string }]);
  });

  it('are begun a few times where the node dies of it, and no more, until a person has the run tried again', async () => {
    const node = new ResultStage();
    await node.receive(...ALL);
    const run = node.settle();
    await node.produce(run);
    const begun: number[] = [];
    atFailpoint((name) => name === 'results.written' && begun.push(node.run(run).makings));
    // What a kill in the middle leaves: `test/crash/` kills.
    node.db.run('UPDATE runs SET makings = 3 WHERE id = ?', run);
    expect(await node.makeResults()).toBe(1);
    expect(begun).toEqual([]);
    const reason = 'making its results was begun 3 times and never came to an end, expected an end each time';
    expect(node.run(run)).toMatchObject({ state: 'failed', failure_code: 'RESULTS_DEADLY', reason, makings: 0 });
    node.db.move('runs', run, 'queued', { at: node.now });
    await node.produce(run);
    expect(await node.makeResults()).toBe(1);
    expect(node.run(run)).toMatchObject({ state: 'done', makings: 0 });
    expect(begun).toEqual([1]);
  });

  it('are made first of runs that were not begun in vain, and of no more of them when the node is stopping', async () => {
    const node = new ResultStage();
    await node.receive(...ALL);
    const runs = ['deadly', 'first', 'second'].map((rule) => node.settle(rule));
    for (const run of runs) await node.produce(run);
    const [deadly, first, second] = runs;
    node.db.run('UPDATE runs SET makings = 2 WHERE id = ?', deadly);
    const states = () => runs.map((run) => node.run(run).state);
    expect(await node.makeResults(() => node.run(first).state === 'done')).toBe(1);
    expect(states()).toEqual(['produced', 'done', 'produced']);
    expect(await node.makeResults(() => node.run(second).state === 'done')).toBe(1);
    expect(states()).toEqual(['produced', 'done', 'done']);
    expect(node.run(deadly).makings).toBe(2);
  });

  it('are refused, and not read into memory, where a compressed label map inflates to more than its image needs', async () => {
    const labelMaps = [{ file: '*.nrrd', labels: { 1: 'LUNG' } }];
    const node = new ResultStage(modelYamlSchema.parse({ runtime: 'process', command: ['x'], outputs: { labelMaps } }));
    await node.receive(...ALL);
    const run = node.settle();
    await node.produce(run, ({ grid }) => {
      const labels = new Uint8Array(grid.rows * grid.columns * grid.slices * 8 + 2 ** 21);
      return { 'a.nrrd': encodeNrrd({ grid, labels }) };
    });
    await node.makeResults();
    expect(node.run(run)).toMatchObject({
      state: 'rejected',
      failure_code: 'GATE_REJECTED',
      reason: expect.stringMatching(/^format: compressed bytes that become more than \d+, expected at most that many/) as string,
    });
  });

  it('are refused, and not read into memory, where the file the file is larger than any model makes', async () => {
    const node = new ResultStage();
    await node.receive(...ALL);
    const run = node.settle();
    await node.produce(run);
    truncateSync(join(node.folders.runs, String(run), '1', 'out', 'seg.dcm'), 2 ** 31);
    await node.makeResults();
    expect(node.run(run)).toMatchObject({
      state: 'rejected',
      failure_code: 'GATE_REJECTED',
      reason: expect.stringContaining('2147483648 bytes') as string,
    });
  });
});

function trackingUids({ folders }: ResultStage, { path }: ResultRow): (string | undefined)[] {
  const { dataset } = parseInstance(readFileSync(join(folders.results, path ?? '')));
  return dataset.items(TAG.SegmentSequence).map((item) => item.uid(TAG.TrackingUID));
}
