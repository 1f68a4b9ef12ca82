/** Fingerprints of files and folders: what decides whether a step's product is still that of its sources. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';

/** SHA-256 (hex) over the names and bytes of files, of folders' files, and of plain texts given as `{ text }`. */
export function fingerprint(inputs) {
  const hash = createHash('sha256');
  for (const input of inputs) {
    if (typeof input === 'object') hash.update(`text ${input.text}\0`);
    else
      for (const file of filesIn(input))
        hash
          .update(`${relative(input, file)}\0`)
          .update(readFileSync(file))
          .update('\0');
  }
  return hash.digest('hex');
}

function filesIn(path) {
  if (!statSync(path).isDirectory()) return [path];
  const names = readdirSync(path).sort();
  return names.flatMap((name) => filesIn(join(path, name)));
}
