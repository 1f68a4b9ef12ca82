/** What a container left behind. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, opendir, lstat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { AnteroomError } from '../foundation/errors.js';

/** `log`: a log that the model's engine exported. The others by their names, as people say what they are. */
export type OutputKind = 'dicom' | 'json' | 'csv' | 'volume' | 'log' | 'other';

export interface FoundOutput {
  /** Relative to the output folder. */
  readonly path: string;
  readonly kind: OutputKind;
  readonly sizeBytes: number;
  readonly sha256: string;
}

/**
 * Every regular file below the output folder, in the order of its path. Links are not followed: they could lead out of the folder.
 * Throws FILE_UNREADABLE where the model left something that the node may not read.
 */
export async function collectOutputs(outputDir: string): Promise<FoundOutput[]> {
  try {
    return await filesBelow(outputDir);
  } catch (cause) {
    // Without the path: the model chose its name, perhaps after the patient.
    throw new AnteroomError('FILE_UNREADABLE', `the model's output (${(cause as NodeJS.ErrnoException).code ?? 'unknown reason'})`, {
      cause,
    });
  }
}

async function filesBelow(outputDir: string): Promise<FoundOutput[]> {
  const found: FoundOutput[] = [];
  const visit = async (folder: string): Promise<void> => {
    for await (const entry of await opendir(folder)) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) await visit(path);
      else if (entry.isFile()) found.push(await describeFile(outputDir, path));
    }
  };
  await visit(outputDir);
  return found.sort((a, b) => (a.path < b.path ? -1 : 1));
}

async function describeFile(outputDir: string, path: string): Promise<FoundOutput> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  const { size } = await lstat(path);
  const inFolder = relative(outputDir, path);
  return { path: inFolder, kind: (await isPart10(path)) ? 'dicom' : kindByName(inFolder), sizeBytes: size, sha256: hash.digest('hex') };
}

/** Paths that `LOG_TARGET` makes. */
const LOG_PATH = /(^|\/)mlog\/[^/]+\.log$/;

function kindByName(path: string): OutputKind {
  if (LOG_PATH.test(path)) return 'log';
  const [, extension = ''] = /\.(json|csv|mha|mhd|nrrd|nii)(?:\.gz)?$/i.exec(path) ?? [];
  if (extension === '') return 'other';
  const lower = extension.toLowerCase();
  return lower === 'json' || lower === 'csv' ? lower : 'volume';
}

/** `DICM` at offset 128 (PS3.10 section 7.1). */
async function isPart10(path: string): Promise<boolean> {
  const handle = await open(path, 'r');
  try {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(4), 0, 4, 128);
    return bytesRead === 4 && buffer.toString('latin1') === 'DICM';
  } finally {
    await handle.close();
  }
}
