/** `anteroom settings`: what config/anteroom.yaml may say. The page config/SETTINGS.md is this command's `--markdown`. */
import type { Command } from 'commander';
import { variableOf } from '../settings/load.js';
import { settingsReference } from '../settings/reference.js';
import { table } from './print.js';

/** Adds `settings`. */
export function addSettingsCommand(program: Command): void {
  program
    .command('settings')
    .description('every setting of config/anteroom.yaml with its default')
    .option('--markdown', 'as the page config/SETTINGS.md')
    .action(({ markdown }: { markdown?: boolean }) => {
      if (markdown) {
        process.stdout.write(settingsPage());
        return;
      }
      table(
        ['SETTING', 'DEFAULT', 'MEANING'],
        settingsReference().map((row) => [row.key, row.default, row.text]),
        '',
      );
    });
}

/** The settings reference as a page. */
function settingsPage(): string {
  const cell = (text: string) => text.replaceAll('|', '\\|');
  const rows = settingsReference().map((row) => {
    const variable = row.overridable ? `\`${variableOf(row.key)}\`` : '';
    return `| \`${row.key}\` | ${cell(row.type)} | ${row.default === undefined ? '' : `\`${cell(row.default)}\``} | ${cell(row.text)} | ${variable} |`;
  });
  return `# Settings

What \`config/anteroom.yaml\` may say, made by \`anteroom settings --markdown\` from the schema itself. Every setting has a default. Relative
paths are taken from the file's folder. Secrets are never in the file, only the name of their environment variable or file.

| setting | type | default | meaning | environment variable |
|---|---|---|---|---|
${rows.join('\n')}
`;
}
