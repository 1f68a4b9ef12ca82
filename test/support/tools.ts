/** Which of the programs that a suite needs are missing on this machine, by the names of their commands. */
import { spawnSync } from 'node:child_process';

/** `python3-pydicom` stands for Debian's python3 with pydicom and numpy; every other name is a command on the path. */
export function missingTools(...names: string[]): string[] {
  return names.filter((name) => !isThere(name));
}

function isThere(name: string): boolean {
  if (name === 'python3-pydicom') return spawnSync('/usr/bin/python3', ['-c', 'import pydicom, numpy']).status === 0;
  return spawnSync('sh', ['-c', 'command -v "$0"', name]).status === 0;
}
