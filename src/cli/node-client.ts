/** Talks to the running node over the unix socket in its data folder. */
import { request } from 'node:http';
import { join } from 'node:path';
import { AnteroomError } from '../foundation/errors.js';

/** An answer of the node that is not 2xx, as it told it. */
export class NodeRefusal extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly remedy: string | undefined,
    /** Of the catalogue of errors. */
    readonly code?: string,
  ) {
    super(message);
  }
}

/** The administration of the node whose data folder is given. */
export class NodeClient {
  private readonly socketPath: string;

  constructor(dataDir: string) {
    this.socketPath = join(dataDir, 'anteroom.sock');
  }

  get<T>(path: string): Promise<T> {
    return this.call<T>('GET', path);
  }

  post<T>(path: string, body: unknown = {}): Promise<T> {
    return this.call<T>('POST', path, JSON.stringify(body));
  }

  /** Rejects with NODE_NOT_RUNNING where nobody answers and with NodeRefusal where the node refuses. */
  private call<T>(method: string, path: string, body?: string): Promise<T> {
    return new Promise((resolve, reject) => {
      const wentAway = (cause: NodeJS.ErrnoException) =>
        reject(new AnteroomError('NODE_NOT_RUNNING', `${this.socketPath}: ${cause.code ?? cause.message}`, { cause }));
      const sent = request(
        // A connection of its own for each call: one kept open may be to a node that has gone since.
        {
          agent: false,
          socketPath: this.socketPath,
          method,
          path,
          headers: body === undefined ? {} : { 'content-type': 'application/json' },
        },
        (answer) => {
          const chunks: Buffer[] = [];
          answer.on('error', wentAway);
          answer.on('data', (chunk: Buffer) => chunks.push(chunk));
          answer.on('end', () => {
            const text = Buffer.concat(chunks).toString('utf8');
            const status = answer.statusCode ?? 500;
            if (status < 300) resolve(JSON.parse(text) as T);
            else reject(refusal(status, text));
          });
        },
      );
      sent.on('error', wentAway);
      sent.end(body);
    });
  }
}

function refusal(status: number, text: string): NodeRefusal {
  try {
    const { message, remedy, code } = JSON.parse(text) as { message?: string; remedy?: string; code?: string };
    return new NodeRefusal(status, message ?? text, remedy, code);
  } catch {
    return new NodeRefusal(status, text, undefined);
  }
}
