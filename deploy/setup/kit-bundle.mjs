/**
 * The kit as it goes into a model's image: dist/kit-bundle/kit.mjs, one file, with node_modules beside it for the packages that
 * are loaded with `require` at run time, each bundled into one file of its own.
 */
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';
import { root } from './steps.mjs';

const ENTRY = join(root, 'src/kit/main.ts');
const OUT = join(root, 'dist/kit-bundle');
/** Loaded through `createRequire` in dicom/, and looking for wasm files beside themselves. */
const RUNTIME_PACKAGES = ['dcmjs', 'dcmjs-codecs'];
/** CommonJS libraries inside an ES module bundle look for a `require`. */
const REQUIRE = "import { createRequire as requireOf } from 'node:module'; const require = requireOf(import.meta.url);";

const shared = { bundle: true, platform: 'node', target: 'node20', logLevel: 'warning', legalComments: 'linked' };

rmSync(OUT, { recursive: true, force: true });
await build({
  ...shared,
  entryPoints: [ENTRY],
  outfile: join(OUT, 'kit.mjs'),
  format: 'esm',
  external: RUNTIME_PACKAGES,
  banner: { js: REQUIRE },
});
for (const name of RUNTIME_PACKAGES) await bundlePackage(name);

async function bundlePackage(name) {
  const from = join(root, 'node_modules', name);
  const to = join(OUT, 'node_modules', name);
  const { version, main, license } = JSON.parse(readFileSync(join(from, 'package.json'), 'utf8'));
  const external = RUNTIME_PACKAGES.filter((other) => other !== name);
  await build({ ...shared, entryPoints: [join(from, main)], outfile: join(to, main), format: 'cjs', external });
  mkdirSync(to, { recursive: true });
  writeFileSync(join(to, 'package.json'), JSON.stringify({ name, version, main, license }, null, 2));
  const folder = dirname(main);
  for (const file of readdirSync(join(from, folder)).filter((path) => path.endsWith('.wasm')))
    cpSync(join(from, folder, file), join(to, folder, file));
  for (const file of readdirSync(from).filter((path) => /^licen[cs]e/i.test(path))) cpSync(join(from, file), join(to, file));
}
