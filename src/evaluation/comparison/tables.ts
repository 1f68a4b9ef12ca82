/** A comparison as CSV: one row for each case, model and structure, and one for each case, pair of models and structure. */
import { csvText } from '../../foundation/csv.js';
import { METRICS, type CaseScore, type ModelOutcome, type StructureScore } from './case-score.js';

const FIGURES: Readonly<Record<(typeof METRICS)[number], string>> = {
  dice: 'dice',
  hausdorffMm: 'hd_mm',
  hausdorff95Mm: 'hd95_mm',
  meanSurfaceDistanceMm: 'msd_mm',
  volumeDifferenceMl: 'volume_difference_ml',
  relativeVolumeDifference: 'relative_volume_difference',
};

const MEASURED = ['structure', 'made_of', 'lack', 'volume_ml', 'reference_volume_ml', ...Object.values(FIGURES), 'why_no_figure'];
const RESULTS = ['case', 'patient_id', 'model', 'state', 'failure_code', 'reason', 'truth', ...MEASURED, 'run_time_s', 'peak_memory_mb'];
const PAIRS = ['case', 'patient_id', 'reference_model', 'model', ...MEASURED];

type Row = Record<string, string | number | null>;

/** A failed case has one row without a structure for each model that failed. */
export function resultsTable(cases: readonly CaseScore[]): string {
  const rows = cases.flatMap((one) =>
    one.models.flatMap((outcome): Row[] => {
      const common = { ...ofCase(one), ...ofOutcome(outcome), truth: one.truth };
      if (outcome.scores.length === 0) return [{ ...common, why_no_figure: one.truthReason ?? null }];
      return outcome.scores.map((score) => ({
        ...common,
        ...ofScore(score),
        ...(one.truthReason === undefined ? {} : { why_no_figure: one.truthReason }),
      }));
    }),
  );
  return csvText(RESULTS, rows);
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
    ...Object.fromEntries(METRICS.map((metric) => [FIGURES[metric], figures[metric]])),
    why_no_figure: why ?? null,
  };
}
