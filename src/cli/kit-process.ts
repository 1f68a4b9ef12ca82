/** The kit as a child process: what models are run and checked with on this machine. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { AnteroomError } from '../foundation/errors.js';

const KIT = fileURLToPath(new URL('../kit-bundle/kit.mjs', import.meta.url));

/**
 * Runs the kit to its end, its log on our stderr. @returns its exit code and what it printed
 * @throws AnteroomError NOT_FOUND where it is not built
 */
export async function runKit(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  stdout: 'pipe' | 'inherit' = 'pipe',
): Promise<{ exitCode: number; printed: string }> {
  if (!existsSync(KIT)) throw new AnteroomError('NOT_FOUND', `the kit (${KIT}); \`npm run build\` makes it`);
  const child = spawn(process.execPath, [KIT, ...args], { env: { ...process.env, ...env }, stdio: ['ignore', stdout, 'inherit'] });
  let printed = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (printed += text));
  return await new Promise((ended, failed) => {
    child.on('error', failed).on('close', (code) => ended({ exitCode: code ?? 1, printed }));
  });
}
