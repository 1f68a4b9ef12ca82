import fc from 'fast-check';
import { Readable } from 'node:stream';
import { boundaryOf, closingDelimiter, newBoundary, partHead, readMultipart } from '../../../src/dicomweb/multipart.js';

/** Bytes rich in what delimiters are made of, so that near misses happen. */
const treacherousBytes = fc
  .array(
    fc.oneof(fc.constantFrom('\r', '\n', '-', '--', '\r\n', '\r\n--', '\r\n--B', '\r\n--BOUND', 'BOUNDARY'), fc.string({ maxLength: 5 })),
    { maxLength: 60 },
  )
  .map((pieces) => Buffer.from(pieces.join(''), 'latin1'))
  .filter((bytes) => !Buffer.concat([Buffer.from('\r\n'), bytes]).includes('\r\n--BOUNDARY'));

function* cut(bytes: Buffer, sizes: readonly number[]): Generator<Buffer> {
  let at = 0;
  for (let i = 0; at < bytes.length; i++) {
    const size = sizes.length === 0 ? bytes.length : (sizes[i % sizes.length] ?? 1);
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

function encode(parts: readonly Buffer[], boundary = 'BOUNDARY'): Buffer {
  const pieces = parts.flatMap((part, i) => [partHead(boundary, { 'Content-Type': 'application/dicom', 'X-Index': String(i) }), part]);
  return Buffer.concat([...pieces, closingDelimiter(boundary)]);
}

function source(bytes: Buffer, sizes: readonly number[] = []): AsyncIterable<Buffer> {
  return Readable.from(cut(bytes, sizes)) as AsyncIterable<Buffer>;
}

async function decode(chunks: AsyncIterable<Buffer>): Promise<Buffer[]> {
  const parts: Buffer[] = [];
  for await (const part of readMultipart(chunks, 'BOUNDARY')) parts.push(Buffer.concat(await Readable.from(part.body).toArray()));
  return parts;
}

describe('readMultipart', () => {
  it('gives back every part, however the bytes are cut into chunks', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(treacherousBytes, { maxLength: 5 }),
        fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 10 }),
        async (parts, sizes) => {
          expect(await decode(source(encode(parts), sizes))).toEqual(parts);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('goes on with the next part wherever the reader of one stopped, also when that reader is a stream destroyed in mid-read', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(treacherousBytes, { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 0, max: 3 }),
        fc.boolean(),
        async (parts, size, readChunks, asStream) => {
          const indices: (string | undefined)[] = [];
          for await (const part of readMultipart(source(encode(parts), [size]), 'BOUNDARY')) {
            indices.push(part.headers['x-index']);
            if (asStream) {
              const stream = Readable.from(part.body, { objectMode: false, highWaterMark: 4 });
              stream.read(readChunks);
              stream.destroy();
            } else {
              const iterator = part.body[Symbol.asyncIterator]();
              for (let i = 0; i < readChunks; i++) await iterator.next();
            }
          }
          expect(indices).toEqual(parts.map((_, i) => String(i)));
        },
      ),
      { numRuns: 200 },
    );
  });

  it('says so when the body ends before its closing delimiter, at whichever byte', async () => {
    const whole = encode([Buffer.from('first'), Buffer.from('second')]);
    const closed = whole.length - 2;
    for (let length = 0; length < closed; length++) {
      await expect(decode(source(whole.subarray(0, length), [7]))).rejects.toMatchObject({ code: 'MULTIPART_MALFORMED' });
    }
    expect(await decode(source(whole.subarray(0, closed), [7]))).toHaveLength(2);
  });

  it('reads what others write: a preamble, no line end in front, padding after the delimiter, no header, an epilogue', async () => {
    const body =
      'to be ignored\r\n--BOUNDARY  \r\n\r\nbare\r\n--BOUNDARY\r\ncontent-type:application/dicom\r\nContent-Length: 3\r\n\r\nabc\r\n--BOUNDARY--\r\nepilogue';
    expect((await decode(source(Buffer.from(body)))).map(String)).toEqual(['bare', 'abc']);
    expect((await decode(source(Buffer.from('--BOUNDARY\r\n\r\nbare\r\n--BOUNDARY--')))).map(String)).toEqual(['bare']);
  });

  it('refuses headers without end instead of collecting them', async () => {
    const endless = (function* () {
      yield Buffer.from('--BOUNDARY\r\n');
      for (;;) yield Buffer.alloc(8192, 'a');
    })();
    await expect(decode(Readable.from(endless))).rejects.toMatchObject({ code: 'MULTIPART_MALFORMED' });
  });

  it('passes the error of its source on as it is', async () => {
    const broken = (function* () {
      yield Buffer.from('--BOUNDARY\r\n\r\nabc');
      throw new Error('wire cut');
    })();
    await expect(decode(Readable.from(broken))).rejects.toThrow('wire cut');
  });
});

describe('boundaryOf', () => {
  it('reads quoted and bare boundaries beside other parameters', () => {
    expect(boundaryOf('multipart/related; type="application/dicom"; boundary="a;b=c"')).toBe('a;b=c');
    expect(boundaryOf('Multipart/Related;BOUNDARY=xyz;type=application/dicom')).toBe('xyz');
    expect(boundaryOf(`multipart/related; boundary=${newBoundary()}`)).toMatch(/^anteroom-/);
  });

  it.each([undefined, '', 'multipart/related', 'multipart/related; boundary=', 'text/plain'])('refuses %p', (contentType) => {
    expect(() => boundaryOf(contentType)).toThrow('names no usable boundary');
  });
});
