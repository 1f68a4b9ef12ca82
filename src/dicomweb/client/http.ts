/**
 * One HTTP exchange with a DICOMweb service over node:http(s): bodies are streams in both directions, the time limit is on standstill,
 * and every failure becomes an error of the catalogue that says whether the request may have had an effect.
 */
import http, { type ClientRequest, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import https from 'node:https';
import { pipeline } from 'node:stream/promises';
import { urlToHttpOptions } from 'node:url';
import { AnteroomError } from '../../foundation/errors.js';
import { IdleTimeoutError, statusFailure, wireFailure, type Stage } from './failures.js';
import type { DicomWebEndpoint } from './types.js';

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Below the endpoint's URL, from the slash on, with its query. */
  readonly path: string;
  readonly headers: OutgoingHttpHeaders;
  readonly body?: AsyncIterable<Uint8Array>;
  readonly signal?: AbortSignal;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  /** The body's chunks; reading throws errors of the catalogue. To be read to its end, or given up with `discard`. */
  readonly body: AsyncIterable<Buffer>;
  /** Ends the exchange without reading the rest. */
  discard(): void;
}

/** No list or message that a server sends us is as long; objects are streamed and have no limit. */
const MAX_TEXT_BYTES = 64 * 1024 * 1024;
/** As much of a failure's body as can matter to the message. */
const MAX_FAILURE_BYTES = 16 * 1024;

const agents = new WeakMap<DicomWebEndpoint, http.Agent>();

/** Closes the endpoint's idle connections; those in use end with their exchange. The endpoint may be used again afterwards. */
export function closeConnections(endpoint: DicomWebEndpoint): void {
  agents.get(endpoint)?.destroy();
  agents.delete(endpoint);
}

/** Host and port, as messages name a service: no path, no credentials. */
export function hostOf(endpoint: DicomWebEndpoint): string {
  return baseUrl(endpoint).host;
}

/**
 * Sends a request and resolves with the head of its answer, whatever its status.
 * @throws AnteroomError DESTINATION_UNREACHABLE, DESTINATION_TLS; for a POST whose bytes had begun to leave DESTINATION_UNSURE; CONFIG_INVALID for a bad URL.
 */
export async function exchange(endpoint: DicomWebEndpoint, request: HttpRequest): Promise<HttpAnswer> {
  const host = hostOf(endpoint);
  const progress: { stage: Stage } = { stage: 'connecting' };
  const changesThings = request.method !== 'GET';
  let outgoing: ClientRequest | undefined;
  try {
    outgoing = open(endpoint, request);
    const response = await answerOf(outgoing, request.body, progress, endpoint.timeoutMs);
    return {
      status: response.statusCode ?? 0,
      headers: response.headers,
      body: chunksOf(response, host, changesThings),
      discard: () => void response.destroy(),
    };
  } catch (cause) {
    // A server may close an idle connection just as we use it again; nothing has happened then, and asking twice harms nobody.
    if (outgoing?.reusedSocket === true && !changesThings && (cause as NodeJS.ErrnoException).code === 'ECONNRESET')
      return exchange(endpoint, request);
    throw wireFailure(cause, host, progress.stage, changesThings);
  }
}

/**
 * `exchange`, and an error of the catalogue where the status is not one of those expected.
 * @throws AnteroomError DESTINATION_AUTH, DESTINATION_BUSY (a DestinationBusyError), DESTINATION_NO_SERVICE, DESTINATION_SETTINGS, DESTINATION_REFUSED, besides those of `exchange`.
 */
export async function exchangeExpecting(
  endpoint: DicomWebEndpoint,
  request: HttpRequest,
  expected: readonly number[],
): Promise<HttpAnswer> {
  const answer = await exchange(endpoint, request);
  if (!expected.includes(answer.status)) throw statusFailure(answer.status, answer.headers, await failureText(answer), hostOf(endpoint));
  return answer;
}

/**
 * The whole body as UTF-8.
 * @throws AnteroomError DESTINATION_REFUSED where it is longer than any list (64 MiB); those of a broken connection.
 */
export async function readText(answer: HttpAnswer): Promise<string> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of answer.body) {
    sizeBytes += chunk.length;
    if (sizeBytes > MAX_TEXT_BYTES)
      throw new AnteroomError('DESTINATION_REFUSED', `the answer is longer than ${String(MAX_TEXT_BYTES)} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** The start of a failure's body; a body that breaks off does not hide the status. */
async function failureText(answer: HttpAnswer): Promise<string> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  try {
    for await (const chunk of answer.body) {
      chunks.push(chunk);
      sizeBytes += chunk.length;
      if (sizeBytes >= MAX_FAILURE_BYTES) break;
    }
  } catch {
    // What came so far is enough.
  }
  answer.discard();
  return Buffer.concat(chunks).toString('utf8');
}

function open(endpoint: DicomWebEndpoint, request: HttpRequest): ClientRequest {
  const url = new URL(baseUrl(endpoint).href.replace(/\/$/, '') + request.path);
  const secure = url.protocol === 'https:';
  // What changes things never goes over a connection that has been idle: if the peer closed it in the same moment, that would look like a lost answer.
  const agent = request.method === 'GET' ? keepAliveAgent(endpoint, secure) : newAgent(endpoint, secure, false);
  return (secure ? https : http).request({
    ...urlToHttpOptions(url),
    method: request.method,
    headers: { ...authorization(endpoint), ...request.headers },
    agent,
    timeout: endpoint.timeoutMs,
    signal: request.signal,
  });
}

function keepAliveAgent(endpoint: DicomWebEndpoint, secure: boolean): http.Agent {
  const known = agents.get(endpoint);
  if (known !== undefined) return known;
  const agent = newAgent(endpoint, secure, true);
  agents.set(endpoint, agent);
  return agent;
}

function newAgent(endpoint: DicomWebEndpoint, secure: boolean, keepAlive: boolean): http.Agent {
  const options = { keepAlive, maxFreeSockets: 2 };
  return secure ? new https.Agent({ ...options, ...endpoint.tls }) : new http.Agent(options);
}

function answerOf(
  outgoing: ClientRequest,
  body: AsyncIterable<Uint8Array> | undefined,
  progress: { stage: Stage },
  timeoutMs: number,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    let response: IncomingMessage | undefined;
    outgoing.once('error', reject);
    outgoing.once('socket', (socket) => {
      const ready = (): void => void (progress.stage = 'sending');
      if (outgoing.reusedSocket) ready();
      else socket.once('encrypted' in socket ? 'secureConnect' : 'connect', ready);
    });
    outgoing.once('timeout', () => (response ?? outgoing).destroy(new IdleTimeoutError(timeoutMs)));
    outgoing.once('response', (incoming: IncomingMessage) => {
      response = incoming;
      progress.stage = 'answered';
      resolve(incoming);
    });
    if (body === undefined) outgoing.end();
    // Its errors are the request's errors, which are listened to above; once there is an answer it no longer matters that sending stopped.
    else pipeline(body, outgoing).catch(reject);
  });
}

async function* chunksOf(response: IncomingMessage, host: string, changesThings: boolean): AsyncGenerator<Buffer, void, undefined> {
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) yield chunk;
  } catch (cause) {
    throw wireFailure(cause, host, 'answered', changesThings);
  }
}

function authorization(endpoint: DicomWebEndpoint): OutgoingHttpHeaders {
  const { auth } = endpoint;
  if (auth === undefined) return {};
  const value =
    auth.kind === 'bearer' ? `Bearer ${auth.token}` : `Basic ${Buffer.from(`${auth.user}:${auth.password}`, 'utf8').toString('base64')}`;
  return { Authorization: value };
}

function baseUrl(endpoint: DicomWebEndpoint): URL {
  if (!URL.canParse(endpoint.url)) throw new AnteroomError('CONFIG_INVALID', 'the url of a DICOMweb destination is not a URL');
  const url = new URL(endpoint.url);
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new AnteroomError('CONFIG_INVALID', `the url of a DICOMweb destination begins with ${url.protocol}, expected http: or https:`);
  url.search = '';
  url.hash = '';
  return url;
}
