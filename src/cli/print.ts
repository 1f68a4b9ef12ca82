/** How the command prints: aligned tables for people, JSON for scripts. */

import { printable } from '../foundation/printable.js';

/** Prints one line to stdout, without control characters: reasons repeat header values, and what other nodes have said. */
export function line(text = ''): void {
  process.stdout.write(`${printable(text)}\n`);
}

/** Prints a value as indented JSON. */
export function json(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}

/** An aligned table; `empty` is said where there are no rows. */
export function table(columns: readonly string[], rows: readonly (readonly (string | number | null | undefined)[])[], empty: string): void {
  if (rows.length === 0) {
    line(empty);
    return;
  }
  const cells = [columns, ...rows.map((row) => row.map((cell) => (cell === null || cell === undefined ? '-' : String(cell))))];
  const widths = columns.map((_, index) => Math.max(...cells.map((row) => row[index]?.length ?? 0)));
  for (const row of cells) line(row.map((cell, index) => (index === row.length - 1 ? cell : cell.padEnd(widths[index]))).join('  '));
}

/** `2026-11-23T02:03:04.000Z` as `2026-11-23 02:03:04`. */
export function shortTime(iso: string | null): string {
  return iso === null ? '-' : iso.slice(0, 19).replace('T', ' ');
}

/** Overwrites one line on a terminal; prints nothing elsewhere, where it would only fill a log. */
export function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[2K${text}`);
}

/** How far something is that reads many files, and how long it will still take, by its bytes. */
export function progressWithTimeLeft(
  verb: string,
  done: { readonly files: number; readonly bytes: number; readonly startedAt: number },
  total: { readonly count: number; readonly bytes: number },
): void {
  if (!process.stderr.isTTY || (done.files % 50 !== 0 && done.files !== total.count)) return;
  const leftMs = done.bytes === 0 ? 0 : ((Date.now() - done.startedAt) * (total.bytes - done.bytes)) / done.bytes;
  progress(`${verb} ${done.files} of ${total.count} files, about ${Math.ceil(leftMs / 1000)} s left`);
}

/** How far one large thing is, by its bytes. */
export function progressOfBytes(verb: string, bytes: number, total: number): void {
  progress(`${verb} ${Math.round(bytes / 1e6)} of about ${Math.round(total / 1e6)} MB`);
}

/** Clears the progress line. */
export function progressDone(): void {
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[2K');
}
