/**
 * `npm run test:bare`: `npm run demo` and `npm test`, each as the first and only command in a fresh clone of HEAD on a Debian that
 * holds nothing but Node, npm and git. `--worktree` takes the work tree in place of HEAD; `--only demo|test` runs one of the two.
 */
import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, realpathSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { copyMissingLibraries, debianTar } from '../../deploy/setup/base-image.mjs';
import { ensureEngine } from '../../deploy/setup/engine.mjs';
import { fingerprint } from '../../deploy/setup/hash.mjs';
import { ensurePackages } from '../../deploy/setup/packages.mjs';
import { cache, output, root, say, SetupError, step } from '../../deploy/setup/steps.mjs';

const COMMANDS = { demo: ['npm', 'run', 'demo'], test: ['npm', 'test'] };
const CERTIFICATES = '/etc/ssl/certs/ca-certificates.crt';
const CLONE = '/root/anteroom';

/** What an engine inside a container needs, short of `--privileged`, which not every machine can give. */
const ENGINE_INSIDE = [
  ...['--cap-add', 'ALL', '--cap-drop', 'SYS_RESOURCE'],
  ...['seccomp=unconfined', 'apparmor=unconfined', 'systempaths=unconfined'].flatMap((option) => ['--security-opt', option]),
  ...['--cgroupns', 'host', '--volume', '/sys/fs/cgroup:/sys/fs/cgroup'],
];

const args = process.argv.slice(2);
const only = args.includes('--only') ? args[args.indexOf('--only') + 1] : undefined;

await main().catch((error) => {
  if (!(error instanceof SetupError)) throw error;
  say(`\n${error.message}`);
  process.exitCode = 1;
});

async function main() {
  const engine = (await ensurePackages(['base', 'client'], 'there is no bare machine to try on')) ? await ensureEngine() : undefined;
  if (engine === undefined) throw new SetupError('test:bare needs root on Debian');
  try {
    const env = { DOCKER_HOST: `unix://${engine.socket}` };
    const image = await bareImage(env);
    for (const name of Object.keys(COMMANDS)) if (only === undefined || only === name) await runBare(name, image, env);
  } finally {
    await engine.release();
  }
}

/** The image of a machine with nothing but Node, npm and git, and with this machine's way to its registries. */
async function bareImage(env) {
  const key = fingerprint([fileURLToPath(import.meta.url), { text: process.version }]).slice(0, 12);
  const tag = `anteroom/bare:${key}`;
  const tar = join(cache, 'bare', `${key}.tar`);
  const hooks = [copyNode(), await copyMissingLibraries(realpathSync(process.execPath)), `cp ${CERTIFICATES} "$1${CERTIFICATES}"`];
  const packages = ['libstdc++6', 'ca-certificates', 'git'];
  if (!existsSync(tar)) await step('bare system (mmdebstrap)', 'bare-system', (run) => debianTar(run, tar, { packages, hooks }));
  await step('bare system into the engine', 'bare-import', (run) => run('docker', ['import', tar, tag], { env }));
  return tag;
}

/** Node as it is installed here: its program, its npm and its headers, at the same paths. */
function copyNode() {
  const prefix = dirname(dirname(realpathSync(process.execPath)));
  const parts = ['bin/node', 'bin/npm', 'bin/npx', 'lib/node_modules/npm', 'include/node'].map((part) => join(prefix, part));
  const there = parts.filter((part) => existsSync(part)).map((part) => `"${part.slice(1)}"`);
  return `tar -C / -c ${there.join(' ')} | tar -C "$1" -x`;
}

async function runBare(name, image, env) {
  const clone = join(cache, 'bare', name);
  rmSync(clone, { recursive: true, force: true });
  await step(`fresh clone for ${name}`, 'bare-clone', (run) => cloneInto(clone, run));
  const startedAt = Date.now();
  const container = ['run', '--rm', '--init', '--network', 'host', ...ENGINE_INSIDE, '--volume', `${clone}:${CLONE}`, '--workdir', CLONE];
  const code = await foreground('docker', [...container, ...(await machineConfiguration()), image, ...COMMANDS[name]], env);
  const outcome = code === 0 ? 'passed' : `FAILED with exit code ${code}`;
  say(`bare machine: ${COMMANDS[name].join(' ')} ${outcome} after ${Math.round((Date.now() - startedAt) / 1000)} s`);
  if (code === 0) rmSync(clone, { recursive: true, force: true });
  else process.exitCode = 1;
}

async function cloneInto(clone, run) {
  if (!args.includes('--worktree')) return run('git', ['clone', '--no-hardlinks', root, clone]);
  const listed = (await output('git', ['ls-files', '--cached', '--others', '--exclude-standard'])) ?? '';
  const files = listed.split('\n').filter((file) => file !== '' && existsSync(join(root, file)));
  mkdirSync(clone, { recursive: true });
  for (const file of files) cpSync(join(root, file), join(clone, file));
}

/** How this machine's npm reaches its registry: its configuration files and environment. (apt's way is in the image.) */
async function machineConfiguration() {
  const files = [...new Set([await npmConfig('userconfig'), await npmConfig('globalconfig'), '/etc/npmrc'])].filter(
    (file) => file && existsSync(file),
  );
  const names = Object.keys(process.env).filter((name) => /^(NODE_EXTRA_CA_CERTS|SSL_CERT_(FILE|DIR)|(https?|no|all)_proxy)$/i.test(name));
  return [...files.flatMap((file) => ['--volume', `${file}:${file}:ro`]), ...names.flatMap((name) => ['--env', name])];
}

async function npmConfig(key) {
  return (await output('npm', ['config', 'get', key]))?.trim();
}

function foreground(command, commandArgs, env) {
  const child = spawn(command, commandArgs, { env: { ...process.env, ...env }, stdio: ['ignore', 'inherit', 'inherit'] });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve(code ?? signal));
  });
}
