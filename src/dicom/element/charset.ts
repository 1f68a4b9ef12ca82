/**
 * Text of data sets: SpecificCharacterSet (PS3.3 C.12.1.1.2) to Unicode, with the code extensions of ISO 2022 (PS3.5 6.1.2.5).
 * Terms are read leniently (`ISO-IR 100`, `iso_ir_192`), because senders write them so; an unknown term is read as Latin-1.
 */

import { TextDecoder } from 'node:util';

/** Decodes the bytes of one whole element: delimiters, padding and all. `personName`: `^` and `=` end code extensions too. */
export type TextDecode = (bytes: Uint8Array, personName: boolean) => string;

/** The decoder of a SpecificCharacterSet value; no terms mean the default repertoire, in which Latin-1 is tolerated. */
export function textDecoderOf(terms: readonly string[]): TextDecode {
  const known = terms.map(normalized);
  const key = known.join('\\');
  let decode = cache.get(key);
  if (!decode) {
    decode = buildDecoder(known);
    // The terms come from outside: a cache without bound would be a leak.
    if (cache.size < 64) cache.set(key, decode);
  }
  return decode;
}

const cache = new Map<string, TextDecode>();

/** `ISO 2022 IR 87`, `ISO_IR 100`, `iso-ir-192` → `87`, `100`, `192`; `GB18030` and `GBK` stay; no text → the default repertoire `6`. */
function normalized(term: string): string {
  const upper = term.trim().toUpperCase();
  if (upper === '') return '6';
  return /^ISO[ _-]?(?:2022)?[ _-]?IR[ _-]?(\d+)$/.exec(upper)?.[1] ?? upper;
}

type RunDecode = (bytes: Uint8Array) => string;

const latin1: RunDecode = (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');

function lazyDecoder(label: string): RunDecode {
  let decoder: TextDecoder | undefined;
  return (bytes) => (decoder ??= new TextDecoder(label)).decode(bytes);
}

/** Decoders of runs in which bytes below 0x80 are ASCII (or JIS X 0201 Romaji), by registration number or name. */
export const RUN_DECODERS: Readonly<Record<string, RunDecode>> = {
  6: latin1,
  13: lazyDecoder('shift_jis'),
  58: lazyDecoder('gb18030'),
  100: latin1,
  101: lazyDecoder('iso-8859-2'),
  109: lazyDecoder('iso-8859-3'),
  110: lazyDecoder('iso-8859-4'),
  126: lazyDecoder('iso-8859-7'),
  127: lazyDecoder('iso-8859-6'),
  138: lazyDecoder('iso-8859-8-i'),
  144: lazyDecoder('iso-8859-5'),
  148: lazyDecoder('windows-1254'),
  149: lazyDecoder('euc-kr'),
  166: lazyDecoder('windows-874'),
  192: lazyDecoder('utf-8'),
  203: lazyDecoder('iso-8859-15'),
  GB18030: lazyDecoder('gb18030'),
  GBK: lazyDecoder('gb18030'),
};

const eucJp = lazyDecoder('euc-jp');

/** Character sets that stand alone: escape sequences mean nothing in them (PS3.3 table C.12-5). */
const WITHOUT_EXTENSIONS = new Set(['192', 'GB18030', 'GBK']);

function buildDecoder(terms: readonly string[]): TextDecode {
  const first = terms[0] ?? '6';
  const initial = RUN_DECODERS[first] ?? latin1;
  if (WITHOUT_EXTENSIONS.has(first)) return initial;
  return (bytes, personName) => (bytes.includes(ESC) ? decodeIso2022(bytes, initial, personName) : initial(bytes));
}

const ESC = 0x1b;

/** What an escape sequence, without its ESC, switches to (PS3.3 tables C.12-3 and C.12-4). G0 is for bytes below 0x80, G1 for those above. */
export const ESCAPES: Readonly<Record<string, { readonly g0?: 'single' | '87' | '159'; readonly g1?: RunDecode }>> = {
  '(B': { g0: 'single' },
  '(J': { g0: 'single' },
  $B: { g0: '87' },
  '$(D': { g0: '159' },
  ')I': { g1: RUN_DECODERS[13] },
  '$)A': { g1: RUN_DECODERS[58] },
  '$)C': { g1: RUN_DECODERS[149] },
  '-A': { g1: RUN_DECODERS[100] },
  '-B': { g1: RUN_DECODERS[101] },
  '-C': { g1: RUN_DECODERS[109] },
  '-D': { g1: RUN_DECODERS[110] },
  '-F': { g1: RUN_DECODERS[126] },
  '-G': { g1: RUN_DECODERS[127] },
  '-H': { g1: RUN_DECODERS[138] },
  '-L': { g1: RUN_DECODERS[144] },
  '-M': { g1: RUN_DECODERS[148] },
  '-T': { g1: RUN_DECODERS[166] },
  '-b': { g1: RUN_DECODERS[203] },
};

/** Decodes text with code extensions: runs between escape sequences and delimiters, each in what is switched to at that place. */
function decodeIso2022(bytes: Uint8Array, initial: RunDecode, personName: boolean): string {
  let text = '';
  let g0: 'single' | '87' | '159' = 'single';
  let g1 = initial;
  let runStart = 0;
  const flush = (end: number) => {
    if (end > runStart) text += decodeRun(bytes.subarray(runStart, end), g0, g1);
  };
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === ESC) {
      flush(at);
      const sequence = escapeAt(bytes, at + 1);
      const target = ESCAPES[sequence];
      if (target?.g0) g0 = target.g0;
      if (target?.g1) g1 = target.g1;
      // An escape sequence that is not known is dropped with its ESC; what follows is read as before.
      at += target ? sequence.length : 0;
      runStart = at + 1;
    } else if (g0 === 'single' && isDelimiter(byte, personName)) {
      // PS3.5 6.1.2.5.3: delimiters and control characters switch back to the first character set.
      flush(at + 1);
      runStart = at + 1;
      g1 = initial;
    }
  }
  flush(bytes.length);
  return text;
}

/** The characters of an escape sequence after ESC: intermediate bytes 0x20-0x2F and one final byte; at most three. */
function escapeAt(bytes: Uint8Array, start: number): string {
  let end = start;
  while (end < bytes.length && end - start < 2 && bytes[end] >= 0x20 && bytes[end] <= 0x2f) end++;
  return String.fromCharCode(...bytes.subarray(start, end + 1));
}

function isDelimiter(byte: number, personName: boolean): boolean {
  if (byte === 0x5c || byte === 0x0a || byte === 0x0d || byte === 0x0c || byte === 0x09) return true;
  return personName && (byte === 0x5e || byte === 0x3d);
}

/** One run: two-byte JIS characters in G0 are decoded as EUC-JP, which is the same code with the high bits set. */
function decodeRun(run: Uint8Array, g0: 'single' | '87' | '159', g1: RunDecode): string {
  if (g0 === 'single') return g1(run);
  const euc: number[] = [];
  for (let at = 0; at < run.length; at++) {
    const byte = run[at];
    if (byte <= 0x20 || at + 1 === run.length) {
      // Spaces and control characters are no part of a 94 × 94 set; nor is a last odd byte.
      euc.push(byte & 0x7f);
      continue;
    }
    if (g0 === '159') euc.push(0x8f);
    euc.push(byte | 0x80, run[++at] | 0x80);
  }
  return eucJp(Uint8Array.from(euc));
}
