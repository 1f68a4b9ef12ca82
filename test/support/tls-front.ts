/** TLS in front of a plain server, as a hospital's reverse proxy has it (Debian's Orthanc 1.10 crashes with TLS of its own). */
import { once } from 'node:events';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { createServer } from 'node:tls';
import type { Certificate } from './certificates.js';

export interface TlsFront {
  readonly port: number;
  close(): Promise<void>;
}

/** Starts a front before `toPort` of this machine; `clientCa` makes a client certificate of that authority compulsory. */
export async function startTlsFront(toPort: number, certificate: Certificate, clientCa?: string): Promise<TlsFront> {
  const sockets = new Set<Socket>();
  const server = createServer(
    { ...certificate, ...(clientCa === undefined ? {} : { ca: clientCa, requestCert: true, rejectUnauthorized: true }) },
    (client) => {
      const upstream = connect(toPort, '127.0.0.1');
      client.pipe(upstream).pipe(client);
      for (const socket of [client, upstream]) {
        sockets.add(socket);
        socket.on('error', () => [client, upstream].forEach((other) => other.destroy())).on('close', () => sockets.delete(socket));
      }
    },
  ).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
