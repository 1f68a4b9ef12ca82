/** A base image where no registry answers: a minimal Debian of this machine's release with this machine's own Node. */
import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fingerprint } from './hash.mjs';
import { ensurePackages } from './packages.mjs';
import { cache, output, sayMissing, step } from './steps.mjs';

const NODE_IN_IMAGE = '/usr/local/bin/node';
const OS_RELEASE = '/etc/os-release';

/** The tag of the base that `makeBase` makes on this machine, with or without further Debian packages. */
export function madeBaseTag(packages = []) {
  return `anteroom/debian-node:${baseKey(packages)}`;
}

/** Imports the base into the engine that `docker` talks to, and gives its tag; undefined (said plainly) where it cannot be made. */
export async function makeBase(docker, packages = []) {
  const without = 'no base image can be made here';
  if (aptSources().length === 0) return sayMissing('this is not Debian', without);
  if (!(await ensurePackages(['base'], without))) return undefined;
  const tag = madeBaseTag(packages);
  const tar = join(cache, 'images', `debian-node-${baseKey(packages)}.tar`);
  if (!existsSync(tar))
    await step(['base system (mmdebstrap)', ...packages].join(', '), 'base-system', (run) => makeTar(run, tar, packages));
  await step('base system into the engine', 'base-import', async (run) => {
    await run('docker', ['import', '--change', 'CMD ["node"]', tar, tag], { env: docker.env });
    await run('docker', ['run', '--rm', '--network', 'none', tag, NODE_IN_IMAGE, '--version'], { env: docker.env });
  });
  return tag;
}

function baseKey(packages) {
  const { size } = statSync(process.execPath);
  const inputs = fingerprint([fileURLToPath(import.meta.url), { text: [osRelease().VERSION_CODENAME, size, ...packages].join(' ') }]);
  return `${process.arch}-${process.version}-${inputs.slice(0, 12)}`;
}

async function makeTar(run, tar, packages) {
  const node = realpathSync(process.execPath);
  const installNode = `install -m 755 "${node}" "$1${NODE_IN_IMAGE}"`;
  await debianTar(run, tar, {
    packages: ['libstdc++6', 'ca-certificates', ...packages],
    hooks: [installNode, await copyMissingLibraries(node)],
  });
}

/** A minimal Debian of this machine's release as a tar file. `hooks`: shell lines run at its end, with its root folder as `$1`. */
export async function debianTar(run, tar, { packages, hooks }) {
  mkdirSync(dirname(tar), { recursive: true });
  const unneeded = ['/usr/share/man/*', '/usr/share/doc/*', '/usr/share/locale/*'].map((path) => `--dpkgopt=path-exclude=${path}`);
  const options = [
    '--variant=apt',
    '--format=tar',
    `--include=${packages.join(',')}`,
    `--aptopt=${await aptOptionsFile(dirname(tar))}`,
    '--aptopt=APT::Install-Recommends "false"',
    ...unneeded,
    '--dpkgopt=path-include=/usr/share/doc/*/copyright',
    ...hooks.map((hook) => `--customize-hook=${hook}`),
  ];
  const part = `${tar}.part`;
  await run('mmdebstrap', [...options, osRelease().VERSION_CODENAME, part, ...aptSources()]);
  renameSync(part, tar);
}

/** How this machine reaches its mirror (proxies, certificates, checks): the same for the new system. */
async function aptOptionsFile(folder) {
  const options = ((await output('apt-config', ['dump'])) ?? '')
    .split('\n')
    .filter((line) => /^Acquire::[^:]/.test(line) && !/ "";$/.test(line));
  const file = join(folder, 'apt-options.conf');
  writeFileSync(file, `${options.join('\n')}\n`);
  return file;
}

/** The hook that copies the libraries that this machine's Node is linked with, where the new system has none of that path. */
export async function copyMissingLibraries(node) {
  const listed = (await output('ldd', [node])) ?? '';
  const libraries = [...listed.matchAll(/(?:=>\s*|^\s*)(\/\S+)/gm)].map((match) => match[1]);
  return libraries.map((path) => `[ -e "$1${path}" ] || cp --parents -L "${path}" "$1"`).join('; ') || 'true';
}

/** The files that say where this machine's own Debian packages come from; not those of other vendors. */
function aptSources() {
  const one = '/etc/apt/sources.list';
  const folder = '/etc/apt/sources.list.d';
  const lines = existsSync(one) && /^\s*deb /m.test(readFileSync(one, 'utf8')) ? [one] : [];
  const stanzas = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('debian.sources')) : [];
  return [...lines, ...stanzas.map((name) => join(folder, name))];
}

/** The fields of os-release(5); none on a system without that file. */
function osRelease() {
  if (!existsSync(OS_RELEASE)) return {};
  const lines = readFileSync(OS_RELEASE, 'utf8').split('\n');
  return Object.fromEntries(lines.map((line) => line.split('=')).map(([key, value]) => [key, value?.replaceAll('"', '')]));
}
