/** What a comparison knows of one case. Plain JSON: each case is kept as a file, so that a comparison that was killed goes on with the next. */
import type { WholePlan } from '../../dicom/structures/wholes.js';

/** The figures by which answers are compared; each has its unit in its name. */
export const METRICS = [
  'dice',
  'hausdorffMm',
  'hausdorff95Mm',
  'meanSurfaceDistanceMm',
  'volumeDifferenceMl',
  'relativeVolumeDifference',
] as const;
export type Metric = (typeof METRICS)[number];

/** A figure of each metric; null where there is none. */
export type MetricFigures = Readonly<Record<Metric, number | null>>;

export const NO_FIGURES: MetricFigures = {
  dice: null,
  hausdorffMm: null,
  hausdorff95Mm: null,
  meanSurfaceDistanceMm: null,
  volumeDifferenceMl: null,
  relativeVolumeDifference: null,
};

/** How a structure is in an answer, and in words what it lacks. */
export interface Had {
  readonly state: WholePlan['state'];
  readonly lack: string;
  /** Null where the answer has nothing of it. */
  readonly volumeMl: number | null;
}

export interface StructureScore {
  readonly structure: string;
  readonly output: Had;
  /** Absent where there is nothing to hold it against. */
  readonly reference?: Had;
  readonly figures: MetricFigures;
  /** Why a figure is missing. */
  readonly why?: string;
}

export interface ModelOutcome {
  /** As the command named it. */
  readonly model: string;
  readonly failure?: { readonly code: string; readonly reason: string };
  readonly runTimeMs: number | null;
  readonly peakMemoryBytes: number | null;
  /** Relative to the folder of the comparison; absolute for results that were ready. */
  readonly files: readonly string[];
  /** Against the truth where there is one, else volumes alone. */
  readonly scores: readonly StructureScore[];
}

export interface CaseScore {
  readonly caseName: string;
  /** What the cohort file said of it when it was scored. */
  readonly source: string;
  readonly patientId: string;
  readonly studyInstanceUid: string;
  /** `none`: not asked for. `unreadable`: it should be there; `truthReason` says what is wrong. */
  readonly truth: 'there' | 'none' | 'unreadable';
  readonly truthReason?: string;
  readonly truthFiles: readonly string[];
  /** The structures of which the truth itself has a voxel. */
  readonly truthDrawn: readonly string[];
  /** These, and the wholes of which it has something: what was looked for and found empty is not among them. */
  readonly truthHas: readonly string[];
  /** One for each model, in the order of the command: a failure is never left out. */
  readonly models: readonly ModelOutcome[];
  /** Models against each other, where there is no truth: the second is held against the first. */
  readonly pairs: readonly { readonly models: readonly [string, string]; readonly scores: readonly StructureScore[] }[];
}
