/** OHIF, the viewer of the browser tests: its built app out of the npm package, of one version and with its bytes checked. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { npm } from './node-modules.mjs';
import { cache, step } from './steps.mjs';

const VERSION = '3.13.2';
/** SHA-512 (base64) of the package, as npm's lockfiles have it. */
const SHA512 = 'WZdxmpmG7rqFgW9ZJLcbgr3XCtLi1KDNPoMaeY5PPe6j4G4fjEjjkycZM6C6Zk2F87BKxFfpq+jd5xXZB9E8EA==';
/** Two thirds of the package that a CT and its segmentation do not need. */
const LEFT_OUT = ['package/dist/ort', 'package/dist/dicom-microscopy-viewer'];

const folder = join(cache, `ohif-${VERSION}`);

/** Gets the viewer into .cache/ohif-VERSION once; where that is not possible, the suites that need it are skipped by name. */
export async function ensureViewer() {
  if (existsSync(join(folder, 'dist/index.html'))) return;
  const onFailure = 'cannot be had, so the viewer tests are skipped by name';
  await step(`the viewer OHIF ${VERSION} (50 MB)`, 'viewer', fetchViewer, { optional: true, onFailure });
}

async function fetchViewer(run) {
  mkdirSync(cache, { recursive: true });
  const work = mkdtempSync(join(cache, 'ohif-'));
  try {
    await npm(run, ['pack', `@ohif/app@${VERSION}`, '--pack-destination', work]);
    const packed = join(work, readdirSync(work)[0]);
    const seen = createHash('sha512').update(readFileSync(packed)).digest('base64');
    if (seen !== SHA512) throw new Error(`the package's SHA-512 is ${seen}, expected ${SHA512}`);
    const unpacked = join(work, 'unpacked');
    mkdirSync(unpacked);
    await run('tar', ['xzf', packed, '-C', unpacked, '--strip-components=1', ...LEFT_OUT.map((path) => `--exclude=${path}`)]);
    // The name appears when everything is there.
    renameSync(unpacked, folder);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
