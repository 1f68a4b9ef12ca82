/**
 * multipart/related as a stream (RFC 2046 5.1, PS3.18 8.6.1.2), read and written without holding a part in memory.
 * Client and server share it.
 */
import { randomUUID } from 'node:crypto';
import { AnteroomError } from '../foundation/errors.js';
import { parseMediaType } from './media-type.js';

export interface Part {
  /** Header fields by lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  /** The bytes, to be read once, before the next part is asked for; what is not read is skipped then. */
  readonly body: AsyncIterable<Buffer>;
}

/** More header bytes than this in one part are no header. */
const MAX_PART_HEADER_BYTES = 16 * 1024;
const LINE_END = Buffer.from('\r\n');
const HEADER_END = Buffer.from('\r\n\r\n');
const CARRIAGE_RETURN = 0x0d;

/** A boundary that no object contains: 122 random bits. */
export function newBoundary(): string {
  return `anteroom-${randomUUID()}`;
}

/** What stands before a part's bytes; the line end in front belongs to the delimiter, so it is right for the first part, too. */
export function partHead(boundary: string, headers: Readonly<Record<string, string>>): Buffer {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`\r\n--${boundary}\r\n${lines.join('')}\r\n`);
}

/** What stands after the last part. */
export function closingDelimiter(boundary: string): Buffer {
  return Buffer.from(`\r\n--${boundary}--\r\n`);
}

/**
 * The boundary of a multipart/related Content-Type.
 * @throws AnteroomError MULTIPART_MALFORMED where there is none.
 */
export function boundaryOf(contentType: string | undefined): string {
  const boundary = parseMediaType(contentType)?.parameters.boundary;
  if (boundary === undefined || boundary === '' || boundary.length > 200 || /[\r\n]/.test(boundary)) {
    throw malformed('the Content-Type names no usable boundary');
  }
  return boundary;
}

/**
 * The parts of a multipart body, one after another. Memory holds one chunk of the source; a part that is read slowly slows the source.
 * The source is never closed early: after an error its owner decides what becomes of the rest.
 * @throws AnteroomError MULTIPART_MALFORMED where the body is not multipart or ends before its closing delimiter; the source's own errors as they are.
 */
export async function* readMultipart(source: AsyncIterable<Uint8Array>, boundary: string): AsyncGenerator<Part, void, undefined> {
  // The first delimiter may stand at the very start, without the line end that the others have in front.
  const input = new ByteWindow(source[Symbol.asyncIterator](), LINE_END);
  const delimiter = Buffer.from(`\r\n--${boundary}`);
  await skip(input.until(delimiter));
  while (!(await input.startsWith('--'))) {
    const headers = await readHeaders(input);
    const body = input.until(delimiter);
    yield { headers, body };
    // A stream made of the body may have asked for one more chunk before it was destroyed; `return` waits for that.
    await body.return();
    if (!input.atEndOfPart) await skip(input.until(delimiter));
  }
}

async function skip(chunks: AsyncIterable<Buffer>): Promise<void> {
  const iterator = chunks[Symbol.asyncIterator]();
  while ((await iterator.next()).done !== true);
}

/** Reads from behind a delimiter up to the empty line: the rest of the delimiter's own line, then the header lines. */
async function readHeaders(input: ByteWindow): Promise<Record<string, string>> {
  const text = (await input.take(HEADER_END, MAX_PART_HEADER_BYTES)).toString('latin1');
  const [padding = '', ...lines] = text.split('\r\n');
  if (padding.trim() !== '') throw malformed('a delimiter is followed by other text on its line');
  const headers: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon <= 0) throw malformed('a header line of a part has no colon');
    headers[line.slice(0, colon).trim().toLowerCase()] = line.slice(colon + 1).trim();
  }
  return headers;
}

/** The bytes read but not consumed yet, and the source that more come from. */
class ByteWindow {
  /** Whether the part that the last `until` reads has been consumed with its delimiter. */
  atEndOfPart = false;

  constructor(
    private readonly source: AsyncIterator<Uint8Array>,
    private held: Buffer,
  ) {}

  /** Yields what stands before the delimiter and consumes the delimiter, too. */
  until(delimiter: Buffer): AsyncGenerator<Buffer, void, undefined> {
    this.atEndOfPart = false;
    return this.readUntil(delimiter);
  }

  private async *readUntil(delimiter: Buffer): AsyncGenerator<Buffer, void, undefined> {
    for (;;) {
      const at = this.held.indexOf(delimiter);
      const ready = at >= 0 ? at : this.held.length - unfinishedDelimiterBytes(this.held, delimiter);
      const bytes = this.held.subarray(0, ready);
      // Consumed before it is yielded: a consumer that stops here leaves the window in a state to go on from.
      this.held = this.held.subarray(at >= 0 ? at + delimiter.length : ready);
      this.atEndOfPart = at >= 0;
      if (bytes.length > 0) yield bytes;
      if (at >= 0) return;
      await this.more();
    }
  }

  /** Takes what stands before `end`, at most `maxBytes`, and consumes `end`, too. */
  async take(end: Buffer, maxBytes: number): Promise<Buffer> {
    for (;;) {
      const at = this.held.indexOf(end);
      if (at > maxBytes || (at < 0 && this.held.length > maxBytes))
        throw malformed(`the header of a part is longer than ${String(maxBytes)} bytes`);
      if (at >= 0) {
        const bytes = this.held.subarray(0, at);
        this.held = this.held.subarray(at + end.length);
        return bytes;
      }
      await this.more();
    }
  }

  async startsWith(text: string): Promise<boolean> {
    while (this.held.length < text.length) await this.more();
    return this.held.subarray(0, text.length).toString('latin1') === text;
  }

  private async more(): Promise<void> {
    const next = await this.source.next();
    if (next.done === true) throw malformed('it ends before its closing delimiter');
    const chunk = Buffer.from(next.value.buffer, next.value.byteOffset, next.value.byteLength);
    this.held = this.held.length === 0 ? chunk : Buffer.concat([this.held, chunk]);
  }
}

/** How many bytes at the end may be the start of a delimiter. A delimiter holds one carriage return, at its start: only the last one counts. */
function unfinishedDelimiterBytes(bytes: Buffer, delimiter: Buffer): number {
  const from = bytes.lastIndexOf(CARRIAGE_RETURN);
  const length = bytes.length - from;
  if (from < 0 || length >= delimiter.length) return 0;
  return delimiter.subarray(0, length).equals(bytes.subarray(from)) ? length : 0;
}

function malformed(seen: string): AnteroomError {
  return new AnteroomError('MULTIPART_MALFORMED', seen);
}
