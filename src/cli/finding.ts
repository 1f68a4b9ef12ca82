/** One thing that `doctor` looked at. */
import { toAnteroomError } from '../foundation/errors.js';
import { formatFaults, InvalidFileError } from '../foundation/faults.js';

export type Standing = 'ok' | 'warning' | 'wrong';

export interface Finding {
  readonly subject: string;
  readonly standing: Standing;
  readonly seen: string;
  readonly remedy?: string;
}

/** The finding that an error is. */
export function failure(subject: string, thrown: unknown, standing: Standing = 'wrong'): Finding {
  const error = toAnteroomError(thrown);
  return { subject, standing, seen: error instanceof InvalidFileError ? formatFaults(error.faults) : error.message, remedy: error.remedy };
}
