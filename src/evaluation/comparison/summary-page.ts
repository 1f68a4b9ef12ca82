/** The summary of a comparison as one HTML page without anything to load. */
import { structureById } from '../../dicom/structures/table.js';
import { escaped, htmlTable } from '../html.js';
import { valueOf } from '../metrics/measured.js';
import { describe } from '../statistics/describe.js';
import type { CaseScore, Metric } from './case-score.js';
import type { ComparedModel } from './compared-model.js';
import { scoresOfModel } from './scored.js';
import { boxPlot, type BoxRow } from './plots.js';
import type { Tested } from './paired-tests.js';
import type { Figures, Summary } from './summarise.js';

export interface PageSubject {
  readonly begunAt: string;
  readonly cohort: string;
  readonly models: readonly ComparedModel[];
}

/** The page's text. */
export function summaryPage(about: PageSubject, cases: readonly CaseScore[], summary: Summary): string {
  const labels = about.models.map(({ label }) => label);
  const sections: [string, string][] = [
    ['Models', modelsTable(about, summary)],
    ['Dice', plotOf(about.models, cases, 'dice', 'Dice coefficient')],
    ['95 % Hausdorff distance', plotOf(about.models, cases, 'hausdorff95Mm', 'mm')],
    ['Against the truth', structuresTable(summary)],
    ['Models against each other', testsTable(summary.modelTests, ({ structure, models }) => [named(structure), models.join(' − ')])],
    ['Left against right', testsTable(summary.sideTests, ({ model, sides }) => [model, sides.map(named).join(' − ')])],
    ['With the clinical table', correlationsTable(summary)],
    ['Agreement where there is no truth', agreementTable(summary)],
    ['What failed', failuresTable(cases)],
  ];
  const { casesIn, casesWithTruth, casesWithUnreadableTruth: unreadable } = summary;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Comparison: ${escaped(labels.join(', '))}</title><style>${STYLE}</style></head><body>
<h1>${escaped(labels.join(', '))}</h1>
<p>${casesIn} cases of ${escaped(about.cohort)}, ${casesWithTruth} with truth${unreadable === 0 ? '' : `, ${unreadable} with a truth that cannot be read`}; begun ${escaped(about.begunAt.slice(0, 16).replace('T', ' '))}.</p>
${sections.map(([title, body]) => (body === '' ? '' : `<h2>${title}</h2>${body}`)).join('\n')}
<h2>How it is counted</h2><p>${NOTES}</p>
</body></html>
`;
}

const STYLE =
  'body{font:15px/1.5 sans-serif;max-width:96rem;margin:2rem auto;padding:0 1rem}table{border-collapse:collapse;font-variant-numeric:tabular-nums}' +
  'th,td{text-align:left;padding:.15rem .9rem .15rem 0;vertical-align:top;white-space:nowrap}th{border-bottom:1px solid #999}.wide{overflow-x:auto}.texts td{white-space:normal;overflow-wrap:anywhere}';

const NOTES =
  'n counts every case whose truth has the structure: failures stay in it. A structure that a model gives elsewhere, or that its card promises, and not in a case has a Dice of 0 there; what it neither gives nor promises is not held against it and named beside it. ' +
  'A case whose truth was looked at for a structure and is empty is not in its n: where a model draws it all the same, that is a false positive. ' +
  'Wholes are put together of their parts by code; one that lacks a part is not measured, and what one lacks otherwise is said beside it. Dice: the overlap of two masks, 1 where they are equal; HD: Hausdorff distance, the largest between two surfaces; HD95: its 95th percentile; MSD: mean surface distance; IQR: from the first quartile to the third; all have the definitions of plastimatch. ' +
  'In brackets: 95 % bootstrap interval of the mean (2000 resamples, seeded). Wilcoxon: two-sided signed-rank test, pairs without a difference left out, ' +
  'exact up to 50 pairs; pairs of which a side has failed or is not measured are lost to it. Rows of the clinical table and cases without a PatientID are joined to nothing. p (Holm) is corrected for all tests of the metric in the same table.';

function modelsTable({ models }: PageSubject, summary: Summary): string {
  const rows = summary.models.map((model, index) => {
    const { version = '', digest, results } = models[index];
    const failures = Object.entries(model.failures).map(([code, count]) => `${code} ${count}`);
    return [
      model.model,
      version,
      digest === undefined ? (results ?? '') : digest.slice(0, 19),
      String(model.casesIn),
      String(model.done),
      `${model.failed}${failures.length === 0 ? '' : ` (${failures.join(', ')})`}`,
      model.runTimeMs === undefined ? '' : `${(model.runTimeMs.median / 1000).toFixed(1)} s`,
      model.peakMemoryBytes === undefined ? '' : `${Math.round(model.peakMemoryBytes.most / 1e6)} MB`,
      model.notClaimed.map(({ structure, cases }) => `${named(structure)} (${cases})`).join(', '),
    ];
  });
  return htmlTable(
    ['model', 'version', 'digest', 'cases in', 'done', 'failed', 'run time (median)', 'memory (most)', 'not claimed (cases)'],
    rows,
  );
}

function plotOf(models: readonly ComparedModel[], cases: readonly CaseScore[], metric: Metric, title: string): string {
  const labels = models.map(({ label }) => label);
  const withTruth = cases.filter(({ truth }) => truth === 'there');
  const all = [
    ...models.flatMap((model) => scoresOfModel(model, withTruth).map((score) => ({ by: model.label, score }))),
    ...cases.flatMap(({ pairs }) => pairs.flatMap(({ models, scores }) => scores.map((score) => ({ by: models.join(' and '), score })))),
  ];
  const byRow = new Map<string, { by: string; structure: string; values: number[] }>();
  for (const { by, score } of all) {
    const value = score.figures[metric];
    if (value === null) continue;
    const key = `${score.structure}\n${by}`;
    const row = byRow.get(key) ?? { by, structure: score.structure, values: [] };
    row.values.push(value);
    byRow.set(key, row);
  }
  const sorted = [...byRow.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
  const rows = sorted.flatMap(({ by, structure, values }): BoxRow[] => {
    const box = describe(values);
    return box === undefined ? [] : [{ label: `${named(structure)}: ${by}`, model: Math.max(0, labels.indexOf(by)), box, values }];
  });
  if (rows.length === 0) return '';
  // Dice from the least one to 1, a tenth at least; distances from 0: an axis without a spread has no place for anything.
  const [least, most] = [Math.min(...rows.map(({ box }) => box.least)), Math.max(...rows.map(({ box }) => box.most))];
  return boxPlot(rows, metric === 'dice' ? { title, from: Math.min(least, 0.9), to: 1 } : { title, from: 0, to: most || 1 });
}

const SHOWN: readonly (readonly [Metric, string, number])[] = [
  ['dice', 'Dice', 3],
  ['hausdorffMm', 'HD mm', 1],
  ['hausdorff95Mm', 'HD95 mm', 1],
  ['meanSurfaceDistanceMm', 'MSD mm', 2],
  ['volumeDifferenceMl', 'volume difference ml', 1],
];

function figuresText(figures: Figures | undefined, digits: number): string {
  if (figures === undefined) return '';
  const { mean, median, q1, q3, meanInterval } = figures;
  const t = (value: number) => value.toFixed(digits);
  const interval = meanInterval === undefined ? '' : ` [${t(meanInterval.low)}, ${t(meanInterval.high)}]`;
  return `${t(mean)}${interval}; ${t(median)} (${t(q1)}–${t(q3)})`;
}

const FIGURE_HEAD = SHOWN.map(([, title]) => `${title}: mean [95 %]; median (IQR)`);

function structuresTable({ structures }: Summary): string {
  if (structures.length === 0) return '';
  const sorted = [...structures].sort((a, b) => (a.structure < b.structure ? -1 : a.structure > b.structure ? 1 : 0));
  return htmlTable(
    ['structure', 'model', 'n', 'scored', 'absent', 'failed', 'not measured', 'false positives', 'Dice, failures as 0', ...FIGURE_HEAD],
    sorted.map(({ structure, model, n, scored, absent, failed, notMeasured, falsePositives, metrics, diceWithFailuresAsZero, lacks }) => [
      withLack(structure, lacks),
      model,
      ...[n, scored, absent, failed, notMeasured, falsePositives].map(String),
      diceWithFailuresAsZero?.toFixed(3) ?? '',
      ...SHOWN.map(([metric, , digits]) => figuresText(metrics[metric], digits)),
    ]),
  );
}

function agreementTable({ agreement }: Summary): string {
  if (agreement.length === 0) return '';
  const sorted = [...agreement].sort((a, b) => (a.structure < b.structure ? -1 : a.structure > b.structure ? 1 : 0));
  return htmlTable(
    ['structure', 'models', 'n', ...FIGURE_HEAD],
    sorted.map(({ structure, models, n, metrics, lacks }) => [
      withLack(structure, lacks),
      models.join(' and '),
      String(n),
      ...SHOWN.map(([metric, , digits]) => figuresText(metrics[metric], digits)),
    ]),
  );
}

function testsTable<T extends Tested>(tests: readonly T[], names: (test: T) => readonly [string, string]): string {
  if (tests.length === 0) return '';
  return htmlTable(
    ['', '', 'metric', 'n', 'pairs lost', 'mean difference [95 %]', 'W', 'p', 'p (Holm)', ''],
    tests.map((test) => {
      const { meanDifference: difference, meanDifferenceInterval: interval, signedRank } = test;
      const result = valueOf(signedRank);
      return [
        ...names(test),
        test.metric,
        String(test.n),
        String(test.lost),
        difference === null
          ? ''
          : `${difference.toPrecision(3)}${interval === undefined ? '' : ` [${interval.low.toPrecision(3)}, ${interval.high.toPrecision(3)}]`}`,
        result === undefined ? '' : String(result.statistic),
        pText(result?.p),
        pText(test.pHolm),
        'undefinedBecause' in signedRank ? signedRank.undefinedBecause : `${signedRank.value.method}, ${signedRank.value.zeros} equal`,
      ];
    }),
  );
}

function correlationsTable({ clinical }: Summary): string {
  if (clinical.correlations.length === 0) return '';
  const rows = clinical.correlations.map(({ model, structure, metric, column, pearson, spearman, pHolm }) => {
    const [byValue, byRank] = [valueOf(pearson), valueOf(spearman)];
    const interval = byValue?.interval;
    return [
      column,
      named(structure),
      model,
      metric,
      String(byValue?.n ?? ''),
      byValue === undefined
        ? ''
        : `${byValue.r.toFixed(3)}${interval === undefined ? '' : ` [${interval.low.toFixed(3)}, ${interval.high.toFixed(3)}]`}`,
      pText(byValue?.p),
      byRank?.r.toFixed(3) ?? '',
      pText(byRank?.p),
      pText(pHolm),
      'undefinedBecause' in pearson ? pearson.undefinedBecause : '',
    ];
  });
  const joined = `<p>${clinical.casesJoined} cases have a row in the clinical table, ${clinical.casesWithoutRow} have none.</p>`;
  return (
    joined + htmlTable(['column', 'structure', 'model', 'metric', 'n', 'Pearson r [95 %]', 'p', 'Spearman ρ', 'p', 'p (Holm)', ''], rows)
  );
}

function failuresTable(cases: readonly CaseScore[]): string {
  const failed = cases.flatMap(({ caseName, models, truthReason }) => [
    ...(truthReason === undefined ? [] : [[caseName, 'truth', truthReason]]),
    ...models.flatMap(({ model, failure }) => (failure === undefined ? [] : [[caseName, model, `${failure.code}: ${failure.reason}`]])),
  ]);
  return failed.length === 0 ? '' : `<div class="texts">${htmlTable(['case', 'model', 'reason'], failed)}</div>`;
}

function withLack(structure: string, lacks: readonly string[]): string {
  return lacks.length === 0 ? named(structure) : `${named(structure)} (${lacks.join('; ')})`;
}

function named(structure: string): string {
  return structureById(structure)?.name ?? structure;
}

function pText(p: number | null | undefined): string {
  if (p === null || p === undefined) return '';
  return p < 0.001 ? p.toExponential(1) : p.toFixed(3);
}
