/** The labelled set itself: its labels name series that are there, and it is large and varied enough to mean something. */
import { labelledStudies, NO_SERIES, NOT_APPLIED, RULES } from '../../support/labelled-studies.js';

describe('the labelled set', () => {
  const studies = labelledStudies();

  it('holds enough studies, each with a name and a reason of its own', () => {
    expect(studies.length).toBeGreaterThanOrEqual(150);
    expect(new Set(studies.map((study) => study.name)).size).toBe(studies.length);
    expect(studies.filter((study) => study.why === '')).toEqual([]);
  });

  it('expects only series that are there', () => {
    const unknown = studies.flatMap((study) => {
      const names = study.input().series.map((series) => series.seriesInstanceUid);
      return Object.values(study.expected)
        .flatMap((expected) => (typeof expected === 'string' ? [expected] : Object.values(expected)))
        .filter((expected) => expected !== NOT_APPLIED && expected !== NO_SERIES && !names.includes(expected))
        .map((expected) => `${study.name}: ${expected}`);
    });
    expect(unknown).toEqual([]);
  });

  it('holds for each rule studies that it takes, that it must refuse, and that it is not about', () => {
    const counts = RULES.map((rule) => {
      const expected = studies.map((study) => study.expected[rule]);
      const refused = expected.filter((one) => one === NO_SERIES).length;
      const others = expected.filter((one) => one === NOT_APPLIED).length;
      return { taken: expected.length - refused - others, refused, others };
    });
    for (const { taken, refused, others } of counts) {
      expect(taken).toBeGreaterThanOrEqual(10);
      expect(refused).toBeGreaterThanOrEqual(5);
      expect(others).toBeGreaterThanOrEqual(50);
    }
  });
});
