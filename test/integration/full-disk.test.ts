/**
 * A disk that fills: refused in time, nothing acknowledged is lost, nothing half-there, and receiving goes on when room is made.
 * The disk is real (ext4 on a loop device), the senders are DCMTK's.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { fileMeta } from '../../src/dicom/element/write.js';
import type { DiskState } from '../../src/intake/disk-space.js';
import { describeWith } from '../support/data.js';
import { dcmtk } from '../support/dcmtk.js';
import { CT_STORAGE, EXPLICIT_LE } from '../support/dimse.js';
import { generatedInstance, sha256 } from '../support/generated-instance.js';
import { archiveFileCount, hashOnDisk, keptInstances, partFiles } from '../support/kept-instances.js';
import { missingForNode, prepareNode, type TestNode } from '../support/node.js';
import { missingForSmallDisk, mountSmallDisk, type SmallDisk } from '../support/small-disk.js';
import { bodyOf, postStow } from '../support/stow.js';
import { tempFolder } from '../support/temp.js';
import { missingTools } from '../support/tools.js';
import { until } from '../support/until.js';

const MB = 1_000_000;
/** Of 16 bits: one instance has a little more than a megabyte. */
const ROWS = 724;
const ASSOCIATIONS = 4;
const FILES_EACH = 16;
const REFUSE_MB = 24;

interface Sent {
  readonly uid: string;
  readonly file: string;
  readonly sha256: string;
}

function makeFiles(seed: number): Sent[][] {
  return Array.from({ length: ASSOCIATIONS }, (_, study) => {
    const folder = tempFolder('full-disk');
    return Array.from({ length: FILES_EACH }, (_unused, number): Sent => {
      const { sopInstanceUid, dataSet } = generatedInstance({ seed, study, number, rows: ROWS });
      const file = join(folder, `${number}.dcm`);
      writeFileSync(file, Buffer.concat([fileMeta({ sopClassUid: CT_STORAGE, sopInstanceUid, transferSyntaxUid: EXPLICIT_LE }), dataSet]));
      return { uid: sopInstanceUid, file, sha256: sha256(dataSet) };
    });
  });
}

/** Sends each group over an association of its own; which were acknowledged, and the other answers. */
async function sendAll(node: TestNode, groups: readonly (readonly Sent[])[]) {
  const stored: Sent[] = [];
  const refused: string[] = [];
  await Promise.all(
    groups.map(async (group) => {
      const files = group.map(({ file }) => file);
      const { output } = await dcmtk('storescu', '-v', '-nh', '-aec', 'ANTEROOM', '127.0.0.1', String(node.dicomPort), ...files);
      const answers = [...output.matchAll(/Received Store Response \((.*)\)/g)].map(([, words]) => words);
      expect(answers).toHaveLength(group.length);
      answers.forEach((words, index) => (words === 'Success' ? stored.push(group[index]) : refused.push(words)));
    }),
  );
  return { stored, refused };
}

/** Each acknowledged instance is there with its bytes, and nothing else is, whole or half. */
function expectKept(node: TestNode, acknowledged: readonly Sent[]): void {
  const kept = keptInstances(node);
  const byUid = new Map(kept.map((instance) => [instance.uid, instance]));
  for (const { uid, sha256: hash } of acknowledged) {
    const instance = byUid.get(uid);
    expect(instance).toMatchObject({ sha256: hash });
    expect(hashOnDisk(node, instance as (typeof kept)[number])).toBe(hash);
  }
  expect(kept).toHaveLength(acknowledged.length);
  expect(archiveFileCount(node)).toBe(acknowledged.length);
  expect(partFiles(node)).toEqual([]);
}

const disk = async (node: TestNode): Promise<DiskState> => (await node.admin.get<{ disk: DiskState }>('/health')).disk;
const messages = (node: TestNode): string[] => node.log.map(({ message = '' }) => message);

describeWith(
  'a disk that fills',
  [...missingForNode(), ...missingTools('storescu', 'mkfs.ext4', 'fallocate'), ...missingForSmallDisk()],
  () => {
    let node: TestNode;
    let small: SmallDisk;

    const start = async (sizeMb: number, settings: Record<string, number>) => {
      node = await prepareNode({ settings: { settle: { quietS: 600 }, disk: settings } });
      small = mountSmallDisk(node.dataDir, sizeMb);
    };

    afterEach(async () => {
      await node.kill();
      small.unmount();
      await node.remove();
    }, 30_000);

    it('is refused in time at the low mark, and goes on by itself when room is made', async () => {
      await start(128, { warnFreeMb: 60, refuseFreeMb: REFUSE_MB });
      small.ballast(50 * MB);
      await node.start();
      const groups = makeFiles(1);
      let leastFreeBytes = Infinity;
      const watch = setInterval(() => (leastFreeBytes = Math.min(leastFreeBytes, small.freeBytes())), 5);
      const { stored, refused } = await sendAll(node, groups);
      clearInterval(watch);
      expect(stored.length).toBeGreaterThan(20);
      expect(new Set(refused)).toEqual(new Set(['Refused: OutOfResources']));
      // What was under way could go on below the mark; the ledger's part was not touched.
      expect(leastFreeBytes).toBeGreaterThan((REFUSE_MB / 2) * MB);
      expectKept(node, stored);

      expect(await disk(node)).toMatchObject({ standing: 'refusing' });
      expect(messages(node)).toEqual(expect.arrayContaining(['disk is getting full', 'disk is too full: receiving is refused']));
      const { stdout, exitCode } = await node.command('doctor');
      expect(stdout).toMatch(new RegExp(`✗ data folder: .* MB free; below ${REFUSE_MB} MB nothing is received`));
      expect(exitCode).toBe(1);
      const late = generatedInstance({ seed: 1, study: 9, number: 1, rows: ROWS });
      const meta = fileMeta({ sopClassUid: CT_STORAGE, sopInstanceUid: late.sopInstanceUid, transferSyntaxUid: EXPLICIT_LE });
      const body = bodyOf(Buffer.concat([meta, late.dataSet]));
      const answer = await postStow(node.httpPort, body);
      expect(answer.status).toBe(507);
      expect(await answer.text()).toContain('42752'); // FailureReason 0xA700

      small.ballast(0);
      await until('the disk has room again', async () => (await disk(node)).standing !== 'refusing');
      await until('the log says so', () => messages(node).includes('disk has room again: receiving resumes'));
      expect((await postStow(node.httpPort, body)).status).toBe(200);
      const again = await sendAll(node, [groups.flat().slice(0, 4)]);
      expect(again.refused).toEqual([]);
      const acknowledged = new Map([...stored, ...again.stored].map((sent) => [sent.uid, sent]));
      const overHttp = { uid: late.sopInstanceUid, file: '', sha256: sha256(late.dataSet) };
      expectKept(node, [...acknowledged.values(), overHttp]);
    }, 60_000);

    it('loses nothing that was acknowledged even where it fills to the last block', async () => {
      await start(64, { warnFreeMb: 0, refuseFreeMb: 0 });
      await node.start();
      small.ballast(small.freeBytes() - 20 * MB);
      const groups = makeFiles(2);
      const { stored, refused } = await sendAll(node, groups);
      expect(stored.length).toBeGreaterThan(5);
      expect(new Set(refused)).toEqual(new Set(['Refused: OutOfResources']));
      expectKept(node, stored);

      small.ballast(0);
      const again = await sendAll(node, [groups.flat().slice(-4)]);
      expect(again.refused).toEqual([]);
      const acknowledged = new Map([...stored, ...again.stored].map((sent) => [sent.uid, sent]));
      expectKept(node, [...acknowledged.values()]);
      const verified = await node.command('verify');
      expect(verified).toMatchObject({ exitCode: 0 });
      await node.stop();
    }, 60_000);
  },
);

describeWith(
  'large instances at the same time',
  [...missingForNode(), ...missingTools('storescu', 'mkfs.ext4'), ...missingForSmallDisk()],
  () => {
    it('do not run the disk full between them: what does not fit is refused on the way', async () => {
      const node = await prepareNode({ settings: { settle: { quietS: 600 }, disk: { warnFreeMb: 40, refuseFreeMb: 40 } } });
      const small = mountSmallDisk(node.dataDir, 96);
      try {
        await node.start();
        const folder = tempFolder('large');
        mkdirSync(join(folder, 'files'));
        const groups = Array.from({ length: ASSOCIATIONS }, (_, study): Sent[] => {
          const { sopInstanceUid, dataSet } = generatedInstance({ seed: 3, study, number: 1, rows: 3000 });
          const file = join(folder, 'files', `${study}.dcm`);
          writeFileSync(
            file,
            Buffer.concat([fileMeta({ sopClassUid: CT_STORAGE, sopInstanceUid, transferSyntaxUid: EXPLICIT_LE }), dataSet]),
          );
          return [{ uid: sopInstanceUid, file, sha256: sha256(dataSet) }];
        });
        const { stored, refused } = await sendAll(node, groups);
        expect(stored.length + refused.length).toBe(ASSOCIATIONS);
        expect(refused.length).toBeGreaterThan(0);
        expect(new Set(refused)).toEqual(new Set(['Refused: OutOfResources']));
        // Which of the marks is met first depends on how the senders take turns.
        expect(node.log.some(({ seen }) => /MB are (kept for the ledger|needed)/.test(String(seen)))).toBe(true);
        expect(node.log.some(({ seen }) => String(seen).includes('ENOSPC'))).toBe(false);
        expectKept(node, stored);
      } finally {
        await node.kill();
        small.unmount();
        await node.remove();
      }
    }, 60_000);
  },
);
