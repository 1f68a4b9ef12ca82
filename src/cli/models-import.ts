/** `anteroom models import`: a file of `models export` becomes a registered model, or leaves nothing behind. */
import { existsSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import type { ListedModel } from '../api/views.js';
import { demandRoom } from '../foundation/disk-room.js';
import { AnteroomError } from '../foundation/errors.js';
import { failpoint } from '../foundation/failpoint.js';
import { makeFolders } from '../foundation/folders.js';
import { makeReadable } from '../foundation/readable.js';
import { refused, type ExportHead } from '../models/exported/manifest.js';
import { checkAndUnpack, imageIn, readHead } from '../models/exported/read.js';
import { nameImage } from '../models/exported/unpacked.js';
import { readModelPackage } from '../models/package.js';
import { imageTransfer, type EnginePlatform, type ImageTransfer } from '../runs/runtimes/docker-transfer.js';
import { makeImportFolder } from './import-folder.js';
import { addPackage, type AddOptions } from './models-add.js';
import { withOverrideOptions } from './models-use.js';
import { clientFor, settingsFor, withCommonOptions } from './options.js';
import { line, progressDone, progressOfBytes } from './print.js';

interface ImportOptions extends AddOptions {
  readonly into?: string;
}

/** Adds `models import`. */
export function addImportCommand(models: Command): void {
  withOverrideOptions(
    withCommonOptions(
      models.command('import').description('checks a file of `models export` as a whole, loads its image and registers the model'),
    ),
  )
    .argument('<file>', 'the exported model')
    .option('--into <folder>', 'where its package is put, in a folder of its own (default: `modelsDir`)')
    .option('--activate', 'use it at once: after a passed test, or with a reason')
    .action(importModel);
}

async function importModel(file: string, options: ImportOptions): Promise<void> {
  const settings = settingsFor(options);
  const engine = imageTransfer({ socketPath: settings.docker.socket });
  const head = await readHead(file);
  const { name, version } = head.model;
  const into = resolve(options.into ?? settings.modelsDir);
  const folder = join(into, `${name}-${version}`);
  demandPlatform(head, await engine.platform());
  await demandNode(options);
  makeFolders(into);
  demandRoom(into, head.packageBytes, 'the package', settings.disk.refuseFreeMb * 1_000_000);
  const unpacked = makeImportFolder(into);
  const { size } = statSync(file);
  try {
    await checkAndUnpack(file, unpacked, head, (bytes) => progressOfBytes('checked', bytes, size));
    progressDone();
    const reference = nameImage(unpacked, head);
    demandFree(folder, unpacked, head);
    // The node may be another user, and so may whoever looks for what the model is.
    makeReadable(unpacked);
    failpoint('import.checked');
    await registerOrUndo({ file, head, engine, reference, unpacked, folder }, options);
    line(`its package is ${folder}`);
  } finally {
    progressDone();
    rmSync(unpacked, { recursive: true, force: true });
  }
}

function demandPlatform({ image }: ExportHead, engine: EnginePlatform): void {
  if (image.os !== engine.os || image.architecture !== engine.architecture)
    throw refused(
      `its image is for ${image.os}/${image.architecture}, expected one for ${engine.os}/${engine.architecture}, which the engine here runs`,
    );
  if (engine.freeBytes !== undefined && engine.freeBytes < image.sizeBytes)
    throw new AnteroomError(
      'DISK_LOW',
      `the engine has ${megabytes(engine.freeBytes)} MB free, expected ${megabytes(image.sizeBytes)} MB for the image`,
    );
}

/** Before gigabytes are read: without a node nothing can be registered. */
async function demandNode(options: ImportOptions): Promise<void> {
  await clientFor(options).get<ListedModel[]>('/models');
}

/** An earlier import of the same may have been killed before it was registered; what somebody has changed is not replaced. */
function demandFree(folder: string, unpacked: string, { model: { modelFile } }: ExportHead): void {
  if (!existsSync(folder)) return;
  const [there, ours] = [readModelPackage(folder, { modelFile }), readModelPackage(unpacked, { modelFile })];
  const same =
    there.files.join('\n') === ours.files.join('\n') && ours.files.every((name) => sameBytes(join(folder, name), join(unpacked, name)));
  if (!same) throw refused(`${folder} is there already and has other files: move it aside, or name another folder with --into`);
}

function sameBytes(one: string, other: string): boolean {
  return statSync(one).size === statSync(other).size && readFileSync(one).equals(readFileSync(other));
}

/** What was checked, and where it goes. */
interface Checked {
  readonly file: string;
  readonly head: ExportHead;
  readonly engine: ImageTransfer;
  /** The name that the image gets. */
  readonly reference: string;
  readonly unpacked: string;
  readonly folder: string;
}

type Undo = () => Promise<void> | void;

/** Loads the image, puts the package in its place and registers it; where anything fails, engine and folder are left as they were. */
async function registerOrUndo(checked: Checked, options: ImportOptions): Promise<void> {
  const { head, folder } = checked;
  const undo: Undo[] = [];
  let asked = false;
  try {
    await takeImage(checked, undo);
    if (putInPlace(checked)) undo.push(() => rmSync(folder, { recursive: true, force: true }));
    asked = true;
    await addPackage(folder, { ...options, modelFile: head.model.modelFile });
  } catch (thrown) {
    if (asked && (await mayBeRegistered(checked, options))) throw kept(checked, thrown);
    for (const step of undo.reverse()) await step();
    throw thrown;
  }
}

/** False where it is there already: an earlier import was killed, or another one at the same time was quicker. */
function putInPlace({ folder, unpacked, head }: Checked): boolean {
  if (existsSync(folder)) return false;
  try {
    renameSync(unpacked, folder);
    return true;
  } catch (thrown) {
    if (!['ENOTEMPTY', 'EEXIST'].includes((thrown as NodeJS.ErrnoException).code ?? '')) throw thrown;
    demandFree(folder, unpacked, head);
    return false;
  }
}

/** Loads and names the image. */
async function takeImage({ file, head: { image }, engine, reference }: Checked, undo: Undo[]): Promise<void> {
  const [wasThere, before] = [(await engine.idOf(image.id)) !== undefined, await engine.idOf(reference)];
  if (!wasThere) {
    undo.push(() => engine.remove(image.id));
    await engine.load(imageIn(file));
    if ((await engine.idOf(image.id)) === undefined) throw refused(`the engine has loaded another image than ${image.id}`);
  }
  failpoint('import.loaded');
  undo.push(() => (before === undefined ? engine.remove(reference) : engine.tag(before, reference)));
  await engine.tag(image.id, reference);
}

/** An answer can be lost after the node has committed: only the node can say that nothing of it is registered. */
async function mayBeRegistered({ head, engine, folder }: Checked, options: ImportOptions): Promise<boolean> {
  try {
    for (const model of await clientFor(options).get<ListedModel[]>('/models'))
      if (model.name === head.model.name && model.folder === folder && (await engine.idOf(model.digest)) === head.image.id) return true;
    return false;
  } catch {
    return true;
  }
}

function kept({ head: { model }, folder }: Checked, thrown: unknown): unknown {
  if (!(thrown instanceof AnteroomError) || thrown.code !== 'NODE_NOT_RUNNING') return thrown;
  const seen = `${thrown.seen}: it went away while ${model.name} ${model.version} was registered, which may have been done`;
  const next = 'see `anteroom models list`, and import the file again if it is not there';
  return new AnteroomError('NODE_NOT_RUNNING', `${seen}; its image and ${folder} are kept: ${next}`, { cause: thrown });
}

function megabytes(bytes: number): number {
  return Math.round(bytes / 1e6);
}
