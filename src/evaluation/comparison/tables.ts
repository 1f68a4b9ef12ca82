/** A comparison as CSV: one row for each case, model and structure, and one for each case, pair of models and structure. */
import { csvText } from '../../foundation/csv.js';
import { METRICS, type CaseScore, type MetricFigures, type ModelOutcome, type StructureScore } from './case-score.js';
import type { CountedModel } from './compared-model.js';
import { groups, scoresOfModel, type Scored } from './scored.js';

const FIGURES: Readonly<Record<(typeof METRICS)[number], string>> = {
  dice: 'dice',
  hausdorffMm: 'hd_mm',
  hausdorff95Mm: 'hd95_mm',
  meanSurfaceDistanceMm: 'msd_mm',
  volumeDifferenceMl: 'volume_difference_ml',
  relativeVolumeDifference: 'relative_volume_difference',
};

const MEASURED = ['structure', 'made_of', 'lack', 'volume_ml', 'reference_volume_ml', ...Object.values(FIGURES), 'why_no_figure'];
const RESULTS = [
  'case',
  'patient_id',
  'model',
  'state',
  'failure_code',
  'reason',
  'truth',
  'standing',
  ...MEASURED,
  'run_time_s',
  'peak_memory_mb',
];
const PAIRS = ['case', 'patient_id', 'reference_model', 'model', ...MEASURED];

type Row = Record<string, string | number | null>;

/**
 * What failed has a row for each structure that was expected of it there, or one without a structure where none is known. `standing` is how a row counts
 * in the summary; it is empty where it does not, as of what only the model has.
 */
export function resultsTable(cases: readonly CaseScore[], models: readonly CountedModel[]): string {
  const withTruth = cases.filter(({ truth }) => truth === 'there');
  const standings = new Map(models.map((model) => [model.label, standingsOf(model, withTruth)]));
  const rows = cases.flatMap((one) =>
    one.models.flatMap((outcome): Row[] => {
      const common = { ...ofCase(one), ...ofOutcome(outcome), truth: one.truth };
      const counted = standings.get(outcome.model)?.get(one.caseName) ?? new Map<string, Scored>();
      const known = new Set(outcome.scores.map(({ structure }) => structure));
      const others = [...counted.values()].filter(({ structure }) => !known.has(structure));
      const all = [
        ...outcome.scores.map((score): Row => ({ ...ofScore(score), ...standingOf(one, score, counted.get(score.structure)) })),
        ...others.map(({ structure, standing, figures }): Row => ({ structure, standing, ...ofFigures(figures) })),
      ];
      const why: Row = one.truthReason === undefined ? {} : { why_no_figure: one.truthReason };
      return (all.length === 0 ? [{}] : all).map((row): Row => ({ ...common, ...row, ...why }));
    }),
  );
  return csvText(RESULTS, rows);
}

/** By case and structure. */
function standingsOf(model: CountedModel, withTruth: readonly CaseScore[]): ReadonlyMap<string, ReadonlyMap<string, Scored>> {
  const ofCases = groups(scoresOfModel(model, withTruth), ({ caseName }) => caseName);
  return new Map(ofCases.map((all) => [all[0].caseName, new Map(all.map((scored) => [scored.structure, scored]))]));
}

function standingOf({ truthDrawn }: CaseScore, { structure }: StructureScore, counted: Scored | undefined): Row {
  if (counted !== undefined) return { standing: counted.standing, ...ofFigures(counted.figures) };
  return truthDrawn.includes(structure) ? { standing: 'not claimed' } : {};
}

/** Only of cases without truth. */
export function pairsTable(cases: readonly CaseScore[]): string {
  const rows = cases.flatMap((one) =>
    one.pairs.flatMap(({ models: [reference, model], scores }) =>
      scores.map((score): Row => ({ ...ofCase(one), reference_model: reference, model, ...ofScore(score) })),
    ),
  );
  return csvText(PAIRS, rows);
}

function ofCase({ caseName, patientId }: CaseScore): Row {
  return { case: caseName, patient_id: patientId };
}

function ofOutcome({ model, failure, runTimeMs, peakMemoryBytes }: ModelOutcome): Row {
  return {
    model,
    state: failure === undefined ? 'done' : 'failed',
    failure_code: failure?.code ?? null,
    reason: failure?.reason ?? null,
    run_time_s: runTimeMs === null ? null : runTimeMs / 1000,
    peak_memory_mb: peakMemoryBytes === null ? null : Math.round(peakMemoryBytes / 1e6),
  };
}

function ofScore({ structure, output, reference, figures, why }: StructureScore): Row {
  return {
    structure,
    made_of: output.state,
    lack: output.lack,
    volume_ml: output.volumeMl,
    reference_volume_ml: reference?.volumeMl ?? null,
    ...ofFigures(figures),
    why_no_figure: why ?? null,
  };
}

function ofFigures(figures: MetricFigures): Row {
  return Object.fromEntries(METRICS.map((metric) => [FIGURES[metric], figures[metric]]));
}
