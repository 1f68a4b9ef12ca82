/** The statistics of comparisons against numbers of scipy 1.17.1 (`scipy.stats`, `numpy.percentile`), and the edges where formulas break. */
import { meanInterval } from '../../../src/evaluation/statistics/bootstrap.js';
import { pearson, spearman } from '../../../src/evaluation/statistics/correlation.js';
import { describe as description } from '../../../src/evaluation/statistics/describe.js';
import { normalTwoSided, studentTwoSided } from '../../../src/evaluation/statistics/distributions.js';
import { holm } from '../../../src/evaluation/statistics/holm.js';
import { signedRank } from '../../../src/evaluation/statistics/wilcoxon.js';
import { normalRandom } from '../../../src/dicom/phantom/random.js';

const pairsOf = (xs: number[], ys: number[]) => xs.map((x, index) => [x, ys[index]] as const);

describe('a description', () => {
  it('has mean, median and quartiles as numpy has them', () => {
    expect(description([7, 1, 3, 10])).toEqual({ n: 4, mean: 5.25, median: 5, q1: 2.5, q3: 7.75, least: 1, most: 10 });
    expect(description([2])).toEqual({ n: 1, mean: 2, median: 2, q1: 2, q3: 2, least: 2, most: 2 });
    expect(description([])).toBeUndefined();
  });
});

describe('tails of distributions', () => {
  it.each([
    [0.1, 0.920344325445942],
    [1, 0.317310507862914],
    [1.96, 0.0499957902964409],
    [5, 5.73303143758389e-7],
    [10, 1.52397060483211e-23],
  ])('of the normal distribution beyond %p are %p', (z, p) => expect(normalTwoSided(z) / p).toBeCloseTo(1, 9));
  it.each([
    [0.5, 1, 0.7048327646991335],
    [2, 3, 0.13932596855884305],
    [2.1, 420, 0.0363247599295232],
    [30, 10, 3.961792342031325e-11],
    [0.001, 5, 0.9992407867721976],
    [Infinity, 5, 0],
    [0, 5, 1],
  ])("of Student's distribution beyond %p with %p degrees of freedom are %p", (t, df, p) =>
    expect(studentTwoSided(t, df)).toBeCloseTo(p, p > 0 && p < 1e-6 ? 20 : 11),
  );
});

describe("Wilcoxon's signed-rank test", () => {
  const of = (differences: number[]) => {
    const tested = signedRank(differences);
    if (!('value' in tested)) throw new Error(tested.undefinedBecause);
    return tested.value;
  };

  it('is exact for few pairs (Darwin, Zea mays)', () => {
    const result = of([6, 8, 14, 16, 23, 24, 28, 29, 41, -48, 49, 56, 60, -67, 75]);
    expect(result).toMatchObject({ n: 15, zeros: 0, statistic: 24, method: 'exact' });
    expect(result.p).toBeCloseTo(0.041259765625, 14);
  });

  it('is exact with ties, and leaves out what does not differ', () => {
    const result = of([15, -7, 5, 20, 0, -9, 17, -12, 5, -10]);
    expect(result).toMatchObject({ n: 9, zeros: 1, statistic: 18, method: 'exact' });
    expect(result.p).toBeCloseTo(0.6328125, 14);
  });

  it('takes the normal distribution beyond 50 pairs', () => {
    const result = of(Array.from({ length: 80 }, (_, i) => (((i * 37) % 101) - 48) / 7));
    expect(result).toMatchObject({ n: 79, zeros: 1, statistic: 1458, method: 'normal' });
    expect(result.p).toBeCloseTo(0.5510099603711489, 10);
  });

  it('has both sides at one for one pair, and no figure where nothing differs', () => {
    expect(of([3]).p).toBe(1);
    expect(signedRank([0, 0])).toEqual({ undefinedBecause: 'no pair differs' });
    expect(signedRank([])).toEqual({ undefinedBecause: 'there are no pairs' });
  });
});

describe('correlations', () => {
  const x = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
  const y = [2.1, 1.9, 3.5, 3.3, 5.9, 5.1, 8.8, 7.2, 9.1, 8.7];

  it("are Pearson's and Spearman's", () => {
    const byValue = pearson(pairsOf(x, y));
    expect(byValue).toMatchObject({
      value: { n: 10, r: expect.closeTo(0.9432555439175067, 12), p: expect.closeTo(4.234360110157894e-5, 14) },
    });
    expect(byValue).toMatchObject({
      value: { interval: { low: expect.closeTo(0.7722927453420315, 9), high: expect.closeTo(0.9868143083437704, 9) } },
    });
    const byRank = spearman(pairsOf(x, y));
    expect(byRank).toMatchObject({ value: { r: expect.closeTo(0.9030303030303028, 12), p: expect.closeTo(0.0003436121977632824, 12) } });
  });

  it('share ranks where values are equal', () => {
    expect(spearman(pairsOf([1, 1, 2, 2, 3, 3, 4, 5], [5, 3, 3, 2, 2, 2, 1, 0]))).toMatchObject({
      value: { r: expect.closeTo(-0.9375732507716867, 12), p: expect.closeTo(0.0005800872560945549, 12) },
    });
  });

  it('say why there is none', () => {
    expect(pearson([])).toEqual({ undefinedBecause: '0 pairs, at least 3 are needed' });
    const constant = { undefinedBecause: 'one of the two is the same in all cases' };
    expect(pearson(pairsOf([0.1, 0.1, 0.1], [1, 2, 3]))).toEqual(constant);
    expect(spearman(pairsOf([1, 2, 3], [7, 7, 7]))).toEqual(constant);
  });

  it('may be perfect', () => {
    expect(pearson(pairsOf([1, 2, 3, 4], [2, 4, 6, 8]))).toMatchObject({ value: { r: 1, p: 0 } });
  });
});

describe("Holm's correction", () => {
  it('multiplies from the smallest on and never falls', () => {
    expect(holm([0.01, 0.04, 0.03, 0.005]).map((p) => Number(p.toFixed(12)))).toEqual([0.03, 0.06, 0.06, 0.02]);
    expect(holm([0.6, 0.9])).toEqual([1, 1]);
    expect(holm([])).toEqual([]);
  });
});

describe('the bootstrap interval of a mean', () => {
  it('is the same each time, and as wide as the standard error says', () => {
    const random = normalRandom(7);
    const values = Array.from({ length: 200 }, () => 5 + 2 * random());
    const interval = meanInterval(values);
    expect(meanInterval(values)).toEqual(interval);
    const { low, high } = interval as { low: number; high: number };
    expect((high - low) / (2 * 1.96 * (2 / Math.sqrt(200)))).toBeCloseTo(1, 0.5);
    expect(low).toBeLessThan(5);
    expect(high).toBeGreaterThan(5);
  });

  it('is not there for fewer than two numbers', () => {
    expect(meanInterval([])).toBeUndefined();
    expect(meanInterval([1])).toBeUndefined();
    expect(meanInterval([1, 1])).toEqual({ low: 1, high: 1 });
  });
});
