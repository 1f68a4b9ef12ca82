/** `anteroom reproduce`: runs again what made a result, and tells whether the same voxels come out. */
import { setTimeout } from 'node:timers/promises';
import type { Command } from 'commander';
import type { Reproduction } from '../evaluation/reproduction.js';
import { clientFor, withCommonOptions, type CommonOptions } from './options.js';
import { json, line } from './print.js';

const POLL_MS = 500;
/** Of these no result will come. */
const ENDED = ['done', 'failed', 'rejected', 'cancelled'];

interface Begun {
  readonly run: number;
  readonly madeByRun: number;
  readonly model: string;
  readonly digest: string;
  readonly inputCorrected: boolean;
}

type Answer = { readonly state: string; readonly failureCode?: string | null; readonly reason?: string | null } & Partial<Reproduction>;

/** Adds `reproduce`. */
export function addReproduceCommand(program: Command): void {
  withCommonOptions(program.command('reproduce').description('runs again what made a result: are the voxels equal? Exit code 1 if not'))
    .argument('<SOPInstanceUID>', 'of a segmentation that this node made')
    .option('--json', 'print JSON')
    .action(async (sopInstanceUid: string, options: CommonOptions & { json?: boolean }) => {
      const client = clientFor(options);
      const begun = await client.post<Begun>('/reproductions', { sopInstanceUid });
      let answer: Answer;
      for (;;) {
        answer = await client.get<Answer>(`/reproductions/${begun.run}/of/${sopInstanceUid}`);
        if (ENDED.includes(answer.state)) break;
        await setTimeout(POLL_MS);
      }
      if (answer.voxelsEqual !== true) process.exitCode = 1;
      if (options.json) json({ ...begun, ...answer });
      else tell(begun, answer);
    });
}

function tell(
  { run, madeByRun, model, digest, inputCorrected }: Begun,
  { state, failureCode, reason, voxelsEqual, differences = [] }: Answer,
): void {
  line(`run ${run} did once more what run ${madeByRun} did: ${model}, ${digest}`);
  if (inputCorrected) line('its input has been corrected since: it ran on the images of its time');
  if (voxelsEqual === undefined)
    line(`nothing to compare: run ${run} is ${state}: ${[failureCode, reason].filter((part) => typeof part === 'string').join(' ')}`);
  else if (voxelsEqual) line('voxels equal');
  else {
    line('voxels differ');
    for (const { subpath, label, description, info } of differences)
      line(`  ${subpath === undefined ? '' : `${subpath}: `}${label}: ${info === undefined ? description : String(info)}`);
  }
}
