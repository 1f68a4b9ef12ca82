/** A process group of the host: is it still the one that was started, what does it use, and its end. Linux' /proc; elsewhere by pid alone. */
import { readdir, readFile } from 'node:fs/promises';

/** A pid alone says little: pids come again, after a restart of the machine for certain. */
export interface ProcessIdentity {
  /** Also the id of its process group. */
  readonly pid: number;
  readonly bootId: string;
  /** Start time in clock ticks since the boot; undefined where there is no /proc. */
  readonly startTicks?: number;
}

export interface StatLine {
  readonly state: string;
  readonly groupId: number;
  readonly startTicks: number;
}

/** Fields 3, 5 and 22 of `/proc/<pid>/stat` (proc(5)); the name in field 2 may hold blanks and brackets. */
export function parseStat(line: string): StatLine | undefined {
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
  const startTicks = Number(fields[19]);
  return Number.isInteger(startTicks) && fields.length >= 20 ? { state: fields[0], groupId: Number(fields[2]), startTicks } : undefined;
}

/** True while the very process that was started is there and no zombie. */
export async function isAlive(identity: ProcessIdentity): Promise<boolean> {
  if (identity.startTicks === undefined) return signal(identity.pid, 0);
  const [bootId, line] = await Promise.all([read('/proc/sys/kernel/random/boot_id'), read(`/proc/${identity.pid}/stat`)]);
  const stat = parseStat(line ?? '');
  return stat?.startTicks === identity.startTicks && stat.state !== 'Z' && bootId?.trim() === identity.bootId;
}

/** Sends a signal to the whole group, if it is still the one that was started. */
export async function signalGroup(identity: ProcessIdentity, name: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  if (await isAlive(identity)) signal(-identity.pid, name);
}

/** Resident memory of all processes of the group; pages that they share count more than once. undefined where it cannot be known. */
export async function groupMemoryBytes(identity: ProcessIdentity): Promise<number | undefined> {
  if (identity.startTicks === undefined) return undefined;
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const sizes = await Promise.all(
    pids.map(async (pid) => {
      const stat = parseStat((await read(`/proc/${pid}/stat`)) ?? '');
      if (stat?.groupId !== identity.pid) return 0;
      const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec((await read(`/proc/${pid}/status`)) ?? '')?.[1];
      return Number(kilobytes ?? 0) * 1024;
    }),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, name);
  } catch (thrown) {
    // EPERM: it is there, but another user's.
    return (thrown as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** What is not there any more has no text. */
async function read(path: string): Promise<string | undefined> {
  return await readFile(path, 'utf8').catch(() => undefined);
}
