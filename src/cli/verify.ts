/** `anteroom verify`: are the files, the rows and the hashes what they should be? Needs no running node and disturbs none. */
import type { Command } from 'commander';
import { verify, type VerifyReport } from '../keeping/verify.js';
import { isLocked } from '../ledger/lock.js';
import { withDataFolder } from './data-folder.js';
import { settingsFor, withCommonOptions, type CommonOptions } from './options.js';
import { json, line, progressWithTimeLeft } from './print.js';

interface VerifyCommandOptions extends CommonOptions {
  readonly fast?: boolean;
  readonly study?: string;
  readonly json?: boolean;
}

/** Adds `verify`; exit code 1 where something is wrong. */
export function addVerifyCommand(program: Command): void {
  withCommonOptions(program.command('verify').description('compares files, rows and hashes; works with and without a running node'))
    .option('--fast', 'looks at presence and size, not at the hashes')
    .option('--study <uid>', 'only the files of this study')
    .option('--json', 'print JSON')
    .action(async (options: VerifyCommandOptions) => {
      const report = await verifyFolder(settingsFor(options).dataDir, options);
      if (!report.ok) process.exitCode = 1;
      if (options.json) return json(report);
      print(report);
    });
}

function verifyFolder(dataDir: string, { fast = false, study }: VerifyCommandOptions): Promise<VerifyReport> {
  return withDataFolder(dataDir, (db, folders) => {
    const startedAt = Date.now();
    return verify({
      db,
      folders,
      fast,
      study,
      nodeRuns: isLocked(folders.root),
      now: startedAt,
      onProgress: (done, total) => progressWithTimeLeft('verified', { ...done, startedAt }, total),
    });
  });
}

function print({ ok, files, bytes, hashed, inFlight, findings }: VerifyReport): void {
  for (const { standing, subject, seen, expected, remedy } of findings) {
    line(`${standing === 'wrong' ? '✗' : '·'} ${subject}: ${seen}; expected ${expected}`);
    line(`    ${remedy}`);
  }
  const wrong = findings.filter(({ standing }) => standing === 'wrong').length;
  const arriving = inFlight === 0 ? '' : `; ${inFlight} file(s) are just arriving`;
  line(
    `${files} file(s), ${Math.round(bytes / 1_000_000)} MB, ${hashed ? 'with their hashes' : 'presence and size only'}: ${ok ? 'all as it should be' : `${wrong} finding(s)`}${arriving}`,
  );
}
