/** The system calls of a running process, as strace sees them: in one order for all its threads. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

/** One call; `begin` and `end` are places in the order of everything that was seen. */
export interface SystemCall {
  readonly name: string;
  /** As strace writes them: descriptors with their paths, `33</path/of/file>` or `33<TCP:[here->there]>`. */
  readonly args: string;
  readonly begin: number;
  readonly end: number;
}

/** What is missing on this machine, for `describeWith`: also the permission to trace a process that is not one's child. */
export function missingForStrace(): string[] {
  if (spawnSync('strace', ['-V']).error) return ['strace'];
  // Attached to ourselves for a moment: 124 is `timeout` saying that it had to end it.
  const { status } = spawnSync('timeout', [
    '-s',
    'INT',
    '0.3',
    'strace',
    '-qq',
    '-e',
    'trace=none',
    '-o',
    '/dev/null',
    '-p',
    String(process.pid),
  ]);
  return status === 124 ? [] : ['permission to trace (ptrace)'];
}

/** Does `work` while the calls of these names are recorded; gives them in the order in which they began. */
export async function traced(pid: number, names: readonly string[], file: string, work: () => Promise<void>): Promise<SystemCall[]> {
  const strace = spawn('strace', ['-f', '-yy', '-e', `trace=${names.join(',')}`, '-o', file, '-p', String(pid)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const exited = once(strace, 'exit');
  await attached(createInterface({ input: strace.stderr }), exited);
  try {
    await work();
  } finally {
    strace.kill('SIGINT');
    await exited;
  }
  return parseCalls(readFileSync(file, 'utf8'));
}

async function attached(lines: AsyncIterable<string>, exited: Promise<unknown>): Promise<void> {
  const seen: string[] = [];
  const announced = (async () => {
    for await (const line of lines) {
      seen.push(line);
      if (/Process \d+ attached/.test(line)) return true;
    }
    return false;
  })();
  if (!(await Promise.race([announced, exited.then(() => false)]))) throw new Error(`strace did not attach: ${seen.join('; ')}`);
}

/** A call that another thread's cuts in two is written as `name(… <unfinished ...>` and `<... name resumed>…`. */
function parseCalls(text: string): SystemCall[] {
  const calls: { name: string; args: string; begin: number; end: number }[] = [];
  const unfinished = new Map<string, (typeof calls)[number]>();
  text.split('\n').forEach((line, place) => {
    const [, thread = '', rest = ''] = /^(\d+) +(.*)$/.exec(line) ?? [];
    const [, name, args = ''] = /^(\w+)\((.*)$/.exec(rest) ?? [];
    const resumed = rest.startsWith('<... ') ? unfinished.get(thread) : undefined;
    if (resumed !== undefined) {
      resumed.end = place;
      unfinished.delete(thread);
    } else if (name !== undefined) {
      const isWhole = !args.endsWith('<unfinished ...>');
      const call = { name, args, begin: place, end: isWhole ? place : Number.POSITIVE_INFINITY };
      calls.push(call);
      if (!isWhole) unfinished.set(thread, call);
    }
  });
  return calls;
}
