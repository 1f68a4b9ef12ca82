import { isSctIdentifier } from '../../../src/dicom/structures/sct-identifier.js';
import { STRUCTURES } from '../../../src/dicom/structures/table.js';

describe('a code of SNOMED CT', () => {
  const codes = [...new Set(STRUCTURES.map(({ type }) => type).filter(({ scheme }) => scheme === 'SCT'))].map(({ value }) => value);

  it('is known by its check digit: every one of the table is', () => {
    expect(codes.length).toBeGreaterThan(100);
    expect(codes.filter((code) => !isSctIdentifier(code))).toEqual([]);
  });

  it('is found to be misspelt with any one digit changed or two neighbours exchanged', () => {
    for (const code of codes.slice(0, 40)) {
      for (let at = 0; at < code.length; at++) {
        const changed = `${code.slice(0, at)}${(Number(code[at]) + 1) % 10}${code.slice(at + 1)}`;
        const exchanged = `${code.slice(0, at)}${code[at + 1] ?? ''}${code[at]}${code.slice(at + 2)}`;
        for (const wrong of [changed, exchanged])
          if (wrong !== code) expect({ wrong, isCode: isSctIdentifier(wrong) }).toEqual({ wrong, isCode: false });
      }
    }
  });
});
