/** DIMSE statuses and refusals of associations, in words and as errors of the catalogue (PS3.4 annex B.2.3, PS3.7 annex C, PS3.8 table 9-21). */
import { AnteroomError } from '../foundation/errors.js';
import type { ErrorCode } from '../foundation/errors.js';
import { withoutValues } from '../foundation/foreign-text.js';
import type { AssociateReject } from './associate.js';

export const STATUS = {
  success: 0x0000,
  pending: 0xff00,
  pendingWithoutOptionalKeys: 0xff01,
  cancelled: 0xfe00,
  outOfResources: 0xa700,
  subOperationsFailed: 0xa702,
  moveDestinationUnknown: 0xa801,
  subOperationsIncomplete: 0xb000,
  processingFailure: 0x0110,
  noSuchInstance: 0x0112,
  invalidArgument: 0x0115,
  noSuchAction: 0x0123,
  notAuthorized: 0x0124,
  duplicateInstance: 0x0111,
  unrecognizedOperation: 0x0211,
  resourceLimitation: 0x0213,
  cannotUnderstand: 0xc000,
} as const;

/** `0xA700` */
export function hexStatus(status: number): string {
  return `0x${status.toString(16).toUpperCase().padStart(4, '0')}`;
}

/**
 * Whether the peer has the instance after this C-STORE status: success, one of the warnings (PS3.4 table B.2-1: coercion,
 * elements discarded, class mismatch; PS3.7 annex C: attribute warnings), or "duplicate SOP instance".
 */
export function isStored(status: number): boolean {
  return (
    status === STATUS.success ||
    status >> 12 === 0xb ||
    status === 0x0001 ||
    status === 0x0107 ||
    status === 0x0116 ||
    status === STATUS.duplicateInstance
  );
}

/** The error that a failure status of a C-STORE-RSP or C-FIND-RSP stands for. */
export function errorOfStatus(status: number, operation: string, comment?: string): AnteroomError {
  const busy = status >> 8 === 0xa7 || status === STATUS.resourceLimitation || status === STATUS.processingFailure;
  const words = wordsOfStatus(status);
  return new AnteroomError(
    busy ? 'DESTINATION_BUSY' : 'DESTINATION_REFUSED',
    `${operation} was answered with status ${hexStatus(status)}${words ? ` (${words})` : ''}${comment ? `: ${withoutValues(comment)}` : ''}`,
  );
}

function wordsOfStatus(status: number): string | undefined {
  if (status >> 8 === 0xa7) return 'out of resources';
  if (status >> 8 === 0xa9) return 'data set does not match SOP class';
  if (status >> 12 === 0xc) return 'cannot understand';
  return {
    0x0105: 'no such attribute',
    0x0106: 'invalid attribute value',
    0x0110: 'processing failure',
    0x0117: 'invalid SOP instance',
    0x0122: 'SOP class not supported',
    0x0124: 'not authorized',
    0x0211: 'unrecognized operation',
    0x0213: 'resource limitation',
    0xfe00: 'cancelled',
  }[status];
}

const REJECT_REASONS: Readonly<Record<string, string>> = {
  '1.1': 'no reason given',
  '1.2': 'application context name not supported',
  '1.3': 'calling AE title not recognized',
  '1.7': 'called AE title not recognized',
  '2.1': 'no reason given',
  '2.2': 'protocol version not supported',
  '3.1': 'temporary congestion',
  '3.2': 'local limit exceeded',
};

const TRANSIENT = 2;

/** The error that an A-ASSOCIATE-RJ stands for: busy where it is transient, a matter of settings on either side where it is permanent. */
export function errorOfReject({ result, source, reason }: AssociateReject, calledAe: string, callingAe: string): AnteroomError {
  const code: ErrorCode = result === TRANSIENT ? 'DESTINATION_BUSY' : 'DESTINATION_SETTINGS';
  const words = REJECT_REASONS[`${source}.${reason}`] ?? `source ${source}, reason ${reason}`;
  return new AnteroomError(
    code,
    `association rejected (${result === TRANSIENT ? 'transient' : 'permanent'}): ${words}; called AE title "${calledAe}", calling "${callingAe}"`,
  );
}
