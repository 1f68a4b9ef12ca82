/** What a request for a picture may ask. */
import { brightness } from '../../../src/dicom/render/voi.js';
import { scaledToFit } from '../../../src/dicom/render/picture.js';
import { parseRenderedQuery } from '../../../src/dicomweb/server/rendered-query.js';

const parsed = (query: string) => parseRenderedQuery(new URLSearchParams(query));

describe('the query of a rendered resource', () => {
  it('names window, viewport and quality', () => {
    expect(parsed('window=40,400,sigmoid&quality=50')).toEqual({
      window: { center: 40, width: 400, function: 'SIGMOID' },
      quality: 50,
      notDone: [],
    });
    expect(parsed('viewport=10,20,,,5').viewport).toEqual({ width: 10, height: 20, region: { x: 0, y: 0, width: 5, height: Infinity } });
    expect(parsed('annotation=patient').notDone).toEqual(['annotation']);
  });

  it.each(['window=1,-1', 'quality=0', 'viewport=1', 'viewport=1,1,-1,0', 'size=3'])('refuses %s with what it wants', (query) => {
    expect(() => parsed(query)).toThrow(/expected/);
  });
});

describe('pictures', () => {
  it('are black and white at the ends of their window (PS3.3 C.11.2.1.2)', () => {
    const linear = { center: 50, width: 101, function: 'LINEAR' } as const;
    expect([-0.5, 49.5, 99.5, 100].map((value) => brightness(value, linear))).toEqual([0, 128, 255, 255]);
    expect([0, 50, 100, 101].map((value) => brightness(value, { center: 50, width: 100, function: 'LINEAR_EXACT' }))).toEqual([
      0, 128, 255, 255,
    ]);
    expect([0, 1].map((value) => brightness(value, { center: 0.5, width: 1, function: 'LINEAR' }))).toEqual([0, 255]);
  });

  it('are means where they shrink', () => {
    const picture = { width: 4, height: 2, channels: 1, data: Uint8Array.of(0, 100, 10, 20, 100, 200, 30, 40) } as const;
    expect([...scaledToFit(picture, 2, 1).data]).toEqual([100, 25]);
    expect(scaledToFit(picture, 8, 8)).toMatchObject({ width: 8, height: 4 });
  });
});
