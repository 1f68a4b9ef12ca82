/**
 * `node deploy/setup/run.mjs COMMAND [ARGS]`: sets up what the command needs, runs it, and passes its exit code through.
 * Plain JavaScript without dependencies: it runs before node_modules exists. `--keep` leaves an engine that it started running.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ensureBuild } from './build.mjs';
import { ensureEngine } from './engine.mjs';
import { ensureImages, variantsOf } from './images.mjs';
import { ensureNodeModules } from './node-modules.mjs';
import { ensureOnnxRuntime } from './onnx-runtime.mjs';
import { ensurePackages } from './packages.mjs';
import { root, say, SetupError } from './steps.mjs';
import { ensureViewer } from './viewer.mjs';

const JEST = [
  '--experimental-vm-modules',
  '--disable-warning=ExperimentalWarning',
  'node_modules/jest/bin/jest.js',
  '-c',
  'test/jest.config.mjs',
];
const CRASH_ROUNDS = '3';
const SOAK_INSTANCES = '50000';
const FUZZ_CASES = '20000';
/** What runs longer than a minute, or asks more of the machine. */
const LONG_SUITES = ['onnx-to-pacs', 'brain-to-pacs', 'lobes-to-pacs', 'reproducibility-packages', 'dcm2niix', 'dicom-codecs'];
const TEST_PACKAGES = ['peers', 'judges', 'converter', 'viewer'];

/**
 * `scripts`: what the command runs with Node, one after the other, all of them even if one fails; the arguments go to the last.
 * `packages`: the groups of Debian packages (packages.mjs) that it needs. `built`: needs the built node. `node`: a Docker engine too.
 * `viewer`: shows studies in OHIF. `helps`: its --help works without any set-up. `variants`: the arguments name variants of the base image.
 */
const COMMANDS = {
  demo: { scripts: [['dist/anteroom.cjs', 'demo']], node: true },
  test: { scripts: [JEST], node: true, packages: TEST_PACKAGES, viewer: true },
  long: {
    // One after the other: two networks at once would take each other's memory and time.
    scripts: [[...JEST, '--maxWorkers=1', 'test/long', ...LONG_SUITES.map((name) => `test/integration/${name}.test.ts`)]],
    node: true,
    packages: TEST_PACKAGES,
    env: { ANTEROOM_LONG: '1' },
  },
  crash: {
    scripts: [[...JEST, '--selectProjects', 'crash']],
    node: true,
    packages: TEST_PACKAGES,
    env: { ANTEROOM_CRASH_ROUNDS: CRASH_ROUNDS },
  },
  soak: {
    scripts: [[...JEST, '--selectProjects', 'soak']],
    built: true,
    env: { ANTEROOM_SOAK_INSTANCES: SOAK_INSTANCES },
  },
  fuzz: {
    scripts: [[...JEST, '--selectProjects', 'fuzz']],
    built: true,
    packages: ['peers'],
    env: { ANTEROOM_FUZZ_CASES: FUZZ_CASES },
  },
  bench: { scripts: [['test/bench/run.mjs']], node: true, packages: ['peers', 'judges'], helps: true },
  lint: {
    scripts: [
      ['node_modules/typescript/bin/tsc', '-p', 'test'],
      ['node_modules/dependency-cruiser/bin/dependency-cruise.mjs', '--config', '.dependency-cruiser.cjs', 'src'],
      ['node_modules/prettier/bin/prettier.cjs', '--check', '--log-level', 'warn', '.'],
      ['node_modules/eslint/bin/eslint.js', '.'],
    ],
  },
  setup: { scripts: [], node: true, packages: TEST_PACKAGES, viewer: true },
  image: { scripts: [], node: true, variants: true },
};

const [name, ...args] = process.argv.slice(2);
const command = COMMANDS[name];
if (command === undefined) {
  say(`unknown command ${name ?? ''}: one of ${Object.keys(COMMANDS).join(', ')}`);
  process.exitCode = 2;
} else {
  await main().catch((error) => {
    if (!(error instanceof SetupError)) throw error;
    say(`\n${error.message}`);
    process.exitCode = 1;
  });
}

async function main() {
  if (command.helps && (args.includes('--help') || args.includes('-h'))) {
    process.exitCode = await runScripts();
    return;
  }
  const variants = command.variants ? variantsOf(args) : [];
  say(`Set-up for ${name}`);
  await ensureNodeModules();
  if (command.built || command.node) {
    await ensureBuild();
    await ensurePackages(command.packages ?? [], 'the tests that need it are skipped by name');
  }
  if (command.node) await ensureOnnxRuntime();
  if (!command.node) {
    process.exitCode = await runScripts();
    return;
  }
  if (command.viewer) await ensureViewer();
  const engine = await ensureEngine({ keep: args.includes('--keep') });
  try {
    const made = engine !== undefined && (await ensureImages(engine.socket, variants));
    if (made) say(`  Docker engine at ${engine.socket}`);
    else if (name === 'image')
      throw new SetupError('no image was made, as said above: expected a Docker engine and what images are made of');
    process.exitCode = await runScripts(engine?.socket);
  } finally {
    await engine?.release();
  }
}

/** The first exit code that is not 0. */
async function runScripts(socket) {
  const env = { ...process.env, ...command.env, PATH: `${process.env.PATH ?? ''}:/usr/sbin:/sbin` };
  if (socket) env.ANTEROOM_DOCKER_SOCKET = socket;
  let exitCode = 0;
  for (const [index, script] of command.scripts.entries()) {
    const last = index === command.scripts.length - 1;
    const code = await runScript([...script, ...(last ? args : [])], env);
    exitCode ||= code;
  }
  return exitCode;
}

/** Runs one script in the foreground. SIGINT reaches it from the terminal, SIGTERM from us; we wait for its end, to clean up after it. */
function runScript(script, env) {
  const file = script.find((part) => !part.startsWith('-'));
  if (!existsSync(join(root, file))) throw new SetupError(`${file} is not there`);
  const child = spawn(process.execPath, script, { cwd: root, env, stdio: 'inherit' });
  const terminate = () => child.kill('SIGTERM');
  const ignore = () => {};
  process.on('SIGINT', ignore).on('SIGTERM', terminate);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      process.off('SIGINT', ignore).off('SIGTERM', terminate);
      resolve(code ?? (signal === 'SIGINT' ? 130 : 143));
    });
  });
}
