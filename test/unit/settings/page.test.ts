/** config/SETTINGS.md says what the schema says. */
import { readFileSync } from 'node:fs';
import { settingsReference } from '../../../src/settings/reference.js';

it('lists every setting with its default on the settings page (remake it: anteroom settings --markdown)', () => {
  const page = readFileSync('config/SETTINGS.md', 'utf8');
  for (const { key, text, default: value } of settingsReference()) {
    const row = page.split('\n').find((line) => line.startsWith(`| \`${key}\` |`));
    expect(row).toBeDefined();
    expect(row).toContain(text.replaceAll('|', '\\|'));
    if (value !== undefined) expect(row).toContain(`\`${value.replaceAll('|', '\\|')}\``);
  }
  expect(page.split('\n').filter((line) => line.startsWith('| `'))).toHaveLength(settingsReference().length);
});
