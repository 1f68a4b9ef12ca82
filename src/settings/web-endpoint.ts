/** From what the settings say of a DICOMweb service to what its client needs. */
import { readFileSync } from 'node:fs';
import { AnteroomError } from '../foundation/errors.js';
import type { SecretSource } from './fields.js';
import { resolveSecret, type Environment } from './load.js';

/** As the settings say it. */
export interface WebEndpointSettings {
  readonly url: string;
  readonly auth?:
    { readonly basic: { readonly user: string; readonly password: SecretSource } } | { readonly bearer: { readonly token: SecretSource } };
  /** File names. */
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string; readonly keyPassphrase?: SecretSource };
  readonly timeoutS: number;
}

/** As the client takes it: secrets and PEM files read. */
export interface WebEndpoint {
  readonly url: string;
  readonly auth?:
    { readonly kind: 'basic'; readonly user: string; readonly password: string } | { readonly kind: 'bearer'; readonly token: string };
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string; readonly passphrase?: string };
  readonly timeoutMs: number;
}

/** The endpoint with its secrets and certificates read. @throws AnteroomError CONFIG_INVALID or FILE_UNREADABLE where one is not there. */
export function webEndpoint({ url, auth, tls, timeoutS }: WebEndpointSettings, environment: Environment): WebEndpoint {
  const pem = (path: string | undefined) => (path === undefined ? undefined : readPem(path));
  return {
    url,
    auth: auth && credentials(auth, environment),
    tls: tls && {
      ca: pem(tls.ca),
      cert: pem(tls.cert),
      key: pem(tls.key),
      passphrase: tls.keyPassphrase && resolveSecret(tls.keyPassphrase, environment),
    },
    timeoutMs: timeoutS * 1000,
  };
}

function credentials(auth: NonNullable<WebEndpointSettings['auth']>, environment: Environment): WebEndpoint['auth'] {
  if ('basic' in auth) return { kind: 'basic', user: auth.basic.user, password: resolveSecret(auth.basic.password, environment) };
  return { kind: 'bearer', token: resolveSecret(auth.bearer.token, environment) };
}

function readPem(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new AnteroomError('FILE_UNREADABLE', `${path} (${(cause as NodeJS.ErrnoException).code ?? 'unknown reason'})`, { cause });
  }
}
