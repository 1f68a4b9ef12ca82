/** What the settings say of a DICOMweb service that we talk to, be it a destination or a source. */
import { z } from 'zod';
import { text } from './fields.js';

/** The schema of a file name, relative to the settings file. */
export type PathSchema = () => z.ZodType<string, string>;

/** URL, credentials and TLS of a DICOMweb service, for a strict object that holds more. */
export function webEndpointFields(path: PathSchema, urlText: string) {
  return {
    url: httpUrl('must be the http(s) URL of a DICOMweb root').describe(urlText),
    auth: authSchema(path).optional(),
    tls: tlsSchema(path).optional(),
  };
}

/** An http(s) URL. */
export function httpUrl(error: string) {
  return z.url({ protocol: /^https?$/, error });
}

/** Credentials of an HTTP service: the secret itself never stands in the settings. */
export function authSchema(path: PathSchema) {
  return z.union([
    z.strictObject({
      basic: z
        .strictObject({ user: text(), password: secretSchema(path) })
        .describe('HTTP Basic; the password from `{env: NAME}` or `{file: PATH}`.'),
    }),
    z.strictObject({
      bearer: z.strictObject({ token: secretSchema(path) }).describe('Bearer token from `{env: NAME}` or `{file: PATH}`.'),
    }),
  ]);
}

/** Where a secret stands (`SecretSource`). */
export function secretSchema(path: PathSchema) {
  return z.union([z.strictObject({ file: path() }), z.strictObject({ env: text() })], {
    error: 'must be {env: NAME} or {file: PATH}: a secret itself never stands in this file',
  });
}

/** What the node needs to speak TLS to a service. */
export function tlsSchema(path: PathSchema) {
  return z
    .strictObject({
      ca: path().optional().describe("PEM file of the private CA that signed the destination's certificate."),
      cert: path().optional().describe('PEM file of the client certificate.'),
      key: path().optional().describe("PEM file of the client certificate's key."),
      keyPassphrase: secretSchema(path).optional().describe('Where that key is encrypted: `{env: NAME}` or `{file: PATH}`.'),
    })
    .refine((files) => (files.cert === undefined) === (files.key === undefined), 'cert and key belong together');
}

/** The name of a destination, source or listener. */
export const endpointName = () => z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_-]*$/, 'must be a name of letters, digits, "-" and "_"');
