/**
 * Instances that arrived after the backup that was restored, found in the old archive: `anteroom restore --reconcile` puts them into a
 * folder, and the next start takes each through the door. The file goes when its instance is durable, so that a killed node goes on.
 */
import { rmSync } from 'node:fs';
import { mkdir, open, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { bytesOfFile } from '../archive/bytes-of-file.js';
import { parseInstance } from '../dicom/element/parse.js';
import { TAG } from '../dicom/element/tags.js';
import { backOffMs } from '../foundation/clock.js';
import { toAnteroomError } from '../foundation/errors.js';
import { loggerOf } from '../foundation/log.js';
import { acceptPart10 } from './part10-door.js';
import type { Receiver } from './receiver.js';

const log = loggerOf('intake');

/** What the door does not take is kept here for a person. */
export const REFUSED = 'refused';
/** File meta that the node itself wrote. */
const META_BYTES = 4096;
const RETRY_MS = 2_000;
const MAX_RETRY_MS = 60_000;

export interface TakeInOptions {
  readonly folder: string;
  readonly incomingFolder: string;
  readonly receiver: Pick<Receiver, 'accept'>;
  readonly calledAe: string;
}

/** Begins to take in what is in the folder. The returned function stops after the file under way. */
export function startTakeIn(options: TakeInOptions): () => Promise<void> {
  const stop = new AbortController();
  const work = takeAll(options, stop.signal).catch((thrown: unknown) => {
    log.error('files of the old archive could not be taken in', { seen: toAnteroomError(thrown).seen });
  });
  return async () => {
    stop.abort();
    await work;
  };
}

async function takeAll(options: TakeInOptions, signal: AbortSignal): Promise<void> {
  const names = (await readdir(options.folder)).filter((name) => name !== REFUSED).sort();
  if (names.length === 0) return;
  log.info('taking in what arrived after the backup', { count: names.length });
  for (const name of names) {
    for (let attempt = 1; !signal.aborted && !(await take(options, name)); attempt++) {
      await pause(backOffMs(attempt, RETRY_MS, MAX_RETRY_MS), signal);
    }
    if (signal.aborted) return;
  }
  log.info('all that arrived after the backup has been taken in', { count: names.length });
}

/** False: later (a full disk). What is wrong in itself is put aside. */
async function take({ folder, incomingFolder, receiver, calledAe }: TakeInOptions, name: string): Promise<boolean> {
  const path = join(folder, name);
  try {
    const origin = { callingAe: (await senderOf(path)) ?? 'UNKNOWN', calledAe, remoteAddress: 'restore' };
    await acceptPart10(bytesOfFile(path), origin, receiver, incomingFolder);
    rmSync(path, { force: true });
  } catch (thrown) {
    const { kind, code, seen } = toAnteroomError(thrown);
    log.warn('a file of the old archive was not taken', { file: name, code, seen });
    if (kind === 'transient') return false;
    await mkdir(join(folder, REFUSED), { recursive: true, mode: 0o700 });
    await rename(path, join(folder, REFUSED, name));
  }
  return true;
}

/** The archive's file meta says who sent the instance: rules may ask for it. */
async function senderOf(path: string): Promise<string | undefined> {
  const handle = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(META_BYTES), 0, META_BYTES, 0);
    return parseInstance(buffer.subarray(0, bytesRead), { truncated: true, stopAtPixelData: true }).meta.text(
      TAG.SourceApplicationEntityTitle,
    );
  } finally {
    await handle.close();
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
