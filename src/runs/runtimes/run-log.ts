/** What a model prints, on its way: bytes to lines, lines to progress or to the log. */
import { StringDecoder } from 'node:string_decoder';
import { stripVTControlCharacters } from 'node:util';
import type { Logger } from '../../foundation/log.js';
import { openLogFile } from './log-file.js';
import { forwardOnly, parseProgressLine } from './progress.js';
import type { RunEvents, RunSpec } from './runtime.js';

/** A longer line is taken in pieces, so that a model that never ends a line cannot fill the memory. */
const MAX_LINE_CHARS = 64 * 1024;
const BYTES_PER_MB = 1024 * 1024;

export type OutputStream = 'stdout' | 'stderr';

export interface Printed {
  readonly stream: OutputStream;
  readonly bytes: Uint8Array;
}

export interface RunLog {
  write(stream: OutputStream, bytes: Uint8Array): void;
  /** True once lines have been left out of the file. */
  readonly cut: boolean;
  /** Puts the true last lines in the place of what was heard of them, where hearing was lossy; nobody is told of them again. */
  rewriteEnd(printed: readonly Printed[]): void;
  close(): void;
}

/** Opens `spec.logPath` (see `openLogFile` for `continued`) and tells `events` what is written into it. */
export function openRunLog(spec: RunSpec, events: RunEvents, log: Logger, continued = false): RunLog {
  const file = openLogFile(spec.logPath, spec.limits.maxLogMb * BYTES_PER_MB, continued);
  const forward = forwardOnly();
  const take = (raw: string, quiet: boolean) => {
    const line = readable(raw);
    const progress = parseProgressLine(line);
    if (!progress) file.write(line);
    if (quiet) return;
    tell(log, () => (progress ? events.onProgress?.(forward(progress)) : events.onLogLine?.(line)));
  };
  const split = (quiet: boolean) => ({
    stdout: createLineSplitter((line) => {
      take(line, quiet);
    }),
    stderr: createLineSplitter((line) => {
      take(line, quiet);
    }),
  });
  let splitters = split(false);
  return {
    write: (stream, bytes) => {
      splitters[stream].push(bytes);
    },
    rewriteEnd(printed) {
      splitters = split(true);
      file.dropTail();
      for (const { stream, bytes } of printed) splitters[stream].push(bytes);
    },
    get cut() {
      return file.cut;
    },
    close: () => {
      splitters.stdout.end();
      splitters.stderr.end();
      file.close();
    },
  };
}

/** A listener's fault must not end the watch. */
function tell(log: Logger, call: () => void): void {
  try {
    call();
  } catch (thrown) {
    log.error('a listener of a run failed', { seen: thrown instanceof Error ? thrown.message : String(thrown) });
  }
}

/** The line as a terminal would leave it standing: what a bar drew over is gone, and no control character can reach a reader's terminal. */
function readable(raw: string): string {
  const line = raw.endsWith('\r') ? raw.slice(0, -1) : raw;
  // eslint-disable-next-line no-control-regex -- taking control characters out is the purpose
  return stripVTControlCharacters(line.slice(line.lastIndexOf('\r') + 1)).replace(/[\x00-\x08\x0b-\x1f\x7f]/g, '');
}

interface LineSplitter {
  push(bytes: Uint8Array): void;
  /** Gives out an unfinished last line. */
  end(): void;
}

/** Cuts UTF-8 bytes into lines without their line ends. */
export function createLineSplitter(onLine: (line: string) => void): LineSplitter {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  return {
    push(bytes) {
      const pieces = (rest + decoder.write(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))).split('\n');
      rest = pieces.pop() ?? '';
      for (const piece of pieces) onLine(piece);
      while (rest.length > MAX_LINE_CHARS) {
        onLine(rest.slice(0, MAX_LINE_CHARS));
        rest = rest.slice(MAX_LINE_CHARS);
      }
    },
    end() {
      rest += decoder.end();
      if (rest !== '') onLine(rest);
      rest = '';
    },
  };
}
