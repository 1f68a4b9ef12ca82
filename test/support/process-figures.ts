/** What a process of this machine holds, as the kernel sees it. */
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';

/** Open file descriptors. */
export function descriptorCount(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

/** Resident memory now and at its highest so far, in MB. */
export function residentMb(pid: number): { readonly now: number; readonly peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const megabytes = (field: string) => Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) / 1024;
  return { now: megabytes('VmRSS'), peak: megabytes('VmHWM') };
}

/** Makes the highest so far that of now (proc(5): 5 in clear_refs). */
export function forgetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
}

/** What is missing on this machine, for `describeWith`. */
export function missingForProcessFigures(): string[] {
  return existsSync('/proc/self/clear_refs') ? [] : ['/proc (Linux)'];
}
