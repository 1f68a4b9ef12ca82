/**
 * dcm2niix for the image of models: this machine's Debian package, with the libraries that a minimal system lacks, as they lie below /usr.
 * Images are built without a network, and a whole package would bring what nothing here calls.
 */
import { cpSync, existsSync, mkdirSync, realpathSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { ensurePackages } from './packages.mjs';
import { cache, output, programPath } from './steps.mjs';

const NAME = 'dcm2niix';
/** The libraries that neither libc nor Node has, with their packages, for their licences. */
const LIBRARIES = { 'libturbojpeg.so.0': 'libturbojpeg0', 'libopenjp2.so.7': 'libopenjp2-7' };

/** The folder that becomes /usr; undefined (said plainly) where this machine has no dcm2niix for images. */
export async function dcm2niixForImages() {
  if (!(await ensurePackages(['converter'], 'NiftiConverter in containers has no engine dcm2niix'))) return undefined;
  const program = realpathSync(programPath(NAME));
  const listed = (await output('ldd', [program])) ?? '';
  const libraries = [...listed.matchAll(/=>\s*(\/\S+)/g)].map((match) => match[1]).filter((path) => basename(path) in LIBRARIES);
  const folder = join(cache, NAME);
  rmSync(folder, { recursive: true, force: true });
  put(program, join(folder, 'bin', NAME));
  for (const path of libraries) put(realpathSync(path), join(folder, 'lib', basename(dirname(realpathSync(path))), basename(path)));
  for (const name of [NAME, ...libraries.map((path) => LIBRARIES[basename(path)])]) {
    const copyright = `share/doc/${name}/copyright`;
    if (existsSync(join('/usr', copyright))) put(join('/usr', copyright), join(folder, copyright));
  }
  return folder;
}

function put(from, to) {
  mkdirSync(dirname(to), { recursive: true });
  cpSync(from, to);
}
