/** `anteroom reproduce`: runs again what made a result, and tells whether the same comes out. */
import { setTimeout } from 'node:timers/promises';
import type { Command } from 'commander';
import type { Remark } from '../evaluation/compare/finding.js';
import type { Reproduction } from '../evaluation/reproduction.js';
import { printable } from '../foundation/printable.js';
import { hasEnded } from '../ledger/states.js';
import type { NodeClient } from './node-client.js';
import { clientFor, withCommonOptions, type CommonOptions } from './options.js';
import { json, line } from './print.js';

const POLL_MS = 500;

interface Begun {
  readonly run: number;
  readonly madeByRun: number;
  readonly model: string;
  readonly digest: string;
  readonly inputCorrected: boolean;
  /** Digest of the program in the model's folder, where it is not the one that was registered. */
  readonly otherProgram: string | null;
}

type Answer = {
  readonly state: string;
  readonly failureCode?: string | null;
  readonly reason?: string | null;
  /** What keeps the run from starting. */
  readonly paused?: string | null;
  readonly suspended?: string | null;
  /** What the run was given otherwise than the one of then. */
  readonly changed?: readonly Remark[];
} & Partial<Reproduction>;

interface ReproduceOptions extends CommonOptions {
  readonly study?: string;
  readonly all?: boolean;
  readonly now?: boolean;
  readonly json?: boolean;
}

/** Adds `reproduce`. */
export function addReproduceCommand(program: Command): void {
  withCommonOptions(program.command('reproduce').description('runs again what made a result: are the voxels equal? Exit code 1 if not'))
    .argument('[SOPInstanceUID]', 'of a result that this node made')
    .option('--study <StudyInstanceUID>', 'every result of a study')
    .option('--all', 'every result that is here')
    .option(
      '--now',
      'with the model in use, the settings of the rule and the instances of now: what has changed since, and what comes of it?',
    )
    .option('--json', 'print JSON')
    .action(async (sopInstanceUid: string | undefined, options: ReproduceOptions, command: Command) => {
      const { study, all } = options;
      if ([sopInstanceUid, study, all].filter((asked) => asked !== undefined).length !== 1)
        command.error('error: name a SOPInstanceUID, --study or --all');
      const client = clientFor(options);
      const uids = sopInstanceUid === undefined ? await uidsOf(client, study) : [sopInstanceUid];
      const answers: (Begun & Answer & { sopInstanceUid: string })[] = [];
      for (const uid of uids) {
        const begun = await client.post<Begun>('/reproductions', { sopInstanceUid: uid, now: options.now === true });
        const answer = await ended(client, begun, uid);
        answers.push({ sopInstanceUid: uid, ...begun, ...answer });
        if (answer.voxelsEqual !== true) process.exitCode = 1;
        if (options.json) continue;
        if (sopInstanceUid === undefined) line(uid);
        tell(begun, answer);
      }
      if (options.json) return json(sopInstanceUid === undefined ? answers : answers[0]);
      if (sopInstanceUid === undefined)
        line(
          `${answers.filter(({ voxelsEqual }) => voxelsEqual === true).length} of ${answers.length} results came out again as they were`,
        );
    });
}

async function uidsOf(client: NodeClient, study: string | undefined): Promise<string[]> {
  const query = study === undefined ? '' : `?study=${encodeURIComponent(study)}`;
  return (await client.get<{ sopInstanceUid: string }[]>(`/reproductions${query}`)).map((result) => result.sopInstanceUid);
}

/** What keeps it from starting until a person acts is told once: it would look like a command that hangs. */
async function ended(client: NodeClient, { run, model }: Begun, uid: string): Promise<Answer> {
  for (let told: string | undefined; ;) {
    const answer = await client.get<Answer>(`/reproductions/${run}/of/${uid}`);
    if (hasEnded(answer)) return answer;
    const held = answer.paused ?? answer.suspended ?? undefined;
    if (held !== undefined && held !== told) process.stderr.write(printable(`run ${run} of model ${model} waits: ${held}`) + '\n');
    told = held;
    await setTimeout(POLL_MS);
  }
}

function tell(begun: Begun, { state, failureCode, reason, voxelsEqual, changed = [], differences = [] }: Answer): void {
  const { run, madeByRun, model, digest, inputCorrected, otherProgram } = begun;
  line(`run ${run} did once more what run ${madeByRun} did: ${model}, ${digest}`);
  if (inputCorrected) line('its input has been corrected since: it ran on the images of its time');
  if (otherProgram !== null) line(`its program has been changed since: its digest is ${otherProgram}`);
  for (const remark of changed) line(`changed: ${remarkText(remark)}`);
  if (voxelsEqual === undefined)
    line(`nothing to compare: run ${run} is ${state}: ${[failureCode, reason].filter((part) => typeof part === 'string').join(' ')}`);
  else line(voxelsEqual ? 'voxels equal' : 'voxels differ');
  for (const remark of differences) line(`  ${remarkText(remark)}`);
}

function remarkText({ subpath, label, description, info }: Remark): string {
  return `${subpath === undefined ? '' : `${subpath}: `}${label}: ${info === undefined ? description : String(info)}`;
}
