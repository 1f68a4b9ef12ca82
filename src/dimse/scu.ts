/** Our C-ECHO and C-STORE SCU. Files go out as they are: the bytes of the data set are read from disk and never parsed. */
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';

import { AnteroomError, toAnteroomError } from '../foundation/errors.js';
import type { ProposedContext } from './associate.js';
import { encodeEchoRq, encodeStoreRq } from './command.js';
import type { MoveOriginator } from './command.js';
import { readFileMeta } from './file-meta.js';
import type { FileMeta } from './file-meta.js';
import { Requestor } from './requestor.js';
import type { Peer } from './requestor.js';
import { STATUS, errorOfStatus, isStored } from './statuses.js';
import { IMPLICIT_VR_LITTLE_ENDIAN, VERIFICATION } from './uids.js';

export type { Peer } from './requestor.js';
export { reportCommitment, requestCommitment } from './commitment-scu.js';
export { findInstance } from './query.js';
export type { InstanceKeys } from './query.js';

/** What became of one file. */
export interface StoreOutcome {
  readonly file: string;
  /** Undefined where the file could not be read. */
  readonly sopInstanceUid: string | undefined;
  /** The status of the C-STORE-RSP; undefined where none came. */
  readonly status: number | undefined;
  /** Undefined where the peer has the instance now: success, a warning, or a duplicate. */
  readonly error: AnteroomError | undefined;
}

export interface StoreOptions {
  /** Called after each file; `total` is undefined where the files come from an iterable. */
  readonly onProgress?: (done: number, total: number | undefined, outcome: StoreOutcome) => void;
  /** Associations at the same time; 1 by default. */
  readonly concurrency?: number;
  /** Once aborted, no further file is begun. */
  readonly signal?: AbortSignal;
  /** Who asked for the files by C-MOVE, where someone did. */
  readonly originator?: MoveOriginator;
}

/** PS3.8 leaves 128 odd ids for presentation contexts. */
const MAX_CONTEXTS = 128;
/** One association carries at most this many files; it bounds what is known ahead of an iterable. */
const MAX_BATCH_FILES = 1000;
const READ_BYTES = 256 * 1024;

/**
 * C-ECHO (PS3.4 annex A). Resolves when the peer answers with success.
 * @throws AnteroomError DESTINATION_UNREACHABLE, DESTINATION_REFUSED, DESTINATION_BUSY or DESTINATION_TLS
 */
export async function echo(peer: Peer): Promise<void> {
  const contextId = 1;
  const association = await Requestor.open(peer, [
    { id: contextId, abstractSyntax: VERIFICATION, transferSyntaxes: [IMPLICIT_VR_LITTLE_ENDIAN] },
  ]);
  try {
    if (association.transferSyntaxOf(contextId) === undefined)
      throw new AnteroomError('DESTINATION_REFUSED', 'the peer does not accept the Verification SOP class');
    association.sendCommand(contextId, encodeEchoRq(1, VERIFICATION));
    const { status = STATUS.processingFailure, errorComment } = await association.response(1);
    if (status !== STATUS.success) throw errorOfStatus(status, 'C-ECHO', errorComment);
  } catch (thrown) {
    association.abort();
    throw thrown;
  }
  await association.release();
}

/**
 * Sends one file by C-STORE (PS3.4 annex B).
 * @throws AnteroomError as in `StoreOutcome.error`: DESTINATION_UNREACHABLE (the peer has not got it), DESTINATION_UNSURE (it may
 *   have it), DESTINATION_REFUSED, DESTINATION_BUSY, DESTINATION_TLS, or what is wrong with the file
 */
export async function storeFile(peer: Peer, file: string): Promise<StoreOutcome> {
  const [outcome] = await storeFiles(peer, [file]);
  if (!outcome) throw new AnteroomError('INTERNAL', 'no outcome of a C-STORE');
  if (outcome.error) throw outcome.error;
  return outcome;
}

/**
 * Sends files by C-STORE, each in the transfer syntax it has on disk. Every file has its outcome, in the order in which they
 * ended; a broken association is opened again for the files that are left.
 * @throws AnteroomError where the first association cannot be had: then nothing was sent
 */
export async function storeFiles(
  peer: Peer,
  files: Iterable<string> | AsyncIterable<string>,
  options: StoreOptions = {},
): Promise<StoreOutcome[]> {
  const total = Array.isArray(files) ? files.length : undefined;
  const outcomes: StoreOutcome[] = [];
  const report = (outcome: StoreOutcome): void => {
    outcomes.push(outcome);
    options.onProgress?.(outcomes.length, total, outcome);
  };
  const { signal, originator, concurrency = 1 } = options;
  const run: StoreRun = { peer, concurrency: Math.max(1, concurrency), report, signal, originator, hasAssociated: false };
  let batch = new Batch();
  for await (const file of files) {
    if (signal?.aborted) break;
    const meta = await metaOf(file, report);
    if (!meta) continue;
    if (!batch.hasRoomFor(meta)) {
      await sendBatch(run, batch);
      batch = new Batch();
    }
    batch.add(file, meta);
  }
  await sendBatch(run, batch);
  return outcomes;
}

interface StoreRun {
  readonly peer: Peer;
  readonly concurrency: number;
  readonly report: (outcome: StoreOutcome) => void;
  readonly signal: AbortSignal | undefined;
  readonly originator: MoveOriginator | undefined;
  hasAssociated: boolean;
}

interface StoreJob {
  readonly file: string;
  readonly meta: FileMeta;
  readonly contextId: number;
}

/** Files for one association, with a presentation context for each pair of SOP class and transfer syntax. */
class Batch {
  readonly jobs: StoreJob[] = [];
  private readonly ids = new Map<string, ProposedContext>();

  get contexts(): ProposedContext[] {
    return [...this.ids.values()];
  }

  hasRoomFor(meta: FileMeta): boolean {
    return this.jobs.length < MAX_BATCH_FILES && (this.ids.size < MAX_CONTEXTS || this.ids.has(pairOf(meta)));
  }

  add(file: string, meta: FileMeta): void {
    const known = this.ids.get(pairOf(meta));
    const context = known ?? { id: 2 * this.ids.size + 1, abstractSyntax: meta.sopClassUid, transferSyntaxes: [meta.transferSyntaxUid] };
    this.ids.set(pairOf(meta), context);
    this.jobs.push({ file, meta, contextId: context.id });
  }
}

const pairOf = (meta: FileMeta): string => `${meta.sopClassUid} ${meta.transferSyntaxUid}`;

/** Sends a batch; each association takes the next file that is left. */
async function sendBatch(run: StoreRun, batch: Batch): Promise<void> {
  const queue = batch.jobs.values();
  let noAssociation: AnteroomError | undefined;
  const associate = async (): Promise<Requestor> => {
    if (noAssociation) throw noAssociation;
    try {
      const association = await Requestor.open(run.peer, batch.contexts);
      run.hasAssociated = true;
      return association;
    } catch (thrown) {
      throw (noAssociation = toAnteroomError(thrown));
    }
  };
  const work = async (): Promise<void> => {
    let association: Requestor | undefined;
    for (const job of queue) {
      if (run.signal?.aborted) break;
      try {
        association ??= await associate();
        run.report(await storeOne(association, job, run.originator));
      } catch (thrown) {
        if (!run.hasAssociated) throw thrown;
        run.report({ file: job.file, sopInstanceUid: job.meta.sopInstanceUid, status: undefined, error: toAnteroomError(thrown) });
      }
      if (association?.isUsable === false) association = undefined;
    }
    await association?.release();
  };
  await Promise.all(Array.from({ length: Math.min(run.concurrency, batch.jobs.length) }, work));
}

/** Sends one instance and waits for its answer. Throws where no answer came. */
async function storeOne(
  association: Requestor,
  { file, meta, contextId }: StoreJob,
  originator: MoveOriginator | undefined,
): Promise<StoreOutcome> {
  const { sopClassUid, sopInstanceUid, transferSyntaxUid } = meta;
  if (association.transferSyntaxOf(contextId) !== transferSyntaxUid) {
    const error = new AnteroomError(
      'DESTINATION_REFUSED',
      `no presentation context accepted for SOP class ${sopClassUid} with transfer syntax ${transferSyntaxUid}`,
    );
    return { file, sopInstanceUid, status: undefined, error };
  }
  const messageId = association.nextMessageId();
  const sending = { isWhole: false };
  const handle = await openFile(file);
  try {
    association.sendCommand(contextId, encodeStoreRq(messageId, sopClassUid, sopInstanceUid, originator));
    await sendDataSet(association, contextId, handle, meta.dataSetOffset, sending);
    const { status = STATUS.processingFailure, errorComment } = await association.response(messageId);
    return { file, sopInstanceUid, status, error: isStored(status) ? undefined : errorOfStatus(status, 'C-STORE', errorComment) };
  } catch (thrown) {
    association.abort();
    throw sending.isWhole ? asUnsure(thrown) : thrown;
  } finally {
    await handle.close();
  }
}

/** Streams the file from `offset` on; `sending.isWhole` becomes true when its last bytes are handed to the network. */
async function sendDataSet(
  association: Requestor,
  contextId: number,
  handle: FileHandle,
  offset: number,
  sending: { isWhole: boolean },
): Promise<void> {
  const { size } = await handle.stat();
  const slab = Buffer.allocUnsafe(association.fragmentBytes * Math.max(1, Math.floor(READ_BYTES / association.fragmentBytes)));
  for (let at = offset; !sending.isWhole;) {
    const { bytesRead } = await handle.read(slab, 0, Math.min(slab.length, size - at), at);
    at += bytesRead;
    if (bytesRead === 0 && at < size) throw new AnteroomError('FILE_UNREADABLE', 'the file became shorter while it was sent');
    sending.isWhole = at >= size;
    await association.sendData(contextId, slab.subarray(0, bytesRead), sending.isWhole);
  }
}

/** The whole instance is on its way and no answer came: the peer may have it. */
function asUnsure(thrown: unknown): AnteroomError {
  const error = toAnteroomError(thrown);
  return error.code === 'DESTINATION_UNREACHABLE' ? new AnteroomError('DESTINATION_UNSURE', error.seen, { cause: error }) : error;
}

async function metaOf(file: string, report: (outcome: StoreOutcome) => void): Promise<FileMeta | undefined> {
  let handle: FileHandle | undefined;
  try {
    handle = await openFile(file);
    return await readFileMeta(handle);
  } catch (thrown) {
    report({ file, sopInstanceUid: undefined, status: undefined, error: toAnteroomError(thrown) });
    return undefined;
  } finally {
    await handle?.close();
  }
}

async function openFile(file: string): Promise<FileHandle> {
  try {
    return await open(file, 'r');
  } catch (thrown) {
    throw new AnteroomError('FILE_UNREADABLE', `${file} (${(thrown as NodeJS.ErrnoException).code ?? 'unknown'})`, { cause: thrown });
  }
}
