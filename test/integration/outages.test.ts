/**
 * Destinations that are down, refuse, or break off, with real Orthancs: every result arrives exactly once, no destination delays
 * another, and what a person must do stands in `anteroom deliveries`.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { stringify } from 'yaml';
import type { DeliveryView, RunView } from '../../src/api/views.js';
import { makeAuthority } from '../support/certificates.js';
import { lungsSeg, makeChestStudy, sendTo, type ChestStudy } from '../support/chest-study.js';
import { startCuttingProxy, type CuttingProxy, type Misbehaviour } from '../support/cutting-proxy.js';
import { describeWith } from '../support/data.js';
import { missingForNode, startNode, type TestNode } from '../support/node.js';
import { missingForOrthanc, startOrthanc, type Orthanc } from '../support/orthanc.js';
import { storedInstances, type Credentials } from '../support/orthanc-rest.js';
import { tempFolder } from '../support/temp.js';
import { startTlsFront, type TlsFront } from '../support/tls-front.js';
import { missingTools } from '../support/tools.js';
import { until } from '../support/until.js';
import { lungsRules } from '../support/lungs-rules.js';

const RULES = lungsRules('archive', 'pacs', 'workstation');
const RETRY = { firstDelayS: 0.3, maxDelayS: 0.6 };
/** How long the PACS is away in the first test. */
const OUTAGE_MS = 60_000;
const RIGHT: Credentials = { user: 'anteroom', password: 'right' };

const missing = [...missingForNode(), ...missingForOrthanc(), ...missingTools('openssl')];

describeWith('outages of destinations', missing, () => {
  const folder = tempFolder('outages');
  const secretFile = join(folder, 'secret');
  /** What the proxy does to the next connection; the tests change it. */
  const misbehaviour: { -readonly [K in keyof Misbehaviour]: Misbehaviour[K] } = {};
  let study: ChestStudy;
  let node: TestNode;
  let pacs: Orthanc;
  let workstation: Orthanc;
  let guarded: Orthanc;
  let proxy: CuttingProxy;
  let tls: TlsFront;

  beforeAll(async () => {
    [pacs, workstation, guarded] = await Promise.all([
      startOrthanc(),
      startOrthanc({ config: { DicomAet: 'WORKSTATION', DicomAlwaysAllowFind: true } }),
      startOrthanc({ users: { [RIGHT.user]: RIGHT.password } }),
    ]);
    proxy = await startCuttingProxy(pacs.httpPort, misbehaviour);
    const authority = makeAuthority(folder, 'hospital');
    tls = await startTlsFront(pacs.httpPort, authority.issue('pacs'), authority.ca);
    writeFileSync(secretFile, 'wrong');
    node = await startNode({
      rules: RULES,
      settings: { runs: { concurrency: 2 }, destinations: destinations(writePem(folder, authority)) },
    });
    study = makeChestStudy('outages');
    const added = await node.command('models', 'add', copyingModel(study), '--activate', '--reason', 'test');
    expect(added).toMatchObject({ exitCode: 0, stderr: '' });
    await sendTo(node, study.files);
    await until('the first result at all destinations', async () => {
      const all = await deliveries();
      return all.length === 3 && all.every(({ state }) => state === 'delivered');
    });
  }, 90_000);

  afterAll(async () => {
    await node.remove();
    await Promise.all([proxy.close(), tls.close(), pacs.remove(), workstation.remove(), guarded.remove()]);
  }, 60_000);

  function destinations(pem: Record<'ca' | 'cert' | 'key', string>): Record<string, unknown> {
    const stow = (url: string, more: Record<string, unknown> = {}) => ({
      kind: 'stow',
      url: `${url}/dicom-web`,
      retry: RETRY,
      timeoutS: 5,
      ...more,
    });
    return {
      pacs: stow(pacs.url),
      workstation: { kind: 'cstore', host: '127.0.0.1', port: workstation.dicomPort, aeTitle: 'WORKSTATION', retry: RETRY },
      guarded: stow(guarded.url, { auth: { basic: { user: RIGHT.user, password: { file: secretFile } } } }),
      cut: stow(`http://127.0.0.1:${proxy.port}`),
      tls: stow(`https://127.0.0.1:${tls.port}`, { tls: pem }),
      'tls-unknown-ca': stow(`https://127.0.0.1:${tls.port}`, { tls: { cert: pem.cert, key: pem.key } }),
      'tls-no-certificate': stow(`https://127.0.0.1:${tls.port}`, { tls: { ca: pem.ca } }),
    };
  }

  const deliveries = () => node.admin.get<DeliveryView[]>('/deliveries');

  /** A further result, made by hand; its deliveries once they are there. */
  async function newResult(...to: string[]): Promise<DeliveryView[]> {
    const { run } = await node.admin.post<{ run: number }>('/runs', {
      model: 'lungs',
      study: study.studyInstanceUid,
      destinations: to,
      again: true,
    });
    await until(`run ${run} to be done`, async () =>
      (await node.admin.get<RunView[]>('/runs')).some((one) => one.run === run && one.state === 'done'),
    );
    return (await deliveries()).filter((delivery) => delivery.run === run);
  }

  const view = async ({ delivery }: DeliveryView) => (await deliveries()).find((one) => one.delivery === delivery) as DeliveryView;

  function become(delivery: DeliveryView, state: DeliveryView['state'], deadlineMs?: number): Promise<DeliveryView> {
    const reached = async () => {
      const now = await view(delivery);
      return now.state === state && now;
    };
    return until(`delivery ${delivery.delivery} to ${delivery.destination} to be ${state}`, reached, deadlineMs);
  }

  /** What `anteroom deliveries` tells of one of them, below its table. */
  async function accountOf({ delivery }: DeliveryView): Promise<string> {
    const { stdout } = await node.command('deliveries');
    return stdout.split(/\n(?=delivery \d+ to )/).find((account) => account.startsWith(`delivery ${delivery} to `)) ?? '';
  }

  const copiesAt = async (orthanc: Orthanc, { sopInstanceUid }: DeliveryView, credentials?: Credentials) =>
    (await storedInstances(orthanc, credentials)).filter((stored) => stored.sopInstanceUid === sopInstanceUid).length;

  it('a PACS that is killed in the middle gets every result exactly once, and delays no other destination', async () => {
    const [calm] = (await newResult('workstation')).map(view);
    const first = await become(await calm, 'delivered');
    const results = [await newResult('pacs', 'workstation')];
    await pacs.kill();
    const goneAt = Date.now();
    results.push(await newResult('pacs', 'workstation'), await newResult('pacs', 'workstation'));
    const [atPacs, atWorkstation] = ['pacs', 'workstation'].map((name) =>
      results.flatMap((all) => all.filter(({ destination }) => destination === name)),
    );

    const delivered = await Promise.all(atWorkstation.map((delivery) => become(delivery, 'delivered')));
    const waiting = await until('three attempts in vain', async () => {
      const last = await view(atPacs[2]);
      return last.state === 'pending' && last.attempts >= 3 && last;
    });
    expect(waiting).toMatchObject({ state: 'pending', failureCode: 'DESTINATION_UNREACHABLE', deliveredAt: null });
    expect(await accountOf(waiting)).toMatch(
      /to pacs is (pending|sending): DESTINATION_UNREACHABLE 127\.0\.0\.1:\d+: ECONNREFUSED[\s\S]*what to do: .*tried again by itself/,
    );

    await until('the minute to be over', () => Date.now() - goneAt >= OUTAGE_MS, OUTAGE_MS + 5_000);
    const backAt = Date.now();
    await pacs.start();
    const arrived = await Promise.all(atPacs.map((delivery) => become(delivery, 'delivered')));
    for (const delivery of arrived.slice(1)) expect(Date.parse(delivery.deliveredAt ?? '')).toBeGreaterThan(backAt);
    for (const delivery of arrived) expect(await copiesAt(pacs, delivery)).toBe(1);
    for (const delivery of delivered) {
      expect(await copiesAt(workstation, delivery)).toBe(1);
      expect(Date.parse(delivery.deliveredAt ?? '')).toBeLessThan(backAt);
      // As quick as without the outage, apart from what the machine does meanwhile.
      expect(tookMs(delivery)).toBeLessThan(tookMs(first) + 3000);
    }
    expect(backAt - goneAt).toBeGreaterThanOrEqual(OUTAGE_MS);
  }, 150_000);

  it('a workstation that is stopped gets its result by C-STORE when it is back', async () => {
    await workstation.stop();
    const [delivery] = await newResult('workstation');
    await until('two attempts in vain', async () => (await view(delivery)).attempts >= 2);
    expect(await view(delivery)).toMatchObject({ failureCode: 'DESTINATION_UNREACHABLE' });
    await workstation.start();
    expect(await become(delivery, 'delivered')).toMatchObject({ receipt: 'found by C-FIND' });
    expect(await copiesAt(workstation, delivery)).toBe(1);
  }, 60_000);

  it('an answer that is lost leaves it open: the PACS is asked, and nothing is sent twice', async () => {
    misbehaviour.swallowAnswer = true;
    const [delivery] = await newResult('cut');
    const unsure = await become(delivery, 'unsure');
    expect(unsure.remedy).toContain('asks the destination');
    await until('the PACS to have it', async () => (await copiesAt(pacs, delivery)) === 1);
    misbehaviour.swallowAnswer = false;
    expect(await become(delivery, 'delivered')).toMatchObject({ receipt: 'found by QIDO-RS', failureCode: null, reason: null });
    expect(await timesSent(delivery)).toBe(1);
    expect(await copiesAt(pacs, delivery)).toBe(1);
  }, 60_000);

  it('a connection that is cut in the middle of the object: the PACS is asked, and the same object sent again', async () => {
    misbehaviour.cutAfterClientBytes = 20_000;
    const [delivery] = await newResult('cut');
    await until('it to be sent twice in vain', async () => (await timesSent(delivery)) >= 2);
    expect(await copiesAt(pacs, delivery)).toBe(0);
    delete misbehaviour.cutAfterClientBytes;
    expect(await become(delivery, 'delivered')).toMatchObject({ receipt: 'found by QIDO-RS' });
    expect(await copiesAt(pacs, delivery)).toBe(1);
  }, 60_000);

  it('wrong credentials hold the delivery with what to do; after the correction it arrives', async () => {
    const [delivery] = await newResult('guarded');
    const held = await become(delivery, 'held');
    expect(held).toMatchObject({ failureCode: 'DESTINATION_AUTH', attempts: 1, nextTryAt: null });
    expect(await accountOf(held)).toMatch(
      /to guarded is held: DESTINATION_AUTH 127\.0\.0\.1:\d+ answered 401[\s\S]*what to do: Correct the credentials .*`anteroom retry`.*nothing is lost meanwhile/,
    );
    const [other] = await newResult('pacs');
    await become(other, 'delivered');

    writeFileSync(secretFile, RIGHT.password);
    await node.stop();
    await node.start();
    expect(await view(held)).toMatchObject({ state: 'held' });
    expect(await node.command('retry', '--delivery', String(held.delivery))).toMatchObject({ exitCode: 0, stderr: '' });
    await become(held, 'delivered');
    expect(await copiesAt(guarded, held, RIGHT)).toBe(1);
  }, 60_000);

  it('TLS with a private authority and a client certificate delivers', async () => {
    const [delivery] = await newResult('tls');
    await become(delivery, 'delivered');
    expect(await copiesAt(pacs, delivery)).toBe(1);
  }, 60_000);

  it.each(['tls-unknown-ca', 'tls-no-certificate'])(
    '%s: the delivery is held, and says what to do',
    async (destination) => {
      const [delivery] = await newResult(destination);
      const held = await become(delivery, 'held');
      expect(held.failureCode).toBe('DESTINATION_TLS');
      expect(await accountOf(held)).toMatch(
        /is held: DESTINATION_TLS 127\.0\.0\.1:\d+: [A-Z_0-9]+[\s\S]*what to do: Check certificate, private CA/,
      );
      expect(await copiesAt(pacs, delivery)).toBe(0);
    },
    60_000,
  );

  it('everything that was delivered is there once, and nothing else is', async () => {
    const all = (await deliveries()).filter(({ state }) => state === 'delivered');
    const uidsAt = (names: readonly string[]) =>
      all.filter(({ destination }) => names.includes(destination)).map(({ sopInstanceUid }) => sopInstanceUid);
    const uidsOf = async (orthanc: Orthanc) => (await storedInstances(orthanc)).map(({ sopInstanceUid }) => sopInstanceUid);
    expect((await uidsOf(pacs)).sort()).toEqual(uidsAt(['pacs', 'cut', 'tls']).sort());
    expect((await uidsOf(workstation)).sort()).toEqual(uidsAt(['workstation']).sort());
  });

  /** How often the object was put on the wire: each time is a move to `sending` in the log. */
  function timesSent({ delivery }: DeliveryView): Promise<number> {
    const moves = node.log.filter(
      ({ message, table, id, to }) => message === 'moved' && table === 'deliveries' && id === delivery && to === 'sending',
    );
    return Promise.resolve(moves.length);
  }
});

function tookMs({ createdAt, deliveredAt }: DeliveryView): number {
  return Date.parse(deliveredAt ?? '') - Date.parse(createdAt ?? '');
}

/** A package of the card `lungs` whose program leaves a right answer at once; without a container, as this is about what comes after. */
function copyingModel(study: ChestStudy): string {
  const folder = tempFolder('model');
  writeFileSync(join(folder, 'meta.json'), readFileSync('deploy/models/lungs/meta.json'));
  writeFileSync(join(folder, 'right.dcm'), lungsSeg(study));
  const script = `cp ${resolve(folder, 'right.dcm')} "$ANTEROOM_OUTPUT_DIR/"`;
  writeFileSync(join(folder, 'model.yaml'), stringify({ runtime: 'process', command: ['sh', '-c', script], memoryMb: 512 }));
  return folder;
}

function writePem(folder: string, authority: ReturnType<typeof makeAuthority>): Record<'ca' | 'cert' | 'key', string> {
  const client = authority.issue('anteroom');
  const write = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  return { ca: write('ca.pem', authority.ca), cert: write('client.pem', client.cert), key: write('client.key', client.key) };
}
