/** The DIMSE services of config/anteroom.yaml beside receiving. */
import { z } from 'zod';
import { aeTitle, port, text } from './fields.js';
import { caller } from './listener-schema.js';

/** The schema of `query`. */
export const querySchema = () =>
  z
    .union([z.literal('off'), z.strictObject({ callers: z.array(caller).min(1) })], { error: 'must be "off" or {callers: [AE titles]}' })
    .describe(
      'Who may query and retrieve (C-FIND, C-MOVE), on every listener: `off`, or `{callers: [...]}` of AE titles or `{ aeTitle, addresses }`. It shows patients: without addresses, to whoever calls himself so.',
    );

/** The schema of `peers`. */
export const peersSchema = () =>
  z
    .record(
      aeTitle(),
      z.strictObject({
        host: text().describe('Host name or address of that application entity.'),
        port: port().min(1).describe('Its DICOM port.'),
      }),
    )
    .describe(
      'Application entities by AE title that C-MOVE may send to and storage commitment is reported to, beside destinations of kind cstore and sources of kind dimse.',
    );

/** The schema of `storageCommitment`. */
export const storageCommitmentSchema = () =>
  z
    .enum(['off', 'archive-of-record'])
    .describe(
      'Whether storage commitment is given to senders: `archive-of-record` takes on the duty to keep, for good, and excludes `retention` by age or space; `off` refuses the request, and the sender keeps its copy.',
    );
