/** What a failed exchange means for the one who wanted to deliver: errors of the wire and statuses of HTTP as errors of the catalogue. */
import type { IncomingHttpHeaders } from 'node:http';
import { AnteroomError } from '../../foundation/errors.js';
import { withoutValues } from '../../foundation/foreign-text.js';
import { parseMediaType } from '../media-type.js';
import { DestinationBusyError } from './types.js';

/** How far an exchange had come when it failed. */
export type Stage = 'connecting' | 'sending' | 'answered';

/** Codes of OpenSSL and of Node's own checks: the certificate, the authority, the host name, the protocol. */
const TLS_CODE = /^(ERR_SSL_|ERR_TLS_|ERR_OSSL_|CERT_|CRL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH|INVALID_CA|EPROTO)/;
/** With TLS 1.3 a server refuses our certificate only after we have begun to send. Nothing was taken then. */
const CERTIFICATE_ALERT = /ALERT_.*(CERT|UNKNOWN_CA|ACCESS_DENIED|HANDSHAKE)/;

const AUTH_STATUSES: ReadonlySet<number> = new Set([401, 403, 407]);
const BUSY_STATUSES: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504, 507]);

/** What a proxy or a server says that may have stored all the same. */
const MAY_HAVE_STORED: ReadonlySet<number> = new Set([408, 500, 502, 504]);

/** A connection on which nothing moved for too long. */
export class IdleTimeoutError extends Error {
  constructor(timeoutMs: number) {
    super(`nothing moved for ${String(timeoutMs)} ms`);
  }
}

/**
 * The error for an exchange that got no whole answer.
 * @param changesThings whether the request may have had an effect without its answer having reached us
 */
export function wireFailure(cause: unknown, host: string, stage: Stage, changesThings: boolean): AnteroomError {
  if (cause instanceof AnteroomError) return cause;
  const code = (cause as NodeJS.ErrnoException).code ?? '';
  const what = cause instanceof IdleTimeoutError ? cause.message : code === '' ? (cause as Error).message : code;
  if (TLS_CODE.test(code) && (stage === 'connecting' || CERTIFICATE_ALERT.test(code)))
    return new AnteroomError('DESTINATION_TLS', `${host}: ${what}`, { cause });
  if (stage !== 'connecting' && changesThings)
    return new AnteroomError(
      'DESTINATION_UNSURE',
      `${host}: ${what} ${stage === 'sending' ? 'before an answer came' : 'before the answer was complete'}`,
      { cause },
    );
  return new AnteroomError('DESTINATION_UNREACHABLE', `${host}: ${what}${stage === 'connecting' ? '' : ' in the middle of the exchange'}`, {
    cause,
  });
}

/** The error for an answer whose status is not one that the caller expects; `storing`: the request would have left something there. */
export function statusFailure(
  status: number,
  headers: IncomingHttpHeaders,
  body: string,
  host: string,
  { storing = false } = {},
): AnteroomError {
  const said = quotableAnswer(headers['content-type'], body);
  const seen = `${host} answered ${String(status)}${redirection(status, headers)}${said === '' ? '' : `: ${said}`}`;
  if (AUTH_STATUSES.has(status)) return new AnteroomError('DESTINATION_AUTH', seen);
  if (status === 404) return new AnteroomError('DESTINATION_NO_SERVICE', seen);
  if (status === 405 || (status >= 300 && status <= 399)) return new AnteroomError('DESTINATION_SETTINGS', seen);
  if (storing && MAY_HAVE_STORED.has(status)) return new AnteroomError('DESTINATION_UNSURE', seen);
  if (BUSY_STATUSES.has(status)) return new DestinationBusyError(seen, retryAfterMs(headers['retry-after']));
  return new AnteroomError('DESTINATION_REFUSED', seen);
}

function redirection(status: number, headers: IncomingHttpHeaders): string {
  if (status < 300 || status > 399 || headers.location === undefined) return '';
  return ` (it points to ${headers.location.replace(/[?#].*$/, '')}; set the destination's url to the service itself)`;
}

/** Retry-After (RFC 9110 10.2.3): seconds or a date. */
export function retryAfterMs(value: string | undefined, nowMs = Date.now()): number | undefined {
  if (value === undefined) return undefined;
  if (/^\s*\d+\s*$/.test(value)) return Number(value) * 1000;
  const dateMs = Date.parse(value);
  return Number.isNaN(dateMs) ? undefined : Math.max(0, dateMs - nowMs);
}

const QUOTED_CHARACTERS = 200;
/** Members in which servers explain themselves: Orthanc, RFC 9457, the usual frameworks. */
const EXPLAINING_MEMBERS = ['Message', 'Details', 'message', 'error', 'error_description', 'title', 'detail', 'reason'];

/**
 * The first 200 characters of what a server says, without what may be a value of the data set: bodies that are DICOM are not quoted.
 */
export function quotableAnswer(contentType: string | undefined, body: string): string {
  if (/dicom/i.test(contentType ?? '')) return '';
  const type = parseMediaType(contentType)?.type ?? '';
  const text = /^\s*[{[]/.test(body)
    ? explanationInJson(body)
    : /html|xml/.test(type)
      ? body.replace(/<(style|script)[\s\S]*?<\/\1>/gi, ' ').replace(/<[^>]*>/g, ' ')
      : body;
  return withoutValues(text)
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim()
    .slice(0, QUOTED_CHARACTERS);
}

function explanationInJson(body: string): string {
  try {
    const answer: unknown = JSON.parse(body);
    if (typeof answer !== 'object' || answer === null) return '';
    const members = answer as Record<string, unknown>;
    return EXPLAINING_MEMBERS.map((name) => members[name])
      .filter((value) => typeof value === 'string')
      .join('; ');
  } catch {
    return '';
  }
}
