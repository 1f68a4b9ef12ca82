/** Folders of a test file's own; importing this removes them when the file's tests have ended. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folders: string[] = [];

/** A new empty folder; `name` helps to tell whose it is, should it be left. */
export function tempFolder(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `anteroom-${name}-`));
  folders.push(folder);
  return folder;
}

afterAll(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});
