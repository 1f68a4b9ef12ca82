import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDemultiplexer } from '../../../src/runs/runtimes/docker-log.js';
import { openLogFile } from '../../../src/runs/runtimes/log-file.js';
import { createLineSplitter } from '../../../src/runs/runtimes/run-log.js';

function frame(type: number, text: string): Buffer {
  const header = Buffer.alloc(8);
  header[0] = type;
  header.writeUInt32BE(Buffer.byteLength(text), 4);
  return Buffer.concat([header, Buffer.from(text)]);
}

describe('createDemultiplexer', () => {
  it.each([1, 3, 7, 1000])('takes frames apart, in chunks of %i bytes', (size) => {
    const bytes = Buffer.concat([frame(1, 'one\n'), frame(2, 'error\n'), frame(1, ''), frame(1, 'two\n')]);
    const heard = { stdout: '', stderr: '' };
    const take = createDemultiplexer((stream, payload) => (heard[stream] += payload.toString()));
    for (let at = 0; at < bytes.length; at += size) take(bytes.subarray(at, at + size));
    expect(heard).toEqual({ stdout: 'one\ntwo\n', stderr: 'error\n' });
  });

  it('bears a chunk of very many short lines', () => {
    let count = 0;
    createDemultiplexer(() => (count += 1))(Buffer.concat(Array.from({ length: 50_000 }, () => frame(1, '\n'))));
    expect(count).toBe(50_000);
  });
});

describe('createLineSplitter', () => {
  it('cuts at line ends, also inside a character', () => {
    const lines: string[] = [];
    const splitter = createLineSplitter((line) => lines.push(line));
    for (const byte of Buffer.from('für\nzwei\n\nrest')) splitter.push(Buffer.from([byte]));
    splitter.end();
    expect(lines).toEqual(['für', 'zwei', '', 'rest']);
  });

  it('does not keep a line that never ends', () => {
    const lines: string[] = [];
    const splitter = createLineSplitter((line) => lines.push(line));
    splitter.push(Buffer.alloc(200 * 1024, 'x'));
    expect(lines).toHaveLength(3);
  });
});

describe('openLogFile', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'anteroom-log-'))));
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it('keeps beginning and end of what does not fit, and says so', () => {
    const path = join(folder, 'sub/run.log');
    const log = openLogFile(path, 100);
    for (let i = 10; i < 99; i += 1) log.write(`line ${i}`);
    log.close();
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
    expect(lines.slice(0, 6)).toEqual(['line 10', 'line 11', 'line 12', 'line 13', 'line 14', 'line 15']);
    expect(lines[6]).toMatch(/longer than its limit of 100 bytes.*the last 6 follow/);
    expect(lines.slice(7)).toEqual(['line 93', 'line 94', 'line 95', 'line 96', 'line 97', 'line 98']);
  });

  it('says nothing where everything fits', () => {
    const path = join(folder, 'run.log');
    const log = openLogFile(path, 1000);
    log.write('only');
    log.close();
    log.write('late');
    expect(readFileSync(path, 'utf8')).toBe('only\n');
  });
});
