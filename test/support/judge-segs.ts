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

/** The verdict on all results of a node that has ended, for its data folder; undefined where there are none or the judges are missing. */
export async function judgeSegs(dataDir: string): Promise<SegVerdict | undefined> {
  const results = join(dataDir, 'results');
  if (!existsSync(results) || !readdirSync(results).some((name) => name.endsWith('.dcm'))) return undefined;
  missing ??= missingTools('python3-pydicom', 'dciodvfy');
  if (missing.length > 0) return undefined;
  const { stdout } = await promisify(execFile)(PYTHON, ['-W', 'ignore', SCRIPT, dataDir], { maxBuffer: 1 << 28 });
  return JSON.parse(stdout) as SegVerdict;
}

/** Fails the test that calls it, or its suite, with each SEG and its faults. */
export async function demandFaultlessSegs(dataDir: string): Promise<void> {
  const verdict = await judgeSegs(dataDir);
  if (verdict === undefined || verdict.faults.length === 0) return;
  const told = verdict.faults.map(({ seg, fault }) => `  ${seg}: ${fault}`);
  throw new Error(`SEGs that the node wrote are at fault:\n${told.join('\n')}`);
}
