/**
 * LateStudy slices make a second result, and the first one is taken back at each destination in its way: real Orthancs by their REST,
 * by a rejection note, not at all, and the node's own archive. What Orthanc saw, in which order, its own Lua callbacks write down.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DeliveryView, StudyView } from '../../src/api/views.js';
import { parseInstance } from '../../src/dicom/element/parse.js';
import { TAG } from '../../src/dicom/element/tags.js';
import { SOP_CLASS } from '../../src/dicom/element/uids.js';
import type { FailpointName } from '../../src/foundation/failpoint.js';
import { sendTo } from '../support/chest-study.js';
import { describeWith } from '../support/data.js';
import { lateStudy, writeLateModel, type LateStudy } from '../support/late-study.js';
import { missingForNode, startNode, type TestNode } from '../support/node.js';
import { missingForOrthanc, startOrthanc, type Orthanc } from '../support/orthanc.js';
import { storedFile, storedInstances, type StoredInstance } from '../support/orthanc-rest.js';
import { dciodvfyErrors } from '../support/seg.js';
import { tempFolder } from '../support/temp.js';
import { missingTools } from '../support/tools.js';
import { until } from '../support/until.js';
import { lungsRules } from '../support/lungs-rules.js';

const RULES = lungsRules('archive', 'pacs', 'iocm', 'marked');
const RETRY = { firstDelayS: 0.3, maxDelayS: 0.6 };

const missing = [...missingForNode(), ...missingForOrthanc(), ...missingTools('dciodvfy')];

describeWith('replacing a result', missing, () => {
  const changes = join(tempFolder('replacing'), 'changes');
  const script = join(tempFolder('replacing'), 'changes.lua');
  const model = tempFolder('model');
  let pacs: Orthanc;
  let iocm: Orthanc;
  let marked: Orthanc;
  let node: TestNode;

  beforeAll(async () => {
    writeFileSync(script, luaDiary(changes));
    const config = { LuaScripts: [script], OverwriteInstances: true };
    [pacs, iocm, marked] = await Promise.all([
      startOrthanc({ config }),
      startOrthanc({ config: { DicomAet: 'IOCM', DicomAlwaysAllowFind: true } }),
      startOrthanc(),
    ]);
    node = await startNode({
      rules: RULES,
      settings: {
        settle: { quietS: 0.5 },
        destinations: {
          pacs: { kind: 'stow', url: pacs.dicomWebUrl, retry: RETRY, withdraw: { kind: 'delete', url: pacs.url } },
          iocm: {
            kind: 'cstore',
            host: '127.0.0.1',
            port: iocm.dicomPort,
            aeTitle: 'IOCM',
            retry: RETRY,
            withdraw: { kind: 'iocm-kos' },
          },
          marked: { kind: 'stow', url: marked.dicomWebUrl, retry: RETRY },
        },
      },
    });
    writeLateModel(model);
    expect(await node.command('models', 'add', model, '--activate', '--reason', 'test')).toMatchObject({ exitCode: 0, stderr: '' });
  }, 90_000);

  afterAll(async () => {
    await node.remove();
    await Promise.all([pacs.remove(), iocm.remove(), marked.remove()]);
  }, 60_000);

  const deliveriesOf = ({ study }: LateStudy) => node.admin.get<DeliveryView[]>(`/deliveries?study=${study.studyInstanceUid}`);

  /** Sends slices; resolves with the deliveries of the newest result when all four have arrived. */
  async function deliver(late: LateStudy, files: readonly string[]): Promise<DeliveryView[]> {
    const before = (await deliveriesOf(late)).length;
    await sendTo(node, files);
    return arrived(late, before);
  }

  function arrived(late: LateStudy, before: number): Promise<DeliveryView[]> {
    return until(
      'the result at every destination',
      async () => {
        const all = await deliveriesOf(late).catch(() => []);
        return all.length === before + 4 && all.every(({ state }) => state === 'delivered') && all.slice(0, 4);
      },
      60_000,
    );
  }

  /** Every delivery of the first result has an end of its withdrawal, by destination. */
  async function withdrawals(late: LateStudy): Promise<Record<string, NonNullable<DeliveryView['withdrawal']>>> {
    const ended = await until(
      'every withdrawal to end',
      async () => {
        const found = (await deliveriesOf(late).catch(() => [])).filter(({ withdrawal }) => withdrawal !== null);
        return found.length === 4 && found.every(({ withdrawal }) => /withdrawn|kept|held/.test(withdrawal?.state ?? '')) && found;
      },
      60_000,
    );
    return Object.fromEntries(ended.map(({ destination, withdrawal }) => [destination, withdrawal as NonNullable<typeof withdrawal>]));
  }

  async function at(orthanc: Orthanc, { study }: LateStudy): Promise<StoredInstance[]> {
    return (await storedInstances(orthanc)).filter(({ studyInstanceUid }) => studyInstanceUid === study.studyInstanceUid);
  }

  async function trackingUids(orthanc: Orthanc, { orthancId }: StoredInstance): Promise<(string | undefined)[]> {
    const { dataset } = parseInstance(await storedFile(orthanc, orthancId));
    return dataset.items(TAG.SegmentSequence).map((item) => item.uid(TAG.TrackingUID));
  }

  const makeLate = (name: string) => lateStudy(name, model);

  it('leaves exactly one at each destination that takes back, and both where it only marks', async () => {
    const late = makeLate('replacing');
    const [{ sopInstanceUid: old }] = await deliver(late, late.first);
    const [first] = await at(pacs, late);
    const tracking = await trackingUids(pacs, first);
    const [{ sopInstanceUid: newer }] = await deliver(late, late.late);
    expect(newer).not.toBe(old);

    expect(await withdrawals(late)).toMatchObject({
      archive: { state: 'withdrawn', method: 'delete', receipt: 'the archive serves it no longer' },
      pacs: { state: 'withdrawn', method: 'delete', receipt: 'Orthanc finds it no longer' },
      iocm: { state: 'withdrawn', method: 'iocm-kos', receipt: expect.stringContaining('found by C-FIND') as string },
      marked: { state: 'kept', method: 'mark-only', failureCode: null },
    });

    // Exactly one is left at the PACS; its segments are tracked as those of the first were.
    const left = await at(pacs, late);
    expect(left.map(({ sopInstanceUid }) => sopInstanceUid)).toEqual([newer]);
    expect(left[0].seriesInstanceUid).not.toBe(first.seriesInstanceUid);
    expect(await trackingUids(pacs, left[0])).toEqual(tracking);
    expect(new Set(tracking).size).toBe(2);
    // The newer one came before the first went.
    const diary = readFileSync(changes, 'utf8').trim().split('\n');
    expect(diary.indexOf(`stored ${left[0].orthancId}`)).toBeGreaterThan(diary.indexOf(`stored ${first.orthancId}`));
    expect(diary.indexOf(`deleted ${first.orthancId}`)).toBeGreaterThan(diary.indexOf(`stored ${left[0].orthancId}`));

    const own = await fetch(
      `http://127.0.0.1:${node.httpPort}/dicom-web/studies/${late.study.studyInstanceUid}/instances?ModalitiesInStudy=SEG&Modality=SEG`,
    );
    const served = (await own.json()) as Record<string, { Value: string[] }>[];
    expect(served.map((header) => header['00080018'].Value[0]).filter((uid) => [old, newer].includes(uid))).toEqual([newer]);

    await expectRejectionNote(late, old, newer);

    expect((await at(marked, late)).map(({ sopInstanceUid }) => sopInstanceUid).sort()).toEqual([old, newer].sort());
    const { stdout } = await node.command('deliveries');
    expect(stdout).toMatch(/to marked is replaced by result \d+; its withdrawal \d+ is kept: mark-only: .* is there as well/);
    const studies = await node.admin.get<StudyView[]>('/studies');
    const { earlierResults } = studies.find(({ studyInstanceUid }) => studyInstanceUid === late.study.studyInstanceUid) as StudyView;
    expect(earlierResults).toEqual([expect.objectContaining({ destination: 'marked', sopInstanceUid: old, version: 1, laterVersion: 2 })]);
  }, 120_000);

  /** The old object is still there, and one valid note names it and nothing else. */
  async function expectRejectionNote(late: LateStudy, old: string, newer: string): Promise<void> {
    const all = await at(iocm, late);
    const notes = all.filter(({ modality }) => modality === 'KO');
    expect(
      all
        .filter(({ modality }) => modality === 'SEG')
        .map(({ sopInstanceUid }) => sopInstanceUid)
        .sort(),
    ).toEqual([old, newer].sort());
    expect(notes).toHaveLength(1);
    const file = join(tempFolder('note'), 'note.dcm');
    writeFileSync(file, await storedFile(iocm, notes[0].orthancId));
    expect(dciodvfyErrors(file)).toEqual([]);
    const dump = execFileSync('dcmdump', ['+L', file], { encoding: 'utf8' });
    expect(dump).toMatch(/\(0040,a043\)[\s\S]*?\[113037\][\s\S]*?\[Rejected for Patient Safety Reasons\]/);
    const { dataset } = parseInstance(readFileSync(file));
    const [evidence] = dataset.items(TAG.CurrentRequestedProcedureEvidenceSequence);
    const [series] = evidence.items(TAG.ReferencedSeriesSequence);
    expect([evidence.uid(TAG.StudyInstanceUID), dataset.uid(TAG.StudyInstanceUID)]).toEqual(Array(2).fill(late.study.studyInstanceUid));
    const named = series.items(TAG.ReferencedSOPSequence);
    expect(named.map((item) => [item.uid(TAG.ReferencedSOPClassUID), item.uid(TAG.ReferencedSOPInstanceUID)])).toEqual([
      [SOP_CLASS.SegmentationStorage, old],
    ]);
  }

  it('does not touch a result that somebody has changed at the PACS, and says so', async () => {
    const late = makeLate('edited');
    const [{ sopInstanceUid: old }] = await deliver(late, late.first);
    const [first] = await at(pacs, late);
    const modified = await fetch(`${pacs.url}/instances/${first.orthancId}/modify`, {
      method: 'POST',
      body: JSON.stringify({
        Replace: { SeriesDescription: 'corrected by hand' },
        Keep: ['StudyInstanceUID', 'SeriesInstanceUID', 'SOPInstanceUID'],
        Force: true,
      }),
    });
    await fetch(`${pacs.url}/instances`, { method: 'POST', body: await modified.arrayBuffer() });

    const [{ sopInstanceUid: newer }] = await deliver(late, late.late);
    expect(await withdrawals(late)).toMatchObject({
      pacs: { state: 'kept', failureCode: 'RESULT_EDITED', reason: expect.stringContaining('SHA-256') as string },
      archive: { state: 'withdrawn' },
    });
    expect((await at(pacs, late)).map(({ sopInstanceUid }) => sopInstanceUid).sort()).toEqual([old, newer].sort());
    const { stdout } = await node.command('deliveries');
    expect(stdout).toMatch(/is kept: RESULT_EDITED [\s\S]*what to do: Somebody has changed it/);
    expect((await node.command('doctor')).stdout).toContain('1 earlier results not taken back');
  }, 120_000);

  it.each<[FailpointName, number]>([
    ['withdrawal.sending', 2],
    ['withdrawal.written', 1],
    ['withdrawal.sent', 1],
    ['withdrawal.sent', 3],
  ])(
    'killed at %s (passage %i) ends with exactly one, and never has none',
    async (point, passage) => {
      const late = makeLate(`${point} ${passage}`);
      const [{ sopInstanceUid: old }] = await deliver(late, late.first);
      await node.kill();
      await node.start({ failpoint: `${point}:${passage}` });
      await sendTo(node, late.late);
      expect(await node.ended(60_000)).toBe('SIGKILL');
      for (const orthanc of [pacs, iocm]) {
        const there = await at(orthanc, late);
        expect(there.filter(({ modality }) => modality === 'SEG').length).toBeGreaterThan(0);
      }
      await node.start();

      const [{ sopInstanceUid: newer }] = await arrived(late, 4);
      expect(await withdrawals(late)).toMatchObject({
        archive: { state: 'withdrawn' },
        pacs: { state: 'withdrawn' },
        iocm: { state: 'withdrawn' },
      });
      expect((await at(pacs, late)).map(({ sopInstanceUid }) => sopInstanceUid)).toEqual([newer]);
      await expectRejectionNote(late, old, newer);
    },
    120_000,
  );
});

/** Orthanc appends a line for each instance that it has stored or deleted. */
function luaDiary(file: string): string {
  const note = (what: string) => `local f = io.open('${file}', 'a'); f:write('${what} ' .. id .. '\\n'); f:close()`;
  return `function OnStoredInstance(id, tags, metadata, origin) ${note('stored')} end\nfunction OnDeletedInstance(id) ${note('deleted')} end\n`;
}
