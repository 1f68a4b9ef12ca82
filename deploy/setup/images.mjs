/** The images of our own models: anteroom/base with the kit, and one on top of it per folder of deploy/models. */
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { madeBaseTag, makeBase } from './base-image.mjs';
import { dcm2niixForImages } from './dcm2niix.mjs';
import { fingerprint } from './hash.mjs';
import { onnxRuntimeForImages } from './onnx-runtime.mjs';
import { ensurePackages } from './packages.mjs';
import { cache, output, root, sayMissing, SetupError, step } from './steps.mjs';

const PUBLIC_BASE = 'node:20-bookworm-slim';
const PULL_MS = 180_000;
/** The label that tells from what an image was built: it is built again only when that changed. */
const LABEL = 'anteroom.inputs';
/** The label that tells which version of the kit is in the base, and so in each image on top of it; `models export` reads it. */
const KIT_LABEL = 'anteroom.kit';
const WITHOUT = 'our own models cannot run in containers';
/** Variants of the base for models that bring their own programs (CommandRunner), and their Debian packages. */
const VARIANTS = {
  python: ['python3', 'python3-numpy', 'python3-pydicom'],
  plastimatch: ['plastimatch'],
};

const kitBundle = join(root, 'dist/kit-bundle');
const baseFolder = join(root, 'deploy/base');
const modelsFolder = join(root, 'deploy/models');

/** The variants that arguments name; none: the base itself and the models' images are enough. An argument that is none ends it. */
export function variantsOf(args) {
  const names = args.filter((one) => !one.startsWith('-'));
  const unknown = names.filter((one) => !Object.hasOwn(VARIANTS, one));
  if (unknown.length > 0)
    throw new SetupError(`seen: ${unknown.join(' ')}; expected variants of the base image (${Object.keys(VARIANTS).join(', ')}), or none`);
  return names;
}

/** Builds what is missing or out of date in the engine behind `socket`, and these variants of the base; true when all images are there. */
export async function ensureImages(socket, variants = []) {
  if (!(await ensurePackages(['client'], WITHOUT))) return false;
  const docker = clientOf(socket);
  const dcm2niix = await dcm2niixForImages();
  const versions = { text: `${process.version} ${onnxRuntimeForImages().version}` };
  const baseInputs = fingerprint([baseFolder, kitBundle, versions, ...(dcm2niix === undefined ? [] : [dcm2niix])]);
  if (!(await buildBase(docker, { inputs: baseInputs, dcm2niix }))) return false;
  for (const variant of variants) if (!(await buildBase(docker, { inputs: baseInputs, dcm2niix, variant }))) return false;
  for (const model of readdirSync(modelsFolder)) await buildModel(docker, model, baseInputs);
  return true;
}

/** The docker program, told which engine to talk to, and to use the builder that every version of it has. */
function clientOf(socket) {
  const env = { DOCKER_HOST: `unix://${socket}`, DOCKER_BUILDKIT: '0' };
  const inspect = (image, format) => output('docker', ['image', 'inspect', '--format', format, image], { env });
  return {
    env,
    has: async (image) => (await inspect(image, '{{.Id}}')) !== undefined,
    inputsOf: async (image) => (await inspect(image, `{{index .Config.Labels "${LABEL}"}}`))?.trim(),
  };
}

/** `anteroom/base`, or `anteroom/base-VARIANT`: the same on a system with further packages, which is made on this machine. */
async function buildBase(docker, { inputs, dcm2niix, variant }) {
  const image = variant === undefined ? 'anteroom/base' : `anteroom/base-${variant}`;
  if ((await docker.inputsOf(image)) === inputs) return true;
  const from = variant === undefined ? await anyBase(docker) : await makeBase(docker, VARIANTS[variant]);
  if (from === undefined) {
    sayMissing(`no system for ${image}`, WITHOUT);
    return false;
  }
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  await build(docker, {
    image,
    from,
    inputs,
    labels: [`${KIT_LABEL}=${version}`],
    parts: { '.': baseFolder, kit: kitBundle, node_modules: onnxRuntimeForImages().folder, dcm2niix },
  });
  return true;
}

async function anyBase(docker) {
  return (await presentBase(docker)) ?? (await pulledBase(docker)) ?? (await makeBase(docker));
}

async function presentBase(docker) {
  for (const image of [PUBLIC_BASE, madeBaseTag()]) if (await docker.has(image)) return image;
  return undefined;
}

/** The base that everyone has, where a registry answers. */
function pulledBase(docker) {
  const pull = async (run) => {
    await run('docker', ['pull', PUBLIC_BASE], { env: docker.env, timeoutMs: PULL_MS });
    return PUBLIC_BASE;
  };
  return step(`pull ${PUBLIC_BASE}`, 'pull', pull, { optional: true, onFailure: 'no registry answers, so a base is made here' });
}

async function buildModel(docker, name, baseInputs) {
  const folder = join(modelsFolder, name);
  if (!existsSync(join(folder, 'Dockerfile'))) return;
  const image = `anteroom/${name}`;
  const inputs = fingerprint([folder, { text: baseInputs }]);
  if ((await docker.inputsOf(image)) === inputs) return;
  await build(docker, { image, from: 'anteroom/base', inputs, parts: { '.': folder } });
}

/** Builds from a copy of `parts` (name in the context -> folder; none: an empty one) that everyone may read: models do not run as root. */
async function build(docker, { image, from, inputs, labels = [], parts }) {
  const name = image.replace('/', '-');
  const context = join(cache, 'contexts', name);
  rmSync(context, { recursive: true, force: true });
  for (const [part, folder] of Object.entries(parts)) {
    mkdirSync(join(context, part), { recursive: true });
    if (folder !== undefined) cpSync(folder, join(context, part), { recursive: true });
  }
  const labelled = [`${LABEL}=${inputs}`, ...labels].flatMap((label) => ['--label', label]);
  const options = ['--network', 'none', '--build-arg', `BASE_IMAGE=${from}`, ...labelled, '--tag', image];
  await step(`image ${image}`, `image-${name}`, async (run) => {
    await run('chmod', ['-R', 'a+rX', context]);
    await run('docker', ['build', ...options, context], { env: docker.env });
  });
}
