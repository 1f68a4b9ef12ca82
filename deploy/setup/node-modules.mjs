/** node_modules as the lockfile says, and better-sqlite3 for this Node. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ensurePackages, hasPackages } from './packages.mjs';
import { root, SetupError, step } from './steps.mjs';

const OLDEST_NODE = [20, 20];
const NEEDS_COMPILING = 'better-sqlite3';

/** Installs the npm packages unless exactly those of the lockfile are there. No package but better-sqlite3 needs its install script. */
export async function ensureNodeModules() {
  checkNode();
  if (!matchesLockfile()) {
    await step('npm packages', 'npm-ci', (run) => npm(run, ['ci', '--ignore-scripts', '--no-audit', '--no-fund']));
  }
  if (!sqliteLoads()) await buildSqlite();
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1])) return;
  throw new SetupError(`Node ${OLDEST_NODE.join('.')} or later is needed; this is ${process.versions.node}`);
}

/** True when each package that the lockfile demands is installed in its version: npm notes what it installed in a hidden lockfile. */
function matchesLockfile() {
  const installedFile = join(root, 'node_modules/.package-lock.json');
  if (!existsSync(installedFile)) return false;
  const demanded = readPackages(join(root, 'package-lock.json'));
  const installed = readPackages(installedFile);
  return Object.entries(demanded).every(([path, { version, optional }]) => path === '' || optional || installed[path]?.version === version);
}

function readPackages(lockfile) {
  return JSON.parse(readFileSync(lockfile, 'utf8')).packages;
}

/** In a process of its own: a native module for another Node can end the process that loads it. */
function sqliteLoads() {
  const script = `new (require('${NEEDS_COMPILING}'))(':memory:').close()`;
  return spawnSync(process.execPath, ['-e', script], { cwd: root, stdio: 'ignore' }).status === 0;
}

/** Its install script downloads a prebuilt file, or compiles where that cannot be had: only then is a compiler needed. */
async function buildSqlite() {
  const rebuild = (run) => npm(run, ['rebuild', NEEDS_COMPILING, '--foreground-scripts']);
  if (!hasPackages(['compile'])) {
    const tried = await step(`${NEEDS_COMPILING}, prebuilt`, 'npm-rebuild', (run) => rebuild(run).then(() => true), {
      optional: true,
      onFailure: 'cannot be downloaded, so it is compiled',
    });
    if (tried) return;
    await ensurePackages(['compile'], `${NEEDS_COMPILING} cannot be compiled`);
  }
  await step(`${NEEDS_COMPILING}, prebuilt or compiled (a minute or two)`, 'npm-rebuild', rebuild).catch((error) => {
    if (headersFolder() !== undefined) throw error;
    throw new SetupError(`${error.message}; Node's headers are not beside ${process.execPath} (include/node) and could not be downloaded`);
  });
}

/** Runs npm, the one that started us where one did, compiling against the Node that runs here. */
export function npm(run, args) {
  const nodedir = process.env.npm_config_nodedir ?? headersFolder();
  const env = { JOBS: 'max', ...(nodedir ? { npm_config_nodedir: nodedir } : {}) };
  const script = process.env.npm_execpath;
  if (script?.endsWith('npm-cli.js')) return run(process.execPath, [script, ...args], { env });
  return run(process.platform === 'win32' ? 'npm.cmd' : 'npm', args, { env });
}

/** Node's own prefix where its C++ headers are installed beside it, so that nothing is downloaded to compile against it. */
function headersFolder() {
  const prefix = dirname(dirname(realpathSync(process.execPath)));
  return existsSync(join(prefix, 'include/node/node.h')) ? prefix : undefined;
}
