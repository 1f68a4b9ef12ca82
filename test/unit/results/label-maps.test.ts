/** Segmentations in two forms: which destination gets which, under which names, and where there is no label map. */
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseInstance } from '../../../src/dicom/element/parse.js';
import { SOP_CLASS } from '../../../src/dicom/element/uids.js';
import { chestPhantom } from '../../../src/dicom/phantom/chest.js';
import { writeStructureSet } from '../../../src/dicom/rtstruct/write.js';
import { readSeg } from '../../../src/dicom/seg/read.js';
import type { SegSource } from '../../../src/dicom/seg/input.js';
import { maskOfSlices } from '../../../src/dicom/seg/mask.js';
import { writeSeg } from '../../../src/dicom/seg/write.js';
import { BACKGROUND } from '../../../src/dicom/structures/code.js';
import type { ResultRow } from '../../../src/ledger/results.js';
import { lungsOn, ResultStage } from '../../support/result-stage.js';
import { ellipsoid, segInput, segmentOf } from '../../support/seg.js';

const SLICES = chestPhantom({ name: 'label maps', spacingMm: [24, 24, 24] }).files.map(({ bytes }) => bytes);

type Outputs = (source: SegSource) => Readonly<Record<string, Uint8Array>>;

const segOf = (source: SegSource, radius: number) => {
  const [right, left] = [0.3, 0.7].map((centre) => ellipsoid(source.grid, [centre, 0.5, 0.5], radius));
  return { 'seg.dcm': writeSeg(segInput(source, [segmentOf('RIGHT_LUNG', right), segmentOf('LEFT_LUNG', left)])).bytes };
};
const apart: Outputs = (source) => segOf(source, 0.15);
const overlapping: Outputs = (source) => segOf(source, 0.3);

/** A stage whose results go to three destinations, of which two take label maps. */
class TwoForms extends ResultStage {
  override destinations = ['pacs', 'research', 'viewer'];
  override labelMapDestinations = new Set(['research', 'viewer']);

  async ended(outputs: Outputs = apart): Promise<number> {
    await this.receive(...SLICES);
    const run = this.settle();
    await this.produce(run, outputs);
    await this.makeResults();
    return run;
  }

  /** Two versions of a study, each with its answer: the last slice comes late. */
  async withLateSlice(first: Outputs, second: Outputs): Promise<void> {
    for (const [slices, outputs] of [[SLICES.slice(1), first] as const, [SLICES.slice(0, 1), second] as const]) {
      await this.receive(...slices);
      await this.produce(this.settle(), outputs);
      await this.makeResults();
    }
  }

  /** Which result goes where. */
  sent(): string[] {
    return this.deliveries().map(({ result_id, destination }) => `${result_id} ${destination}`);
  }

  seg({ path }: ResultRow) {
    return readSeg(parseInstance(readFileSync(join(this.folders.results, path ?? ''))));
  }
}

describe('a segmentation in two forms', () => {
  it('goes as a label map where that is taken and as BINARY elsewhere, each as an object and a series of its own with the same voxels', async () => {
    const stage = new TwoForms();
    expect(stage.run(await stage.ended())).toMatchObject({ state: 'done', reason: null });
    const [binary, labelMap, ...more] = stage.results();
    expect(more).toEqual([]);
    expect(binary).toMatchObject({ state: 'passed', sop_class_uid: SOP_CLASS.SegmentationStorage, form_of: null });
    expect(labelMap).toMatchObject({ state: 'passed', sop_class_uid: SOP_CLASS.LabelMapSegmentationStorage, form_of: binary.id });
    expect(labelMap.sop_instance_uid).not.toBe(binary.sop_instance_uid);
    expect(labelMap.series_instance_uid).not.toBe(binary.series_instance_uid);
    expect(stage.sent()).toEqual([`${binary.id} pacs`, `${labelMap.id} research`, `${labelMap.id} viewer`]);
    const [one, other] = [binary, labelMap].map((row) => stage.seg(row));
    expect([one.type, other.type]).toEqual(['BINARY', 'LABELMAP']);
    expect(other.segments).toEqual(one.segments);
    const voxels = (seg: typeof one) =>
      new Map(seg.frames.map((frame) => [`${frame.segmentNumber} ${frame.sourceSopInstanceUids.join()}`, frame.unpack()]));
    expect([...voxels(other)].sort()).toEqual([...voxels(one)].sort());
  });

  it('is made in one form only where no destination takes label maps', async () => {
    const stage = new TwoForms();
    stage.labelMapDestinations = new Set();
    await stage.ended();
    expect(stage.results()).toMatchObject([{ sop_class_uid: SOP_CLASS.SegmentationStorage }]);
    expect(stage.deliveries()).toHaveLength(3);
  });

  it('is made in one form only where the run goes to no destination that takes label maps', async () => {
    const stage = new TwoForms();
    stage.destinations = ['pacs'];
    await stage.ended();
    expect(stage.results()).toMatchObject([{ sop_class_uid: SOP_CLASS.SegmentationStorage }]);
  });

  it('is BINARY everywhere where a segment is coded as background, which no label map can say', async () => {
    const stage = new TwoForms();
    const run = await stage.ended((source) => {
      const [right, left] = [0.3, 0.7].map((centre) => ellipsoid(source.grid, [centre, 0.5, 0.5], 0.15));
      const background = segmentOf('LEFT_LUNG', left);
      const segments = [segmentOf('RIGHT_LUNG', right), { ...background, meaning: { ...background.meaning, type: BACKGROUND } }];
      return { 'seg.dcm': writeSeg(segInput(source, segments)).bytes };
    });
    expect(stage.run(run)).toMatchObject({ state: 'done' });
    const [binary, labelMap] = stage.results();
    expect(labelMap).toMatchObject({ state: 'rejected', reason: expect.stringContaining('coded as background') as string });
    expect(stage.sent()).toEqual(['pacs', 'research', 'viewer'].map((name) => `${binary.id} ${name}`));
  });

  it('is BINARY everywhere, and waited for no longer, where the label map cannot be made by a fault of ours', async () => {
    const stage = new TwoForms();
    await stage.receive(...SLICES);
    const run = stage.settle();
    await stage.produce(run, apart);
    rmSync(stage.folders.results, { recursive: true });
    await stage.makeResults();
    mkdirSync(stage.folders.results);
    // A UID that no element can hold: to write it fails each time.
    stage.db.run('UPDATE results SET series_instance_uid = ? WHERE form_of IS NOT NULL', '1'.repeat(70_000));
    await stage.makeResults();
    expect(stage.run(run)).toMatchObject({ state: 'done' });
    const [binary, labelMap] = stage.results();
    expect([binary.state, labelMap.state]).toEqual(['passed', 'rejected']);
    expect(stage.sent()).toEqual(['pacs', 'research', 'viewer'].map((name) => `${binary.id} ${name}`));
  });

  it('gives way to what passed, not to a label map that was refused', async () => {
    const stage = new TwoForms();
    await stage.withLateSlice(apart, overlapping);
    const [, , later, refused] = stage.results();
    expect([later.state, refused.state]).toEqual(['passed', 'rejected']);
    expect(stage.results().map(({ superseded_by }) => superseded_by)).toEqual([later.id, later.id, null, null]);
  });

  it('has the same UIDs and the same bytes where it is made again', async () => {
    const stage = new TwoForms();
    await stage.receive(...SLICES);
    const run = stage.settle();
    await stage.produce(run, apart);
    rmSync(stage.folders.results, { recursive: true });
    await stage.makeResults();
    expect(stage.run(run)).toMatchObject({ state: 'produced', failure_code: 'STORE_FAILED' });
    const names = stage.results().map(({ sop_instance_uid, series_instance_uid }) => [sop_instance_uid, series_instance_uid]);
    expect(names).toHaveLength(2);
    mkdirSync(stage.folders.results);
    await stage.makeResults();
    expect(stage.results().map(({ sop_instance_uid, series_instance_uid }) => [sop_instance_uid, series_instance_uid])).toEqual(names);
    // A ledger that has lost them makes them under the same names.
    const other = new TwoForms();
    await other.ended();
    expect(other.results().map(({ sop_instance_uid, series_instance_uid }) => [sop_instance_uid, series_instance_uid])).toEqual(names);
  });

  it('is BINARY everywhere where segments overlap, and the row of the label map says why', async () => {
    const stage = new TwoForms();
    const run = await stage.ended(overlapping);
    expect(stage.run(run)).toMatchObject({ state: 'done' });
    const [binary, labelMap] = stage.results();
    expect(labelMap).toMatchObject({ state: 'rejected', path: null, reason: expect.stringContaining('segments overlap') as string });
    expect(stage.sent()).toEqual(['pacs', 'research', 'viewer'].map((name) => `${binary.id} ${name}`));
  });

  it('is BINARY everywhere where another object of the model may refer to it', async () => {
    const stage = new TwoForms();
    await stage.ended((source) => ({ 'a.dcm': writeStructureSet(lungsOn(source)), 'b.dcm': writeSeg(lungsOn(source)).bytes }));
    expect(stage.results().map(({ state }) => state)).toEqual(['passed', 'passed', 'rejected']);
    expect(stage.results()[2].reason).toMatch(/^a\.dcm may refer to the segmentation/);
    expect(stage.deliveries()).toHaveLength(6);
  });

  it('is superseded in both forms', async () => {
    const stage = new TwoForms();
    await stage.withLateSlice(apart, apart);
    const [, , binary, labelMap] = stage.results();
    expect(stage.results().map(({ state }) => state)).toEqual(['superseded', 'superseded', 'passed', 'passed']);
    expect(stage.results().map(({ superseded_by }) => superseded_by)).toEqual([binary.id, labelMap.id, null, null]);
  });

  it('has no label map where nothing was found, and none is left half-made where the settings change in between', async () => {
    const empty = new TwoForms({ outputs: { mustExist: [], allowEmpty: true, emptyAnswer: 'none', labelMaps: [], reports: [] } });
    const nothing = maskOfSlices(new Map());
    const run = await empty.ended((source) => {
      const seg = writeSeg(
        segInput(source, [segmentOf('RIGHT_LUNG', ellipsoid(source.grid, [0.5, 0.5, 0.5], 0.2)), segmentOf('LEFT_LUNG', nothing)]),
      );
      return { 'seg.dcm': blank(seg.bytes) };
    });
    expect(empty.run(run).reason).toMatch(/nothing segmented/);
    expect(empty.results()).toMatchObject([{ state: 'rejected', form_of: null }]);

    const stage = new TwoForms();
    await stage.receive(...SLICES);
    const second = stage.settle();
    await stage.produce(second, apart);
    rmSync(stage.folders.results, { recursive: true });
    await stage.makeResults();
    mkdirSync(stage.folders.results);
    stage.labelMapDestinations = new Set();
    await stage.makeResults();
    expect(stage.results().map(({ state, reason }) => [state, reason])).toEqual([
      ['passed', null],
      ['rejected', 'no destination of the run takes label maps any more'],
    ]);
    expect(stage.deliveries().every(({ result_id }) => result_id === stage.results()[0].id)).toBe(true);
  });
});

/** The same object without a voxel: its frames are the last bytes of the file. */
function blank(bytes: Uint8Array): Uint8Array {
  const copy = Buffer.from(bytes);
  const at = copy.lastIndexOf(Buffer.from([0xe0, 0x7f, 0x10, 0x00]));
  return copy.fill(0, at + 12);
}
