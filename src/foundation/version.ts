import { readFileSync } from 'node:fs';

/** The version of package.json, which stands beside `dist/`. */
export function nodeVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };
  return version;
}

/** Manufacturer (0008,0070) in objects that a node makes. */
export const NODE_MANUFACTURER = 'Anteroom';
