/** Packages whose model is the stand-in for an image of MHub's: the card and the answers are the test's own. */
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { tempFolder } from '../temp.js';

export const STAND_IN = fileURLToPath(new URL('stand-in.mjs', import.meta.url));

/** A workflow as MHub's images have it. */
const WORKFLOW = stringify({
  general: { version: '1.0', data_base_dir: '/app/data' },
  execute: ['DicomImporter', 'Runner', 'DsegConverter', 'DataOrganizer'],
  modules: { DataOrganizer: { targets: ['dicomseg-->[i:sid]/stand_in.seg.dcm'] } },
});

export interface StandInModel {
  readonly name: string;
  /** Modality and format of each input, as in the card. */
  readonly inputs?: readonly { readonly modality: string; readonly format?: string; readonly label?: string }[];
  readonly outputs?: readonly Readonly<Record<string, unknown>>[];
  /** Of the stand-in, see its head: `trap`, `importer`, … */
  readonly standIn?: Readonly<Record<string, string | boolean | readonly string[]>>;
  readonly yaml?: Readonly<Record<string, unknown>>;
  /** By the name of the file: a SeriesInstanceUID and an ending. */
  readonly answers?: Readonly<Record<string, string | Uint8Array>>;
  readonly workflows?: readonly string[];
}

/** Writes a package of the process runtime. */
export function standInPackage(model: StandInModel): string {
  const folder = tempFolder('stand-in');
  for (const [path, content] of Object.entries(filesOf(model))) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  for (const program of ['mhub.run.mjs', 'mhub.test.mjs']) copyFileSync(STAND_IN, join(folder, program));
  const settings = settingsOf(model);
  writeFileSync(
    join(folder, 'model.yaml'),
    stringify({ runtime: 'process', command: [process.execPath, 'mhub.run.mjs'], timeoutS: 60, settings, ...model.yaml }),
  );
  return folder;
}

/** Writes a package of the docker runtime on an image of the stand-in, as one of MHub's is to be run. */
export function standInDockerPackage(model: StandInModel, image: string): string {
  const folder = tempFolder('stand-in-docker');
  writeFileSync(join(folder, 'meta.json'), cardOf(model));
  const own = { runtime: 'docker', image, user: 'image', readOnlyRoot: false, memoryMb: 256, timeoutS: 60 };
  writeFileSync(join(folder, 'model.yaml'), stringify({ ...own, settings: settingsOf(model), ...model.yaml }));
  return folder;
}

/** Card, workflows and answers, by path. */
export function filesOf(model: StandInModel): Record<string, string | Uint8Array> {
  const workflows = (model.workflows ?? ['default']).map((name) => [`config/${name}.yml`, WORKFLOW] as const);
  const answers = Object.entries(model.answers ?? {}).map(([name, content]) => [`answers/${name}`, content] as const);
  return { 'meta.json': cardOf(model), ...Object.fromEntries([...workflows, ...answers]) };
}

function settingsOf({ standIn = {} }: StandInModel): Record<string, unknown> {
  const all = { testify: true, ...standIn };
  return Object.fromEntries(Object.entries(all).map(([key, value]) => [`StandIn.${key}`, value]));
}

function cardOf({ name, inputs = [{ modality: 'CT' }], outputs = [{ type: 'Segmentation', classes: ['LIVER'] }] }: StandInModel): string {
  return JSON.stringify({
    id: '',
    name,
    title: name,
    summary: {
      description: 'a stand-in',
      inputs: inputs.map(({ modality, format = 'DICOM', label = `Input ${modality}` }) => ({ label, description: '', format, modality })),
      outputs,
    },
    details: { name, version: '1.0.0', license: { code: 'MIT', weights: 'MIT' }, cite: '' },
  });
}
