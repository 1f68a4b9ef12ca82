/**
 * `node --import test/support/failpoints.mjs ...` with ANTEROOM_FAILPOINT=name[:n] kills the process with SIGKILL when it comes to
 * that failpoint for the n-th time (default 1). Worker threads inherit --import and so are armed too; the hits of all threads add up.
 */
import { getEnvironmentData, setEnvironmentData } from 'node:worker_threads';

const [name, count = '1'] = (process.env.ANTEROOM_FAILPOINT ?? '').split(':');
if (name !== '') arm(name, Number(count));

function arm(wanted, atHit) {
  if (!(atHit >= 1)) throw new Error(`ANTEROOM_FAILPOINT=${process.env.ANTEROOM_FAILPOINT}: expected name or name:n with n of at least 1`);
  const hits = sharedCounter();
  globalThis[Symbol.for('anteroom.failpoint')] = (reached) => {
    if (reached === wanted && Atomics.add(hits, 0, 1) + 1 === atHit) process.kill(process.pid, 'SIGKILL');
  };
}

/** One counter of the process: threads get it from the thread that started them. */
function sharedCounter() {
  const key = 'anteroom.failpoint.hits';
  const memory = getEnvironmentData(key) ?? new SharedArrayBuffer(4);
  setEnvironmentData(key, memory);
  return new Int32Array(memory);
}
