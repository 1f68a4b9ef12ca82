/** Storage commitment with a real Orthanc: asked by it of us, over kill -9 too, and asked by us of it. */
import { join } from 'node:path';

import { createCommitmentSender } from '../../src/delivery/commitment-sender.js';
import type { Parcel } from '../../src/delivery/sender.js';
import { systemClock } from '../../src/foundation/clock.js';
import { dataFolders } from '../../src/archive/folders.js';
import { requestCommitment } from '../../src/dimse/scu.js';
import { Db } from '../../src/ledger/database.js';
import { describeWith, testData } from '../support/data.js';
import { dcmtk } from '../support/dcmtk.js';
import { missingForNode, startNode, type TestNode } from '../support/node.js';
import { freePort, missingForOrthanc, startOrthanc, type Orthanc } from '../support/orthanc.js';
import { modalities } from '../support/orthanc-rest.js';
import { part10Files, type Part10File } from '../support/part10.js';
import { missingTools } from '../support/tools.js';
import { until } from '../support/until.js';

const missing = [
  ...missingForNode(),
  ...missingForOrthanc(),
  ...missingTools('storescu'),
  ...(testData('ct-abdomen-totalseg') === undefined ? ['data ct-abdomen-totalseg'] : []),
];
const LOCAL = '127.0.0.1';
const NEVER_SENT = '1.2.826.0.1.3680043.8.498.1';

/** What Orthanc knows of a request of its own. */
interface Report {
  readonly Status: 'Pending' | 'Success' | 'Failure';
  readonly Success?: readonly { readonly SOPInstanceUID: string }[];
  readonly Failures?: readonly { readonly SOPInstanceUID: string; readonly Description: string }[];
}

describeWith('storage commitment', missing, () => {
  const files = part10Files(join(testData('ct-abdomen-totalseg') ?? '', 'dicom')).slice(0, 6);
  const [sopClassUid, first] = [files[0]?.sopClassUid ?? '', files[0]?.sopInstanceUid ?? ''];
  const named = files.map((file) => [file.sopClassUid, file.sopInstanceUid] as const);
  let orthanc: Orthanc;
  let node: TestNode;
  let orthancPort: number;

  async function start(settings: Record<string, unknown>, failpoint?: string): Promise<void> {
    orthancPort = await freePort();
    const peers = { ORTHANC: { host: LOCAL, port: orthancPort } };
    node = await startNode({ settings: { settle: { quietS: 3600 }, peers, ...settings }, failpoint });
    orthanc = await startOrthanc({ config: { ...modalities({ ANTEROOM: node.dicomPort }), DicomPort: orthancPort } });
    const paths = files.map(({ path }) => path);
    expect(await dcmtk('storescu', '-R', '-xv', '-aec', 'ANTEROOM', LOCAL, String(node.dicomPort), ...paths)).toMatchObject({ code: 0 });
  }
  afterEach(async () => {
    await orthanc.remove();
    await node.remove();
  });

  /** Has Orthanc ask the node for commitment; Orthanc's id of the request, undefined where the node refused it. */
  async function ask(instances: readonly (readonly [string, string])[]): Promise<string | undefined> {
    const body = JSON.stringify({ DicomInstances: instances });
    const response = await fetch(`${orthanc.url}/modalities/ANTEROOM/storage-commitment`, { method: 'POST', body });
    return response.ok ? ((await response.json()) as { ID: string }).ID : undefined;
  }

  async function reportOf(id: string | undefined): Promise<Report> {
    return until('Orthanc has a report', async () => {
      const report = (await (await fetch(`${orthanc.url}/storage-commitment/${String(id)}`)).json()) as Report;
      return report.Status !== 'Pending' && report;
    });
  }

  const success = (report: Report): string[] => (report.Success ?? []).map(({ SOPInstanceUID }) => SOPInstanceUID).sort();
  const ledger = (): Db => Db.open(dataFolders(node.dataDir).ledgerFile, { migrate: false });
  function query<T>(sql: string): T[] {
    const db = ledger();
    try {
      return db.all<T>(sql);
    } finally {
      db.close();
    }
  }

  it('is given to Orthanc for what is stored, on an association that we open, and keeps the study', async () => {
    await start({ storageCommitment: 'archive-of-record' });
    const all = await reportOf(await ask(named));
    expect(all.Status).toBe('Success');
    expect(success(all)).toEqual(files.map(({ sopInstanceUid }) => sopInstanceUid).sort());
    const some = await reportOf(
      await ask([
        [sopClassUid, first],
        [sopClassUid, NEVER_SENT],
        ['1.2.840.10008.5.1.4.1.1.4', files[1]?.sopInstanceUid ?? ''],
      ]),
    );
    expect(some.Status).toBe('Failure');
    expect(success(some)).toEqual([first]);
    const reasons = new Map(some.Failures?.map(({ SOPInstanceUID, Description }) => [SOPInstanceUID, Description]));
    expect(reasons.get(NEVER_SENT)).toMatch(/not available/i);
    expect(reasons.get(files[1]?.sopInstanceUid ?? '')).toMatch(/did not correspond to the SOP class/i);
    expect(query('SELECT keeper FROM keeps')).toEqual([{ keeper: 'storage-commitment' }]);
  });

  it('is reported on the association of the request while that stays open, and held for a person where nobody knows the peer', async () => {
    await start({ storageCommitment: 'archive-of-record' });
    const modality = { host: LOCAL, port: node.dicomPort, aeTitle: 'ANTEROOM', callingAe: 'CT1' };
    const report = await requestCommitment(modality, '2.25.1', [{ sopClassUid, sopInstanceUid: first }], 10_000);
    expect(report).toEqual({ transactionUid: '2.25.1', items: [{ sopClassUid, sopInstanceUid: first, reason: 0 }] });
    expect(await requestCommitment(modality, '2.25.2', [{ sopClassUid, sopInstanceUid: first }], 0)).toBeUndefined();
    const states = () => query<{ state: string }>('SELECT state FROM commitments ORDER BY id').map(({ state }) => state);
    await until('the second is held', () => states().join() === 'reported,held');
    expect(node.log.find(({ message }) => message === 'storage commitment could not be reported')).toMatchObject({ code: 'PEER_UNKNOWN' });
  });

  it('is reported after kill -9 between the judgement and the report', async () => {
    await start({ storageCommitment: 'archive-of-record' }, 'intake.commitment-judged');
    const id = await ask(named);
    expect(await node.ended()).toBe('SIGKILL');
    await node.start();
    expect((await reportOf(id)).Status).toBe('Success');
    await until('the request is reported', () => query<{ state: string }>('SELECT state FROM commitments')[0]?.state === 'reported');
  });

  it('is refused where the node does not take it on, and stays as a hint', async () => {
    await start({});
    expect(await ask(named)).toBeUndefined();
    expect(query('SELECT state, (SELECT count(*) FROM commitment_instances) AS named FROM commitments')).toEqual([
      { state: 'refused', named: files.length },
    ]);
  });

  const parcelOf = (file: Part10File): Parcel => ({ ...file });

  it('is asked of Orthanc: delivered is what it reports as committed to our listener', async () => {
    await start({});
    const db = ledger();
    try {
      const peer = { host: LOCAL, port: orthancPort, aeTitle: 'ORTHANC', callingAe: 'ANTEROOM' };
      const sender = createCommitmentSender(() => peer, { db, clock: systemClock, destination: 'pacs' });
      const [sent, unsent] = files as [Part10File, Part10File];
      await sender.send(parcelOf(sent));
      expect(await sender.ask(parcelOf(sent))).toBe('there');
      expect(await sender.ask(parcelOf(unsent))).toBe('absent');
      // What was said of it before does not count once it is sent again.
      await sender.send(parcelOf(unsent));
      expect(await sender.ask(parcelOf(unsent))).toBe('there');
      const stored = (await (await fetch(`${orthanc.url}/instances`)).json()) as string[];
      expect(stored).toHaveLength(2);
    } finally {
      db.close();
    }
  });
});
