/** `anteroom demo`: the whole way of one study on this machine, each step printed as it happens. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import type { DeliveryView, ModelView, ResultView, RunView, StudyView } from '../api/views.js';
import { chestPhantom } from '../dicom/phantom/chest.js';
import { initCodecs } from '../dicom/codec/pixels.js';
import { parseInstance, type ParsedInstance } from '../dicom/element/parse.js';
import { assembleVolume } from '../dicom/geometry/volume.js';
import { voxelVolumeMl, type Volume } from '../dicom/geometry/grid.js';
import { readSeg } from '../dicom/seg/read.js';
import type { Segmentation } from '../dicom/seg/segmentation.js';
import { rgbFromLab } from '../dicom/structures/cielab.js';
import { retrieveInstance } from '../dicomweb/client/wado.js';
import { storeFiles } from '../dimse/scu.js';
import { AnteroomError } from '../foundation/errors.js';
import { loggerOf, setLogLevel } from '../foundation/log.js';
import { hasEnded } from '../ledger/states.js';
import { createDockerRuntime } from '../runs/runtimes/docker.js';
import { parseSettings } from '../settings/load.js';
import type { Settings } from '../settings/schema.js';
import { NodeClient } from './node-client.js';
import type { RunningNode, StartNode } from './node-starter.js';
import { labelsOnVolume, overlayPicture } from './overlay-picture.js';
import { line, progress, progressDone } from './print.js';
import { dicomFilesUnder } from './send.js';

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));
const LUNGS_PACKAGE = join(REPOSITORY, 'deploy/models/lungs');
const REAL_STUDY = resolve(REPOSITORY, '../shared/data/ct-chest-a0001');
const QUIET_S = 5;
const DEADLINE_MS = 10 * 60_000;
const POLL_MS = 250;

interface DemoOptions {
  readonly study?: string;
  readonly phantom?: boolean;
  readonly out: string;
  readonly keep?: boolean;
}

/** Adds `demo`. */
export function addDemoCommand(program: Command, startNode: StartNode): void {
  program
    .command('demo')
    .description('shows the whole way of one study: C-STORE in, rule, model, DICOM-SEG, archive, picture')
    .option('--study <folder>', 'a chest CT of yours in place of the example')
    .option('--phantom', 'take the generated phantom even where a real study is at hand')
    .option('--out <file>', 'where the picture goes', 'anteroom-demo.png')
    .option('--keep', 'leave the node running and its data folder in place')
    .action((options: DemoOptions) => new Demo(options, startNode).run());
}

class Demo {
  private readonly startedAt = performance.now();
  private stepAt = performance.now();
  private readonly seconds: Record<string, number> = {};
  private readonly folder = mkdtempSync(join(tmpdir(), 'anteroom-demo-'));

  constructor(
    private readonly options: DemoOptions,
    private readonly startNode: StartNode,
  ) {}

  async run(): Promise<void> {
    const settings = demoSettings(this.folder);
    setLogLevel('silent');
    const node = await this.startNode(settings, process.env);
    this.step(
      'node',
      `node ${node.version} runs: DICOM port ${node.dicomPort}, DICOMweb port ${node.httpPort}, data in ${settings.dataDir}`,
    );
    try {
      const done = await this.study(node, settings);
      if (this.options.keep) await this.waitForEnd(node);
      line(JSON.stringify({ ok: true, sopInstanceUID: done.sopInstanceUid, overlay: done.overlay, seconds: this.seconds }));
    } finally {
      await node.stop();
      if (!this.options.keep) rmSync(this.folder, { recursive: true, force: true });
    }
  }

  private async study(node: RunningNode, settings: Settings): Promise<{ sopInstanceUid: string; overlay: string }> {
    const client = new NodeClient(settings.dataDir);
    const model = await addLungs(client, settings);
    this.step(
      'model',
      `model ${model.view.name} ${model.view.version} is active without a test, which is recorded (${model.view.overrideReason}); runtime ${model.runtime} (${model.isolation})`,
    );
    const files = this.input();
    await this.send(node, settings, files);
    const study = await this.settled(client);
    await this.decided(client, study);
    const delivery = await this.delivered(client, study);
    return this.show(node, files, delivery);
  }

  /** The files of the study: the one named, the real one where it is at hand, or the phantom. */
  private input(): string[] {
    const { study, phantom } = this.options;
    const real = !phantom && (study !== undefined || isFolder(REAL_STUDY)) ? dicomFilesUnder(study ?? REAL_STUDY) : [];
    if (study !== undefined || real.length > 0) {
      this.step('input', `${real.length} files of ${study === undefined ? 'a real chest CT' : study}`);
      return real;
    }
    const folder = join(this.folder, 'phantom');
    mkdirSync(folder);
    const files = chestPhantom().files.map(({ name, bytes }) => {
      writeFileSync(join(folder, name), bytes);
      return join(folder, name);
    });
    this.step('input', `${files.length} slices of a generated chest phantom`);
    return files;
  }

  private async send(node: RunningNode, settings: Settings, files: readonly string[]): Promise<void> {
    const peer = { host: '127.0.0.1', port: node.dicomPort, aeTitle: settings.dimse.aeTitle, callingAe: 'DEMO-CT' };
    const outcomes = await storeFiles(peer, files, { onProgress: (done) => progress(`sending ${done} of ${files.length}`) });
    progressDone();
    const failed = outcomes.find(({ error }) => error !== undefined);
    if (failed?.error !== undefined) throw failed.error;
    this.step('send', `sent ${outcomes.length} instances over C-STORE, each durable before its Success`);
  }

  private async settled(client: NodeClient): Promise<StudyView> {
    const study = await until(
      'the study to settle',
      async () => (await client.get<StudyView[]>('/studies'))[0],
      (found) => found?.state !== 'receiving',
    );
    if (study === undefined || study.state === 'held')
      throw new AnteroomError('STATE_MOVE_REFUSED', study?.holdReason ?? 'no study arrived');
    this.step(
      'settle',
      `study settled after ${QUIET_S} s of quiet: version ${study.versions.at(-1)?.number ?? '-'} with ${study.instances} instances`,
    );
    return study;
  }

  private async decided(client: NodeClient, study: StudyView): Promise<void> {
    const runs = await until(
      'the rules to decide',
      () => client.get<RunView[]>(`/runs?study=${study.studyInstanceUid}`),
      (found, elapsedMs) => found.length > 0 || elapsedMs > 10_000,
    );
    if (runs.length === 0) {
      throw new AnteroomError(
        'NOT_FOUND',
        `no rule applied to this study; expected chest-ct-lungs. With --keep, \`anteroom explain ${study.studyInstanceUid}\` says why`,
      );
    }
    this.step('decide', runs.map((run) => `rule ${run.rule ?? '-'} applies: ${run.model} will run`).join('; '));
  }

  private async delivered(client: NodeClient, study: StudyView): Promise<DeliveryView> {
    const runs = await until(
      'the model to end',
      async () => {
        const found = await client.get<(RunView & { results: ResultView[] })[]>(`/runs?study=${study.studyInstanceUid}`);
        progress(
          `model: ${found.map((run) => `${run.state} ${Math.round((run.progress ?? 0) * 100)} % ${run.progressText ?? ''}`).join(', ')}`,
        );
        return found;
      },
      (found) => found.every(hasEnded),
    );
    progressDone();
    const failed = runs.find((run) => run.state !== 'done');
    if (failed !== undefined) throw new AnteroomError('MODEL_EXITED', `run ${failed.run} is ${failed.state}: ${failed.reason ?? ''}`);
    this.step('run', 'model ended, its segmentation passed the gate and was written as our own DICOM-SEG');
    const deliveries = await until(
      'the delivery',
      () => client.get<DeliveryView[]>(`/deliveries?study=${study.studyInstanceUid}`),
      (found) => found.length > 0 && found.every((row) => row.state === 'delivered'),
    );
    this.step('deliver', `delivered to ${deliveries.map((row) => `${row.destination} (${row.receipt ?? ''})`).join(', ')}`);
    return deliveries[0];
  }

  private async show(
    node: RunningNode,
    files: readonly string[],
    delivery: DeliveryView,
  ): Promise<{ sopInstanceUid: string; overlay: string }> {
    const segmentation = await this.fetch(node, delivery);
    const volume = await readVolume(files, segmentation);
    const labels = labelsOnVolume(segmentation, volume);
    const colours = new Map(
      segmentation.segments.map(
        (segment) => [segment.number, segment.cielab === undefined ? ([255, 80, 80] as const) : rgbFromLab(segment.cielab)] as const,
      ),
    );
    const overlay = resolve(this.options.out);
    writeFileSync(overlay, overlayPicture(volume, { labels, colours }));
    this.step('picture', `picture with the overlay: ${overlay}`);
    line();
    for (const { number, label } of segmentation.segments) {
      const voxels = labels.reduce((sum, value) => sum + (value === number ? 1 : 0), 0);
      line(`  ${label}: ${Math.round(voxels * voxelVolumeMl(volume.grid))} ml`);
    }
    this.seconds.total = Math.round((performance.now() - this.startedAt) / 100) / 10;
    line(`\nThe whole way took ${this.seconds.total} s, ${QUIET_S} s of them waiting for quiet. Not for clinical use.`);
    line(
      'To point a real PACS at a node: give it a destination in config/anteroom.yaml, start `npx anteroom serve`, and send to AE ANTEROOM, port 11112.\n',
    );
    return { sopInstanceUid: segmentation.sopInstanceUid, overlay };
  }

  private async fetch(node: RunningNode, delivery: DeliveryView): Promise<Segmentation> {
    const endpoint = { url: `http://127.0.0.1:${node.httpPort}/dicom-web`, timeoutMs: 30_000 };
    const path = join(this.folder, 'fetched.dcm');
    const { studyInstanceUid, seriesInstanceUid, sopInstanceUid } = delivery;
    const { sizeBytes } = await retrieveInstance(endpoint, { studyInstanceUid, seriesInstanceUid, sopInstanceUid }, path);
    const segmentation = readSeg(parseInstance(readFileSync(path)));
    this.step(
      'fetch',
      `fetched the DICOM-SEG back over WADO-RS: ${Math.round(sizeBytes / 1024)} KB, ${segmentation.segments.length} segments on ${segmentation.frames.length} frames`,
    );
    return segmentation;
  }

  private async waitForEnd(node: RunningNode): Promise<void> {
    line(
      `The node goes on (DICOM port ${node.dicomPort}, http://127.0.0.1:${node.httpPort}/dicom-web, data in ${this.folder}). End it with Ctrl-C.`,
    );
    await new Promise((resolve) => process.once('SIGINT', resolve));
  }

  private step(name: string, text: string): void {
    const now = performance.now();
    this.seconds[name] = Math.round((now - this.stepAt) / 10) / 100;
    this.stepAt = now;
    line(`${`${this.seconds[name].toFixed(2)} s`.padStart(9)}  ${text}`);
  }
}

function demoSettings(folder: string): Settings {
  const socket = process.env.ANTEROOM_DOCKER_SOCKET;
  const text = [
    `dataDir: ${JSON.stringify(join(folder, 'data'))}`,
    `rulesDir: ${JSON.stringify(join(REPOSITORY, 'routing-rules'))}`,
    'dimse: {host: 127.0.0.1, port: 0}',
    'http: {port: 0}',
    'log: {level: silent}',
    `settle: {quietS: ${QUIET_S}}`,
    'disk: {warnFreeMb: 200, refuseFreeMb: 100}',
    ...(socket === undefined ? [] : [`docker: {socket: ${JSON.stringify(socket)}}`]),
  ].join('\n');
  return parseSettings(text, join(folder, 'anteroom.yaml'), {});
}

/** Registers `lungs`: in Docker where an engine with its image answers, else as a process of this machine. */
async function addLungs(client: NodeClient, settings: Settings): Promise<{ view: ModelView; runtime: string; isolation: string }> {
  const activate = { by: 'anteroom demo', reason: 'a demonstration' };
  try {
    const { isolation } = await createDockerRuntime({ socketPath: settings.docker.socket, log: loggerOf('demo') }).check();
    const view = await client.post<ModelView>('/models', { folder: LUNGS_PACKAGE, activate });
    return { view, runtime: 'docker', isolation };
  } catch (thrown) {
    line(`           no container: ${(thrown as Error).message}; the model runs as a process, which isolates nothing`);
    const view = await client.post<ModelView>('/models', { folder: LUNGS_PACKAGE, modelFile: 'model.process.yaml', activate });
    return { view, runtime: 'process', isolation: 'isolates nothing' };
  }
}

/** The series that the segmentation was made on, read from the files that were sent. */
async function readVolume(files: readonly string[], segmentation: Segmentation): Promise<Volume> {
  const wanted = new Set(segmentation.referencedSeries.flatMap((series) => series.sopInstanceUids));
  const instances = files
    .map((file): ParsedInstance => parseInstance(readFileSync(file)))
    .filter((instance) => wanted.has(instance.mediaStorageSopInstanceUid ?? ''));
  await initCodecs();
  return assembleVolume(instances);
}

function isFolder(path: string): boolean {
  try {
    return dicomFilesUnder(path).length > 0;
  } catch {
    return false;
  }
}

async function until<T>(what: string, look: () => Promise<T>, enough: (value: T, elapsedMs: number) => boolean): Promise<T> {
  const startedAt = Date.now();
  for (;;) {
    const value = await look();
    const elapsedMs = Date.now() - startedAt;
    if (enough(value, elapsedMs)) return value;
    if (elapsedMs > DEADLINE_MS) throw new AnteroomError('INTERNAL', `waited ${DEADLINE_MS / 60_000} minutes for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
