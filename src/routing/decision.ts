/** What was decided on a study version. Plain JSON: it is kept with the version, for as long as the study's row lives. */
import type { CardInput } from '../models/card.js';
import type { Explained } from './language/explained.js';
import { SERIES_INPUT } from './rule-inputs.js';
import type { Priority, RunLimits, RunWindow } from './schema.js';
import type { Truth } from './truth.js';

/**
 * What became of a rule on a study. With `noSeries` the study was due a result and has none, for the reason given; with
 * `notAsked` the rule is disabled, or the AE title that the study was sent to keeps it from being asked; with `preempted` an
 * earlier rule says `then: stop`.
 */
export const OUTCOME = {
  applied: 'applied',
  waitingForModel: 'waiting for model',
  noSeries: 'no series',
  notApplied: 'not applied',
  notAsked: 'not asked',
  preempted: 'preempted',
} as const;
export type Outcome = (typeof OUTCOME)[keyof typeof OUTCOME];

/** A model that can run now, and what its card says that it takes. */
export interface ActiveModel {
  readonly version: string;
  readonly card?: { readonly inputs: readonly CardInput[] };
}

/** By name: at most one version of each is active. */
export type ActiveModels = ReadonlyMap<string, ActiveModel>;

export interface RunInput {
  /** The model's name for this input. */
  readonly name: string;
  readonly seriesInstanceUid: string;
}

/** Where a series left the selection. */
export interface Loss {
  /** `series.where`, `card`, `series.prefer[0]`, `order` for a tie, `tiedBy` where no partner shares its frame of reference. */
  readonly path: string;
  /** What this series had, and what the better one had or the model needs. */
  readonly text: string;
}

/** What a rule made of one series, for one input of its model. */
export interface SeriesVerdict {
  readonly seriesInstanceUid: string;
  readonly seriesNumber?: number;
  readonly modality?: string;
  readonly instanceCount: number;
  readonly fate: 'chosen' | 'lost' | 'not concerned';
  readonly when: Explained;
  readonly where?: Explained;
  /** Only where `fate` is `lost`. */
  readonly loss?: Loss;
}

export interface InputVerdict {
  /** The model's name for this input; `series` for rules with one. */
  readonly name: string;
  readonly series: readonly SeriesVerdict[];
}

export interface RuleDecision {
  readonly rule: string;
  readonly file: string;
  readonly owner?: string;
  readonly tags: readonly string[];
  readonly outcome: Outcome;
  /** Whether the rule is about the study: `missing` says that it did not apply for want of a value. */
  readonly when: Truth;
  /** One sentence for people. May hold header values: not for logs. */
  readonly reason: string;
  /** One or more where the outcome is `applied` or `waiting for model`, else none. */
  readonly runs: readonly { readonly inputs: readonly RunInput[] }[];
  readonly model: { readonly name: string; readonly version?: string };
  readonly workflow?: string;
  readonly settings: Readonly<Record<string, string | number | boolean>>;
  /** None where `shadow` is true. */
  readonly destinations: readonly string[];
  readonly shadow: boolean;
  readonly priority: Priority;
  readonly window?: RunWindow;
  readonly limits?: RunLimits;
  /** The account of the rule's condition on the study as a whole, where it has one. */
  readonly study?: Explained;
  /** One for each input of the model; none where the rule was not asked of series. */
  readonly inputs: readonly InputVerdict[];
}

export interface Decision {
  readonly studyInstanceUid: string;
  readonly rulesRevision: string;
  readonly rules: readonly RuleDecision[];
  /** Series that this node made; no rule looks at them. */
  readonly ownSeries: readonly string[];
}

/** A rule's decision as it was written before rules had several inputs: `inputs` were those of its one run. */
type EarlierRule = Omit<RuleDecision, 'inputs' | 'runs' | 'tags' | 'shadow'> & {
  readonly inputs: readonly RunInput[];
  readonly series: readonly SeriesVerdict[];
};

/** Reads a decision that is kept with a version, also one that an earlier release of this node wrote. */
export function parseDecision(text: string): Decision {
  const decision = JSON.parse(text) as Omit<Decision, 'rules'> & { readonly rules: readonly (RuleDecision | EarlierRule)[] };
  return { ...decision, rules: decision.rules.map((rule) => ('runs' in rule ? rule : asNow(rule))) };
}

function asNow({ series, inputs, ...rule }: EarlierRule): RuleDecision {
  const runs = inputs.length === 0 ? [] : [{ inputs }];
  return { ...rule, tags: [], shadow: false, runs, inputs: [{ name: SERIES_INPUT, series }] };
}
