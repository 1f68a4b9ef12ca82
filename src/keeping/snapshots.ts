/**
 * The folder that backups are written to:
 *
 *   files/archive/<study>/<series>/<sop>.<hash>.dcm   shared by all snapshots: a file never changes under its name
 *   files/results/<sop>.<hash>.dcm
 *   2026-11-25T18-00-00.000Z/                         a snapshot: ledger.sqlite, manifest.json, settings/, rules/, models/<id>/
 *   .partial-…/                                       one that is being made, or was when its backup was killed
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { hashFile } from '../archive/data-set-hash.js';
import { AnteroomError } from '../foundation/errors.js';
import type { FileKind, FileOfRow } from '../ledger/check.js';

export const MANIFEST_FILE = 'manifest.json';
export const LEDGER_FILE = 'ledger.sqlite';
export const PARTIAL_PREFIX = '.partial-';
export const SHARED_FOLDER = 'files';
const SNAPSHOT_NAME = /^\d{4}-\d{2}-\d{2}T\d{2}-\d{2}-\d{2}\.\d{3}Z$/;

const plainFile = z.object({ path: z.string(), sizeBytes: z.number(), sha256: z.string() });

const manifestSchema = z.object({
  format: z.literal(1),
  version: z.string(),
  madeAt: z.string(),
  /** Where the node had them. */
  dataDir: z.string(),
  rulesDir: z.string(),
  ledger: plainFile,
  /** Settings, rules and models' packages. */
  plain: z.array(plainFile),
  /** The files that the ledger's rows name, each with its hash there. */
  files: z.object({ count: z.number(), bytes: z.number() }),
  /** Files of rows that were not there, or not as their rows say, when the backup was made. */
  faults: z.array(z.object({ path: z.string(), seen: z.string() })),
});

export type Manifest = z.infer<typeof manifestSchema>;

/** The name of a snapshot made at this time; names sort by age. */
export function snapshotName(at: number): string {
  return new Date(at).toISOString().replaceAll(':', '-');
}

/** Names of the snapshots that are whole, oldest first. */
export function snapshotsIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => SNAPSHOT_NAME.test(name) && existsSync(join(folder, name, MANIFEST_FILE)))
    .sort();
}

/** Where the shared copy of a row's file is. Results are told apart by content too: one that is made again bears another date. */
export function sharedPath(folder: string, kind: FileKind, row: Pick<FileOfRow, 'path' | 'sha256'>): string {
  if (kind === 'instance') return join(folder, SHARED_FOLDER, 'archive', row.path);
  return join(folder, SHARED_FOLDER, 'results', `${row.path.replace(/\.dcm$/, '')}.${row.sha256.slice(0, 12)}.dcm`);
}

/** The manifest of a snapshot whose ledger and plain files are as it says. Throws BACKUP_INVALID with what is not. */
export async function readSnapshot(folder: string, name: string): Promise<Manifest> {
  const root = join(folder, name);
  const manifest = parseManifest(join(root, MANIFEST_FILE));
  for (const { path, sha256 } of [manifest.ledger, ...manifest.plain]) {
    const seen = await hashFile(join(root, path), { whole: true }).catch(() => undefined);
    if (seen === undefined) throw new AnteroomError('BACKUP_INVALID', `${join(root, path)} is not there; the manifest names it`);
    if (seen.sha256 !== sha256)
      throw new AnteroomError('BACKUP_INVALID', `${join(root, path)} has SHA-256 ${seen.sha256}, expected ${sha256}`);
  }
  return manifest;
}

function parseManifest(path: string): Manifest {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new AnteroomError('BACKUP_INVALID', `${path} cannot be read`, { cause });
  }
  const parsed = manifestSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new AnteroomError('BACKUP_INVALID', `${path} is no manifest that this version knows`);
}
