/**
 * ONNX Runtime for the kit: its npm package in one version, bytes checked, reduced to the library of one platform. It belongs to the
 * image of models and to models that run as processes, not to the node, and its install script (which downloads GPU libraries) never runs.
 */
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { npm } from './node-modules.mjs';
import { cache, root, step } from './steps.mjs';

const VERSION = '1.30.0';
/** SHA-512 (base64) of the packages, as npm's lockfiles have them. */
const PACKAGES = {
  'onnxruntime-node': 'twhs1C2C/BFkz1yc5OY0KIU2GUq6DURO7hD4bx5Q2Qy3nAMJwRXW8xU3NVczE29VA9lolLOYepoD8fjTGOfIqw==',
  'onnxruntime-common': '7fdVWjAID1dVhH/G8qK3APARunV4VkBFoCQAP7qp4Wkab0mrorvmc+sqiT+mKXOzDqdjN5j+/Z9nb4gzNPWcyA==',
};
/** What is loaded when the program runs; the rest is for browsers, other platforms and those who build it. */
const KEPT = { 'onnxruntime-node': ['dist', 'README.md'], 'onnxruntime-common': ['dist/cjs', 'README.md'] };
const LIBRARIES = 'bin/napi-v6';

const HOST = `${process.platform}/${process.arch}`;
/** Containers run Linux, whatever the host is. */
const IN_IMAGES = `linux/${process.arch}`;

/** The packages for one platform; in a folder of this name they find each other, also behind a link. */
function folderFor(platform) {
  return join(cache, `onnxruntime-${VERSION}-${platform.replace('/', '-')}`, 'node_modules');
}

/** The packages for images and the version; no folder where they could not be had. */
export function onnxRuntimeForImages() {
  const folder = folderFor(IN_IMAGES);
  return existsSync(folder) ? { folder, version: VERSION } : { version: 'none' };
}

/** Gets the packages once, and puts those of this platform where the built kit finds them (dist/node_modules). */
export async function ensureOnnxRuntime() {
  const wanted = [...new Set([HOST, IN_IMAGES])].filter((platform) => !existsSync(folderFor(platform)));
  if (wanted.length > 0) {
    const onFailure = 'cannot be had, so ONNX models cannot run and their tests are skipped by name';
    await step(`ONNX Runtime ${VERSION} (110 MB)`, 'onnxruntime', (run) => fetchRuntime(run, wanted), { optional: true, onFailure });
  }
  linkForHost();
}

async function fetchRuntime(run, platforms) {
  mkdirSync(cache, { recursive: true });
  const work = mkdtempSync(join(cache, 'onnxruntime-'));
  try {
    for (const [name, sha512] of Object.entries(PACKAGES)) {
      await npm(run, ['pack', `${name}@${VERSION}`, '--pack-destination', work]);
      const packed = join(work, `${name}-${VERSION}.tgz`);
      const seen = createHash('sha512').update(readFileSync(packed)).digest('base64');
      if (seen !== sha512) throw new Error(`SHA-512 of ${name} is ${seen}, expected ${sha512}`);
      mkdirSync(join(work, name));
      await run('tar', ['xzf', packed, '-C', join(work, name), '--strip-components=1']);
    }
    for (const platform of platforms) reduceTo(platform, work);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** The name appears when everything is there. */
function reduceTo(platform, work) {
  if (!existsSync(join(work, 'onnxruntime-node', LIBRARIES, platform))) return;
  const part = join(work, platform.replace('/', '-'));
  for (const [name, kept] of Object.entries(KEPT)) {
    const paths = ['package.json', ...kept, ...(name === 'onnxruntime-node' ? [join(LIBRARIES, platform)] : [])];
    for (const path of paths) cpSync(join(work, name, path), join(part, name, path), { recursive: true });
  }
  const folder = folderFor(platform);
  mkdirSync(dirname(folder), { recursive: true });
  renameSync(part, folder);
}

function linkForHost() {
  const link = join(root, 'dist/node_modules');
  const folder = folderFor(HOST);
  rmSync(link, { force: true });
  if (!existsSync(folder)) return;
  mkdirSync(join(root, 'dist'), { recursive: true });
  symlinkSync(relative(join(root, 'dist'), folder), link, 'junction');
}
