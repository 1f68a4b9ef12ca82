import { parseAccept, parseMediaType, rangeTakes } from '../../../src/dicomweb/media-type.js';

describe('parseMediaType', () => {
  it('reads quoted parameters that hold separators', () => {
    expect(parseMediaType('Multipart/Related; Type="application/dicom+json; a=\\"b\\""; x=1')).toEqual({
      type: 'multipart/related',
      parameters: { type: 'application/dicom+json; a="b"', x: '1' },
    });
  });

  it.each([undefined, '', 'application', 'a/b/c', 'a b/c'])('knows that %p is none', (text) => {
    expect(parseMediaType(text)).toBeUndefined();
  });
});

describe('parseAccept', () => {
  it('orders by weight, keeps the order of equals and leaves out what is refused', () => {
    const accept = 'image/png;q=0.2, multipart/related; type="application/octet-stream, x"; transfer-syntax=*, image/jpeg, text/html;q=0';
    expect(parseAccept(accept).map((range) => range.type)).toEqual(['multipart/related', 'image/jpeg', 'image/png']);
    expect(parseAccept(accept)[0]?.parameters['transfer-syntax']).toBe('*');
  });

  it('takes everything where the header is absent', () => {
    expect(parseAccept(undefined).map((range) => range.type)).toEqual(['*/*']);
  });
});

describe('rangeTakes', () => {
  it('knows wildcards', () => {
    expect([
      rangeTakes('*/*', 'image/jls'),
      rangeTakes('image/*', 'image/jls'),
      rangeTakes('image/jls', 'image/jls'),
      rangeTakes('video/*', 'image/jls'),
    ]).toEqual([true, true, true, false]);
  });
});
