/** Tails of distributions, to about twelve digits. */

/** The probability of a standard normal number at least as far from 0 as z, on either side. */
export function normalTwoSided(z: number): number {
  return gammaUpper(0.5, (z * z) / 2);
}

/** The probability of a number of Student's distribution at least as far from 0 as t, on either side. */
export function studentTwoSided(t: number, degreesOfFreedom: number): number {
  if (!Number.isFinite(t)) return 0;
  return betaLower(degreesOfFreedom / (degreesOfFreedom + t * t), degreesOfFreedom / 2, 0.5);
}

const PRECISION = 1e-15;
const MOST_STEPS = 10_000;
const TINY = 1e-300;

/** The regularised upper incomplete gamma function Q(a, x), x ≥ 0: its series for small x, its continued fraction else (DLMF 8.7.1, 8.9.2). */
function gammaUpper(a: number, x: number): number {
  if (x === 0) return 1;
  const scale = Math.exp(a * Math.log(x) - x - logGamma(a));
  if (x < a + 1) {
    let term = 1 / a;
    let sum = term;
    for (let n = 1; n < MOST_STEPS && term > sum * PRECISION; n++) sum += term *= x / (a + n);
    return 1 - scale * sum;
  }
  return scale * continuedFraction(x + 1 - a, (n) => [-n * (n - a), x + 2 * n + 1 - a]);
}

/** The regularised incomplete beta function I_x(a, b), by its continued fraction where that converges fast (DLMF 8.17.22). */
function betaLower(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - betaLower(1 - x, b, a);
  const scale = Math.exp(a * Math.log(x) + b * Math.log1p(-x) + logGamma(a + b) - logGamma(a) - logGamma(b)) / a;
  return scale * continuedFraction(1, (n) => [betaTerm(n, x, a, b), 1]);
}

function betaTerm(n: number, x: number, a: number, b: number): number {
  const m = Math.floor(n / 2);
  if (n % 2 === 0) return (m * (b - m) * x) / ((a + n - 1) * (a + n));
  return (-(a + m) * (a + b + m) * x) / ((a + n - 1) * (a + n));
}

/** 1 / (b0 + a1 / (b1 + a2 / (b2 + …))), from the front (Lentz, modified by Thompson and Barnett). */
function continuedFraction(b0: number, term: (n: number) => readonly [a: number, b: number]): number {
  let value = b0 === 0 ? TINY : b0;
  let c = value;
  let d = 0;
  for (let n = 1; n < MOST_STEPS; n++) {
    const [a, b] = term(n);
    d = b + a * d || TINY;
    c = b + a / c || TINY;
    d = 1 / d;
    value *= c * d;
    if (Math.abs(c * d - 1) < PRECISION) break;
  }
  return 1 / value;
}

/** ln Γ(x) for x > 0: moved up to where Stirling's series (DLMF 5.11.1) is exact enough. */
function logGamma(x: number): number {
  let shift = 0;
  let at = x;
  for (; at < 15; at++) shift += Math.log(at);
  const square = 1 / (at * at);
  const series = (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square * (1 / 1680 - square / 1188)))) / at;
  return (at - 0.5) * Math.log(at) - at + 0.5 * Math.log(2 * Math.PI) + series - shift;
}
