/** `anteroom fetch`: asks a source for studies, shows what it lists, and has the node pull them. */
import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import type { FetchView } from '../api/views.js';
import type { FoundStudy } from '../fetching/source.js';
import { AnteroomError } from '../foundation/errors.js';
import type { NodeClient } from './node-client.js';
import { clientFor, withCommonOptions, type CommonOptions } from './options.js';
import { json, line, progress, progressDone, table } from './print.js';

interface FetchOptions extends CommonOptions {
  readonly source?: string;
  readonly study?: string;
  readonly accession?: string;
  readonly patient?: string;
  readonly date?: string;
  readonly list?: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
}

const POLL_MS = 300;

/** Adds `fetch`; exit code 1 where a study could not be pulled. */
export function addFetchCommand(program: Command): void {
  withCommonOptions(program.command('fetch').description('pulls studies from a source of the settings, after showing what it lists'))
    .option('--source <name>', 'the source; needed where there are several')
    .option('--study <uid>', 'StudyInstanceUID')
    .option('--accession <number>', 'accession number')
    .option('--patient <id>', 'patient ID')
    .option('--date <range>', 'study date, such as 20260131 or 20260101-20260131')
    .option('--list', 'only show what matches')
    .option('--yes', 'pull without asking')
    .option('--json', 'print JSON; pulls only with --yes')
    .action(async (options: FetchOptions) => {
      const client = clientFor(options);
      const { source, study: studyInstanceUid, accession: accessionNumber, patient: patientId, date: studyDate } = options;
      const query = { source, studyInstanceUid, accessionNumber, patientId, studyDate };
      const found = await client.post<{ source: string; studies: FoundStudy[] }>('/fetches/query', query);
      if (!options.json) show(found.studies);
      const wanted = options.list !== true && (options.yes === true || (options.json !== true && (await confirmed(found.studies.length))));
      if (!wanted) {
        if (options.json) json(found);
        return;
      }
      const studies = found.studies.map((study) => study.studyInstanceUid);
      const asked = await client.post<FetchView[]>('/fetches', { source: found.source, studies });
      report(await ended(client, asked), options.json === true);
    });
}

function show(studies: readonly FoundStudy[]): void {
  table(
    ['STUDY', 'PATIENT', 'NAME', 'DATE', 'ACCESSION', 'MODALITIES', 'INSTANCES', 'DESCRIPTION'],
    studies.map((study) => [
      study.studyInstanceUid,
      study.patientId,
      study.patientName,
      study.studyDate,
      study.accessionNumber,
      study.modalities,
      study.instances,
      study.description,
    ]),
    'nothing matches',
  );
}

async function confirmed(count: number): Promise<boolean> {
  if (!process.stdin.isTTY) throw new AnteroomError('USAGE', 'nobody can be asked here whether to pull; expected --yes or --list');
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await terminal.question(`Pull ${count === 1 ? 'this study' : `these ${count} studies`}? [y/N] `);
  terminal.close();
  return /^y(es)?$/i.test(answer.trim());
}

/** Waits until all of them have ended, and shows how far they are. */
async function ended(client: NodeClient, asked: readonly FetchView[]): Promise<FetchView[]> {
  const ids = new Set(asked.map((one) => one.fetch));
  for (;;) {
    const all = (await client.get<FetchView[]>('/fetches?limit=10000')).filter((one) => ids.has(one.fetch));
    const done = all.filter(({ state }) => state === 'done' || state === 'failed');
    if (done.length === ids.size) {
      progressDone();
      return all.reverse();
    }
    const pulled = all.reduce((sum, one) => sum + one.pulled, 0);
    progress(`${done.length} of ${ids.size} studies, ${pulled} instances pulled`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

function report(fetches: readonly FetchView[], asJson: boolean): void {
  if (fetches.some(({ state }) => state === 'failed')) process.exitCode = 1;
  if (asJson) {
    json(fetches);
    return;
  }
  for (const { studyInstanceUid, state, listed, hereBefore, pulled, failureCode, reason, remedy } of fetches) {
    line(`study ${studyInstanceUid}: ${state}, ${pulled} instances pulled, ${hereBefore ?? 0} of ${listed ?? 0} were here already`);
    if (failureCode !== null && state === 'failed') line(`  ${failureCode} ${reason ?? ''}\n  what to do: ${remedy ?? ''}`);
  }
}
