/**
 * Kills the node with SIGKILL at every named point while studies flow in, starts it again, and counts: in = out, nothing twice.
 * `ANTEROOM_CRASH_ROUNDS` repeats the whole (npm run test:crash: 3).
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DeliveryView, RunView, StudyView } from '../../src/api/views.js';
import { parseInstance } from '../../src/dicom/element/parse.js';
import { chestPhantom } from '../../src/dicom/phantom/chest.js';
import { storeFiles } from '../../src/dimse/scu.js';
import type { FailpointName } from '../../src/foundation/failpoint.js';
import { describeWith } from '../support/data.js';
import { containersOf, engineSocket, missingForDocker } from '../support/docker.js';
import { missingForNode, startNode, type TestNode } from '../support/node.js';
import { missingForOrthanc, startOrthanc, type Orthanc } from '../support/orthanc.js';
import { qido, storedInstances } from '../support/orthanc-rest.js';
import { tempFolder } from '../support/temp.js';
import { until } from '../support/until.js';
import { lungsRules } from '../support/lungs-rules.js';

const STUDIES = 3;
/** So many makings of results that never came to an end are enough. */
const MAKINGS = 3;
const ROUNDS = Number(process.env.ANTEROOM_CRASH_ROUNDS ?? 1);
const RULES = lungsRules('archive', 'pacs');

/** Each point of the recovery table, and at which passage through it the node dies. */
const POINTS: readonly (readonly [FailpointName, number])[] = [
  ['intake.receiving', 40],
  ['intake.renamed', 10],
  ['intake.committed', 10],
  ['intake.settled', 2],
  ['routing.decided', 2],
  ['runs.starting', 1],
  ['runs.created', 2],
  ['runs.running', 2],
  ['runs.produced', 1],
  ['results.written', 2],
  ['delivery.sending', 2],
  ['delivery.sent', 3],
];

interface Sample {
  readonly studyInstanceUid: string;
  readonly files: readonly string[];
}

const missing = [...missingForNode(), ...missingForOrthanc(), ...missingForDocker('anteroom/lungs')];

describeWith('killed with SIGKILL', missing, () => {
  let pacs: Orthanc;

  beforeAll(async () => {
    pacs = await startOrthanc();
  }, 60_000);
  afterAll(() => pacs.remove());

  describe.each(Array.from({ length: ROUNDS }, (_, index) => index + 1))('round %i', (round) => {
    it.each(POINTS)(
      'at %s (passage %i) loses nothing and doubles nothing',
      async (point, passage) => {
        const studies = makeStudies(`${point} ${round}`);
        const before = new Set((await storedInstances(pacs)).map(({ sopInstanceUid }) => sopInstanceUid));
        const node = await startNode({ rules: RULES, settings: settings(pacs) });
        try {
          await node.command('models', 'add', 'deploy/models/lungs', '--activate', '--reason', 'test');
          await node.stop();
          await node.start({ failpoint: `${point}:${passage}` });
          const sender = new PersistentSender(node);
          const sending = Promise.all(studies.map((study) => sender.send(study.files)));
          expect(await node.ended(90_000)).toBe('SIGKILL');
          await node.start();
          await sending;

          await everythingDelivered(node, studies);
          await expectArchived(node, studies);
          await expectAtPacsOnce(pacs, studies, before);
          await expectNothingLeft(node);
        } finally {
          await node.remove();
        }
      },
      240_000,
    );
  });

  it('each time that it makes the results of a run gives that run up, and makes them when it is tried again', async () => {
    const [study] = makeStudies('deadly');
    const before = new Set((await storedInstances(pacs)).map(({ sopInstanceUid }) => sopInstanceUid));
    const node = await startNode({ rules: RULES, settings: settings(pacs) });
    try {
      await node.command('models', 'add', 'deploy/models/lungs', '--activate', '--reason', 'test');
      await new PersistentSender(node).send(study.files);
      await node.stop();
      for (let making = 0; making < MAKINGS; making++) {
        await node.start({ failpoint: 'results.written' });
        expect(await node.ended(90_000)).toBe('SIGKILL');
      }
      await node.start();
      const [run] = await until('the run to be given up', async () => {
        const runs = await node.admin.get<RunView[]>(`/runs?study=${study.studyInstanceUid}`);
        return runs[0].state === 'failed' && runs;
      });
      expect(run.failureCode).toBe('RESULTS_DEADLY');
      expect(await node.command('retry', '--run', String(run.run))).toMatchObject({ exitCode: 0 });
      await everythingDelivered(node, [study]);
      await expectAtPacsOnce(pacs, [study], before);
      await expectNothingLeft(node);
    } finally {
      await node.remove();
    }
  }, 240_000);
});

function settings(pacs: Orthanc): Record<string, unknown> {
  return {
    docker: { socket: engineSocket() },
    runs: { concurrency: 2 },
    destinations: { pacs: { kind: 'stow', url: pacs.dicomWebUrl, retry: { firstDelayS: 0.5, maxDelayS: 1 } } },
  };
}

function makeStudies(name: string): Sample[] {
  return Array.from({ length: STUDIES }, (_, index) => {
    const folder = tempFolder('crash');
    const { files } = chestPhantom({ name: `${name} ${index}`, spacingMm: [4, 4, 8] });
    const paths = files.map((file) => {
      const path = join(folder, file.name);
      writeFileSync(path, file.bytes);
      return path;
    });
    const studyInstanceUid = parseInstance(files[0].bytes).dataset.uid(0x0020000d) as string;
    return { studyInstanceUid, files: paths };
  });
}

/** Sends as a modality does: what was not acknowledged is sent again until it is. */
class PersistentSender {
  constructor(private readonly node: TestNode) {}

  async send(files: readonly string[]): Promise<void> {
    let waiting = files;
    const peer = { host: '127.0.0.1', port: this.node.dicomPort, aeTitle: 'ANTEROOM', callingAe: 'CRASH', timeoutMs: 10_000 };
    await until(
      'every instance to be acknowledged',
      async () => {
        const outcomes = await storeFiles(peer, waiting).catch(() => []);
        const stored = new Set(outcomes.filter(({ error }) => error === undefined).map(({ file }) => file));
        waiting = waiting.filter((file) => !stored.has(file));
        return waiting.length === 0;
      },
      120_000,
    );
  }
}

async function everythingDelivered(node: TestNode, studies: readonly Sample[]): Promise<void> {
  for (const { studyInstanceUid } of studies) {
    await until(
      `study ${studyInstanceUid} to be delivered`,
      async () => {
        const deliveries = await node.admin.get<DeliveryView[]>(`/deliveries?study=${studyInstanceUid}`);
        return deliveries.length === 2 && deliveries.every(({ state }) => state === 'delivered');
      },
      120_000,
    );
    const runs = await node.admin.get<RunView[]>(`/runs?study=${studyInstanceUid}`);
    expect(runs.map(({ state }) => state)).toEqual(['done']);
  }
}

/** Every instance that was acknowledged is in the archive with the bytes that were sent. */
async function expectArchived(node: TestNode, studies: readonly Sample[]): Promise<void> {
  const listed = await node.admin.get<StudyView[]>('/studies');
  for (const { studyInstanceUid, files } of studies) {
    expect(listed.find((study) => study.studyInstanceUid === studyInstanceUid)?.instances).toBe(files.length);
    const kept = readdirSync(join(node.dataDir, 'archive', studyInstanceUid), { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    );
    const hashes = new Set(kept.map((entry) => dataSetHash(readFileSync(join(entry.parentPath, entry.name)))));
    for (const file of files) expect(hashes).toContain(dataSetHash(readFileSync(file)));
  }
}

function dataSetHash(file: Buffer): string {
  return createHash('sha256')
    .update(file.subarray(parseInstance(file).dataSetOffsetBytes))
    .digest('hex');
}

/** Each study has exactly one SEG at the PACS, and nothing else came. */
async function expectAtPacsOnce(pacs: Orthanc, studies: readonly Sample[], before: ReadonlySet<string>): Promise<void> {
  for (const { studyInstanceUid } of studies) expect(await qido(pacs, `/studies/${studyInstanceUid}/instances`)).toHaveLength(1);
  expect((await storedInstances(pacs)).filter(({ sopInstanceUid }) => !before.has(sopInstanceUid))).toHaveLength(studies.length);
}

async function expectNothingLeft(node: TestNode): Promise<void> {
  expect(readdirSync(join(node.dataDir, 'incoming'))).toEqual([]);
  expect(await containersOf(engineSocket(), node.folder)).toEqual([]);
  const inputs = () => readdirSync(join(node.dataDir, 'runs'), { recursive: true }).filter((path) => /^\d+\/\d+\/in$/.test(String(path)));
  await until('every input to be gone', () => inputs().length === 0);
}
