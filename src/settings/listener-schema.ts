/** The DICOM listeners of config/anteroom.yaml: `dimse`, the first one, and `listeners`, further ones of the same form. */
import { z } from 'zod';
import { SOP_CLASS, TRANSFER_SYNTAX } from '../dicom/element/uids.js';
import { closest } from '../foundation/faults.js';
import { isUid } from '../foundation/ids.js';
import { endpointName, secretSchema, type PathSchema } from './endpoint-schema.js';
import { addresses, aeTitle, port, seconds, text } from './fields.js';
import { settleOverride } from './settle-schema.js';

/** The name of the first listener, whose settings stand under this key. */
export const FIRST_LISTENER = 'dimse';

const ownAeTitle = z.union(
  [
    aeTitle(),
    z.strictObject({
      title: aeTitle().describe('The AE title.'),
      rules: z
        .array(text())
        .optional()
        .describe('Only these rules are asked about what was sent to it: names of rules, or of rule files (`research.yaml`).'),
      settle: settleOverride.prefault({}),
    }),
  ],
  { error: 'must be an AE title, or {title, rules, settle}' },
);

/** A sender, alone or from some addresses only. */
export const caller = z.union(
  [
    aeTitle(),
    z.strictObject({
      aeTitle: aeTitle().describe('The calling AE title.'),
      addresses: addresses().describe('From these addresses only.'),
    }),
  ],
  { error: 'must be an AE title, or {aeTitle, addresses}' },
);

const callers = () =>
  z
    .union([z.literal('any'), z.array(caller).min(1)], { error: 'must be "any" or a list of AE titles' })
    .describe('Who may send: `any`, or a list of AE titles or of `{ aeTitle, addresses }`.');

/** UIDs by keyword (`CTImageStorage`) or as they are; a keyword that nobody knows is a fault. */
function uids(keywords: Readonly<Record<string, string>>) {
  const one = z
    .string()
    .superRefine((written, context) => {
      if (isUid(written) || Object.hasOwn(keywords, written)) return;
      const near = closest(written, Object.keys(keywords));
      const hint = near === undefined ? '' : `; did you mean ${near}?`;
      context.addIssue({ code: 'custom', message: `"${written}" is neither a UID nor a keyword that is known${hint}` });
    })
    .transform((written) => (Object.hasOwn(keywords, written) ? (keywords[written] ?? written) : written));
  return z.array(one);
}

function choice(keywords: Readonly<Record<string, string>>, what: string) {
  return z
    .strictObject({
      allow: uids(keywords).min(1).optional().describe(`Only these ${what} are taken (keywords or UIDs); all where it is left out.`),
      deny: uids(keywords).default([]).describe(`These ${what} are not taken.`),
    })
    .prefault({});
}

function tls(path: PathSchema) {
  return z
    .strictObject({
      cert: path().describe('PEM file of the certificate of this node, with its intermediate ones.'),
      key: path().describe("PEM file of the certificate's key."),
      keyPassphrase: secretSchema(path).optional().describe('Where the key is encrypted: `{env: NAME}` or `{file: PATH}`.'),
      ca: path().optional().describe('PEM file of the CA (or CAs) that sign the certificates of senders.'),
      clientCertificates: z
        .enum(['none', 'required'])
        .default('none')
        .describe('`required`: only senders with a certificate of `ca` get in (mutual TLS).'),
    })
    .refine(({ ca, clientCertificates }) => clientCertificates === 'none' || ca !== undefined, {
      error: 'clientCertificates: required needs `ca`, the CA that signs the certificates of senders',
    });
}

/** What all listeners have. */
function common(path: PathSchema) {
  return {
    host: text().default('0.0.0.0').describe('Address that the listener binds. It receives only; it shows nothing.'),
    aeTitles: z
      .array(ownAeTitle)
      .default([])
      .describe('Further AE titles of ours: titles, or `{ title, rules, settle }` for what holds for that one.'),
    addresses: addresses().optional().describe('Connections from other addresses are closed at once: IP addresses or ranges (CIDR).'),
    maxAssociations: z
      .int()
      .min(1)
      .max(1000)
      .default(32)
      .describe('Associations at the same time; further ones are rejected as transient.'),
    maxAssociationsPerCaller: z
      .int()
      .min(1)
      .max(1000)
      .optional()
      .describe('The same for each calling AE title at an address; no limit of its own where it is left out.'),
    maxPduBytes: z.int().min(4096).max(1_048_576).default(131_072).describe('Longest P-DATA-TF that we ask senders for.'),
    associationTimeoutS: seconds().default(30).describe('Seconds that a connection has for its TLS handshake and its association request.'),
    idleTimeoutS: seconds().default(60).describe('Seconds without any data after which an association is aborted.'),
    trickleTimeoutS: seconds().default(60).describe('Seconds that one PDU may take from its first byte to its last.'),
    writeTimeoutS: seconds().default(60).describe('Seconds that a sender has to read our answer.'),
    sopClasses: choice(SOP_CLASS, 'SOP classes'),
    transferSyntaxes: choice(TRANSFER_SYNTAX, 'transfer syntaxes'),
    tls: tls(path).optional(),
  };
}

/** The schema of `dimse`. */
export function firstListenerSchema(path: PathSchema) {
  const { host, ...others } = common(path);
  return z.strictObject({
    host,
    port: port().default(11112).describe('Port of the DICOM listener; 0 takes a free one.'),
    aeTitle: aeTitle().default('ANTEROOM').describe('Our AE title. Associations that call one that is not ours are rejected.'),
    callingAeTitles: callers().default('any'),
    ...others,
  });
}

/** The schema of `listeners`. */
export function furtherListenersSchema(path: PathSchema) {
  const { host, ...others } = common(path);
  const listener = z.strictObject({
    host,
    port: port().describe('Its port; 2762 is usual for TLS.'),
    aeTitle: aeTitle().optional().describe('Our AE title here; where neither it nor `aeTitles` is given, the AE titles of `dimse`.'),
    callingAeTitles: callers(),
    ...others,
  });
  return z.record(
    endpointName().refine((written) => written !== FIRST_LISTENER, `"${FIRST_LISTENER}" is the first listener, which has its own key`),
    listener,
  );
}

export type FirstListener = z.output<ReturnType<typeof firstListenerSchema>>;
export type FurtherListener = z.output<ReturnType<typeof furtherListenersSchema>>[string];
export type OwnAeTitle = FirstListener['aeTitles'][number];
export type ListenerTls = NonNullable<FirstListener['tls']>;
