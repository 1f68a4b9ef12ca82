/** The kit as a child process: what models are run and checked with on this machine. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { AnteroomError } from '../foundation/errors.js';

const KIT = fileURLToPath(new URL('../kit-bundle/kit.mjs', import.meta.url));

/**
 * Runs the kit to its end. `log`: where its log goes, our stderr or what is given back.
 * @returns its exit code, what it printed and what it logged
 * @throws AnteroomError NOT_FOUND where it is not built
 */
export async function runKit(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  { stdout = 'pipe', log = 'inherit' }: { stdout?: 'pipe' | 'inherit'; log?: 'pipe' | 'inherit' } = {},
): Promise<{ exitCode: number; printed: string; logged: string }> {
  if (!existsSync(KIT)) throw new AnteroomError('NOT_FOUND', `the kit (${KIT}); \`npm run build\` makes it`);
  const child = spawn(process.execPath, [KIT, ...args], { env: { ...process.env, ...env }, stdio: ['ignore', stdout, log] });
  let [printed, logged] = ['', ''];
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (printed += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (logged += text));
  return await new Promise((ended, failed) => {
    child.on('error', failed).on('close', (code) => ended({ exitCode: code ?? 1, printed, logged }));
  });
}
