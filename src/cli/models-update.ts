/** `anteroom models update`: what has changed in the packages and images of registered models, and taking it. */
import type { Command } from 'commander';
import type { ModelUpdateView } from '../api/model-routes.js';
import { AnteroomError } from '../foundation/errors.js';
import type { ModelChange } from '../models/differences.js';
import { repositoryOf } from '../models/image-name.js';
import { imageTransfer, type EnginePlatform } from '../runs/runtimes/docker-transfer.js';
import { tellStanding, type StandingModel } from './models-use.js';
import { clientFor, settingsFor, withCommonOptions, type CommonOptions } from './options.js';
import { json, line, progress, progressDone } from './print.js';

const LONGEST = 100;

/** Adds `models update`. */
export function addUpdateCommand(models: Command): void {
  withCommonOptions(
    models
      .command('update')
      .description(
        'what would change if packages, and images as their registries have them, were taken as they are now; what is in use stays in use',
      ),
  )
    .argument('[name]', 'of one model; all that are not retired if left out')
    .option(
      '--take',
      'has the engine pull its image, which takes your own right to its socket, and registers it; it is used after its own passed test and `models activate`',
    )
    .option('--json', 'print JSON')
    .action(async (name: string | undefined, options: CommonOptions & { take?: boolean; json?: boolean }, command: Command) => {
      if (options.take === true && name === undefined) command.error('error: name the model that is to be taken');
      const client = clientFor(options);
      const updates = await client.get<ModelUpdateView[]>(
        `/models/updates${name === undefined ? '' : `?name=${encodeURIComponent(name)}`}`,
      );
      if (options.json && options.take !== true) return json(updates);
      if (options.json !== true) updates.flatMap(linesOf).forEach((text) => line(text));
      if (updates.length === 0) line('no model is registered');
      if (options.take !== true || name === undefined) return;
      for (const { toPull } of updates) if (toPull !== null) await pull(toPull, options);
      const taken = await client.post<StandingModel>(`/models/${encodeURIComponent(name)}/update`, {});
      if (options.json) json({ updates, taken });
      else tellStanding(taken);
    });
}

/** The engine tells of layers, not of a whole: that it is at work is all that can be said. */
async function pull(image: string, options: CommonOptions): Promise<void> {
  const { docker, disk } = settingsFor(options);
  const engine = imageTransfer({ socketPath: docker.socket });
  demandSomeRoom(await engine.platform(), disk.refuseFreeMb);
  progress(`the engine pulls ${image}`);
  await engine.pull(image);
  progressDone();
}

/** How large an image is that is not here, the engine does not tell: what has to stay free at least must be there. */
export function demandSomeRoom({ freeBytes }: EnginePlatform, keepFreeMb: number): void {
  const freeMb = Math.round((freeBytes ?? Infinity) / 1e6);
  if (freeMb < keepFreeMb)
    throw new AnteroomError('DISK_LOW', `the engine has ${freeMb} MB free, expected ${keepFreeMb} MB before an image is pulled`);
}

/** What is said of one model, line by line. */
export function linesOf(update: ModelUpdateView): string[] {
  const { name, version, newVersion, toPull, notAsked, registryFault, changes, hindrance } = update;
  const model = `${name} ${version}`;
  if (hindrance !== null) return [`${model}: cannot be told: ${hindrance}`];
  const lines: string[] = [];
  if (registryFault !== null)
    lines.push(
      `${model}: its registry could not be asked, so this is what is here (${registryFault}); \`docker pull\` it where that needs a login`,
    );
  if (notAsked !== null)
    lines.push(
      `${model}: no registry was asked, as ${notAsked} is not known to have come from one; where it has, write its registry before the name in model.yaml, such as ${repositoryOf(notAsked)}`,
    );
  if (changes.length > 0) return [...lines, `${model} → ${newVersion ?? '?'}`, ...changes.map((change) => changeLine(change, toPull))];
  if (toPull !== null)
    return [...lines, `${model}: nothing has changed, but ${toPull} is not on this machine as its registry has it: \`--take\` pulls it`];
  return [...lines, `${model}: nothing has changed${lines.length > 0 ? ' here' : ''}`];
}

function changeLine({ what, before, after }: ModelChange, toPull: string | null): string {
  if (what === 'structures') return `  structures: ${plusMinus(before, after)}`;
  return `  ${what}: ${short(before)} → ${short(after)}${what === 'digest' && toPull !== null ? ' (in the registry)' : ''}`;
}

function plusMinus(before: string, after: string): string {
  const [one, other] = [before.split(', '), after.split(', ')];
  const added = other.filter((id) => !one.includes(id)).map((id) => `+ ${id}`);
  return [...added, ...one.filter((id) => !other.includes(id)).map((id) => `− ${id}`)].join(', ');
}

function short(text: string): string {
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}
