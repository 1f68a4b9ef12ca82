/** Files of `anteroom models export` with one thing changed. */
import { readFileSync, writeFileSync } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import { extract, pack, type Headers } from 'tar-stream';
import { sha256Hex } from '../../src/foundation/ids.js';
import type { ExportManifest } from '../../src/models/exported/manifest.js';

export interface Part {
  readonly header: Headers;
  readonly content: Buffer;
}

/** The file with its parts changed by `change`. */
export async function rewritten(file: string, change: (parts: Part[]) => Part[]): Promise<string> {
  const parts: Part[] = [];
  const reading = extract();
  reading.on('entry', (header, content, next) => {
    void buffer(content).then((bytes) => {
      parts.push({ header, content: bytes });
      next();
    });
  });
  reading.end(readFileSync(file));
  await new Promise((done) => reading.on('finish', done));
  const writing = pack();
  for (const { header, content } of change(parts)) writing.entry({ ...header, size: content.length }, content);
  writing.finalize();
  writeFileSync(file, await buffer(writing));
  return file;
}

/** Changes one part; with `told` the manifest knows of it. */
export function changedPart(path: string, change: (content: Buffer) => Buffer, told = false): (parts: Part[]) => Part[] {
  return (parts) => {
    const after = parts.map((part) => (part.header.name === path ? { ...part, content: change(part.content) } : part));
    if (!told) return after;
    const sum = sha256Hex(after.find(({ header }) => header.name === path)?.content ?? '');
    const manifest = JSON.parse(String(after.at(-1)?.content)) as ExportManifest;
    const known = { parts: manifest.parts.map((part) => (part.path === path ? { ...part, sha256: sum } : part)) };
    return [...after.slice(0, -1), { header: { name: 'manifest.json' }, content: Buffer.from(JSON.stringify(known)) }];
  };
}
