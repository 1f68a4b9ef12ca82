/** Every SEG that a node has written in a test is judged when its node goes, whatever the test was about. */
import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { PYTHON } from './seg.js';
import { missingTools } from './tools.js';

const SCRIPT = fileURLToPath(new URL('judge_segs.py', import.meta.url));

/** What others than we say of the SEGs of a node. */
export interface SegVerdict {
  readonly judged: number;
  /** Of how many the voxels were compared with those of the output that they were made of. */
  readonly compared: number;
  readonly faults: readonly { readonly seg: string; readonly fault: string }[];
}

let missing: readonly string[] | undefined;

/** Of which the largest suites need a tenth. Whoever removes a node has more time than that. */
const JUDGE_DEADLINE_MS = 40_000;

/**
 * The verdict on all results of a node that has ended, for its data folder; undefined where there are none or the judges are missing, which
 * ANTEROOM_REQUIRE=all makes an error. `damaged`: the test has damaged files of results, which are left out then.
 */
export async function judgeSegs(dataDir: string, damaged = false): Promise<SegVerdict | undefined> {
  const results = join(dataDir, 'results');
  if (!existsSync(results) || !readdirSync(results).some((name) => name.endsWith('.dcm'))) return undefined;
  missing ??= missingTools('python3-pydicom', 'dciodvfy');
  if (missing.length > 0 && process.env.ANTEROOM_REQUIRE === 'all')
    throw new Error(`SEGs cannot be judged: missing ${missing.join(', ')}; ANTEROOM_REQUIRE=all demands it`);
  if (missing.length > 0) return undefined;
  const args = ['-W', 'ignore', SCRIPT, dataDir, ...(damaged ? ['--damaged'] : [])];
  const { stdout } = await promisify(execFile)(PYTHON, args, { maxBuffer: 1 << 28, timeout: JUDGE_DEADLINE_MS, killSignal: 'SIGKILL' });
  return JSON.parse(stdout) as SegVerdict;
}

/** Rejects with each SEG and its faults. `damaged`: as above. */
export async function demandFaultlessSegs(dataDir: string, damaged = false): Promise<void> {
  const verdict = await judgeSegs(dataDir, damaged);
  if (verdict === undefined || verdict.faults.length === 0) return;
  const told = verdict.faults.map(({ seg, fault }) => `  ${seg}: ${fault}`);
  throw new Error(`SEGs that the node wrote are at fault:\n${told.join('\n')}`);
}
