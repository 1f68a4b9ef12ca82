/** The bytes of a file for somebody who may not want them after all. */
import { createReadStream } from 'node:fs';

/** Opens the file when the first bytes are asked for, and closes it when no more are: a stream that nobody reads stays open, and its error is nobody's. */
export async function* bytesOfFile(path: string): AsyncGenerator<Uint8Array, void, undefined> {
  yield* createReadStream(path) as AsyncIterable<Buffer>;
}
