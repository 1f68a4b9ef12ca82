/** The UIDs of results follow from what determines the result, and from nothing else. */
import fc from 'fast-check';
import { isUid } from '../../../src/foundation/ids.js';
import { resultUids, type ResultOrigin } from '../../../src/results/identity.js';

const origin: ResultOrigin = {
  nodeId: 'n1',
  purpose: 'clinical',
  input: ['1.2.1', '1.2.2', '1.2.3'].map((sopInstanceUid) => ({ sopInstanceUid, sha256: `hash of ${sopInstanceUid}` })),
  rule: 'chest',
  settings: '{}',
  modelDigest: 'sha256:1',
  outputPath: 'seg.dcm',
};
const first = (changed: Partial<ResultOrigin> = {}) => resultUids({ ...origin, ...changed }, () => false);

describe('the UIDs of a result', () => {
  it('are the same for the same origin, in whatever order its instances came', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([...origin.input], { minLength: 3 }), (input) => {
        expect(first({ input })).toEqual(first());
      }),
    );
  });

  it.each<Partial<ResultOrigin>>([
    { nodeId: 'n2' },
    { purpose: 'evaluation' },
    { input: origin.input.slice(1) },
    { input: [{ sopInstanceUid: '1.2.1', sha256: 'corrected' }, ...origin.input.slice(1)] },
    { rule: 'other' },
    { rule: undefined },
    { settings: '{"threshold":1}' },
    { modelDigest: 'sha256:2' },
    { outputPath: 'second.dcm' },
  ])('are others with %j', (changed) => {
    expect(first(changed).sopInstanceUid).not.toBe(first().sopInstanceUid);
    expect(first(changed).seriesInstanceUid).not.toBe(first().seriesInstanceUid);
  });

  it('are new ones for each further result of the same origin, and all of them are UIDs', () => {
    const taken = new Set<string>();
    for (let ordinal = 0; ordinal < 5; ordinal++) {
      const { sopInstanceUid, seriesInstanceUid } = resultUids(origin, (uid) => taken.has(uid));
      for (const uid of [sopInstanceUid, seriesInstanceUid]) {
        expect(isUid(uid)).toBe(true);
        expect(taken).not.toContain(uid);
        taken.add(uid);
      }
    }
  });
});
