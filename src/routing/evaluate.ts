/**
 * The decision on one study version: every rule with every clause, the value seen and its answer. Pure: the same headers,
 * rules and models give the same decision.
 */
import { combinationsOf, lossesOfFit, type Combination, type InputChoice } from './combine.js';
import { explain, explainStudy, reasonOf, truthOfCondition, truthOfStudyCondition, type Explained } from './condition.js';
import {
  OUTCOME,
  type ActiveModels,
  type Decision,
  type InputVerdict,
  type Loss,
  type Outcome,
  type RuleDecision,
  type SeriesVerdict,
} from './decision.js';
import type { SeriesFacts, StudyFacts } from './facts.js';
import { whyNotAsked, type RuleLimit } from './limits.js';
import { noPartners, notAnalysed, notConcerned, takesText, waitsText, type AskedSeries } from './reasons.js';
import { inputsOf, type RuleInput } from './rule-inputs.js';
import type { Rule, RuleSet } from './schema.js';
import { select } from './selection.js';
import { allOf, anyOf, type Truth } from './truth.js';

export * from './decision.js';
export { SERIES_INPUT } from './rule-inputs.js';

export interface Circumstances {
  readonly models: ActiveModels;
  /** Where the AE title that the study was sent to does not ask all rules. */
  readonly limit?: RuleLimit | undefined;
}

/** Decides a study by all rules; a rule whose model is not in `models` waits for it. Never throws, whatever the headers hold. */
export function decide(study: StudyFacts, ruleSet: RuleSet, { models, limit }: Circumstances): Decision {
  let stopped: string | undefined;
  const rules = ruleSet.rules.map((rule) => {
    const decided = decideRule(study, rule, models, whyNot(rule, limit, stopped));
    if (rule.then === 'stop' && decided.runs.length > 0) stopped ??= rule.name;
    return decided;
  });
  return { studyInstanceUid: study.studyInstanceUid, rulesRevision: ruleSet.revision, rules, ownSeries: study.ownSeries };
}

/** A decision without its reasons. */
export type BriefRule = Pick<RuleDecision, 'outcome' | 'runs'> & { readonly rule: Rule };

/** What `decide` decides, without an account of it, at a fraction of its price: the same outcomes and runs, in the order of the rules. */
export function decideBriefly(study: StudyFacts, { rules }: Pick<RuleSet, 'rules'>, { models, limit }: Circumstances): BriefRule[] {
  let stopped: string | undefined;
  return rules.map((rule) => {
    const brief = whyNot(rule, limit, stopped) ?? brieflyOn(study, rule, models);
    if (rule.then === 'stop' && brief.runs.length > 0) stopped ??= rule.name;
    return { rule, outcome: brief.outcome, runs: brief.runs };
  });
}

/** Whether a rule would run its model on this study, if the model were active. */
export function wouldRun(study: StudyFacts, rule: Rule): boolean {
  return rule.enabled && brieflyOn(study, rule, new Map()).runs.length > 0;
}

function brieflyOn(study: StudyFacts, rule: Rule, models: ActiveModels): Pick<Verdict, 'outcome' | 'runs'> {
  const none = { outcome: OUTCOME.notApplied, runs: [] };
  if (rule.study !== undefined && truthOfStudyCondition(rule.study, study) !== 'true') return none;
  const candidates: SeriesFacts[][] = [];
  for (const { when } of inputsOf(rule)) {
    const about = study.series.filter((series) => truthOfCondition(when, series) === 'true');
    if (about.length === 0) return none;
    candidates.push(about);
  }
  const { choices, combinations, active } = chosenFrom(rule, candidates, models);
  return { outcome: outcomeOf(combinations, active), runs: combinations.map((combination) => runOf(combination, choices)) };
}

function outcomeOf(combinations: readonly Combination[], active: boolean): Outcome {
  if (combinations.length === 0) return OUTCOME.noSeries;
  return active ? OUTCOME.applied : OUTCOME.waitingForModel;
}

interface Chosen {
  readonly choices: readonly InputChoice[];
  readonly combinations: readonly Combination[];
  readonly active: boolean;
}

/** What is chosen of the series that each input is about. */
function chosenFrom(rule: Rule, candidates: readonly (readonly SeriesFacts[])[], models: ActiveModels): Chosen {
  const active = isActive(rule.model, models);
  const model = active ? models.get(rule.model.name) : undefined;
  const choices = inputsOf(rule).map((input, index): InputChoice => ({ input, selection: select(candidates[index] ?? [], input, model) }));
  return { choices, combinations: combinationsOf(choices, rule.tiedBy ?? 'study'), active };
}

type Verdict = Pick<RuleDecision, 'outcome' | 'when' | 'reason' | 'runs' | 'inputs' | 'study'>;

/** Why a rule is not asked at all. */
function whyNot(rule: Rule, limit: RuleLimit | undefined, stoppedBy: string | undefined): Verdict | undefined {
  const nothing = { when: 'false', runs: [], inputs: [] } as const;
  const limited = rule.enabled ? whyNotAsked(rule, limit) : 'not asked: the rule file says `enabled: false`';
  if (limited !== undefined) return { ...nothing, outcome: OUTCOME.notAsked, reason: limited };
  if (stoppedBy === undefined) return undefined;
  return {
    ...nothing,
    outcome: OUTCOME.preempted,
    reason: `not asked: rule ${stoppedBy} before it has the study, and says \`then: stop\``,
  };
}

function decideRule(study: StudyFacts, rule: Rule, models: ActiveModels, notAsked: Verdict | undefined): RuleDecision {
  const { name, file, owner, tags } = rule;
  const about = { rule: name, file, ...(owner === undefined ? {} : { owner }), tags };
  return { ...about, ...(notAsked ?? verdictOn(study, rule, models)), ...orderOf(rule) };
}

/** What a rule asks for, whatever comes of it. */
function orderOf({ model, workflow, settings, destinations, shadow, priority, window, limits }: Rule) {
  return {
    model: { name: model.name, ...(model.version === undefined ? {} : { version: model.version }) },
    ...(workflow === undefined ? {} : { workflow }),
    settings,
    destinations: shadow ? [] : destinations,
    shadow,
    priority,
    ...(window === undefined ? {} : { window }),
    ...(limits === undefined ? {} : { limits }),
  };
}

interface AskedInput {
  readonly input: RuleInput;
  readonly asked: readonly AskedSeries[];
  readonly when: Truth;
}

function verdictOn(study: StudyFacts, rule: Rule, models: ActiveModels): Verdict {
  const account = rule.study === undefined ? undefined : explainStudy(rule.study, study, 'study');
  const withStudy = account === undefined ? {} : { study: account };
  const none = { runs: [], outcome: OUTCOME.notApplied, ...withStudy };
  if (account !== undefined && account.truth !== 'true')
    return { ...none, when: account.truth, reason: `the study: ${reasonOf(account)}`, inputs: [] };
  const asked = inputsOf(rule).map((input) => askedFor(input, study));
  const when = allOf(asked.map((one) => one.when));
  const lacking = asked.find((one) => one.when !== 'true');
  if (lacking !== undefined) {
    const reason = `${rule.inputs === undefined ? '' : `no series for ${lacking.input.name}: `}${notConcerned(lacking.asked)}`;
    return { ...none, when, reason, inputs: asked.map((one) => inputVerdict(one, undefined, new Map())) };
  }
  return { ...withStudy, when, ...chosenBy(rule, asked, models) };
}

function askedFor(input: RuleInput, study: StudyFacts): AskedInput {
  const asked = study.series.map((series) => ({ series, when: explain(input.when, series, input.paths.when) }));
  return { input, asked, when: anyOf(asked.map(({ when }) => when.truth)) };
}

/** The verdict of a rule that the study is due a result of. */
function chosenBy(rule: Rule, asked: readonly AskedInput[], models: ActiveModels): Pick<Verdict, 'outcome' | 'reason' | 'runs' | 'inputs'> {
  const candidates = asked.map((one) => one.asked.filter(({ when }) => when.truth === 'true').map(({ series }) => series));
  const { choices, combinations, active } = chosenFrom(rule, candidates, models);
  const losses = choices.map((choice, index) => new Map([...choice.selection.losses, ...lossesOfFit(choices, combinations, index)]));
  const inputs = asked.map((one, index) => inputVerdict(one, choices[index], losses[index] ?? new Map()));
  const outcome = outcomeOf(combinations, active);
  if (combinations.length === 0) return { outcome, reason: whyNoRun(rule, choices, asked), runs: [], inputs };
  const takes = takesText(rule.model, choices, combinations);
  return {
    outcome,
    reason: active ? takes : `${takes}, but ${waitsText(rule.model, models)}`,
    runs: combinations.map((combination) => runOf(combination, choices)),
    inputs,
  };
}

function runOf(combination: Combination, choices: readonly InputChoice[]) {
  const named = combination.map(({ series }, index) => ({
    name: choices[index]?.input.name ?? '',
    seriesInstanceUid: series.seriesInstanceUid,
  }));
  return { inputs: named };
}

function whyNoRun(rule: Rule, choices: readonly InputChoice[], asked: readonly AskedInput[]): string {
  const empty = choices.findIndex(({ selection }) => selection.ranked.length === 0);
  const choice = choices[empty];
  if (choice === undefined) return noPartners(choices, rule.tiedBy ?? 'study');
  const lost = (asked[empty]?.asked ?? []).flatMap(({ series }) => {
    const loss = choice.selection.losses.get(series.seriesInstanceUid);
    return loss === undefined ? [] : [{ series, loss }];
  });
  return notAnalysed(lost, rule.inputs === undefined ? undefined : choice.input.name);
}

/** Whether the model that a rule names can run now. */
export function isActive(model: Rule['model'], models: ActiveModels): boolean {
  const active = models.get(model.name);
  return active !== undefined && (model.version === undefined || model.version === active.version);
}

function inputVerdict({ input, asked }: AskedInput, choice: InputChoice | undefined, losses: ReadonlyMap<string, Loss>): InputVerdict {
  const where = choice?.selection.where;
  return {
    name: input.name,
    series: asked.map(({ series, when }) => seriesVerdict(series, when, where, choice === undefined ? undefined : losses)),
  };
}

/** Without `losses` the rule did not apply, and nothing was chosen. */
function seriesVerdict(
  series: SeriesFacts,
  when: Explained,
  accounts: ReadonlyMap<string, Explained> | undefined,
  losses: ReadonlyMap<string, Loss> | undefined,
): SeriesVerdict {
  const uid = series.seriesInstanceUid;
  const [loss, where] = [losses?.get(uid), accounts?.get(uid)];
  return {
    seriesInstanceUid: uid,
    ...(series.seriesNumber === undefined ? {} : { seriesNumber: series.seriesNumber }),
    ...(series.modality === undefined ? {} : { modality: series.modality }),
    instanceCount: Number(series.facts.instanceCount.values[0] ?? 0),
    fate: when.truth !== 'true' || losses === undefined ? 'not concerned' : loss === undefined ? 'chosen' : 'lost',
    when,
    ...(where === undefined ? {} : { where }),
    ...(loss === undefined ? {} : { loss }),
  };
}
