/**
 * dicomweb-client is written for browsers and takes the request object that it is to use: this is one of XMLHttpRequest's shape over
 * our own exchange, with as much of it as the library touches.
 */
import type { OutgoingHttpHeaders } from 'node:http';
import { AnteroomError, toAnteroomError } from '../../foundation/errors.js';
import { exchangeExpecting, hostOf, readText } from './http.js';
import type { DicomWebEndpoint } from './types.js';

const DONE = 4;
/** What the library puts in front of the paths that it builds; it insists on a base, and the real one is the exchange's affair. */
export const LIBRARY_BASE = 'dicomweb:';

/** One question for a list of headers, as dicomweb-client puts it to its request object. */
export class ListRequest {
  onreadystatechange: (() => void) | undefined;
  readyState = 0;
  status = 0;
  responseType = '';
  response: unknown;
  /** Why there is no answer; the library itself only knows that there is none. */
  failure: AnteroomError | undefined;

  private path = '';
  private readonly headers: OutgoingHttpHeaders = {};

  constructor(private readonly endpoint: DicomWebEndpoint) {}

  open(_method: string, url: string): void {
    this.path = url.slice(LIBRARY_BASE.length);
  }

  setRequestHeader(name: string, value: string): void {
    this.headers[name] = value;
  }

  getResponseHeader(): null {
    return null;
  }

  getAllResponseHeaders(): string {
    return '';
  }

  send(): void {
    void this.fetch()
      .catch((error: unknown) => {
        this.failure = toAnteroomError(error);
        this.status = 0;
      })
      .finally(() => {
        this.readyState = DONE;
        this.onreadystatechange?.();
      });
  }

  private async fetch(): Promise<void> {
    const answer = await exchangeExpecting(this.endpoint, { method: 'GET', path: this.path, headers: this.headers }, [200, 204, 206]);
    const text = await readText(answer);
    this.response = answer.status === 204 || text.trim() === '' ? [] : this.parse(text, answer.headers['content-type']);
    this.status = 200;
  }

  private parse(text: string, contentType = 'no content type'): unknown {
    try {
      return JSON.parse(text);
    } catch (cause) {
      throw new AnteroomError(
        'DESTINATION_REFUSED',
        `${hostOf(this.endpoint)} answered with ${contentType} that is not JSON, expected application/dicom+json`,
        { cause },
      );
    }
  }
}
