/** DCMTK's programs, run with TCP_NODELAY=1 unless told otherwise: Debian's build waits 40 ms for each image without it. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';

import { freePort } from './orthanc.js';
import { until } from './until.js';

export interface Finished {
  readonly code: number | null;
  /** What it wrote to stdout and stderr. */
  readonly output: string;
}

/** Makes Debian's dcmtk and Orthanc send what they have at once. */
export const NO_DELAY = { TCP_NODELAY: '1' } as const;

/** Runs a program to its end. */
export function dcmtk(program: string, ...args: string[]): Promise<Finished> {
  return dcmtkWith(NO_DELAY, program, ...args);
}

/** As `dcmtk`, with these variables in its environment. */
export async function dcmtkWith(env: Readonly<Record<string, string>>, program: string, ...args: string[]): Promise<Finished> {
  const child = spawn(program, args, { env: { ...process.env, ...env } });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString('latin1')));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString('latin1')));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, output };
}

export interface Storescp {
  readonly port: number;
  readonly pid: number;
  stop(): Promise<void>;
}

/** Starts a `storescp` with these arguments; resolves when its port takes connections. */
export function startStorescp(...args: string[]): Promise<Storescp> {
  return startStorescpWith(NO_DELAY, ...args);
}

/** As `startStorescp`, with these variables in its environment. */
export async function startStorescpWith(env: Readonly<Record<string, string>>, ...args: string[]): Promise<Storescp> {
  const port = await freePort();
  const child: ChildProcess = spawn('storescp', [...args, String(port)], { env: { ...process.env, ...env }, stdio: 'ignore' });
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  };
  await until('storescp listens', () => accepts(port));
  return { port, pid: child.pid ?? 0, stop };
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
