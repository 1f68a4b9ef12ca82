/** How a model's figures go with what is known of the patients. */
import type { ClinicalTable } from '../cohort/clinical-table.js';
import { valueOf, type Measured } from '../metrics/measured.js';
import { pearson, spearman, type Correlation } from '../statistics/correlation.js';
import { holm } from '../statistics/holm.js';
import type { Metric } from './case-score.js';
import { TESTED } from './paired-tests.js';
import { groups, type Scored } from './scored.js';

export interface ClinicalCorrelation {
  readonly model: string;
  readonly structure: string;
  readonly metric: Metric;
  readonly column: string;
  readonly pearson: Measured<Correlation>;
  readonly spearman: Measured<Correlation>;
  /** Spearman's p, corrected (Holm) for all correlations of the metric; null where there is none. */
  readonly pHolm: number | null;
}

/** Every figure that is tested with every numeric column, over the cases that have both. */
export function correlate(scored: readonly Scored[], { columns, rows }: ClinicalTable): ClinicalCorrelation[] {
  return TESTED.flatMap((metric) => {
    const all = groups(scored, ({ model, structure }) => `${model}\n${structure}`).flatMap((group) =>
      columns.map((column) => {
        const pairs = group.flatMap(({ patientId, figures }): [number, number][] => {
          const [known, figure] = [rows.get(patientId)?.get(column), figures[metric]];
          return known === undefined || figure === null ? [] : [[known, figure]];
        });
        const [{ model, structure }] = group;
        return { model, structure, metric, column, pearson: pearson(pairs), spearman: spearman(pairs) };
      }),
    );
    const corrected = holm(all.flatMap((one) => valueOf(one.spearman)?.p ?? []));
    let next = 0;
    return all.map((one) => ({ ...one, pHolm: valueOf(one.spearman) === undefined ? null : corrected[next++] }));
  });
}
