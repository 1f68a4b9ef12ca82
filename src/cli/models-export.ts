/** `anteroom models export`: image, card, model.yaml and test data of a model in one file, for a site without internet. */
import { existsSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Command } from 'commander';
import type { ModelView } from '../api/views.js';
import { demandRoom } from '../foundation/disk-room.js';
import { AnteroomError } from '../foundation/errors.js';
import { nodeVersion } from '../foundation/version.js';
import { EXPORT_FORM, type ExportHead } from '../models/exported/manifest.js';
import { writeExport } from '../models/exported/write.js';
import { readModelPackage, type ModelPackage } from '../models/package.js';
import { weightsOf } from '../models/weights.js';
import { imageTransfer, type ImageToExport, type ImageTransfer } from '../runs/runtimes/docker-transfer.js';
import { KIT_LABEL } from '../runs/runtimes/labels.js';
import { clientFor, settingsFor, withCommonOptions, type CommonOptions } from './options.js';
import { line, progressDone, progressOfBytes } from './print.js';

/** The heads of tar entries and the manifest. */
const SPARE_BYTES = 16 * 1024 * 1024;

/** Adds `models export`. */
export function addExportCommand(models: Command): void {
  withCommonOptions(
    models.command('export').description('writes a model into one checked file: image, card, model.yaml, sample and reference'),
  )
    .argument('<model>', 'name of a registered model, or folder of a package')
    .requiredOption('--out <file>', 'the file that is made')
    .action(exportModel);
}

async function exportModel(named: string, options: CommonOptions & { out: string }): Promise<void> {
  const out = resolve(options.out);
  if (existsSync(out)) throw new AnteroomError('USAGE', `${out} is there already; expected the name of a new file`);
  const { folder, digest, modelFile } = await find(named, options);
  const model = readModelPackage(folder, { modelFile });
  if (model.model.runtime !== 'docker')
    throw new AnteroomError('USAGE', `${folder} runs as a process: it has no image that could be exported`);
  const engine = imageTransfer({ socketPath: settingsFor(options).docker.socket });
  const image = await imageOf(engine, model.model.image, digest);
  const files = await filesOf(model, engine, image.id);
  const packageBytes = files.reduce((sum, { path }) => sum + statSync(path).size, 0);
  const total = image.sizeBytes + packageBytes;
  demandRoom(dirname(out), total + SPARE_BYTES, 'the export');
  try {
    const written = await writeExport(
      out,
      { head: headOf(model, { reference: model.model.image, image, packageBytes, modelFile }), image: await engine.save(image.id), files },
      (bytes) => progressOfBytes('written', bytes, total),
    );
    progressDone();
    line(`${out}: ${model.card.name} ${model.card.version}, ${Math.round(written.sizeBytes / 1e6)} MB (${image.digest})`);
    line(`SHA-256 of the file: ${written.sha256}`);
    if (!hasTestData(model)) line('its sample and reference do not lie in the package and so are not in the file');
  } finally {
    progressDone();
  }
}

interface Found {
  readonly folder: string;
  readonly digest?: string;
  /** Where it was registered with another one than model.yaml. */
  readonly modelFile?: string;
}

/** A folder is exported as it lies there; a name stands for the model that runs use, or else the last one registered. */
async function find(named: string, options: CommonOptions): Promise<Found> {
  if (existsSync(named)) return { folder: resolve(named) };
  const rows = (await clientFor(options).get<ModelView[]>('/models')).filter(({ name }) => name === named);
  const row = rows.find(({ state }) => state === 'active') ?? rows.at(-1);
  if (row === undefined) throw new AnteroomError('MODEL_UNKNOWN', named);
  if (row.folder === null || !existsSync(row.folder))
    throw new AnteroomError('FILE_UNREADABLE', `the package of ${named} is not in ${row.folder ?? 'any folder'} any more`);
  return { folder: row.folder, digest: row.digest, modelFile: row.modelFile ?? undefined };
}

/** The image that the node has pinned, even if the name stands for another one by now. */
async function imageOf(engine: ImageTransfer, reference: string, digest: string | undefined): Promise<ImageToExport> {
  const pinned = digest === undefined ? undefined : await engine.idOf(digest);
  const image = await engine.describe(pinned ?? reference);
  if (digest === undefined || image.digest === digest || image.id === digest) return image;
  throw new AnteroomError(
    'IMAGE_MISSING',
    `${reference} is ${image.digest} by now; registered is ${digest}: register it again, or load that image`,
  );
}

/** All files of the package, without the weights that are in the image already. */
async function filesOf(model: ModelPackage, engine: ImageTransfer, id: string): Promise<{ name: string; path: string }[]> {
  const inImage = new Set<string>();
  for (const { file } of weightsOf(model)) if (await engine.hasFile(id, `/app/models/${model.card.name}/${file}`)) inImage.add(file);
  return model.files.filter((name) => !inImage.has(name)).map((name) => ({ name, path: join(model.dir, name) }));
}

function hasTestData({ files, model }: ModelPackage): boolean {
  const data = (model.test?.data ?? '').replace(/^\.\//, '').replace(/\/$/, '');
  return files.some((file) => file === data || file.startsWith(`${data}/`));
}

interface Packed {
  /** As model.yaml names the image. */
  readonly reference: string;
  readonly image: ImageToExport;
  readonly packageBytes: number;
  readonly modelFile: string | undefined;
}

function headOf({ card }: ModelPackage, { reference, image, packageBytes, modelFile }: Packed): ExportHead {
  const { id, os, architecture, sizeBytes, digest, labels } = image;
  return {
    form: EXPORT_FORM,
    writtenBy: `anteroom ${nodeVersion()}`,
    writtenAt: new Date().toISOString(),
    model: { name: card.name, version: card.version, digest, licence: card.license, modelFile },
    image: { reference, id, os, architecture, sizeBytes, kit: labels[KIT_LABEL] ?? null },
    packageBytes,
  };
}
