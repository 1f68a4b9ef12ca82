import { AnteroomError } from '../../foundation/errors.js';

/** A DICOMweb service as a destination or source. The object is the key of its open connections: keep one per destination. */
export interface DicomWebEndpoint {
  /** The base of the service, `http://host:8042/dicom-web`; `/studies` is added to it. */
  readonly url: string;
  readonly auth?:
    { readonly kind: 'basic'; readonly user: string; readonly password: string } | { readonly kind: 'bearer'; readonly token: string };
  /** PEM texts. `ca` replaces the public authorities; `cert` and `key` are our client certificate, `passphrase` opens the key. */
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string; readonly passphrase?: string };
  /** How long nothing may move on the connection, in either direction; not the length of the whole exchange. */
  readonly timeoutMs: number;
}

/** DESTINATION_BUSY with the time that the destination asked for (Retry-After). */
export class DestinationBusyError extends AnteroomError {
  readonly retryAfterMs: number | undefined;

  constructor(seen: string, retryAfterMs: number | undefined) {
    super('DESTINATION_BUSY', seen);
    this.retryAfterMs = retryAfterMs;
  }
}
