/** Set-up steps: one line each with its seconds on stderr; everything a step prints goes to .cache/logs/<name>.log. */
import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));
export const cache = join(root, '.cache');

const SHOWN_LINES = 20;

/** A set-up step that failed; its log has been shown already. */
export class SetupError extends Error {}

/** One line for the person at the terminal. */
export function say(text) {
  process.stderr.write(`${text}\n`);
}

/** Says what is missing and what is done without it. */
export function sayMissing(what, without) {
  say(`  ! ${what}; without it ${without}`);
}

/**
 * Runs `work` as one step. `work` gets `run(command, args, options)`, which runs a program with its output in the step's log.
 * With `optional` a failure prints `onFailure` and gives undefined; otherwise it shows the log's end and throws SetupError.
 */
export async function step(title, name, work, { optional = false, onFailure = 'failed' } = {}) {
  const logFile = join(cache, 'logs', `${name}.log`);
  mkdirSync(join(cache, 'logs'), { recursive: true });
  const log = openSync(logFile, 'w');
  const startedAt = performance.now();
  process.stderr.write(`  ${title} ... `);
  try {
    const result = await work((command, args, options) => runLogged(log, command, args, options));
    say(`${secondsSince(startedAt)} s`);
    return result;
  } catch (error) {
    writeSync(log, `${error.message}\n`);
    say(`${onFailure} (${secondsSince(startedAt)} s)`);
    if (optional) return undefined;
    const lines = readFileSync(logFile, 'utf8').trimEnd().split('\n');
    say(
      lines
        .slice(-SHOWN_LINES)
        .map((line) => `    ${line}`)
        .join('\n'),
    );
    throw new SetupError(`${title}: ${error.message} (whole output: ${logFile})`);
  } finally {
    closeSync(log);
  }
}

/** Runs a program with its output in the open file `log`; rejects unless it exits with 0 within `timeoutMs`. */
function runLogged(log, command, args, { env, cwd = root, timeoutMs } = {}) {
  writeSync(log, `$ ${[command, ...args].join(' ')}\n`);
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', log, log], timeout: timeoutMs });
    child.on('error', (error) => reject(error.code === 'ENOENT' ? new Error(`${command} is not installed`) : error));
    child.on('close', (code, signal) => {
      if (code === 0) resolve();
      else reject(new Error(`${command} ended with ${signal ?? `exit code ${code}`}`));
    });
  });
}

/** Runs a program quietly and gives what it printed to stdout; undefined unless it exits with 0. */
export function output(command, args, { env } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'ignore'] });
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (chunk) => (text += chunk));
    child.on('error', () => resolve(undefined));
    child.on('close', (code) => resolve(code === 0 ? text : undefined));
  });
}

/** The path of a program, also looked for where administrators' programs are; undefined where there is none. */
export function programPath(name) {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

export function isRoot() {
  return process.getuid?.() === 0;
}

function secondsSince(startedAt) {
  return ((performance.now() - startedAt) / 1000).toFixed(1);
}
