/** How a command that failed says so: what was seen, what was expected, what to do. */
import { AnteroomError, toAnteroomError } from '../foundation/errors.js';
import { InvalidFileError } from '../foundation/faults.js';
import { NodeRefusal } from './node-client.js';

/** Prints the failure to stderr; a stack only for what is not in the catalogue. */
export function reportFailure(thrown: unknown): void {
  if (thrown instanceof NodeRefusal) {
    print(thrown.message, thrown.remedy);
    return;
  }
  const error = toAnteroomError(thrown);
  if (error instanceof InvalidFileError) print(`${error.message.split(':')[0]}:\n${error.seen}`, error.remedy);
  else print(error.message, error.remedy);
  if (!(thrown instanceof AnteroomError) && thrown instanceof Error) process.stderr.write(`${thrown.stack ?? ''}\n`);
}

function print(message: string, remedy: string | undefined): void {
  process.stderr.write(`anteroom: ${message}\n${remedy === undefined ? '' : `  what to do: ${remedy}\n`}`);
}
