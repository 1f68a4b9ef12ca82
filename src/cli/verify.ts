/** `anteroom verify`: are the files, the rows and the hashes what they should be? Needs no running node and disturbs none. */
import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { dataFolders } from '../archive/folders.js';
import { AnteroomError } from '../foundation/errors.js';
import { verify, type VerifyReport } from '../keeping/verify.js';
import { demandSchema } from '../ledger/check.js';
import { Db } from '../ledger/database.js';
import { isLocked } from '../ledger/lock.js';
import { settingsFor, withCommonOptions, type CommonOptions } from './options.js';
import { json, line, progressDone, progressWithTimeLeft } from './print.js';

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

async function verifyFolder(dataDir: string, { fast = false, study }: VerifyCommandOptions): Promise<VerifyReport> {
  const folders = existsSync(dataDir) ? dataFolders(dataDir) : undefined;
  if (folders === undefined || !existsSync(folders.ledgerFile))
    throw new AnteroomError('FILE_UNREADABLE', `there is no ledger in ${dataDir}`);
  const db = Db.open(folders.ledgerFile, { migrate: false });
  try {
    demandSchema(db);
    const startedAt = Date.now();
    return await verify({
      db,
      folders,
      fast,
      study,
      nodeRuns: isLocked(folders.root),
      now: startedAt,
      onProgress: (done, total) => progressWithTimeLeft('verified', { ...done, startedAt }, total),
    });
  } finally {
    progressDone();
    db.close();
  }
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
