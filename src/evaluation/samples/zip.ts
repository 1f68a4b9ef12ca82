/**
 * Reading ZIP archives (APPNOTE.TXT 6.3.10): the central directory, and entries that are stored or deflated, each streamed to a file with its size
 * and CRC-32 checked. What a sample needs and no more: no ZIP64, no encryption, no archive in several parts; these are refused.
 */
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, open, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { crc32, createInflateRaw } from 'node:zlib';
import { AnteroomError } from '../../foundation/errors.js';

export interface ZipEntry {
  /** As it is written, with `/`; a folder ends with one. */
  readonly name: string;
  readonly isLink: boolean;
  readonly isEncrypted: boolean;
  /** 0 stored, 8 deflated. */
  readonly method: number;
  readonly crc32: number;
  readonly compressedBytes: number;
  readonly sizeBytes: number;
  /** Where its local header begins. */
  readonly offset: number;
}

const END = { signature: 0x06054b50, bytes: 22, maxComment: 0xffff };
const CENTRAL = { signature: 0x02014b50, bytes: 46 };
const LOCAL = { signature: 0x04034b50, bytes: 30 };
const MAX_DIRECTORY_BYTES = 64 * 1024 * 1024;
/** In place of a number that stands in a ZIP64 record. */
const ELSEWHERE = [0xffff, 0xffffffff];
/** Unix modes of symbolic links, in the upper half of the external attributes. */
const [TYPE_MASK, SYMBOLIC_LINK] = [0xf000, 0xa000];

/**
 * The entries of an archive, in the order of its directory.
 * @throws {AnteroomError} SAMPLE_REFUSED for a file that is no such archive.
 */
export async function readZip(path: string): Promise<ZipEntry[]> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const end = await endOfDirectory(file, size, path);
    const [disk, count, bytes, offset] = [end.readUInt16LE(4), end.readUInt16LE(10), end.readUInt32LE(12), end.readUInt32LE(16)];
    if (disk !== 0 || ELSEWHERE.includes(count) || ELSEWHERE.includes(offset))
      throw refused(path, 'an archive in several parts or in the ZIP64 form', 'a plain one, below 4 GB and 65535 entries');
    if (bytes > MAX_DIRECTORY_BYTES || offset + bytes > size)
      throw refused(path, 'a directory that lies outside of the file', 'a whole ZIP archive');
    return entriesIn(await bytesAt(file, offset, bytes), count, path);
  } finally {
    await file.close();
  }
}

async function endOfDirectory(file: FileHandle, size: number, path: string): Promise<Buffer> {
  const length = Math.min(size, END.bytes + END.maxComment);
  const tail = await bytesAt(file, size - length, length);
  for (let at = tail.length - END.bytes; at >= 0; at--) if (tail.readUInt32LE(at) === END.signature) return tail.subarray(at);
  throw refused(path, 'no end of a central directory', 'a whole ZIP archive');
}

async function bytesAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
  return buffer.subarray(0, bytesRead);
}

function entriesIn(directory: Buffer, count: number, path: string): ZipEntry[] {
  const entries: ZipEntry[] = [];
  for (let at = 0; entries.length < count;) {
    if (at + CENTRAL.bytes > directory.length || directory.readUInt32LE(at) !== CENTRAL.signature)
      throw refused(path, `${entries.length} entries in the directory`, `${count}, as its end says`);
    const [nameBytes, extraBytes, commentBytes] = [28, 30, 32].map((field) => directory.readUInt16LE(at + field));
    entries.push({
      name: directory.toString('utf8', at + CENTRAL.bytes, at + CENTRAL.bytes + nameBytes),
      isLink: ((directory.readUInt32LE(at + 38) >>> 16) & TYPE_MASK) === SYMBOLIC_LINK,
      isEncrypted: (directory.readUInt16LE(at + 8) & 1) === 1,
      method: directory.readUInt16LE(at + 10),
      crc32: directory.readUInt32LE(at + 16),
      compressedBytes: directory.readUInt32LE(at + 20),
      sizeBytes: directory.readUInt32LE(at + 24),
      offset: directory.readUInt32LE(at + 42),
    });
    at += CENTRAL.bytes + nameBytes + extraBytes + commentBytes;
  }
  return entries;
}

/**
 * Writes one entry to a file, whose folder is made. No more than its stated size is written.
 * @throws {AnteroomError} SAMPLE_REFUSED where it is damaged, encrypted, or packed in another way.
 */
export async function unpackEntry(path: string, entry: ZipEntry, target: string): Promise<void> {
  const { name, method, compressedBytes } = entry;
  if (entry.isEncrypted || (method !== 0 && method !== 8))
    throw refused(path, `${name} ${entry.isEncrypted ? 'encrypted' : `packed by method ${method}`}`, 'stored or deflated entries');
  const begin = await dataOf(path, entry);
  await mkdir(dirname(target), { recursive: true });
  if (compressedBytes === 0) {
    await pipeline(async function* () {}, checked(path, entry), createWriteStream(target, { flags: 'wx' }));
    return;
  }
  const packed = createReadStream(path, { start: begin, end: begin + compressedBytes - 1 });
  const steps = [checked(path, entry), createWriteStream(target, { flags: 'wx' })] as const;
  try {
    if (method === 0) await pipeline(packed, ...steps);
    else await pipeline(packed, createInflateRaw(), ...steps);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code?.startsWith('Z_') === true)
      throw refused(path, `${name} damaged`, 'a whole archive', thrown);
    throw thrown;
  }
}

async function dataOf(path: string, { name, offset }: ZipEntry): Promise<number> {
  const file = await open(path);
  try {
    const header = await bytesAt(file, offset, LOCAL.bytes);
    if (header.length < LOCAL.bytes || header.readUInt32LE(0) !== LOCAL.signature)
      throw refused(path, `no entry where the directory says that ${name} is`, 'a whole archive');
    return offset + LOCAL.bytes + header.readUInt16LE(26) + header.readUInt16LE(28);
  } finally {
    await file.close();
  }
}

/** Passes bytes on as long as they are no more than stated, and ends with an error where they are others. */
function checked(path: string, { name, sizeBytes, crc32: expected }: ZipEntry): Transform {
  let [seenBytes, sum] = [0, 0];
  return new Transform({
    transform(chunk: Buffer, _, done) {
      seenBytes += chunk.length;
      sum = crc32(chunk, sum);
      if (seenBytes > sizeBytes) done(refused(path, `${name} longer than it says`, `${sizeBytes} bytes`));
      else done(null, chunk);
    },
    flush(done) {
      const whole = seenBytes === sizeBytes && sum === expected;
      done(whole ? null : refused(path, `${name} damaged (${seenBytes} bytes, CRC-32 ${sum})`, `${sizeBytes} bytes, CRC-32 ${expected}`));
    },
  });
}

function refused(path: string, seen: string, expected: string, cause?: unknown): AnteroomError {
  return new AnteroomError('SAMPLE_REFUSED', `${path}: ${seen}, expected ${expected}`, { cause });
}
