/** Programs that modules call: without a shell, their lines in the log, their end honoured, and nothing of them left behind. */
import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { constants as osConstants, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { AnteroomError } from '../foundation/errors.js';

export interface ProgramCall {
  /** The program and its arguments. */
  readonly command: readonly [string, ...string[]];
  readonly folder: string;
  /** Beside those of this process. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly timeoutS: number;
  /** Each line of its stdout and stderr, live. */
  readonly line: (text: string, from: 'stdout' | 'stderr') => void;
}

/**
 * Runs a program to its end.
 * @throws AnteroomError PROGRAM_FAILED where it cannot start, ends with another exit code than 0, by a signal, or not in time
 */
export async function runProgram({ command, folder, environment, timeoutS, line }: ProgramCall): Promise<void> {
  const [program, ...args] = command;
  // A group of its own, so that what it starts ends with it.
  const child = spawn(program, args, {
    cwd: folder,
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let last = '';
  let late = false;
  const tell = (stream: Readable, from: 'stdout' | 'stderr') =>
    createInterface({ input: stream }).on('line', (text) => {
      if (text.trim() === '') return;
      last = text;
      line(text, from);
    });
  tell(child.stdout, 'stdout');
  tell(child.stderr, 'stderr');
  const stopGroup = () => child.pid !== undefined && killGroup(child.pid);
  const unwatch = stopWithUs(stopGroup);
  const timer = setTimeout(() => {
    late = true;
    stopGroup();
  }, timeoutS * 1000);
  try {
    const { code, signal } = await new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((ended, failed) => {
      // What it left running may hold its stdout open, whose end is waited for.
      child.on('error', failed).on('exit', stopGroup);
      child.on('close', (exitCode, by) => ended({ code: exitCode, signal: by }));
    });
    const lastWords = last === '' ? '' : `; its last line: ${last}`;
    if (late) throw failure(`${program} did not end within ${timeoutS} s and was stopped${lastWords}`);
    if (signal !== null) throw failure(`${program} was ended by ${signal}${lastWords}`);
    if (code !== 0) throw failure(`${program} ended with exit code ${code}, expected 0${lastWords}`);
  } catch (thrown) {
    throw thrown instanceof AnteroomError
      ? thrown
      : failure(`${program} cannot be started (${(thrown as NodeJS.ErrnoException).code ?? ''})`);
  } finally {
    clearTimeout(timer);
    unwatch();
    stopGroup();
  }
}

function failure(seen: string): AnteroomError {
  return new AnteroomError('PROGRAM_FAILED', seen);
}

/** Also what the program itself left running. */
function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'ESRCH') throw thrown;
  }
}

/** A group of its own gets no Ctrl-C: it is ended with us. */
function stopWithUs(stop: () => void): () => void {
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  const end = (signal: NodeJS.Signals) => {
    stop();
    process.exit(128 + osConstants.signals[signal]);
  };
  for (const signal of signals) process.once(signal, end);
  return () => {
    for (const signal of signals) process.off(signal, end);
  };
}

/** True where a program of that name or path can be started. */
export function canStart(program: string): boolean {
  const paths = program.includes('/') ? [program] : (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, program));
  return paths.some((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Gives work a folder of its own, which is gone afterwards. */
export async function inTempFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'anteroom-kit-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
