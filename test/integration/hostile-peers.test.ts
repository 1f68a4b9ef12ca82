/** Peers that break the protocol, against the running node: they harm nobody else and leave no part file, no descriptor and no memory behind. */
import { randomBytes } from 'node:crypto';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import type { StudyView } from '../../src/api/views.js';
import { parseInstance } from '../../src/dicom/element/parse.js';
import { TAG } from '../../src/dicom/element/tags.js';
import { TRANSFER_SYNTAX } from '../../src/dicom/element/uids.js';
import { encodeDataSet, fileMeta } from '../../src/dicom/element/write.js';
import { encodeStoreRq } from '../../src/dimse/command.js';
import { abortPdu } from '../../src/dimse/pdu.js';
import { storeFiles } from '../../src/dimse/scu.js';
import { makeChestStudy, sendTo } from '../support/chest-study.js';
import { describeWith } from '../support/data.js';
import { HEAD_BYTES } from '../../src/archive/part-file.js';
import { dcmtk } from '../support/dcmtk.js';
import { CONTROL, CT_STORAGE, RawPeer, associateRq, pData } from '../support/dimse.js';
import { missingForNode, startNode, type TestNode } from '../support/node.js';
import { descriptorCount, residentMb } from '../support/process-figures.js';
import { breakOffStow, postStow } from '../support/stow.js';
import { tempFolder } from '../support/temp.js';
import { missingTools } from '../support/tools.js';
import { until } from '../support/until.js';

/** A header with no more than the receiver demands. */
const UIDS = {
  '00080016': { vr: 'UI', Value: [CT_STORAGE] },
  '00080018': { vr: 'UI', Value: ['1.2.3.4.1'] },
  '0020000D': { vr: 'UI', Value: ['1.2.3.4.2'] },
  '0020000E': { vr: 'UI', Value: ['1.2.3.4.3'] },
};

describeWith('hostile peers of the running node', [...missingForNode(), ...missingTools('echoscu')], () => {
  const study = makeChestStudy('healthy beside hostile');
  const { dataSet, uid } = partsOf(study.files[0]);
  let node: TestNode;
  let baseline: { readonly descriptors: number; readonly residentMb: number };

  beforeAll(async () => {
    node = await startNode({ settings: { dimse: { idleTimeoutS: 3, maxAssociations: 40 } } });
    const warm = makeChestStudy('warm up');
    await sendTo(node, warm.files);
    await settled(warm.studyInstanceUid, warm.files.length);
    baseline = { descriptors: descriptorCount(node.pid() as number), residentMb: residentMb(node.pid() as number).now };
  }, 60_000);
  afterAll(() => node.remove());

  const settled = (studyInstanceUid: string, instances: number) =>
    until(`study ${studyInstanceUid} to settle`, async () =>
      (await node.admin.get<StudyView[]>('/studies')).some(
        (one) => one.studyInstanceUid === studyInstanceUid && one.state === 'settled' && one.instances === instances,
      ),
    );

  const storeRq = (sopInstanceUid = uid) => pData(1, CONTROL.lastCommand, encodeStoreRq(1, CT_STORAGE, sopInstanceUid));

  /** After each case: a healthy sender gets through, no part file and no descriptor is left, and memory is where it was. */
  afterEach(async () => {
    const healthy = makeChestStudy(`healthy after ${expect.getState().currentTestName ?? ''}`);
    await sendTo(node, healthy.files);
    await settled(healthy.studyInstanceUid, healthy.files.length);
    const pid = node.pid() as number;
    await until(
      'the node to hold what it held before',
      () => descriptorCount(pid) <= baseline.descriptors && readdirSync(join(node.dataDir, 'incoming')).length === 0,
      40_000,
    );
    expect(residentMb(pid).now).toBeLessThan(baseline.residentMb + 100);
  }, 60_000);

  it('random bytes, before and after an association', async () => {
    for (let n = 0; n < 40; n++) {
      const peer = n % 2 === 0 ? await RawPeer.connect(node.dicomPort) : await RawPeer.associated(node.dicomPort);
      peer.send(randomBytes(3000));
      await peer.ending();
      expect(peer.isClosed).toBe(true);
    }
  }, 60_000);

  it('a C-STORE that ends at any byte', async () => {
    const whole = Buffer.concat([
      associateRq(),
      storeRq(),
      pData(1, CONTROL.data, dataSet.subarray(0, 4000)),
      pData(1, CONTROL.lastData, dataSet.subarray(4000, 8000)),
    ]);
    for (let end = 0; end < whole.length; end += 211) {
      const peer = await RawPeer.connect(node.dicomPort);
      peer.socket.end(whole.subarray(0, end));
      await peer.ending();
    }
  }, 60_000);

  it('a PDU that claims 0xFFFFFFFF bytes is aborted at once', async () => {
    for (const type of [1, 4]) {
      for (const peer of [await RawPeer.connect(node.dicomPort), await RawPeer.associated(node.dicomPort)]) {
        peer.send(Buffer.from([type, 0, 0xff, 0xff, 0xff, 0xff]));
        expect(await peer.ending()).toEqual({ source: 2, reason: 6 });
      }
    }
  }, 60_000);

  it.each([
    ['an element', Buffer.from([0x09, 0x00, 0x10, 0x10, 0x4f, 0x42, 0, 0, 0x00, 0x84, 0xd7, 0x17])],
    ['a sequence', Buffer.from([0x08, 0x00, 0x40, 0x11, 0x53, 0x51, 0, 0, 0x00, 0x84, 0xd7, 0x17])],
    [
      'an item',
      Buffer.from([0x08, 0x00, 0x40, 0x11, 0x53, 0x51, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xfe, 0xff, 0x00, 0xe0, 0x00, 0x84, 0xd7, 0x17]),
    ],
  ])(
    '%s that claims 400 MB is answered with 0xC000',
    async (_what, claim) => {
      const peer = await RawPeer.associated(node.dicomPort);
      const beginning = encodeDataSet({ '00080016': { vr: 'UI', Value: [CT_STORAGE] }, '00080018': { vr: 'UI', Value: [uid] } });
      peer.send(storeRq(), pData(1, CONTROL.lastData, Buffer.concat([beginning, claim, Buffer.alloc(500)])));
      expect(statusOf((await peer.pdu())?.body)).toBe(0xc000);
      peer.send(abortPdu(0));
    },
    60_000,
  );

  it.each([
    ['pixel data', '7FE00010', 0],
    ['a private element', '00091010', 0xc000],
  ])(
    '%s that inflates to 200 MB costs no such memory',
    async (_what, tag, status) => {
      const bomb = join(tempFolder('bomb'), 'bomb.dcm');
      const header = encodeDataSet({ ...UIDS, [tag]: { vr: 'OW', bytes: new Uint8Array(200_000_000) } });
      const meta = fileMeta({
        sopClassUid: CT_STORAGE,
        sopInstanceUid: '1.2.3.4.1',
        transferSyntaxUid: TRANSFER_SYNTAX.DeflatedExplicitVRLittleEndian,
      });
      writeFileSync(bomb, Buffer.concat([meta, deflateRawSync(header, { level: 9 })]));
      const [outcome] = await storeFiles({ host: '127.0.0.1', port: node.dicomPort, aeTitle: 'ANTEROOM', callingAe: 'BOMB' }, [bomb]);
      expect(outcome.status).toBe(status);
      expect(residentMb(node.pid() as number).peak).toBeLessThan(baseline.residentMb + 150);
    },
    60_000,
  );

  it('aborts and resets in mid-store', async () => {
    for (let n = 0; n < 40; n++) {
      const peer = await RawPeer.associated(node.dicomPort);
      peer.send(storeRq(), pData(1, CONTROL.data, dataSet.subarray(0, 10_000)));
      await until('a part file', () => readdirSync(join(node.dataDir, 'incoming')).length > 0);
      if (n % 2 === 0) peer.socket.resetAndDestroy();
      else peer.send(abortPdu(0));
      await peer.ending();
      await until('no part file', () => readdirSync(join(node.dataDir, 'incoming')).length === 0);
    }
  }, 60_000);

  it('half-open associations: a healthy send beside them succeeds, and each is closed in time', async () => {
    const silent = await Promise.all(Array.from({ length: 10 }, () => RawPeer.connect(node.dicomPort)));
    const idle = await Promise.all(Array.from({ length: 10 }, () => RawPeer.associated(node.dicomPort)));
    const stuck = await Promise.all(Array.from({ length: 10 }, () => RawPeer.associated(node.dicomPort)));
    // What fits into memory is not on the disk before it is complete.
    const beginning = Buffer.concat([dataSet.subarray(0, 5000), Buffer.alloc(HEAD_BYTES)]);
    for (const peer of stuck) peer.send(storeRq(), pData(1, CONTROL.data, beginning));
    await until('ten part files', () => readdirSync(join(node.dataDir, 'incoming')).length === 10);
    await sendTo(node, study.files);
    expect(await dcmtk('echoscu', '-aec', 'ANTEROOM', '127.0.0.1', String(node.dicomPort))).toMatchObject({ code: 0 });
    await settled(study.studyInstanceUid, study.files.length);
    await Promise.all([...idle, ...stuck].map((peer) => peer.ending()));
    await Promise.all(silent.map((peer) => peer.ending()));
  }, 60_000);

  it('more associations than allowed are rejected as transient, and the others go on', async () => {
    const peers = await Promise.all(Array.from({ length: 40 }, () => RawPeer.associated(node.dicomPort)));
    const refused = await RawPeer.connect(node.dicomPort);
    refused.send(associateRq());
    const answer = await refused.pdu();
    expect([answer?.type, answer?.body[1]]).toEqual([3, 2]);
    for (const peer of peers) peer.send(abortPdu(0));
    await Promise.all(peers.map((peer) => peer.ending()));
  }, 60_000);

  it('STOW-RS bodies that are broken off or no multipart', async () => {
    for (const body of [Buffer.from('--x\r\nContent-Type: application/dicom\r\n\r\nDICM'), randomBytes(2000), Buffer.alloc(0)]) {
      expect((await postStow(node.httpPort, body)).status).toBeGreaterThanOrEqual(400);
    }
    for (let n = 0; n < 20; n++) await breakOffStow(node.httpPort, readFileSync(study.files[0]).subarray(0, 9000));
  }, 60_000);
});

function partsOf(file: string): { dataSet: Buffer; uid: string } {
  const bytes = readFileSync(file);
  const { dataset, dataSetOffsetBytes } = parseInstance(bytes);
  return { dataSet: bytes.subarray(dataSetOffsetBytes), uid: dataset.uid(TAG.SOPInstanceUID) as string };
}

/** Status (0000,0900) of a response. */
function statusOf(body: Buffer | undefined): number {
  const at = (body ?? Buffer.alloc(0)).indexOf(Buffer.from([0, 0, 0, 9, 2, 0, 0, 0]));
  return body?.readUInt16LE(at + 8) ?? -1;
}
