/** `anteroom doctor`: what is missing or wrong, each with its remedy. Works without a running node. */
import { accessSync, constants, existsSync, statfsSync } from 'node:fs';
import { dirname, sep } from 'node:path';
import type { Command } from 'commander';
import type { Account } from '../accounting/account.js';
import type { ModelStanding } from '../api/model-standing.js';
import type { RulesStanding } from '../api/rule-views.js';
import type { ListedModel } from '../api/views.js';
import { cstorePeer } from '../delivery/cstore-peer.js';
import { searchStudies } from '../dicomweb/client/qido.js';
import { echo } from '../dimse/scu.js';
import { AnteroomError } from '../foundation/errors.js';
import { loggerOf, setLogLevel } from '../foundation/log.js';
import type { Attention } from '../ledger/attention.js';
import { createDockerRuntime } from '../runs/runtimes/docker.js';
import type { Settings } from '../settings/schema.js';
import { webEndpoint } from '../settings/web-endpoint.js';
import type { RetentionOutlook } from '../api/keeping-routes.js';
import { inputLinkFindings } from './doctor-folders.js';
import { retentionFinding, undeletableFindings } from './doctor-retention.js';
import { imageFindings, modelFindings } from './doctor-models.js';
import { queueFindings } from './doctor-queue.js';
import { listenerFindings } from './doctor-listeners.js';
import { inForceFinding, rulesFinding } from './doctor-rules.js';
import { failure, type Finding, type Standing } from './finding.js';
import { NodeClient } from './node-client.js';
import { settingsFor, withCommonOptions, type CommonOptions } from './options.js';
import { json, line } from './print.js';

const MARK: Record<Standing, string> = { ok: '✓', warning: '!', wrong: '✗' };

/** Adds `doctor`; exit code 1 where something is wrong. */
export function addDoctorCommand(program: Command): void {
  withCommonOptions(program.command('doctor').description('looks for what is missing or wrong, and says what to do about it'))
    .option('--json', 'print JSON')
    .action(async (options: CommonOptions & { json?: boolean }) => {
      setLogLevel('silent');
      const findings = await examine(options);
      if (findings.some(({ standing }) => standing === 'wrong')) process.exitCode = 1;
      if (options.json) return json(findings);
      for (const { subject, standing, seen, remedy } of findings) {
        line(`${MARK[standing]} ${subject}: ${seen}`);
        if (remedy !== undefined && standing !== 'ok') line(`    ${remedy}`);
      }
    });
}

async function examine(options: CommonOptions): Promise<Finding[]> {
  let settings: Settings;
  try {
    settings = settingsFor(options);
  } catch (thrown) {
    return [failure('settings', thrown)];
  }
  const ahead = await outlook(settings);
  return [
    { subject: 'settings', standing: 'ok', seen: options.config ?? 'defaults and config/anteroom.yaml' },
    dataFolder(settings),
    ...inputLinkFindings(settings),
    rulesFinding(settings),
    await engine(settings),
    ...(await nodeAndModels(settings)),
    retentionFinding(settings, ahead),
    ...undeletableFindings(ahead),
    ...listenerFindings(settings),
    ...(await Promise.all(
      Object.entries(settings.destinations).map(([name, destination]) => destinationFinding(name, destination, settings)),
    )),
  ];
}

function dataFolder({ dataDir, disk }: Settings): Finding {
  try {
    // With the separator a file in the way is found out
    const folder = `${nearestThereOf(dataDir)}${sep}`;
    accessSync(folder, constants.W_OK);
    const { bavail, bsize } = statfsSync(folder);
    const freeMb = Math.floor((bavail * bsize) / 1_000_000);
    const remedy = 'Free space or move the data folder (`dataDir`).';
    if (freeMb < disk.refuseFreeMb)
      return {
        subject: 'data folder',
        standing: 'wrong',
        seen: `${dataDir}: ${freeMb} MB free; below ${disk.refuseFreeMb} MB nothing is received`,
        remedy,
      };
    return { subject: 'data folder', standing: freeMb < disk.warnFreeMb ? 'warning' : 'ok', seen: `${dataDir}: ${freeMb} MB free`, remedy };
  } catch (thrown) {
    return {
      subject: 'data folder',
      standing: 'wrong',
      seen: `${dataDir}: ${(thrown as NodeJS.ErrnoException).code ?? 'not usable'}`,
      remedy: 'Make the folder and give it to the user that runs the node, or name another one (`dataDir`).',
    };
  }
}

/** The folder, or the one in which the node would begin to make it. */
function nearestThereOf(folder: string): string {
  return existsSync(folder) || dirname(folder) === folder ? folder : nearestThereOf(dirname(folder));
}

const runtimeOf = ({ docker }: Settings) => createDockerRuntime({ socketPath: docker.socket, log: loggerOf('doctor') });

async function engine(settings: Settings): Promise<Finding> {
  try {
    const { version, isolation } = await runtimeOf(settings).check();
    return { subject: 'container engine', standing: 'ok', seen: `${version} at ${settings.docker.socket}; ${isolation}` };
  } catch (thrown) {
    return failure('container engine', thrown);
  }
}

async function nodeAndModels(settings: Settings): Promise<Finding[]> {
  const client = new NodeClient(settings.dataDir);
  const runtime = runtimeOf(settings);
  try {
    const health = await client.get<{ version: string; dicomPort: number; rules: RulesStanding; attention: Attention }>('/health');
    const account = await client.get<Account>('/account');
    const models = await client.get<(ListedModel & ModelStanding)[]>('/models');
    const active = models.filter((model) => model.state === 'active').map((model) => `${model.name} ${model.version}`);
    return [
      { subject: 'node', standing: 'ok', seen: `running, version ${health.version}, DICOM port ${health.dicomPort}` },
      inForceFinding(settings, health.rules),
      waitingForAPerson(health.attention),
      accountFinding(account),
      ...queueFindings(health.attention, models),
      ...modelFindings(models, settings.modelTests.everyDays),
      ...(await imageFindings(models, async (digest) => runtime.resolveImage?.(digest))),
      {
        subject: 'models',
        standing: active.length === 0 ? 'warning' : 'ok',
        seen: active.length === 0 ? 'none is active' : active.join(', '),
        remedy: 'Register one with `anteroom models add FOLDER`, test it, `anteroom models activate NAME`; rules wait for theirs.',
      },
    ];
  } catch (thrown) {
    return [failure('node', thrown, 'warning')];
  }
}

/** What retention is going to do; undefined where no node runs. */
async function outlook({ dataDir }: Settings): Promise<RetentionOutlook | undefined> {
  return new NodeClient(dataDir).get<RetentionOutlook>('/retention').catch(() => undefined);
}

/** What stands still until somebody acts, and the command that lists it. */
function waitingForAPerson(counts: Attention): Finding {
  const parts = [
    ...(counts.heldStudies > 0 ? [`${counts.heldStudies} held studies (anteroom studies)`] : []),
    ...(counts.failedRuns + counts.rejectedRuns > 0
      ? [`${counts.failedRuns} failed and ${counts.rejectedRuns} rejected runs (anteroom runs)`]
      : []),
    ...(counts.refusedRuns > 0 ? [`${counts.refusedRuns} runs refused, as their model may not be used (anteroom runs)`] : []),
    ...(counts.waitingRuns > 0 ? [`${counts.waitingRuns} runs waiting for their model (anteroom models list)`] : []),
    ...(counts.heldDeliveries + counts.rejectedDeliveries > 0
      ? [`${counts.heldDeliveries} held and ${counts.rejectedDeliveries} rejected deliveries (anteroom deliveries)`]
      : []),
    ...(counts.heldWithdrawals > 0 ? [`${counts.heldWithdrawals} earlier results not taken back (anteroom deliveries)`] : []),
  ];
  if (parts.length === 0) return { subject: 'work', standing: 'ok', seen: 'nothing waits for a person' };
  const remedy = 'Each is listed there with its reason and what to do; then `anteroom retry` or `anteroom release`.';
  return { subject: 'work', standing: 'warning', seen: parts.join(', '), remedy };
}

/** Studies that were due a result and of which nobody would ever hear. */
function accountFinding({ studies: { due }, silent }: Account): Finding {
  const subject = 'every study accounted for';
  if (silent.length === 0) return { subject, standing: 'ok', seen: `${due} due a result; each has one, a stated reason, or is under way` };
  const uids = [...new Set(silent.map(({ studyInstanceUid }) => studyInstanceUid))];
  return {
    subject,
    standing: 'wrong',
    seen: `${uids.length} of ${due} studies that are due a result have neither one nor a reason: ${uids.slice(0, 5).join(', ')}${uids.length > 5 ? ', …' : ''}`,
    remedy:
      'A defect of the node, please report it: `anteroom account` says where each of them stands; send it again, or `anteroom retry`.',
  };
}

async function destinationFinding(name: string, destination: Settings['destinations'][string], settings: Settings): Promise<Finding> {
  const subject = `destination ${name}`;
  try {
    if (destination.kind === 'archive') return { subject, standing: 'ok', seen: "the node's own archive" };
    if (destination.kind === 'stow') {
      await searchStudies(webEndpoint({ ...destination, timeoutS: 5 }, process.env), { limit: 1 });
      return { subject, standing: 'ok', seen: `${destination.url} answers` };
    }
    const peer = cstorePeer({ ...destination, timeoutS: 5 }, settings.dimse.aeTitle, process.env);
    await echo(peer);
    return { subject, standing: 'ok', seen: `${peer.aeTitle} at ${peer.host}:${peer.port} answers C-ECHO${peer.tls ? ' over TLS' : ''}` };
  } catch (thrown) {
    if (!(thrown instanceof AnteroomError)) throw thrown;
    return failure(subject, thrown);
  }
}
