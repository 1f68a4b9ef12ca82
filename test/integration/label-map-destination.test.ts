/**
 * One result in two forms: a PACS that is said to take label maps gets one, the node's own archive the BINARY segmentation. A real Orthanc stores what
 * it is sent over STOW-RS; pydicom reads both.
 */
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DeliveryView } from '../../src/api/views.js';
import { parseInstance } from '../../src/dicom/element/parse.js';
import { TAG } from '../../src/dicom/element/tags.js';
import { SOP_CLASS, TRANSFER_SYNTAX } from '../../src/dicom/element/uids.js';
import { sendTo } from '../support/chest-study.js';
import { describeWith } from '../support/data.js';
import { lateStudy, writeLateModel, type LateStudy } from '../support/late-study.js';
import { lungsRules } from '../support/lungs-rules.js';
import { missingForNode, startNode, type TestNode } from '../support/node.js';
import { missingForOrthanc, startOrthanc, type Orthanc } from '../support/orthanc.js';
import { storedFile, storedInstances } from '../support/orthanc-rest.js';
import { readWithPydicom, type PydicomSeg } from '../support/seg.js';
import { tempFolder } from '../support/temp.js';
import { missingTools } from '../support/tools.js';
import { until } from '../support/until.js';

const missing = [...missingForNode(), ...missingForOrthanc(), ...missingTools('python3-pydicom')];

describeWith('a destination that takes label maps', missing, () => {
  const model = tempFolder('model');
  let late: LateStudy;
  let pacs: Orthanc;
  let node: TestNode;

  beforeAll(async () => {
    pacs = await startOrthanc();
    const withdraw = { kind: 'delete', url: pacs.url };
    node = await startNode({
      rules: lungsRules('archive', 'pacs'),
      settings: {
        settle: { quietS: 0.5 },
        destinations: { pacs: { kind: 'stow', url: pacs.dicomWebUrl, segmentation: 'labelmap', withdraw } },
      },
    });
    writeLateModel(model);
    expect(await node.command('models', 'add', model, '--activate', '--reason', 'test')).toMatchObject({ exitCode: 0, stderr: '' });
    late = lateStudy('label maps', model);
  }, 90_000);

  afterAll(async () => {
    await node.remove();
    await pacs.remove();
  }, 60_000);

  /** The newest delivery to each of the two destinations, when so many have arrived. */
  async function arrived(count: number): Promise<Record<string, DeliveryView>> {
    const all = await until(
      `${count} deliveries`,
      async () => {
        const found = await node.admin.get<DeliveryView[]>('/deliveries').catch(() => []);
        return found.length === count && found.every(({ state }) => state === 'delivered') && found;
      },
      60_000,
    );
    return Object.fromEntries(all.slice(0, 2).map((one) => [one.destination, one]));
  }

  const ofArchive = async (uid: string): Promise<Buffer> => {
    const url = `http://127.0.0.1:${node.httpPort}/dicom-web/studies/${late.study.studyInstanceUid}/instances?SOPInstanceUID=${uid}&includefield=all`;
    const [{ '0020000E': series }] = (await (await fetch(url)).json()) as Record<string, { Value: string[] }>[];
    const path = `studies/${late.study.studyInstanceUid}/series/${series.Value[0]}/instances/${uid}`;
    const answer = await fetch(`http://127.0.0.1:${node.httpPort}/dicom-web/${path}`, { headers: { accept: 'application/dicom' } });
    return Buffer.from(await answer.arrayBuffer());
  };

  /** The only SEG that Orthanc holds, as it was sent. */
  async function atPacs(): Promise<{ uid: string; file: Buffer }> {
    const segs = (await storedInstances(pacs)).filter(({ modality }) => modality === 'SEG');
    expect(segs).toHaveLength(1);
    return { uid: segs[0].sopInstanceUid, file: await storedFile(pacs, segs[0].orthancId) };
  }

  it('gets a label map, and the other one BINARY, under the names that they had before the node was killed', async () => {
    await node.kill();
    await node.start({ failpoint: 'results.written' });
    await sendTo(node, late.first);
    expect(await node.ended(60_000)).toBe('SIGKILL');
    const written = readdirSync(join(node.dataDir, 'results')).sort();
    expect(written).toHaveLength(2);
    await node.start();
    const { archive, pacs: sent } = await arrived(2);
    expect(readdirSync(join(node.dataDir, 'results')).sort()).toEqual(written);
    expect(written).toEqual([archive, sent].map(({ sopInstanceUid }) => `${sopInstanceUid}.dcm`).sort());

    const [binary, labelMap] = [await ofArchive(archive.sopInstanceUid), (await atPacs()).file];
    expect(
      [binary, labelMap]
        .map((file) => parseInstance(file))
        .map(({ transferSyntaxUid, dataset }) => [transferSyntaxUid, dataset.uid(TAG.SOPClassUID)]),
    ).toEqual([
      [TRANSFER_SYNTAX.ExplicitVRLittleEndian, SOP_CLASS.SegmentationStorage],
      [TRANSFER_SYNTAX.DeflatedExplicitVRLittleEndian, SOP_CLASS.LabelMapSegmentationStorage],
    ]);
    const folder = tempFolder('two-forms');
    const paths = [binary, labelMap].map((bytes, n) => {
      const path = join(folder, `${n}.dcm`);
      writeFileSync(path, bytes);
      return path;
    });
    const [one, other] = readWithPydicom(...paths).map(voxelsByPlace);
    expect(one.size).toBeGreaterThan(20);
    expect(other).toEqual(one);
  }, 120_000);

  it('has exactly one, in its form, when late slices have made a newer one', async () => {
    const before = (await atPacs()).uid;
    await sendTo(node, late.late);
    const { archive, pacs: sent } = await arrived(4);
    await until('the earlier ones to be withdrawn', async () => {
      const all = await node.admin.get<DeliveryView[]>('/deliveries');
      return all.filter(({ withdrawal }) => withdrawal?.state === 'withdrawn').length === 2;
    });
    const { uid, file } = await atPacs();
    expect(uid).toBe(sent.sopInstanceUid);
    expect([before, archive.sopInstanceUid]).not.toContain(uid);
    expect(parseInstance(file).dataset.uid(TAG.SOPClassUID)).toBe(SOP_CLASS.LabelMapSegmentationStorage);
  }, 120_000);

  it('has what can be reproduced, by its own UID', async () => {
    const { stdout, stderr } = await node.command('reproduce', (await atPacs()).uid, '--json');
    expect(stderr).toBe('');
    expect([JSON.parse(stdout)].flat()).toMatchObject([{ voxelsEqual: true, differences: [] }]);
  }, 60_000);
});

/** SHA-256 of each mask by segment and place. */
function voxelsByPlace({ frames }: PydicomSeg): Map<string, string> {
  const found = frames.map(({ segment, position, sha256 }): [string, string] => [`${segment} at ${position?.join() ?? ''}`, sha256]);
  return new Map(found.sort(([a], [b]) => (a < b ? -1 : 1)));
}
