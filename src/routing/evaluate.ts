/**
 * The decision on one study version: every rule with every clause, the value seen and its answer. Pure: the same headers,
 * rules and models give the same decision. It is plain JSON and is kept with the version.
 */
import { explain, reasonOf, seriesLabel, type Explained } from './condition.js';
import type { SeriesFacts, StudyFacts } from './facts.js';
import { whyNotAsked, type RuleLimit } from './limits.js';
import type { Priority, Rule, RuleSet } from './schema.js';
import { select, type Loss, type Selection } from './selection.js';
import { anyOf, type Truth } from './truth.js';

/**
 * What became of a rule on a study. With `noSeries` the study was due a result and has none, for the reason given; with
 * `notAsked` the AE title that it was sent to keeps the rule from being asked at all.
 */
export const OUTCOME = {
  applied: 'applied',
  waitingForModel: 'waiting for model',
  noSeries: 'no series',
  notApplied: 'not applied',
  notAsked: 'not asked',
} as const;
export type Outcome = (typeof OUTCOME)[keyof typeof OUTCOME];

/** The name of the input of a model that takes one series. */
export const SERIES_INPUT = 'series';

/** Name to version of the models that can run now: at most one of each name is active. */
export type ActiveModels = ReadonlyMap<string, string>;

export interface RunInput {
  /** The model's name for this input. */
  readonly name: string;
  readonly seriesInstanceUid: string;
}

/** What a rule made of one series. */
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

export interface RuleDecision {
  readonly rule: string;
  readonly file: string;
  readonly outcome: Outcome;
  /** `when` over all series: `missing` says that the rule did not apply for want of a value. */
  readonly when: Truth;
  /** One sentence for people. May hold header values: not for logs. */
  readonly reason: string;
  /** One or more where the outcome is `applied` or `waiting for model`, else none. */
  readonly inputs: readonly RunInput[];
  readonly model: { readonly name: string; readonly version?: string };
  readonly settings: Readonly<Record<string, string | number | boolean>>;
  readonly destinations: readonly string[];
  readonly priority: Priority;
  readonly series: readonly SeriesVerdict[];
}

export interface Decision {
  readonly studyInstanceUid: string;
  readonly rulesRevision: string;
  readonly rules: readonly RuleDecision[];
  /** Series that this node made; no rule looks at them. */
  readonly ownSeries: readonly string[];
}

export interface Circumstances {
  readonly models: ActiveModels;
  /** Where the AE title that the study was sent to does not ask all rules. */
  readonly limit?: RuleLimit | undefined;
}

/** Decides a study by all rules; a rule whose model is not in `models` waits for it. Never throws, whatever the headers hold. */
export function decide(study: StudyFacts, ruleSet: RuleSet, { models, limit }: Circumstances): Decision {
  return {
    studyInstanceUid: study.studyInstanceUid,
    rulesRevision: ruleSet.revision,
    rules: ruleSet.rules.map((rule) => decideRule(study, rule, models, whyNotAsked(rule, limit))),
    ownSeries: study.ownSeries,
  };
}

function decideRule(study: StudyFacts, rule: Rule, models: ActiveModels, notAskedWhy: string | undefined): RuleDecision {
  if (notAskedWhy !== undefined) return notAsked(rule, notAskedWhy);
  const asked = study.series.map((series) => ({ series, when: explain(rule.when, series, 'when') }));
  const candidates = asked.filter(({ when }) => when.truth === 'true').map(({ series }) => series);
  const selection = select(candidates, rule.series);
  const { outcome, reason } = outcomeOf(rule, asked, candidates, selection, models);
  return {
    rule: rule.name,
    file: rule.file,
    outcome,
    when: anyOf(asked.map(({ when }) => when.truth)),
    reason,
    inputs: selection.chosen === undefined ? [] : [{ name: SERIES_INPUT, seriesInstanceUid: selection.chosen.seriesInstanceUid }],
    ...orderOf(rule),
    series: asked.map(({ series, when }) => verdictOf(series, when, selection)),
  };
}

function notAsked(rule: Rule, reason: string): RuleDecision {
  const { name, file } = rule;
  const outcome = OUTCOME.notAsked;
  return { rule: name, file, outcome, when: 'false', reason, inputs: [], ...orderOf(rule), series: [] };
}

/** What a rule asks for, whatever comes of it. */
function orderOf({ model, settings, destinations, priority }: Rule) {
  return {
    model: { name: model.name, ...(model.version === undefined ? {} : { version: model.version }) },
    settings,
    destinations,
    priority,
  };
}

interface Asked {
  readonly series: SeriesFacts;
  readonly when: Explained;
}

function outcomeOf(
  rule: Rule,
  asked: readonly Asked[],
  candidates: readonly SeriesFacts[],
  selection: Selection,
  models: ActiveModels,
): { outcome: Outcome; reason: string } {
  const { chosen, losses } = selection;
  if (candidates.length === 0) return { outcome: OUTCOME.notApplied, reason: notConcerned(asked) };
  if (chosen === undefined) {
    const why = candidates.map((series) => `${seriesLabel(series)}: ${losses.get(series.seriesInstanceUid)?.text ?? ''}`);
    return { outcome: OUTCOME.noSeries, reason: `no series is fit for model ${rule.model.name} (${why.join(' | ')})` };
  }
  const { name, version } = rule.model;
  const wanted = version === undefined ? name : `${name} ${version}`;
  const takes = `model ${wanted} takes ${seriesLabel(chosen)}`;
  if (isActive(rule.model, models)) return { outcome: OUTCOME.applied, reason: takes };
  const active = models.get(name);
  return {
    outcome: OUTCOME.waitingForModel,
    reason: `${takes}, but ${active === undefined ? 'no model of that name is active' : `version ${active} is active`}`,
  };
}

/** Whether the model that a rule names can run now. */
export function isActive(model: Rule['model'], models: ActiveModels): boolean {
  const active = models.get(model.name);
  return active !== undefined && (model.version === undefined || model.version === active);
}

/** The reason of the series that came nearest: missing before false, then most clauses true, then the first. */
function notConcerned(asked: readonly Asked[]): string {
  const nearness = ({ when }: Asked) => (when.truth === 'missing' ? 1000 : 0) + trueClauses(when);
  const [nearest] = [...asked].sort((a, b) => nearness(b) - nearness(a));
  if (nearest === undefined) return 'the study has no series';
  return `${seriesLabel(nearest.series)}${asked.length > 1 ? `, the nearest of ${asked.length}` : ''}: ${reasonOf(nearest.when)}`;
}

function trueClauses(explained: Explained): number {
  if (explained.parts === undefined) return explained.truth === 'true' ? 1 : 0;
  return explained.parts.reduce((count, part) => count + trueClauses(part), 0);
}

function verdictOf(series: SeriesFacts, when: Explained, selection: Selection): SeriesVerdict {
  const uid = series.seriesInstanceUid;
  const loss = selection.losses.get(uid);
  const where = selection.where.get(uid);
  return {
    seriesInstanceUid: uid,
    ...(series.seriesNumber === undefined ? {} : { seriesNumber: series.seriesNumber }),
    ...(series.modality === undefined ? {} : { modality: series.modality }),
    instanceCount: series.instances().length,
    fate: uid === selection.chosen?.seriesInstanceUid ? 'chosen' : when.truth === 'true' ? 'lost' : 'not concerned',
    when,
    ...(where === undefined ? {} : { where }),
    ...(loss === undefined ? {} : { loss }),
  };
}
