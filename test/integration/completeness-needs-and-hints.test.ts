/**
 * The two signals of completeness that are about what is needed or meant, given by real peers: the series that a rule needs are
 * there (dcmtk sends), and storage commitment was asked for (Orthanc sends and asks). The last resort is an hour away: what
 * settles here does so by its signal.
 */
import { readFileSync } from 'node:fs';
import { Db } from '../../src/ledger/database.js';
import { dataFolders } from '../../src/archive/folders.js';
import { describeWith } from '../support/data.js';
import { missingForNode, startNode, type TestNode } from '../support/node.js';
import { freePort, missingForOrthanc, startOrthanc, type Orthanc } from '../support/orthanc.js';
import { modalities } from '../support/orthanc-rest.js';
import { look, quietOf, send, settled, signals, waitingFor } from '../support/settled-study.js';
import { smallStudy, type SmallStudy } from '../support/small-study.js';
import { missingTools } from '../support/tools.js';
import { until } from '../support/until.js';

const QUIET_S = 3600;
const SHORT_S = 0.3;

/** Resolves when the study has been quiet for several times so long; whatever could settle it has had its chance. */
async function afterSilenceOf(node: TestNode, study: SmallStudy, seconds: number): Promise<void> {
  const view = await look(node, study);
  await until('a silence', () => Date.now() - Date.parse(view?.lastReceivedAt ?? '') > seconds * 3000);
}

describeWith('the signal required-series', [...missingForNode(), ...missingTools('storescu', 'dcmsend')], () => {
  const rules = {
    'two.yaml': `
rules:
  - name: needs-two-series
    when: { tag: SeriesNumber, equals: 1 }
    series: { where: { fact: sliceCount, atLeast: 4 } }
    completeWith:
      - [{ tag: SeriesNumber, equals: 2 }, { fact: sliceCount, atLeast: 3 }]
    model: nobody
    destinations: [archive]
`,
  };
  let node: TestNode;

  beforeAll(async () => {
    node = await startNode({ rules, settings: { settle: { quietS: QUIET_S, shortQuietS: SHORT_S, signals: ['required-series'] } } });
  }, 60_000);
  afterAll(() => node.remove());

  it('settles once the model has its series and the other one is whole, over associations and pauses', async () => {
    const study = smallStudy([4, 3]);
    await send(node, study.files[0]);
    await waitingFor(node, study, 'no signal', 4);
    await send(node, study.files[1].slice(0, 2), ['+sd'], 'dcmsend');
    await waitingFor(node, study, 'no signal', 6);
    await afterSilenceOf(node, study, SHORT_S);
    expect(await look(node, study)).toMatchObject({ state: 'receiving', versions: [] });
    await send(node, study.files[1].slice(2), [], 'dcmsend');
    const view = await settled(node, study);
    expect(view.versions).toMatchObject([
      { signal: 'required-series', signalDetail: 'the series that rule needs-two-series needs are there' },
    ]);
    expect(view.instances).toBe(7);
    expect(quietOf(view)).toBeGreaterThanOrEqual(SHORT_S);
  }, 30_000);

  it('has no word on a study whose model has no series to take, and settles again when more slices come late', async () => {
    const [short, study] = [smallStudy([3, 3]), smallStudy([5, 3])];
    await send(node, [...short.files.flat(), ...study.files[1], ...study.files[0].slice(0, 4)]);
    await settled(node, study);
    await send(node, study.files[0].slice(4));
    const view = await settled(node, study, 2);
    expect(signals(view)).toEqual(['required-series', 'required-series']);
    expect(view.instances).toBe(8);
    expect(await look(node, short)).toMatchObject({ state: 'receiving', instances: 6, versions: [] });
  }, 30_000);
});

describeWith('the signal storage-commitment', [...missingForNode(), ...missingForOrthanc(), ...missingTools('storescu')], () => {
  const HINT_S = 0.6;
  let node: TestNode;
  let sender: Orthanc;

  beforeAll(async () => {
    const port = await freePort();
    node = await startNode({
      settings: {
        settle: { quietS: QUIET_S, shortQuietS: SHORT_S, hintQuietS: HINT_S, signals: ['storage-commitment'] },
        storageCommitment: 'archive-of-record',
        peers: { ORTHANC: { host: '127.0.0.1', port } },
      },
    });
    sender = await startOrthanc({ config: { ...modalities({ ANTEROOM: node.dicomPort }), DicomPort: port } });
  }, 90_000);
  afterAll(async () => {
    await sender.remove();
    await node.remove();
  });

  /** Gives Orthanc these files; its ids of them, in the same order. */
  async function give(files: readonly string[]): Promise<string[]> {
    const ids: string[] = [];
    for (const path of files) {
      const response = await fetch(`${sender.url}/instances`, { method: 'POST', body: readFileSync(path) });
      ids.push(((await response.json()) as { ID: string }).ID);
    }
    return ids;
  }

  /** Has Orthanc send these and, with `commit`, ask for commitment of what it has sent. */
  async function store(resources: readonly string[], commit: boolean): Promise<void> {
    const body = JSON.stringify({ Resources: resources, StorageCommitment: commit, Synchronous: true });
    const response = await fetch(`${sender.url}/modalities/ANTEROOM/store`, { method: 'POST', body });
    if (!response.ok) throw new Error(`Orthanc answers ${String(response.status)} to the order to send: ${await response.text()}`);
  }

  const asked = (): number => {
    const db = Db.open(dataFolders(node.dataDir).ledgerFile, { migrate: false });
    try {
      return db.get<{ n: number }>('SELECT count(*) AS n FROM commitments')?.n ?? 0;
    } finally {
      db.close();
    }
  };

  it('settles a study when Orthanc has asked for commitment of all of it, not of a part, and once more for late slices', async () => {
    const study = smallStudy([5]);
    const instances = await give(study.files[0]);

    // Not asked for at all, and then asked for a part only: the hint does not hold.
    await store(instances.slice(0, 2), false);
    await store(instances.slice(2, 4), true);
    await until('the request for a part is here', () => asked() === 1);
    await waitingFor(node, study, 'storage commitment was not asked for all that is here', 4);
    await afterSilenceOf(node, study, HINT_S);
    expect(await look(node, study)).toMatchObject({ state: 'receiving', versions: [] });

    await store(instances.slice(0, 4), true);
    const view = await settled(node, study);
    expect(view.versions).toMatchObject([
      { signal: 'storage-commitment', signalDetail: 'storage commitment was asked for all that is here' },
    ]);
    expect(view.instances).toBe(4);

    // A late instance is not among those that were named.
    await store(instances.slice(4), false);
    await waitingFor(node, study, 'storage commitment was not asked for all that is here', 5);
    await store(instances, true);
    const again = await settled(node, study, 2);
    expect(signals(again)).toEqual(['storage-commitment', 'storage-commitment']);
    expect(again.instances).toBe(5);
  }, 60_000);
});
