/**
 * One read buffer for all connections of a listener. Node allocates 64 KB for each read of a socket, which costs more than reading;
 * with `onread` (documented for `net.Socket`) it reads into a buffer of ours. For sockets that a server accepted Node offers
 * no such option, so the accepted handle is taken over by a second socket.
 */
import { Socket } from 'node:net';

/** What is there is read at once up to this much. */
const BUFFER_BYTES = 256 * 1024;

/** Takes accepted sockets, which must be paused (`pauseOnConnect`). */
export class SharedReadBuffer {
  private readonly buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);

  /** A socket on the connection of `accepted`; its 'data' events carry views that must not be used after the event. */
  attach(accepted: Socket): Socket {
    const inner = accepted as unknown as { _handle: object | null };
    const handle = inner._handle;
    if (handle === null) return accepted; // closed already
    inner._handle = null;
    const onread = {
      buffer: this.buffer,
      callback: (readBytes: number) => socket.emit('data', this.buffer.subarray(0, readBytes)),
    };
    // It begins to read by itself; the first event cannot come before the caller has got the socket.
    const options: object = { handle, onread };
    const socket: Socket = new Socket(options);
    return socket;
  }
}
