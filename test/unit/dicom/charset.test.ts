import { textDecoderOf } from '../../../src/dicom/element/charset.js';

const bytes = (...parts: (string | number[])[]) =>
  Uint8Array.from(parts.flatMap((part) => (typeof part === 'string' ? [...Buffer.from(part, 'latin1')] : part)));
const ESC = [0x1b];
const decode = (terms: string[], value: Uint8Array, personName = true) => textDecoderOf(terms)(value, personName);

describe('textDecoderOf', () => {
  it.each<[string, string[], Uint8Array, string]>([
    ['no character set: Latin-1 is tolerated', [], bytes('Caf', [0xe9]), 'Café'],
    ['Latin-1', ['ISO_IR 100'], bytes('Buc^J', [0xe9], 'r', [0xf4], 'me'), 'Buc^Jérôme'],
    ['Cyrillic', ['ISO_IR 144'], bytes([0xbb, 0xee]), 'Лю'],
    ['Greek', ['ISO_IR 126'], bytes([0xc4, 0xe9]), 'Δι'],
    ['Thai', ['ISO_IR 166'], bytes([0xa1]), 'ก'],
    ['Turkish', ['ISO_IR 148'], bytes([0xde]), 'Ş'],
    ['Latin-9', ['ISO_IR 203'], bytes([0xa4]), '€'],
    ['half-width katakana', ['ISO_IR 13'], bytes([0xd4, 0xcf, 0xc0, 0xde]), 'ﾔﾏﾀﾞ'],
    ['UTF-8', ['ISO_IR 192'], Buffer.from('Wang^小東'), 'Wang^小東'],
    ['GB18030, a backslash as second byte of a character', ['GB18030'], bytes([0x81, 0x5c], '\\', 'b'), '乗\\b'],
    ['a term written otherwise', ['iso-ir-192'], Buffer.from('é'), 'é'],
    ['an unknown term: Latin-1', ['KLINGON'], bytes([0xe9]), 'é'],
  ])('%s', (_, terms, value, expected) => {
    expect(decode(terms, value)).toBe(expected);
  });

  it('Japanese with code extensions, in the three groups of a name', () => {
    const value = bytes(
      'Yamada^Tarou=',
      ESC,
      '$B',
      [0x3b, 0x33, 0x45, 0x44],
      ESC,
      '(B^',
      ESC,
      '$B',
      [0x42, 0x40, 0x4f, 0x3a],
      ESC,
      '(B=',
      ESC,
      '$B',
      [0x24, 0x64, 0x24, 0x5e, 0x24, 0x40],
      ESC,
      '(B',
    );
    expect(decode(['', 'ISO 2022 IR 87'], value)).toBe('Yamada^Tarou=山田^太郎=やまだ');
  });

  it('a two-byte character that contains the code of a backslash is no delimiter', () => {
    expect(decode(['', 'ISO 2022 IR 87'], bytes(ESC, '$B', [0x30, 0x5c], ESC, '(B\\b'), false)).toBe('移\\b');
  });

  it('JIS X 0212, Korean and simplified Chinese', () => {
    expect(decode(['', 'ISO 2022 IR 159'], bytes(ESC, '$(D', [0x30, 0x21], ESC, '(B'))).toBe('丂');
    expect(decode(['', 'ISO 2022 IR 149'], bytes('Hong=', ESC, '$)C', [0xfb, 0xf3], '^', ESC, '$)C', [0xd1, 0xce]))).toBe('Hong=洪^吉');
    expect(decode(['', 'ISO 2022 IR 58'], bytes(ESC, '$)A', [0xd5, 0xc5]))).toBe('张');
  });

  it('goes back to the first character set at a delimiter', () => {
    const value = bytes(ESC, '-F', [0xc4], '\\', [0xe9]);
    expect(decode(['ISO 2022 IR 100', 'ISO 2022 IR 126'], value, false)).toBe('Δ\\é');
    const name = bytes(ESC, '-F', [0xc4], '^', [0xe9]);
    expect(decode(['ISO 2022 IR 100', 'ISO 2022 IR 126'], name, true)).toBe('Δ^é');
    expect(decode(['ISO 2022 IR 100', 'ISO 2022 IR 126'], name, false)).toBe('Δ^ι');
  });

  it('ends in the middle of an escape sequence or a character without harm', () => {
    expect(decode(['', 'ISO 2022 IR 87'], bytes('a', ESC))).toBe('a');
    expect(decode(['', 'ISO 2022 IR 87'], bytes('a', ESC, '$'))).toBe('a$');
    expect(decode(['', 'ISO 2022 IR 87'], bytes(ESC, '$B', [0x3b, 0x33, 0x45]))).toBe('山E');
  });
});
