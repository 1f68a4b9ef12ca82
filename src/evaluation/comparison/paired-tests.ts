/** Tests on pairs: two models on the same cases, the left and the right side of the same case. */
import { wholesOf } from '../../dicom/structures/table.js';
import { valueOf, type Measured } from '../metrics/measured.js';
import { meanInterval, type Interval } from '../statistics/bootstrap.js';
import { mean } from '../statistics/describe.js';
import { holm } from '../statistics/holm.js';
import { signedRank, type SignedRank } from '../statistics/wilcoxon.js';
import type { Metric } from './case-score.js';
import { groups, type Scored } from './scored.js';

/** Of these metrics tests are made; each is a family of its own for Holm's correction. */
export const TESTED: readonly Metric[] = ['dice', 'hausdorff95Mm'];

export interface Tested {
  readonly metric: Metric;
  /** Pairs with a figure on both sides. */
  readonly n: number;
  /** Pairs whose truth has both and of which a side has no figure: its model failed there, or it is not measured. */
  readonly lost: number;
  readonly meanDifference: number | null;
  readonly meanDifferenceInterval?: Interval;
  readonly signedRank: Measured<SignedRank>;
  /** Corrected (Holm) for all tests of the metric in the list; null where there is no test. */
  readonly pHolm: number | null;
}

/** The first less the second model. */
export interface PairedTest extends Tested {
  readonly structure: string;
  readonly models: readonly [string, string];
}

/** The left less the right side. */
export interface SideTest extends Tested {
  readonly model: string;
  /** The left and the right structure. */
  readonly sides: readonly [string, string];
}

/** Each two models, structure by structure, on the cases in which both have figures. */
export function compareModels(models: readonly string[], scored: readonly Scored[]): PairedTest[] {
  const pairs = models.flatMap((first, index) => models.slice(index + 1).map((second) => [first, second] as const));
  const ofStructures = groups(scored, ({ structure }) => structure);
  const wanted = ofStructures.flatMap((ofStructure) =>
    pairs.map((pair) => ({
      structure: ofStructure[0].structure,
      models: pair,
      first: ofStructure.filter(({ model }) => model === pair[0]),
      second: ofStructure.filter(({ model }) => model === pair[1]),
    })),
  );
  return inFamilies(
    wanted.filter(({ first, second }) => first.length > 0 && second.length > 0),
    ({ first: _, second: __, ...named }) => named,
  );
}

/** Each structure that has a left and a right one, of each model. */
export function compareSides(scored: readonly Scored[]): SideTest[] {
  const wanted = groups(scored, ({ model }) => model).flatMap((ofModel) => {
    const byStructure = new Map(groups(ofModel, ({ structure }) => structure).map((group) => [group[0].structure, group]));
    return [...byStructure].flatMap(([left, first]) => {
      const right = otherSide(left);
      const second = right === undefined ? undefined : byStructure.get(right);
      return right === undefined || second === undefined ? [] : [{ model: first[0].model, sides: [left, right] as const, first, second }];
    });
  });
  return inFamilies(wanted, ({ first: _, second: __, ...named }) => named);
}

/** `RIGHT_LUNG` of `LEFT_LUNG`; undefined for what is not on the left. */
function otherSide(structure: string): string | undefined {
  const right = structure.replace(/^LEFT_/, 'RIGHT_');
  return right !== structure && wholesOf(right).length > 0 ? right : undefined;
}

interface ToTest {
  readonly first: readonly Scored[];
  readonly second: readonly Scored[];
}

function inFamilies<T extends ToTest, N>(wanted: readonly T[], named: (one: T) => N): (N & Tested)[] {
  return TESTED.flatMap((metric) => {
    const tests = wanted.map((one) => ({ ...named(one), ...test(metric, one) }));
    const ps = tests.flatMap(({ signedRank: result }) => valueOf(result)?.p ?? []);
    const corrected = holm(ps);
    let next = 0;
    return tests.map((one) => ({ ...one, pHolm: valueOf(one.signedRank) === undefined ? null : corrected[next++] }));
  });
}

function test(metric: Metric, { first, second }: ToTest): Omit<Tested, 'pHolm'> {
  const others = new Map(second.map(({ caseName, figures }) => [caseName, figures[metric]]));
  const differences = first.flatMap(({ caseName, figures }) => {
    const [one, other] = [figures[metric], others.get(caseName) ?? null];
    return one === null || other === null ? [] : [one - other];
  });
  const interval = meanInterval(differences);
  const counted = (side: readonly Scored[]) => side.filter(({ standing }) => standing !== 'false positive').map(({ caseName }) => caseName);
  const ofSecond = new Set(counted(second));
  return {
    metric,
    n: differences.length,
    lost: counted(first).filter((caseName) => ofSecond.has(caseName)).length - differences.length,
    meanDifference: differences.length === 0 ? null : mean(differences),
    ...(interval === undefined ? {} : { meanDifferenceInterval: interval }),
    signedRank: signedRank(differences),
  };
}
