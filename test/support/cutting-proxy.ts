/** A TCP proxy that misbehaves at a byte of the tester's choice. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export interface CuttingProxy {
  readonly port: number;
  close(): Promise<void>;
}

export interface Misbehaviour {
  /** Resets the connection after this many bytes from the client have been passed on. */
  readonly cutAfterClientBytes?: number;
  /** Passes everything on, but resets the connection as soon as the server answers. */
  readonly swallowAnswer?: boolean;
  /** Resets the connection after this many bytes of the answer. */
  readonly cutAfterServerBytes?: number;
  /** Passes this many bytes on and nothing more, in either direction, keeping the connection open. */
  readonly stallAfterClientBytes?: number;
}

/** Starts a proxy before `toPort` of this machine. */
export async function startCuttingProxy(toPort: number, misbehaviour: Misbehaviour): Promise<CuttingProxy> {
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(toPort, '127.0.0.1');
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    }
    relay(client, upstream, misbehaviour);
  }).listen(0, '127.0.0.1');
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

function relay(
  client: Socket,
  upstream: Socket,
  { cutAfterClientBytes = Infinity, cutAfterServerBytes = Infinity, stallAfterClientBytes = Infinity, swallowAnswer = false }: Misbehaviour,
): void {
  const cut = (): void => {
    client.resetAndDestroy();
    upstream.destroy();
  };
  let fromClient = 0;
  client.on('data', (chunk: Buffer) => {
    const allowed = Math.min(cutAfterClientBytes, stallAfterClientBytes) - fromClient;
    fromClient += chunk.length;
    if (allowed > 0) upstream.write(chunk.subarray(0, allowed));
    if (fromClient >= cutAfterClientBytes) cut();
  });
  let fromServer = 0;
  upstream.on('data', (chunk: Buffer) => {
    const allowed = cutAfterServerBytes - fromServer;
    fromServer += chunk.length;
    if (swallowAnswer) {
      cut();
      return;
    }
    if (fromClient < stallAfterClientBytes && allowed > 0) client.write(chunk.subarray(0, allowed));
    if (fromServer >= cutAfterServerBytes) cut();
  });
  client.on('end', () => upstream.end());
  upstream.on('end', () => client.end());
}
