/** A process group of the host: is it still the one that was started, what does it use, and its end. Linux' /proc; elsewhere by pid alone. */
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { AnteroomError } from '../../foundation/errors.js';

const BOOT_ID = '/proc/sys/kernel/random/boot_id';
const END_POLL_MS = 50;
/** A process that waits for a device outlives SIGKILL for a while. */
const KILLED_TIMEOUT_MS = 60_000;

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
  const [bootId, stat] = await Promise.all([read(BOOT_ID), statOf(identity.pid)]);
  return stat?.startTicks === identity.startTicks && stat.state !== 'Z' && bootId?.trim() === identity.bootId;
}

/**
 * True while any process of the group is there and no zombie, also after its leader: the children of a program may outlive it. The kernel gives
 * the id of a group to no other process as long as one of its members is there.
 */
export async function isGroupAlive(identity: ProcessIdentity): Promise<boolean> {
  if (await isAlive(identity)) return true;
  if (identity.startTicks === undefined || (await read(BOOT_ID))?.trim() !== identity.bootId) return false;
  const leader = await statOf(identity.pid);
  // Its id is another's by now, so that nothing of the group is left.
  if (leader !== undefined && leader.startTicks !== identity.startTicks) return false;
  return (await members(identity)).some(({ stat: { state } }) => state !== 'Z' && state !== 'X');
}

/** Sends a signal to the whole group, if it is still the one that was started. */
export async function signalGroup(identity: ProcessIdentity, name: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  if (await isGroupAlive(identity)) signal(-identity.pid, name);
}

/**
 * Ends the whole group, by SIGKILL where SIGTERM has not done it after `graceMs`; without a grace time at once. Resolves when nothing of it is left.
 * Error: ENGINE_UNREACHABLE where not even SIGKILL ends it.
 */
export async function endGroup(identity: ProcessIdentity, graceMs: number): Promise<void> {
  const killAt = Date.now() + graceMs;
  if (graceMs > 0) await signalGroup(identity, 'SIGTERM');
  while (await isGroupAlive(identity)) {
    if (Date.now() >= killAt) await signalGroup(identity, 'SIGKILL');
    if (Date.now() >= killAt + KILLED_TIMEOUT_MS)
      throw new AnteroomError(
        'ENGINE_UNREACHABLE',
        `process group ${identity.pid} is still there ${KILLED_TIMEOUT_MS / 1000} s after SIGKILL`,
      );
    await setTimeout(END_POLL_MS);
  }
}

/** Resident memory of all processes of the group; pages that they share count more than once. undefined where it cannot be known. */
export async function groupMemoryBytes(identity: ProcessIdentity): Promise<number | undefined> {
  if (identity.startTicks === undefined) return undefined;
  const sizes = await Promise.all(
    (await members(identity)).map(async ({ pid }) => {
      const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec((await read(`/proc/${pid}/status`)) ?? '')?.[1];
      return Number(kilobytes ?? 0) * 1024;
    }),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** The processes whose group has that id now, zombies among them. */
async function members({ pid: groupId }: ProcessIdentity): Promise<{ readonly pid: number; readonly stat: StatLine }[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const all = await Promise.all(pids.map(async (pid) => ({ pid, stat: await statOf(pid) })));
  return all.flatMap(({ pid, stat }) => (stat?.groupId === groupId ? [{ pid, stat }] : []));
}

async function statOf(pid: number): Promise<StatLine | undefined> {
  return parseStat((await read(`/proc/${pid}/stat`)) ?? '');
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
