/** The PEM files behind a TLS connection (PS3.15 B.12): reading them, and what their certificate says of its own time. */
import { X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { createSecureContext, type SecureContextOptions } from 'node:tls';

import { AnteroomError } from '../foundation/errors.js';

export interface TlsFiles {
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly ca?: string | undefined;
  /** Of the key, where it is encrypted. */
  readonly passphrase?: string | undefined;
}

/** TLS 1.2 at least, 1.3 before it, and of 1.2 only what BCP 195 recommends (RFC 9325 section 4.2). */
export const BCP_195 = {
  minVersion: 'TLSv1.2',
  ciphers: [
    'TLS_AES_256_GCM_SHA384',
    'TLS_CHACHA20_POLY1305_SHA256',
    'TLS_AES_128_GCM_SHA256',
    'ECDHE-ECDSA-AES128-GCM-SHA256',
    'ECDHE-RSA-AES128-GCM-SHA256',
    'ECDHE-ECDSA-AES256-GCM-SHA384',
    'ECDHE-RSA-AES256-GCM-SHA384',
  ].join(':'),
  honorCipherOrder: true,
} as const satisfies SecureContextOptions;

/** Days before its end from which a certificate is warned of. */
export const EXPIRY_WARNING_DAYS = 30;
const DAY_MS = 24 * 3_600_000;

/** What the files hold, tried out. Throws TLS_FILES where one cannot be read or they do not fit each other. */
export function readTlsFiles({ cert, key, ca, passphrase }: TlsFiles): SecureContextOptions {
  const options = {
    ...BCP_195,
    ...(cert === undefined ? {} : { cert: readPem(cert) }),
    ...(key === undefined ? {} : { key: readPem(key) }),
    ...(ca === undefined ? {} : { ca: readPem(ca) }),
    ...(passphrase === undefined ? {} : { passphrase }),
  };
  try {
    createSecureContext(options);
  } catch (cause) {
    throw new AnteroomError('TLS_FILES', `${[cert, key, ca].filter(Boolean).join(', ')}: ${codeOf(cause)}`, { cause });
  }
  return options;
}

/** Changes when one of the files does; files that cannot be looked at count as such. */
export function tlsFilesMark({ cert, key, ca }: TlsFiles): string {
  return [cert, key, ca].map((file) => (file === undefined ? '' : markOf(file))).join(' ');
}

export interface CertificateTime {
  readonly validTo: Date;
  /** Whole days that are left; negative once it has expired. */
  readonly daysLeft: number;
  readonly standing: 'valid' | 'expiring' | 'expired';
}

/** How long the first certificate of a PEM file is valid. Throws TLS_FILES. */
export function certificateTime(file: string, now: number): CertificateTime {
  const pem = readPem(file);
  try {
    const validTo = new Date(new X509Certificate(pem).validTo);
    const daysLeft = Math.floor((validTo.getTime() - now) / DAY_MS);
    return { validTo, daysLeft, standing: daysLeft < 0 ? 'expired' : daysLeft < EXPIRY_WARNING_DAYS ? 'expiring' : 'valid' };
  } catch (cause) {
    throw new AnteroomError('TLS_FILES', `${file}: ${codeOf(cause)}`, { cause });
  }
}

function readPem(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new AnteroomError('TLS_FILES', `${file} cannot be read (${codeOf(cause)})`, { cause });
  }
}

function markOf(file: string): string {
  try {
    const { mtimeMs, size, ino } = statSync(file);
    return `${mtimeMs}/${size}/${ino}`;
  } catch (cause) {
    return codeOf(cause);
  }
}

function codeOf(cause: unknown): string {
  const { code, message } = cause as NodeJS.ErrnoException;
  return code ?? message;
}
