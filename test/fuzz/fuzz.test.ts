/**
 * Thousands of broken and hostile peers against the running node, beside healthy ones: no crash, no effect on the neighbours, and
 * no socket, descriptor, part file or memory is left. `npm run test:fuzz`: 20 000 cases. A case follows from the seed and its number:
 * ANTEROOM_FUZZ_SEED repeats a run, ANTEROOM_FUZZ_FIRST and ANTEROOM_FUZZ_CASES a part of it.
 */
import { describeWith } from '../support/data.js';
import { dcmtk } from '../support/dcmtk.js';
import { RawPeer } from '../support/dimse.js';
import { askLedger, hashOnDisk, keptInstances, ownFaults, partFiles } from '../support/kept-instances.js';
import { missingForNode, startNode, type TestNode } from '../support/node.js';
import { freePort } from '../support/orthanc.js';
import { descriptorCount, forgetPeak, missingForProcessFigures, residentMb, socketCount } from '../support/process-figures.js';
import { Progress } from '../support/progress.js';
import { missingTools } from '../support/tools.js';
import { until } from '../support/until.js';
import { lungsRules } from '../support/lungs-rules.js';
import { attackOf, type Attack } from './attack.js';
import { carryOut, type Outcome } from './carry-out.js';
import { Neighbour } from './neighbour.js';
import { CALLERS } from './requests.js';
import { CLOSED_PEER } from './services.js';

const CASES = Number(process.env.ANTEROOM_FUZZ_CASES ?? 2000);
const IS_LONG = CASES > 2000;
const FIRST = Number(process.env.ANTEROOM_FUZZ_FIRST ?? 0);
const SEED = Number(process.env.ANTEROOM_FUZZ_SEED ?? (IS_LONG ? Date.now() % 1_000_000 : 1));
/** This part of the cases comes before the figures to which those of the end are compared. */
const WARM_UP = Math.ceil(CASES / 5);
const AT_ONCE = 16;
const LURKERS = 10;
const MAX_GROWTH_MB = IS_LONG ? 40 : 80;
const MAX_PEAK_MB = 200;
const MAX_ANSWER_MS = 10_000;
const DEADLINE_MS = IS_LONG ? 3_600_000 : 240_000;

const RULES = lungsRules('archive');

describeWith(
  `fuzz of ${CASES} cases (seed ${SEED})`,
  [...missingForNode(), ...missingForProcessFigures(), ...missingTools('echoscu')],
  () => {
    const mustBeKept = new Map<string, string>();
    const wrong: string[] = [];
    const seen = new Map<string, number>();
    const progress = new Progress('fuzz', CASES, IS_LONG);
    let node: TestNode;
    let pid: number;
    let besidePort: number;
    let idle: { readonly descriptors: number; readonly sockets: number; readonly residentMb: number };

    beforeAll(async () => {
      besidePort = await freePort();
      node = await startNode({
        rules: RULES,
        settings: {
          dimse: { idleTimeoutS: 2, maxAssociations: 100 },
          // Of the same thread, but with patience: a neighbour of a busy machine may be slow itself.
          listeners: { beside: { host: '127.0.0.1', port: besidePort, callingAeTitles: 'any' } },
          query: { callers: CALLERS },
          peers: { [CLOSED_PEER]: { host: '127.0.0.1', port: 1 } },
          settle: { quietS: 0.5 },
          log: { level: 'warn' },
        },
      });
      pid = node.pid() as number;
      await attackWithNeighbours(FIRST, FIRST + WARM_UP);
      await quiet();
      idle = { descriptors: descriptorCount(pid), sockets: socketCount(pid), residentMb: residentMb(pid).now };
      forgetPeak(pid);
    }, DEADLINE_MS);
    afterAll(() => node.remove(), 60_000);

    /** Nothing is under way: every study has settled (or is held) and its versions are decided. */
    const quiet = () =>
      until(
        'the node to have nothing to do',
        () =>
          askLedger(node, (db) =>
            db.get("SELECT 1 FROM studies WHERE state = 'receiving' UNION SELECT 1 FROM versions WHERE state = 'settled'"),
          ) === undefined,
        120_000,
      );

    /** Healthy senders and silent connections all the time, and beside them the cases, some at once. */
    async function attackWithNeighbours(from: number, to: number): Promise<void> {
      const neighbours = [new Neighbour(besidePort, SEED + 1 + 2 * from), new Neighbour(besidePort, SEED + 2 + 2 * from)];
      neighbours.forEach((neighbour, n) => neighbour.start({ oneAssociation: n === 0 }));
      const lurkers = await Promise.all(Array.from({ length: LURKERS }, () => RawPeer.connect(node.dicomPort)));
      const cases = Array.from({ length: to - from }, (_, n) => from + n).values();
      const work = async (): Promise<void> => {
        for (const index of cases) {
          await attack(index);
          progress.at(index - FIRST + 1, `${residentMb(pid).now.toFixed(0)} MB`);
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, work));
      for (const { socket } of lurkers) socket.destroy();
      const ended = await Promise.allSettled(neighbours.map((neighbour) => neighbour.stop()));
      for (const one of ended) if (one.status === 'rejected') wrong.push(`a neighbour was disturbed: ${String(one.reason)}`);
      for (const { stored, slowestAnswerMs } of neighbours) {
        for (const [uid, hash] of stored) mustBeKept.set(uid, hash);
        if (slowestAnswerMs > MAX_ANSWER_MS) wrong.push(`a neighbour waited ${slowestAnswerMs} ms for an answer`);
      }
    }

    async function attack(index: number): Promise<void> {
      const attack = attackOf(SEED, index);
      try {
        const outcome = await carryOut(node.dicomPort, attack);
        count(attack, outcome);
        if (attack.kind !== 'unusual') return;
        for (const [uid, hash] of attack.mustBeStored) mustBeKept.set(uid, hash);
        if (outcome.statuses.length === 0 || outcome.statuses.some((status) => status !== 0))
          wrong.push(`case ${index}: valid, yet the answers were ${JSON.stringify(outcome)}`);
      } catch (thrown) {
        wrong.push(`case ${index} (${attack.kind}): ${String(thrown)}`);
      }
    }

    function count({ kind }: Attack, { isAccepted, statuses, lastControl }: Outcome): void {
      const add = (what: string) => seen.set(what, (seen.get(what) ?? 0) + 1);
      add(`kind ${kind}`);
      add(isAccepted ? 'accepted' : 'not accepted');
      add(`last PDU ${lastControl ?? 'none'}`);
      for (const status of statuses) add(`status ${status.toString(16)}`);
    }

    it(
      'each connection ends, healthy peers notice nothing, and the node is alive',
      async () => {
        await attackWithNeighbours(FIRST + WARM_UP, FIRST + CASES);
        if (IS_LONG) process.stderr.write(`fuzz: ${JSON.stringify(Object.fromEntries([...seen].sort()))}\n`);
        expect(wrong).toEqual([]);
        expect(node.pid()).toBe(pid);
        expect(await dcmtk('echoscu', '-aec', 'ANTEROOM', '127.0.0.1', String(node.dicomPort))).toMatchObject({ code: 0 });
        expect(await node.admin.get('/health')).toMatchObject({ ok: true });
      },
      DEADLINE_MS,
    );

    it('reaches every door: instances are stored and refused, associations rejected and aborted', () => {
      const atLeast = (what: string, part: number) => expect([what, (seen.get(what) ?? 0) >= CASES * part]).toEqual([what, true]);
      for (const [what, part] of [
        ['status 0', 0.5],
        ['status c000', 0.02],
        ['status a900', 0.01],
        ['status 211', 0.005],
        ['status ff00', 0.01],
        ['last PDU 3', 0.001],
        ['last PDU 6', 0.2],
        ['last PDU 7', 0.1],
      ] as const)
        atLeast(what, part);
    });

    it(
      'every healthy instance is there with its bytes, and what was damaged is as it was received',
      () => {
        const kept = keptInstances(node);
        const current = new Map(kept.filter(({ standing }) => standing === 'current').map((instance) => [instance.uid, instance.sha256]));
        expect([...mustBeKept].filter(([uid, hash]) => current.get(uid) !== hash)).toEqual([]);
        expect(kept.filter((instance) => hashOnDisk(node, instance) !== instance.sha256)).toEqual([]);
      },
      DEADLINE_MS,
    );

    it('nothing is left: no socket, descriptor, part file or memory; the log tells of no fault of ours', async () => {
      await quiet();
      await until('no part file', () => partFiles(node).length === 0);
      await until('the descriptors of an idle node', () => descriptorCount(pid) <= idle.descriptors && socketCount(pid) <= idle.sockets);
      await until('the memory of an idle node', () => residentMb(pid).now <= idle.residentMb + MAX_GROWTH_MB);
      if (IS_LONG) process.stderr.write(`fuzz: ${JSON.stringify({ idle, end: residentMb(pid) })}\n`);
      expect(residentMb(pid).peak).toBeLessThanOrEqual(idle.residentMb + MAX_PEAK_MB);
      expect(ownFaults(node.log)).toEqual([]);
    }, 200_000);

    it('what was received can be looked at', async () => {
      for (const path of ['studies', 'series', 'instances']) {
        const answer = await fetch(`http://127.0.0.1:${node.httpPort}/dicom-web/${path}?limit=5000&includefield=all`);
        expect(answer.status).toBe(200);
        await answer.json();
      }
    }, 60_000);
  },
);
