/** A Docker engine: one that answers already, or on Linux as root one of our own, with its data in .cache/docker. */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  openSync,
  closeSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { request } from 'node:http';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ensurePackages } from './packages.mjs';
import { cache, isRoot, programPath, root, say, sayMissing, step } from './steps.mjs';

const WITHOUT = 'models run as processes of this machine, which isolates nothing, and tests that need containers are skipped by name';
const START_MS = 30_000;
const STOP_MS = 20_000;
/** A unix socket's path holds at most 107 characters; containerd's is ours and 26 more. */
const LONGEST_FOLDER = 75;
const KEPT = 'kept';

const home = join(cache, 'docker');
const runFolder =
  home.length <= LONGEST_FOLDER
    ? join(home, 'run')
    : join(tmpdir(), `anteroom-${createHash('sha256').update(root).digest('hex').slice(0, 12)}`);
const ownSocket = join(runFolder, 'docker.sock');
const ownPidFile = join(runFolder, 'docker.pid');
const usersFolder = join(runFolder, 'users');

/**
 * The socket of an engine, and `release`, which stops it if it is ours, nobody else of this clone uses it and `keep` is not wanted;
 * undefined (said plainly) where none can be had.
 */
export async function ensureEngine({ keep = false } = {}) {
  const socket = await reachableSocket();
  if (socket !== undefined) return { socket, release: async () => {} };
  if (process.platform !== 'linux' || !isRoot()) {
    sayMissing('no Docker engine answers, and only root on Linux can start one', WITHOUT);
    return undefined;
  }
  if (!(await ensurePackages(['engine'], WITHOUT))) return undefined;
  addUser();
  const started =
    (await answers(ownSocket)) || (await step('Docker engine', 'dockerd', start, { optional: true, onFailure: 'does not start' }));
  if (!started) {
    removeUser();
    sayMissing(`the Docker engine does not start (${join(cache, 'logs/dockerd.log')})`, WITHOUT);
    return undefined;
  }
  return { socket: ownSocket, release: () => release(keep) };
}

async function reachableSocket() {
  const fromEnvironment = process.env.DOCKER_HOST?.match(/^unix:\/\/(.+)$/)?.[1];
  const candidates = [fromEnvironment, '/var/run/docker.sock', join(homedir(), '.docker/run/docker.sock')];
  for (const socket of candidates) if (socket !== undefined && (await answers(socket))) return socket;
  return undefined;
}

/** True when an engine answers `GET /_ping` on this socket within two seconds. */
function answers(socketPath) {
  if (!existsSync(socketPath) || !statSync(socketPath).isSocket()) return Promise.resolve(false);
  return new Promise((resolve) => {
    const ping = request({ socketPath, path: '/_ping', timeout: 2000 }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    ping.on('timeout', () => ping.destroy()).on('error', () => resolve(false));
    ping.end();
  });
}

/** No bridge and no iptables: our models have no network, and the machine's network stays as it is. */
async function start() {
  rmSync(ownPidFile, { force: true });
  rmSync(join(usersFolder, KEPT), { force: true });
  const log = openSync(join(cache, 'logs/dockerd.log'), 'a');
  const folders = ['--data-root', join(home, 'data'), '--exec-root', join(runFolder, 'exec'), '--pidfile', ownPidFile];
  const network = ['--iptables=false', '--ip6tables=false', '--bridge=none'];
  const env = { ...process.env, PATH: `${process.env.PATH ?? ''}:/usr/sbin:/sbin` };
  const daemon = spawn(programPath('dockerd'), ['-H', `unix://${ownSocket}`, ...folders, ...network], {
    detached: true,
    env,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  let ended = false;
  daemon.on('error', () => (ended = true)).on('exit', () => (ended = true));
  const deadline = Date.now() + START_MS;
  while (!(await answers(ownSocket))) {
    if (ended) throw new Error('dockerd ended at once');
    if (Date.now() > deadline) throw new Error(`dockerd does not answer after ${START_MS / 1000} s`);
    await sleep(50);
  }
  daemon.unref();
  return true;
}

async function release(keep) {
  if (keep) {
    say(`The Docker engine stays; \`kill $(cat ${ownPidFile})\` ends it.`);
    return renameSync(join(usersFolder, String(process.pid)), join(usersFolder, KEPT));
  }
  removeUser();
  if (otherUsers() > 0) return;
  const pid = Number(existsSync(ownPidFile) ? readFileSync(ownPidFile, 'utf8') : 0);
  if (!isAlive(pid)) return;
  process.kill(pid, 'SIGTERM');
  const deadline = Date.now() + STOP_MS;
  while (isAlive(pid) && Date.now() < deadline) await sleep(50);
  if (isAlive(pid)) process.kill(pid, 'SIGKILL');
  unmountLeftovers();
}

/** dockerd leaves its name space mounted, and a folder with a mount in it cannot be removed. */
function unmountLeftovers() {
  const mounted = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '');
  const ours = mounted.filter((path) => path.startsWith(`${runFolder}/`) || path.startsWith(`${home}/`));
  for (const path of ours.reverse()) spawnSync('umount', [path], { stdio: 'ignore' });
}

/** Who uses our engine: one file per process, so that the last one to end stops it, and one more if it was asked to stay. */
function addUser() {
  mkdirSync(usersFolder, { recursive: true });
  writeFileSync(join(usersFolder, String(process.pid)), '');
}

function removeUser() {
  rmSync(join(usersFolder, String(process.pid)), { force: true });
}

function otherUsers() {
  return readdirSync(usersFolder).filter((user) => user === KEPT || isAlive(Number(user))).length;
}

function isAlive(pid) {
  if (!(pid > 0)) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
