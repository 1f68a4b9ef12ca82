/** The sample and the reference of one workflow out of a ZIP archive in MHub's layout: `<workflow>/sample/…`, `<workflow>/reference/…`. */
import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { demandRoom } from '../../foundation/disk-room.js';
import { AnteroomError } from '../../foundation/errors.js';
import { readZip, unpackEntry, type ZipEntry } from './zip.js';

/** What a sample may take on the disk. */
export const MAX_SAMPLE_BYTES = 8e9;

/** Both folders of a workflow; another folder may be around them. */
const PARTS = ['sample', 'reference'] as const;

export interface UnpackOptions {
  /** What stays free on the disk: the node's low mark, below which it receives nothing. */
  readonly keepFreeBytes: number;
  readonly onProgress?: (bytes: number, of: number) => void;
}

/**
 * Unpacks what belongs to a workflow into `folder`, which is whole or not there.
 * @throws {AnteroomError} SAMPLE_REFUSED where it is not in the archive, is too large, or has names that lead elsewhere; DISK_LOW.
 */
export async function unpackSample(
  zip: string,
  workflow: string,
  folder: string,
  { keepFreeBytes, onProgress }: UnpackOptions,
): Promise<void> {
  const entries = await readZip(zip);
  const wanted = entries.flatMap((entry) => placed(zip, entry, workflow) ?? []);
  const names = new Set<string>();
  const twice = wanted.find(({ path }) => names.size === names.add(path).size);
  if (twice !== undefined) throw new AnteroomError('SAMPLE_REFUSED', `${zip} has ${twice.path} twice, expected one entry of each name`);
  for (const part of PARTS) {
    if (!wanted.some(({ path }) => path.startsWith(`${part}/`)))
      throw new AnteroomError('SAMPLE_REFUSED', `${zip} has ${workflowsIn(entries)}, expected files below ${workflow}/${part}/`);
  }
  const total = wanted.reduce((sum, { entry }) => sum + entry.sizeBytes, 0);
  if (total > MAX_SAMPLE_BYTES)
    throw new AnteroomError('SAMPLE_REFUSED', `${zip} unpacks to ${total} bytes, expected at most ${MAX_SAMPLE_BYTES}`);
  const part = `${folder}.part`;
  rmSync(part, { recursive: true, force: true });
  demandRoom(dirname(folder), total, 'the sample', keepFreeBytes);
  mkdirSync(part, { recursive: true });
  try {
    let done = 0;
    for (const { entry, path } of wanted) {
      await unpackEntry(zip, entry, join(part, path));
      onProgress?.((done += entry.sizeBytes), total);
    }
    rmSync(folder, { recursive: true, force: true });
    renameSync(part, folder);
  } finally {
    rmSync(part, { recursive: true, force: true });
  }
}

/** Where a file of the workflow goes, relative to the folder; undefined for what is of no use here. */
function placed(zip: string, entry: ZipEntry, workflow: string): { entry: ZipEntry; path: string } | undefined {
  const { name } = entry;
  const steps = name.split('/');
  const leadsElsewhere =
    name.startsWith('/') || name.includes('\\') || name.includes('\0') || /^[A-Za-z]:/.test(name) || steps.includes('..');
  if (leadsElsewhere || entry.isLink)
    throw new AnteroomError('SAMPLE_REFUSED', `${zip} has an entry "${name}" that leads elsewhere, expected plain files below its folders`);
  const at = steps.findIndex((step, n) => n < 2 && step === workflow && (PARTS as readonly string[]).includes(steps[n + 1] ?? ''));
  const path = at < 0 ? '' : steps.slice(at + 1).join('/');
  return path === '' || path.endsWith('/') || at + 2 >= steps.length ? undefined : { entry, path };
}

function workflowsIn(entries: readonly ZipEntry[]): string {
  const found = entries.flatMap(({ name }) => /^(?:[^/]+\/)?([^/]+)\/(?:sample|reference)\//.exec(name)?.[1] ?? []);
  return found.length === 0 ? `${entries.length} entries, none in such a folder` : `the workflows ${[...new Set(found)].join(', ')}`;
}
