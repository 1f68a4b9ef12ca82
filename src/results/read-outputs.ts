/** What the files are that a container left behind. */
import { constants } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { headOf } from '../archive/read-head.js';
import { parseInstance, type DataSet } from '../dicom/element/parse.js';
import { TAG } from '../dicom/element/tags.js';
import { SOP_CLASS } from '../dicom/element/uids.js';
import { SEGMENTATION_SOP_CLASSES, readingSeg, type SegLimits } from '../dicom/seg/read.js';
import { isReportOfFindings } from '../dicom/sr/read.js';
import type { Segmentation } from '../dicom/seg/segmentation.js';
import { AnteroomError } from '../foundation/errors.js';
import { givingWay } from '../foundation/steps.js';

/** `dicom`: an object of another kind. `other`: no DICOM object; kept as it is, it never leaves the node. */
export type OutputKind = 'seg' | 'sr' | 'rtstruct' | 'dicom' | 'other';

export interface OutputCandidate {
  /** Relative to the output folder, as given. */
  readonly path: string;
  readonly kind: OutputKind;
  readonly sopClassUid?: string;
  readonly sopInstanceUid?: string;
  readonly seriesInstanceUid?: string;
}

/** A hundred structures in a CT of the whole body stay far below; the node reads several times as much into memory. */
const MAX_READ_BYTES = 1024 * 1024 * 1024;
/** Atlases of the brain have some hundreds of segments; a hundred structures in a CT of the whole body have some ten thousand frames, which take ten megabytes beside their pixels. */
export const SEG_LIMITS: SegLimits = { segments: 1000, frames: 100_000, headerBytes: 64 * 1024 * 1024 };
/** Up to SeriesInstanceUID, as a rule: a segmentation that names a thousand images needs more. */
const HEAD_BYTES = 64 * 1024;
const MAX_HEAD_BYTES = 16 * 1024 * 1024;

/**
 * Classifies the files of an output folder by what they hold, not by their names; the order stays.
 * @param paths relative to `folder`
 * @throws {AnteroomError} FILE_UNREADABLE for a path that is gone, or is no regular file: a link that a container left could lead out of its folder.
 */
export async function classifyOutputs(folder: string, paths: readonly string[]): Promise<OutputCandidate[]> {
  const candidates: OutputCandidate[] = [];
  for (const path of paths) candidates.push(await classify(folder, path));
  return candidates;
}

/** Reads on until the UIDs are there. */
async function classify(folder: string, path: string, headBytes = HEAD_BYTES): Promise<OutputCandidate> {
  const head = await readHead(join(folder, path), headBytes);
  const uids = uidsOf(head);
  const more = head.byteLength === headBytes && headBytes < MAX_HEAD_BYTES;
  if (uids?.sopClassUid !== undefined && uids.seriesInstanceUid === undefined && more) return classify(folder, path, 16 * headBytes);
  if (uids === undefined) return { path, kind: 'other' };
  return { path, kind: kindOf(uids.sopClassUid), ...uids };
}

function kindOf(sopClassUid: string | undefined): OutputKind {
  if (sopClassUid === undefined) return 'dicom';
  if (SEGMENTATION_SOP_CLASSES.includes(sopClassUid)) return 'seg';
  if (sopClassUid === SOP_CLASS.RTStructureSetStorage) return 'rtstruct';
  return isReportOfFindings(sopClassUid) ? 'sr' : 'dicom';
}

/** The object's UIDs; undefined where the file is no Part 10 file. One whose data set is broken still counts as DICOM, so that the gate names what is wrong. */
function uidsOf(head: Uint8Array): Omit<OutputCandidate, 'path' | 'kind'> | undefined {
  try {
    const { dataset, mediaStorageSopClassUid, mediaStorageSopInstanceUid } = parseInstance(head, {
      truncated: true,
      stopAtPixelData: true,
    });
    return {
      sopClassUid: dataset.uid(TAG.SOPClassUID) ?? mediaStorageSopClassUid,
      sopInstanceUid: dataset.uid(TAG.SOPInstanceUID) ?? mediaStorageSopInstanceUid,
      seriesInstanceUid: dataset.uid(TAG.SeriesInstanceUID),
    };
  } catch (thrown) {
    if (thrown instanceof AnteroomError && thrown.code === 'DICOM_NOT_P10') return undefined;
    if (thrown instanceof AnteroomError) return {};
    throw thrown;
  }
}

/**
 * The segmentation in a file of the output folder. It is read as a whole, so that one which no model makes is refused.
 * Gives way to other work after each frame. Throws what `parseInstance` and `readSeg` throw, GATE_REJECTED where it is too large, and FILE_UNREADABLE.
 */
export async function readSegFile(path: string): Promise<Segmentation> {
  return givingWay(readingSeg(parseInstance(await readRegularFile(path)), SEG_LIMITS));
}

/** A whole file of an output folder. Throws GATE_REJECTED where it is too large, before it is read, and FILE_UNREADABLE. */
export function readRegularFile(path: string, maxBytes = MAX_READ_BYTES): Promise<Uint8Array> {
  return withRegularFile(path, async (handle) => {
    await demandAtMost(handle, maxBytes);
    return readFile(handle);
  });
}

/** What an object of an output folder says before its pixel data; no more of the file is read. Throws what `readRegularFile` and `parseInstance` throw. */
export function readRegularHead(path: string): Promise<DataSet> {
  return withRegularFile(path, async (handle) => {
    await demandAtMost(handle, MAX_READ_BYTES);
    return headOf(handle);
  });
}

async function demandAtMost(handle: FileHandle, maxBytes: number): Promise<void> {
  const { size } = await handle.stat();
  if (size > maxBytes) throw new AnteroomError('GATE_REJECTED', `an output of ${size} bytes, expected at most ${maxBytes}`);
}

function readHead(path: string, headBytes: number): Promise<Uint8Array> {
  return withRegularFile(path, async (handle) => {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(headBytes), 0, headBytes, 0);
    return buffer.subarray(0, bytesRead);
  });
}

/** Opens without following a link and without waiting for the other end of a pipe. */
async function withRegularFile<T>(path: string, use: (handle: FileHandle) => Promise<T>): Promise<T> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch((cause: unknown) => {
    throw new AnteroomError('FILE_UNREADABLE', `an output file cannot be opened (${(cause as NodeJS.ErrnoException).code ?? 'unknown'})`, {
      cause,
    });
  });
  try {
    if (!(await handle.stat()).isFile()) throw new AnteroomError('FILE_UNREADABLE', 'an output is no regular file');
    return await use(handle);
  } finally {
    await handle.close();
  }
}
