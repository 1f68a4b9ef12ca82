/**
 * Models that go wrong in every way we know, on a real engine: each run says why in `anteroom runs`, nothing of them reaches the
 * destination, no container is left, and the healthy runs beside them go through.
 */
import type { DeliveryView, RunView } from '../../src/api/views.js';
import type { SegSource } from '../../src/dicom/seg/input.js';
import { lungsSeg, makeChestStudy, sendTo, type ChestStudy } from '../support/chest-study.js';
import { describeWith } from '../support/data.js';
import { containersOf, dockerAt, engineSocket, missingForDocker } from '../support/docker.js';
import { importBusybox, missingForDockerd, startDockerd, type Dockerd } from '../support/dockerd.js';
import { addModel, letGo, makeModelPackage, OUT, rulesFor, WAIT_FOR_GO } from '../support/model-package.js';
import { missingForNode, startNode, type TestNode } from '../support/node.js';
import { missingForOrthanc, startOrthanc, type Orthanc } from '../support/orthanc.js';
import { storedInstances } from '../support/orthanc-rest.js';
import { until } from '../support/until.js';

const ENDED = ['done', 'failed', 'rejected', 'cancelled'];

interface Misbehaviour {
  readonly model: string;
  readonly script: string;
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly state: 'failed' | 'rejected';
  readonly code: string;
  /** What was seen and what was expected, as `anteroom runs` says it. */
  readonly account: readonly (string | RegExp)[];
  readonly remedy: string;
}

const leave = (seg: string) => `cp /segs/${seg}.dcm ${OUT}/`;

const MISBEHAVIOURS: readonly Misbehaviour[] = [
  {
    model: 'no_output',
    script: 'echo all went well',
    state: 'failed',
    code: 'MODEL_NO_OUTPUT',
    account: ['exit code 0, but no file in the output; expected a DICOM-SEG', 'all went well'],
    remedy: "Read the run's log",
  },
  {
    model: 'no_dicom',
    script: `echo 42 > ${OUT}/volume.txt`,
    state: 'failed',
    code: 'MODEL_NO_OUTPUT',
    account: ['exit code 0, but 1 file(s), none of them DICOM, in the output; expected a DICOM-SEG'],
    remedy: "Read the run's log",
  },
  {
    // Its output is right, and still not trusted: the model itself says that it failed.
    model: 'exits_1',
    script: `${leave('right')}; echo no weights >&2; exit 1`,
    state: 'failed',
    code: 'MODEL_EXITED',
    account: ['exit code 1, expected 0', 'no weights'],
    remedy: "Read the run's log",
  },
  {
    model: 'hangs',
    script: 'echo loading; sleep 600',
    settings: { timeoutS: 2 },
    state: 'failed',
    code: 'MODEL_TIMEOUT',
    account: ['still at work after 2 s, expected to have ended', 'loading'],
    remedy: 'Raise `timeoutS`',
  },
  {
    model: 'out_of_memory',
    script: 'piece=$(head -c 1000000 /dev/zero | tr "\\0" x); while :; do all="$all$piece"; done',
    settings: { memoryMb: 32 },
    state: 'failed',
    code: 'MODEL_OOM',
    account: ['wanted more than 32 MB, expected at most that'],
    remedy: 'Raise `memoryMb`',
  },
  {
    model: 'fills_output',
    script: `${leave('right')}; i=0; while :; do i=$((i+1)); head -c 1000000 /dev/zero > ${OUT}/$i; sleep 0.02; done`,
    settings: { maxOutputMb: 8 },
    state: 'failed',
    code: 'MODEL_OUTPUT_TOO_LARGE',
    account: ['wrote more than 8 MB, expected at most that'],
    remedy: 'Raise `maxOutputMb`',
  },
  {
    model: 'other_patient',
    script: leave('other-patient'),
    state: 'rejected',
    code: 'GATE_REJECTED',
    account: ['patient: another PatientID than that of the source, expected the same'],
    remedy: 'the model or its package must be corrected',
  },
  {
    model: 'off_grid',
    script: leave('off-grid'),
    state: 'rejected',
    code: 'GATE_REJECTED',
    account: [/geometry: frame 1: .*, expected /, /\d+ of \d+ frames off the grid/],
    remedy: 'the model or its package must be corrected',
  },
  {
    model: 'other_frame_of_reference',
    script: leave('other-frame-of-reference'),
    state: 'rejected',
    code: 'GATE_REJECTED',
    account: [/frame of reference: 1\.2\.3\.4\.5, expected \d[\d.]+/],
    remedy: 'the model or its package must be corrected',
  },
  {
    model: 'broken_seg',
    script: `head -c 3000 /segs/right.dcm > ${OUT}/broken.dcm`,
    state: 'rejected',
    code: 'GATE_REJECTED',
    account: [/format: .* needs \d+ bytes where \d+ are left .*, expected a DICOM-SEG that can be read/],
    remedy: 'the model or its package must be corrected',
  },
];

const missing = [...missingForNode(), ...missingForOrthanc(), ...missingForDocker('anteroom/lungs')];

describeWith('misbehaving models', missing, () => {
  let study: ChestStudy;
  let pacs: Orthanc;
  let node: TestNode;
  let image: string;
  /** What the command says when all runs have ended, to people and to programs. */
  let text: string;
  let runs: readonly RunView[];

  beforeAll(async () => {
    study = makeChestStudy('misbehaving models');
    pacs = await startOrthanc();
    image = await importBusybox(dockerAt(engineSocket()), segsOf(study), `misbehaving-${process.pid}`);
    node = await startNode({
      rules: rulesFor(['lungs', ...MISBEHAVIOURS.map(({ model }) => model)]),
      settings: {
        docker: { socket: engineSocket() },
        runs: { concurrency: 3 },
        destinations: { pacs: { kind: 'stow', url: pacs.dicomWebUrl } },
      },
    });
    await addModel(node, 'deploy/models/lungs');
    for (const { model, script, settings } of MISBEHAVIOURS) await addModel(node, makeModelPackage(model, image, script, settings));
    await sendTo(node, study.files);
    await until(
      'every run to end',
      async () => {
        const runs = await runsOf(node, study);
        return runs.length === MISBEHAVIOURS.length + 1 && runs.every(({ state }) => ENDED.includes(state));
      },
      90_000,
    );
    text = await runsText(node, study);
    runs = JSON.parse((await node.command('runs', '--study', study.studyInstanceUid, '--json')).stdout) as RunView[];
  }, 150_000);

  afterAll(async () => {
    await node.remove();
    await pacs.remove();
    await dockerAt(engineSocket()).getImage(image).remove({ force: true });
  }, 60_000);

  it.each(MISBEHAVIOURS)('$model: says what was seen, what was expected and what to do', ({ model, state, code, account, remedy }) => {
    const run = runs.find((one) => one.model === model) as RunView;
    expect(run).toMatchObject({ state, failureCode: code, attempts: 1 });
    const told = accountOf(text, run.run);
    expect(told).toContain(`run ${run.run} is ${state}: ${code}`);
    for (const part of account) expect(told).toMatch(part instanceof RegExp ? part : asPattern(part));
    expect(told).toMatch(new RegExp(`what to do: .*${asPattern(remedy).source}`));
    expect(run.remedy).toContain(remedy);
    expect(run.reason).not.toContain(patientIdOf(study));
  });

  it('lets the healthy run beside them through, and nothing else', async () => {
    const deliveries = await until('the healthy result at both destinations', async () => {
      const all = await node.admin.get<DeliveryView[]>(`/deliveries?study=${study.studyInstanceUid}`);
      return all.length >= 2 && all.every(({ state }) => state === 'delivered') && all;
    });
    const healthy = runs.find(({ model }) => model === 'lungs');
    expect(healthy).toMatchObject({ state: 'done', reason: null });
    expect(deliveries.map(({ run, destination }) => [run, destination]).sort()).toEqual([
      [healthy?.run, 'archive'],
      [healthy?.run, 'pacs'],
    ]);
    expect((await storedInstances(pacs)).map(({ sopInstanceUid }) => sopInstanceUid)).toEqual([deliveries[0].sopInstanceUid]);
  });

  it('leaves no container', async () => {
    await until('all containers to be gone', async () => (await containersOf(engineSocket(), node.dataDir)).length === 0);
  });

  it('runs again after the model was corrected, with the corrected image', async () => {
    const run = (await runsOf(node, study)).find(({ model }) => model === 'exits_1') as RunView;
    const corrected = await importBusybox(dockerAt(engineSocket()), { ...segsOf(study), corrected: '' }, `corrected-${process.pid}`);
    try {
      await addModel(node, makeModelPackage('exits_1', corrected, `[ -e /corrected ] && ${leave('right')}`));
      expect(await node.command('retry', '--run', String(run.run))).toMatchObject({
        exitCode: 0,
        stdout: expect.stringContaining('queued again') as string,
      });
      const ended = await until('the run to end', async () =>
        (await runsOf(node, study)).find((one) => one.run === run.run && ENDED.includes(one.state)),
      );
      expect(ended).toMatchObject({ state: 'done', reason: null, failureCode: null, attempts: 2 });
      await until('its result at the PACS', async () => (await storedInstances(pacs)).length === 2);
    } finally {
      await dockerAt(engineSocket()).getImage(corrected).remove({ force: true });
    }
  }, 60_000);

  it('cancels a run that is under way: its container goes, and `retry` starts it again', async () => {
    await addModel(node, makeModelPackage('slow', image, `echo at work; ${WAIT_FOR_GO}; ${leave('right')}`));
    const started = await node.command('run', 'slow', study.studyInstanceUid, '--to', 'pacs', '--again', '--json');
    const { run } = JSON.parse(started.stdout) as { run: number };
    const stateOf = async () => (await runsOf(node, study)).find((one) => one.run === run) as RunView;
    await until('the run to be under way', async () => (await stateOf()).state === 'running');

    expect(await node.command('cancel', String(run))).toMatchObject({ exitCode: 0 });
    await until('the run to be cancelled', async () => (await stateOf()).state === 'cancelled');
    expect(accountOf(await runsText(node, study), run)).toMatch(
      /is cancelled: RUN_CANCELLED cancelled by a person[\s\S]*what to do: .*retry/,
    );
    await until('its container to be gone', async () => (await containersOf(engineSocket(), node.dataDir)).length === 0);
    const again = await node.command('cancel', String(run));
    expect(again.exitCode).not.toBe(0);
    expect(again.stderr).toContain('is cancelled; expected waiting, queued, starting or running');

    expect(await node.command('retry', '--run', String(run))).toMatchObject({ exitCode: 0 });
    await until('the run to be under way again', async () => (await stateOf()).state === 'running');
    letGo(node, run, 2);
    await until('the run to be done', async () => (await stateOf()).state === 'done');
  }, 60_000);
});

describeWith('an engine that dies during a run', [...missingForNode(), ...missingForOrthanc(), ...missingForDockerd()], () => {
  let engine: Dockerd;
  let pacs: Orthanc;
  let node: TestNode;
  let study: ChestStudy;

  beforeAll(async () => {
    study = makeChestStudy('an engine that dies');
    [engine, pacs] = await Promise.all([startDockerd(), startOrthanc()]);
    const image = await importBusybox(engine.docker, segsOf(study));
    node = await startNode({
      // The environment wins over the settings file.
      env: { ANTEROOM_DOCKER_SOCKET: engine.socketPath },
      rules: rulesFor(['slow']),
      settings: {
        docker: { socket: engine.socketPath },
        // A model that says nothing of CPUs takes two: on a machine of two it would wait for the other one.
        runs: { concurrency: 2, resources: { cpus: 4 } },
        destinations: { pacs: { kind: 'stow', url: pacs.dicomWebUrl } },
      },
    });
    await addModel(node, makeModelPackage('slow', image, `${WAIT_FOR_GO}; ${leave('right')}`));
    await addModel(node, 'deploy/models/lungs', '--model-file', 'model.process.yaml');
  }, 90_000);

  afterAll(async () => {
    await node.remove();
    await Promise.all([engine.remove(), pacs.remove()]);
  }, 60_000);

  it('says so, lets a run on another runtime through, and runs again when the engine is back', async () => {
    await sendTo(node, study.files);
    const stateOf = async (model: string) => (await runsOf(node, study)).find((run) => run.model === model) as RunView;
    await until('the run to be under way', async () => (await stateOf('slow')).state === 'running');
    await engine.kill('SIGKILL');

    expect(await node.command('run', 'lungs', study.studyInstanceUid, '--to', 'pacs')).toMatchObject({ exitCode: 0 });
    await until('the healthy run to end while the engine is away', async () => (await stateOf('lungs')).state === 'done', 60_000);
    expect((await stateOf('slow')).state).toBe('running');

    await engine.start();
    const lost = await until(
      'the lost run to be queued or running again',
      async () => {
        const run = await stateOf('slow');
        return run.failureCode === 'RUN_LOST' && run;
      },
      40_000,
    );
    expect(accountOf(await runsText(node, study), lost.run)).toMatch(
      /is queued: RUN_LOST .*ended with \d+ while the engine was away[\s\S]*what to do: The run is started again by itself/,
    );

    await until(
      'the second attempt to be under way',
      async () => {
        const run = await stateOf('slow');
        return run.attempts === 2 && run.state === 'running';
      },
      40_000,
    );
    letGo(node, lost.run, 2);
    await until('the run to be done', async () => (await stateOf('slow')).state === 'done');
    const deliveries = await until('all results to be delivered', async () => {
      const all = await node.admin.get<DeliveryView[]>('/deliveries');
      return all.length === 3 && all.every(({ state }) => state === 'delivered') && all;
    });
    const atPacs = deliveries.filter(({ destination }) => destination === 'pacs').map(({ sopInstanceUid }) => sopInstanceUid);
    expect((await storedInstances(pacs)).map(({ sopInstanceUid }) => sopInstanceUid).sort()).toEqual(atPacs.sort());
    await until('all containers to be gone', async () => (await containersOf(engine.socketPath, node.dataDir)).length === 0);
  }, 150_000);

  it('waits for an engine that is away when the run is due, and can be cancelled meanwhile', async () => {
    await engine.kill('SIGTERM');
    const { stdout } = await node.command('run', 'slow', study.studyInstanceUid, '--to', 'pacs', '--again', '--json');
    const { run } = JSON.parse(stdout) as { run: number };
    const view = async () => (await runsOf(node, study)).find((one) => one.run === run) as RunView;
    await until('the run to say what it waits for', async () => (await view()).failureCode === 'ENGINE_UNREACHABLE');
    expect(accountOf(await runsText(node, study), run)).toMatch(
      /is queued: ENGINE_UNREACHABLE .*docker\.sock[\s\S]*what to do: Start the Docker engine/,
    );
    expect(await node.command('cancel', String(run))).toMatchObject({ exitCode: 0 });
    await until('the run to be cancelled', async () => (await view()).state === 'cancelled');
    await engine.start();
  }, 60_000);
});

/** What the images hold: a right answer, and the same with one thing changed. */
function segsOf(study: ChestStudy): Record<string, Uint8Array> {
  const variants: Record<string, (source: SegSource) => SegSource> = {
    right: (source) => source,
    'other-patient': (source) => ({ ...source, header: { ...source.header, '00100020': { vr: 'LO', Value: ['SOMEBODY-ELSE'] } } }),
    'off-grid': (source) => ({
      ...source,
      slices: source.slices.map((slice) => ({ ...slice, imagePosition: halfAVoxelAside(slice.imagePosition) })),
    }),
    'other-frame-of-reference': (source) => ({ ...source, grid: { ...source.grid, frameOfReferenceUid: '1.2.3.4.5' } }),
  };
  return Object.fromEntries(Object.entries(variants).map(([name, change]) => [`segs/${name}.dcm`, lungsSeg(study, change)]));
}

function halfAVoxelAside([x, y, z]: readonly [string, string, string]): [string, string, string] {
  return [String(Number(x) + 2), y, z];
}

const runsOf = (node: TestNode, study: ChestStudy) => node.admin.get<RunView[]>(`/runs?study=${study.studyInstanceUid}`);

async function runsText(node: TestNode, study: ChestStudy): Promise<string> {
  const { exitCode, stdout } = await node.command('runs', '--study', study.studyInstanceUid);
  expect(exitCode).toBe(0);
  return stdout;
}

/** What `anteroom runs` tells of one run, below its table. */
function accountOf(text: string, run: number): string {
  return text.split(/\n(?=run \d+ is )/).find((account) => account.startsWith(`run ${run} is `)) ?? '';
}

function asPattern(text: string): RegExp {
  return new RegExp(text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
}

function patientIdOf({ phantom }: ChestStudy): string {
  const found = /PHANTOM-[A-Z]+/.exec(Buffer.from(phantom.files[0].bytes).toString('latin1'));
  if (found === null) throw new Error('the phantom has no PatientID');
  return found[0];
}
