/**
 * Many studies over eight associations, while senders abort and send again and the node is killed with SIGKILL: every acknowledged
 * instance is there with its bytes, every version is whole, and memory is flat. `npm run test:soak`: 50 000 instances in 500 studies
 * (4 GB in the folder for temporary files, removed at the end). ANTEROOM_SOAK_SEED repeats a run's plan.
 */
import { uniformRandom } from '../../src/dicom/phantom/random.js';
import { describeWith } from '../support/data.js';
import { generatedInstance, generatedStudyUid, sha256 } from '../support/generated-instance.js';
import { archiveFileCount, askLedger, hashOnDisk, keptInstances, keptVersions, ownFaults, partFiles } from '../support/kept-instances.js';
import { missingForNode, startNode, type TestNode } from '../support/node.js';
import { descriptorCount, missingForProcessFigures } from '../support/process-figures.js';
import { Progress } from '../support/progress.js';
import { until } from '../support/until.js';
import { KilledNode } from './killed-node.js';
import { MemorySamples } from './memory-samples.js';
import { ROWS, SoakSender, type Portion } from './sender.js';

const INSTANCES = Number(process.env.ANTEROOM_SOAK_INSTANCES ?? 2500);
const IS_LONG = INSTANCES > 2500;
const SEED = Number(process.env.ANTEROOM_SOAK_SEED ?? (IS_LONG ? Date.now() % 1_000_000 : 1));
const PER_STUDY = 100;
const STUDIES = INSTANCES / PER_STUDY;
const ASSOCIATIONS = 8;
const KILLS = IS_LONG ? 20 : 4;
/** Kills fall between these parts of the whole, so that the first tenth and the last one are of one process each, and the last process has run for long. */
const KILLED_BETWEEN = [0.12, 0.5] as const;
/** Of every tenth study this many instances come when the rest has settled. */
const LATE = 10;
/** The last tenth may have this much more resident memory than the first tenth's second half (the first half warms up). */
const MAX_GROWTH_MB = IS_LONG ? 40 : 80;
const DEADLINE_MS = IS_LONG ? 3_600_000 : 240_000;

const RULES = `rules:
  - name: any-ct
    when: { tag: Modality, equals: CT }
    series: { prefer: [{ mostInstances: true }] }
    model: lungs
    destinations: [archive]
`;

describeWith(`soak of ${INSTANCES} instances (seed ${SEED})`, [...missingForNode(), ...missingForProcessFigures()], () => {
  const samples = new MemorySamples();
  const progress = new Progress('soak', INSTANCES, IS_LONG);
  const random = uniformRandom(SEED);
  let node: TestNode;
  let killer: KilledNode;
  let sender: SoakSender;
  let idleDescriptors: number;

  beforeAll(async () => {
    node = await startNode({ rules: { 'rules.yaml': RULES }, settings: { log: { level: 'warn' } } });
    idleDescriptors = descriptorCount(node.pid() as number);
    const [from, to] = KILLED_BETWEEN;
    const thresholds = Array.from({ length: KILLS }, () => Math.floor(INSTANCES * (from + (to - from) * random())));
    killer = new KilledNode(node, thresholds, random);
    sender = new SoakSender(SEED, killer, (count) => {
      killer.acknowledged(count);
      if (count % 10 === 0) samples.take(node.pid(), count);
      progress.at(count, `${killer.kills()} kills, ${samples.latest?.residentMb.toFixed(0) ?? '?'} MB`);
    });
  }, 60_000);
  afterAll(() => node.remove(), 60_000);

  const settled = () =>
    until(
      'every study to settle',
      () => askLedger(node, (db) => db.get("SELECT 1 FROM studies WHERE state <> 'settled'")) === undefined,
      120_000,
    );

  it(
    'acknowledges every instance in the end',
    async () => {
      const studies = Array.from({ length: STUDIES }, (_, study) => study);
      const isLate = (study: number) => study % 10 === 9;
      const first = studies.map<Portion>((study) => ({ study, from: 0, to: PER_STUDY - (isLate(study) ? LATE : 0) }));
      const late = studies.filter(isLate).map<Portion>((study) => ({ study, from: PER_STUDY - LATE, to: PER_STUDY }));
      await sender.send(first, ASSOCIATIONS);
      await settled();
      await sender.send(late, ASSOCIATIONS);
      await settled();
      expect(sender.faults).toEqual([]);
      expect(sender.acknowledgedAt.size).toBe(INSTANCES);
      expect(killer.kills()).toBeGreaterThan(KILLS / 2);
      expect(sender.counts.aborted).toBeGreaterThan(0);
    },
    DEADLINE_MS,
  );

  it(
    'has each of them once, with its bytes',
    () => {
      const kept = keptInstances(node);
      expect(kept.filter(({ standing }) => standing !== 'current')).toEqual([]);
      const byUid = new Map(kept.map((instance) => [instance.uid, instance]));
      const wrong: string[] = [];
      for (const numbers of everyInstance()) {
        const { sopInstanceUid, dataSet } = generatedInstance(numbers);
        const instance = byUid.get(sopInstanceUid);
        if (instance === undefined || hashOnDisk(node, instance) !== sha256(dataSet)) wrong.push(sopInstanceUid);
      }
      expect(wrong).toEqual([]);
      expect([kept.length, archiveFileCount(node), partFiles(node)]).toEqual([INSTANCES, INSTANCES, []]);
    },
    DEADLINE_MS,
  );

  it('has a whole version of each study last, and in each version all that was acknowledged before it', () => {
    const kept = keptInstances(node);
    const versions = keptVersions(node);
    const wrong: string[] = [];
    for (let study = 0; study < STUDIES; study++) {
      const uid = generatedStudyUid(SEED, study);
      const instances = kept.filter((instance) => instance.study === uid);
      const own = versions.filter((version) => version.study === uid);
      const last = own.at(-1);
      if (last?.instanceIds.size !== PER_STUDY) wrong.push(`${uid}: the last version has ${last?.instanceIds.size ?? 0} instances`);
      for (const { number, settledAt, instanceIds } of own) {
        const missing = instances.filter(
          ({ id, uid: sop }) => (sender.acknowledgedAt.get(sop) ?? Infinity) < settledAt && !instanceIds.has(id),
        );
        if (missing.length > 0) wrong.push(`${uid}: version ${number} lacks ${missing.length} instances that were acknowledged before`);
      }
    }
    expect(wrong).toEqual([]);
    expect(versions.length).toBeGreaterThanOrEqual(STUDIES + Math.floor(STUDIES / 10));
  });

  it('needs no more memory in the last tenth than in the first, leaves no descriptor, and logged no fault', async () => {
    const [firstMb, lastMb] = [samples.medianMb(INSTANCES * 0.05, INSTANCES * 0.1), samples.medianMb(INSTANCES * 0.9, INSTANCES)];
    if (IS_LONG) process.stderr.write(`soak: ${JSON.stringify({ firstMb, lastMb, ...sender.counts, kills: killer.kills() })}\n`);
    expect(lastMb).toBeLessThanOrEqual(firstMb + MAX_GROWTH_MB);
    await until('the descriptors of an idle node', () => descriptorCount(node.pid() as number) <= idleDescriptors);
    expect(ownFaults(node.log)).toEqual([]);
  }, 60_000);

  function* everyInstance() {
    for (let study = 0; study < STUDIES; study++) {
      for (let number = 0; number < PER_STUDY; number++) yield { seed: SEED, study, number, rows: ROWS };
    }
  }
});
