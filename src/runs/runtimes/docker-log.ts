/**
 * The log of a container, followed while it runs; goes on where it was after the engine was away.
 * Following is for the eyes only: Docker 20.10 skips lines, or never ends the stream, when it rotates its log, and Podman
 * ends it before the last lines now and then. So the log is read once more, plainly, when the container has ended.
 */
import { addAbortSignal, type Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { DockerEngine } from './docker-engine.js';
import type { OutputStream, Printed, RunLog } from './run-log.js';
import { within } from './watches.js';

const HEADER_BYTES = 8;
/** Type byte of a frame: 0 stdin (never sent to us), 1 stdout, 2 stderr. */
const STDERR = 2;

/**
 * Takes the frames of Docker's multiplexed stream apart: type, three zero bytes, length (uint32, big endian), payload.
 * docker-modem's own demuxStream recurses once per frame and overflows the stack on a chunk of many short lines.
 */
export function createDemultiplexer(onPayload: (stream: OutputStream, bytes: Buffer) => void): (chunk: Buffer) => void {
  let header = Buffer.alloc(0);
  let stream: OutputStream = 'stdout';
  let missing = 0;
  return (chunk) => {
    let at = 0;
    while (at < chunk.length) {
      if (missing > 0) {
        const payload = chunk.subarray(at, at + missing);
        onPayload(stream, payload);
        missing -= payload.length;
        at += payload.length;
        continue;
      }
      const part = chunk.subarray(at, at + HEADER_BYTES - header.length);
      header = Buffer.concat([header, part]);
      at += part.length;
      if (header.length < HEADER_BYTES) return;
      stream = header[0] === STDERR ? 'stderr' : 'stdout';
      missing = header.readUInt32BE(4);
      header = Buffer.alloc(0);
    }
  };
}

export interface LogFollower {
  /** Connects in the background unless it is connected: the log from its beginning, less what was taken already. */
  attach(): void;
  /** Takes the rest of an ended container's log. Errors: the engine's. */
  finish(): Promise<void>;
  stop(): void;
}

/** How one connection ended. `broken`: not by the engine's will, and not by ours. */
type SessionEnd = 'complete' | 'broken' | 'refused';

/** The engine may send nothing more after this long, although it did not end the stream. */
const IDLE_MS = 1000;
const TAIL_LINES = 400;
/** How much of the end must agree for the following to have been complete. */
const COMPARED_BYTES = 1024;
/** What a byte and a line can cost at most in the engine's JSON log. */
const JSON_PER_BYTE = 6;
const JSON_PER_LINE = 80;

export interface FollowOptions {
  readonly engine: DockerEngine;
  readonly name: string;
  readonly runLog: RunLog;
  /** Size at which the engine rotates its log. */
  readonly rotatedAtBytes: number;
  /** Called when the engine's end of a connection vanishes, which is the first sign of its death. */
  readonly onBroken: () => void;
}

/** Nothing is read before `attach`. */
export function followLog(options: FollowOptions): LogFollower {
  return new Follower(options);
}

class Follower implements LogFollower {
  /** Bytes of payload passed on. */
  private readonly taken = { stdout: 0, stderr: 0 };
  private frames = 0;
  private lastBytes: Buffer = Buffer.alloc(0);
  private lastHeardAt = 0;
  private session: Promise<SessionEnd> | undefined;
  private readonly abort = new AbortController();
  private stopped = false;

  constructor(private readonly options: FollowOptions) {}

  attach(): void {
    if (!this.session && !this.stopped) this.connect();
  }

  async finish(): Promise<void> {
    await this.sessionEndOrSilence();
    this.abort.abort();
    await (this.mayBeRotated() ? this.checkEnd() : this.readRest());
    this.stop();
  }

  stop(): void {
    this.stopped = true;
    this.abort.abort();
  }

  private connect(): void {
    const { signal } = this.abort;
    const session = this.read(signal);
    this.session = session;
    this.lastHeardAt = Date.now();
    void session.then((end) => {
      if (signal.aborted) return;
      this.session = undefined;
      if (end === 'broken') this.options.onBroken();
    });
  }

  /** The log from its beginning, less what was taken already; only what is new, where the beginning may be gone. */
  private async read(signal: AbortSignal): Promise<SessionEnd> {
    const fromNow = this.taken.stdout + this.taken.stderr > 0 && this.mayBeRotated();
    const query = { follow: true, stdout: true, stderr: true, ...(fromNow ? { tail: 0 } : {}), abortSignal: signal } as const;
    try {
      const stream = (await this.options.engine.docker.getContainer(this.options.name).logs(query)) as Readable;
      addAbortSignal(signal, stream);
      stream.on('data', this.takeAfter(fromNow ? { stdout: 0, stderr: 0 } : { ...this.taken }));
      await finished(stream);
      return 'complete';
    } catch (thrown) {
      return (thrown as { statusCode?: number }).statusCode === undefined ? 'broken' : 'refused';
    }
  }

  /** Takes the frames behind the first `skip` bytes of each stream. */
  private takeAfter(skip: Record<OutputStream, number>): (chunk: Buffer) => void {
    return createDemultiplexer((stream, bytes) => {
      const fresh = bytes.subarray(Math.min(skip[stream], bytes.length));
      skip[stream] -= bytes.length - fresh.length;
      if (fresh.length > 0 && !this.stopped) this.pass(stream, fresh);
    });
  }

  private pass(stream: OutputStream, bytes: Buffer): void {
    this.lastHeardAt = Date.now();
    this.taken[stream] += bytes.length;
    this.frames += 1;
    this.lastBytes = lastOf(this.lastBytes, bytes);
    this.options.runLog.write(stream, bytes);
  }

  private mayBeRotated(): boolean {
    const { stdout, stderr } = this.taken;
    return (stdout + stderr) * JSON_PER_BYTE + this.frames * JSON_PER_LINE > this.options.rotatedAtBytes;
  }

  /** What the following missed: Podman's ends before the last lines now and then. */
  private async readRest(): Promise<void> {
    const { engine, name } = this.options;
    const whole = await engine.call((docker) => docker.getContainer(name).logs({ stdout: true, stderr: true }));
    if (whole) this.takeAfter({ ...this.taken })(whole);
  }

  /** Puts the true end in its place, if it is not what was heard last. */
  private async checkEnd(): Promise<void> {
    const { engine, name, runLog } = this.options;
    const tail = await engine.call((docker) => docker.getContainer(name).logs({ stdout: true, stderr: true, tail: TAIL_LINES }));
    if (!tail) return;
    const printed: Printed[] = [];
    createDemultiplexer((stream, bytes) => printed.push({ stream, bytes }))(tail);
    const trueEnd = printed.reduce<Buffer>((end, { bytes }) => lastOf(end, bytes), Buffer.alloc(0));
    if (!trueEnd.equals(this.lastBytes)) runLog.rewriteEnd(printed);
  }

  /** For a container that has ended: what is still to come comes at once. */
  private async sessionEndOrSilence(): Promise<void> {
    while (this.session && Date.now() - this.lastHeardAt < IDLE_MS) await within(this.session, IDLE_MS / 4);
  }
}

function lastOf(before: Uint8Array, bytes: Uint8Array): Buffer {
  return Buffer.from(Buffer.concat([before, bytes]).subarray(-COMPARED_BYTES));
}
