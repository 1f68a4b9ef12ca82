import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const PRELOAD = fileURLToPath(new URL('../../support/failpoints.mjs', import.meta.url));
const REACH = `globalThis[Symbol.for('anteroom.failpoint')]?.`;

/** Runs a script with the preload; what it printed before it ended, and how it ended. */
function run(failpoint: string | undefined, script: string) {
  const env = { ...process.env, ANTEROOM_FAILPOINT: failpoint };
  const { status, signal, stdout } = spawnSync(process.execPath, ['--import', PRELOAD, '--input-type=module', '-e', script], {
    env,
    encoding: 'utf8',
  });
  return { end: signal ?? status, printed: stdout.trim().split('\n').join(' ') };
}

/** Passes the failpoint `a` three times, with a line before each. */
const threeTimes = `for (const n of [1, 2, 3]) { process.stdout.write(n + '\\n'); ${REACH}('a'); }`;

describe('failpoints', () => {
  it('does nothing unless one is armed', () => {
    expect(run(undefined, threeTimes)).toEqual({ end: 0, printed: '1 2 3' });
  });

  it('kills at the first pass', () => {
    expect(run('a', threeTimes)).toEqual({ end: 'SIGKILL', printed: '1' });
  });

  it('kills at the n-th pass', () => {
    expect(run('a:3', threeTimes)).toEqual({ end: 'SIGKILL', printed: '1 2 3' });
    expect(run('a:4', threeTimes)).toEqual({ end: 0, printed: '1 2 3' });
  });

  it('lets other failpoints pass', () => {
    expect(run('b', threeTimes)).toEqual({ end: 0, printed: '1 2 3' });
  });

  it('is armed in worker threads, and adds up their passes', () => {
    const worker = `new Worker(${JSON.stringify(`${REACH}('a')`)}, { eval: true })`;
    const script = `
      import { Worker } from 'node:worker_threads';
      import { once } from 'node:events';
      for (const n of [1, 2, 3]) { process.stdout.write(n + '\\n'); await once(${worker}, 'exit'); }`;
    expect(run('a:2', script)).toEqual({ end: 'SIGKILL', printed: '1 2' });
  });

  it('refuses a count that is none', () => {
    expect(run('a:x', threeTimes)).toEqual({ end: 1, printed: '' });
  });
});
