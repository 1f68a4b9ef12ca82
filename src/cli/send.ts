/** `anteroom send`: sends a folder of DICOM files over C-STORE, as a modality would. */
import { closeSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { storeFiles } from '../dimse/scu.js';
import { AnteroomError } from '../foundation/errors.js';
import { json, line, progress, progressDone } from './print.js';

interface SendOptions {
  readonly host: string;
  readonly port: string;
  readonly aet: string;
  readonly aec: string;
  readonly json?: boolean;
}

/** Adds `send`; exit code 1 where an instance was not stored. */
export function addSendCommand(program: Command): void {
  program
    .command('send')
    .description('sends DICOM files over C-STORE, as a scanner would')
    .argument('<path...>', 'files or folders')
    .option('--host <host>', 'where to', '127.0.0.1')
    .option('--port <port>', 'DICOM port', '11112')
    .option('--aet <title>', 'our AE title', 'ANTEROOM-SEND')
    .option('--aec <title>', 'the called AE title', 'ANTEROOM')
    .option('--json', 'print JSON')
    .action(async (paths: string[], options: SendOptions) => {
      const found = paths.flatMap(filesUnder);
      const files = found.filter(isPart10);
      if (files.length === 0)
        throw new AnteroomError('DICOM_NOT_P10', `none of the ${found.length} file(s) in ${paths.join(', ')} is a DICOM file`);
      const startedAt = Date.now();
      const peer = { host: options.host, port: Number(options.port), aeTitle: options.aec, callingAe: options.aet };
      const outcomes = await storeFiles(peer, files, { onProgress: (done, total) => progress(`sent ${done} of ${total}`) });
      progressDone();
      const failed = outcomes.filter((outcome) => outcome.error !== undefined);
      if (options.json)
        json({ sent: outcomes.length - failed.length, failed: failed.map(({ file, error }) => ({ file, error: error?.message })) });
      else {
        const passedOver = found.length - files.length;
        line(
          `sent ${outcomes.length - failed.length} of ${files.length} file(s) in ${((Date.now() - startedAt) / 1000).toFixed(1)} s${passedOver === 0 ? '' : `; passed over ${passedOver} that are not DICOM`}`,
        );
        for (const { file, error } of failed) line(`  ${file}: ${error?.message}`);
      }
      if (failed.length > 0) process.exitCode = 1;
    });
}

/** All files below a path, in the order of their names. */
function filesUnder(path: string): string[] {
  let stat;
  try {
    stat = statSync(path);
  } catch (cause) {
    throw new AnteroomError('FILE_UNREADABLE', path, { cause });
  }
  if (!stat.isDirectory()) return [path];
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== 'DICOMDIR' && !entry.name.startsWith('.'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** The Part 10 files below a path, in the order of their names. */
export function dicomFilesUnder(path: string): string[] {
  return filesUnder(path).filter(isPart10);
}

/** `DICM` at offset 128 (PS3.10 section 7.1). */
function isPart10(path: string): boolean {
  const file = openSync(path, 'r');
  try {
    const prefix = Buffer.alloc(4);
    return readSync(file, prefix, 0, 4, 128) === 4 && prefix.toString('latin1') === 'DICM';
  } finally {
    closeSync(file);
  }
}
