/** What other rules would make of the same studies: decisions compared study by study, and added up. Pure. */
import { isActive, OUTCOME, type ActiveModels, type BriefRule, type Decision, type RuleDecision } from './evaluate.js';
import type { Rule } from './schema.js';

export type ChangeKind = 'gain' | 'lose' | 'change';

/** What another rule set would make of one rule's runs on one study. May hold header values: not for logs. */
export interface RunChange {
  readonly kind: ChangeKind;
  readonly rule: string;
  readonly model: string;
  /** What the rules in force say of it, and what the others say: a sentence with the clause that decides. */
  readonly before: string;
  readonly after: string;
}

export interface StudyChange {
  readonly studyInstanceUid: string;
  readonly changes: readonly RunChange[];
}

/** What both rule sets decide on one study. */
export interface BothWays {
  readonly studyInstanceUid: string;
  readonly before: readonly BriefRule[];
  readonly after: readonly BriefRule[];
  /** The same with reasons: asked only where something would change. */
  readonly explained: () => { readonly before: Decision; readonly after: Decision };
}

const NO_SUCH_RULE = 'there is no such rule';

/** The runs that would be gained, lost or changed, by the order of the rules. */
export function changesBetween({ before, after, explained }: BothWays): RunChange[] {
  const earlier = new Map(before.map((one) => [one.rule.name, one]));
  const later = new Map(after.map((one) => [one.rule.name, one]));
  const names = [...new Set([...later.keys(), ...earlier.keys()])];
  const kinds = names.flatMap((name): [string, ChangeKind][] => {
    const kind = kindOf(earlier.get(name), later.get(name));
    return kind === undefined ? [] : [[name, kind]];
  });
  if (kinds.length === 0) return [];
  const decisions = explained();
  return kinds.map(([name, kind]) => {
    const [was, would] = [decisions.before, decisions.after].map(({ rules }) => rules.find(({ rule }) => rule === name));
    return changeOf(kind, name, was, would);
  });
}

function kindOf(before: BriefRule | undefined, after: BriefRule | undefined): ChangeKind | undefined {
  const [had, has] = [before !== undefined && before.runs.length > 0, after !== undefined && after.runs.length > 0];
  if (!had && !has) return undefined;
  if (!had || before === undefined) return 'gain';
  if (!has || after === undefined) return 'lose';
  const same = JSON.stringify(before.runs) === JSON.stringify(after.runs) && orderText(before.rule) === orderText(after.rule);
  return same ? undefined : 'change';
}

/** What makes a run of the same series another run, or sends its result elsewhere. */
const ORDER = ['model', 'workflow', 'settings', 'destinations', 'shadow', 'priority', 'window'] as const;

const orders = new WeakMap<Rule, string>();

function orderText(rule: Rule): string {
  let text = orders.get(rule);
  if (text === undefined) {
    text = JSON.stringify(ORDER.map((key) => rule[key] ?? null));
    orders.set(rule, text);
  }
  return text;
}

function changeOf(kind: ChangeKind, rule: string, before: RuleDecision | undefined, after: RuleDecision | undefined): RunChange {
  const model = (after ?? before)?.model.name ?? '';
  if (kind === 'change' && before && after) return { kind, rule, model, ...differences(before, after) };
  const told = (decision: RuleDecision | undefined) => (decision === undefined ? NO_SUCH_RULE : `${decision.outcome}: ${decision.reason}`);
  return { kind, rule, model, before: told(before), after: told(after) };
}

/** What the run has now, and what it would have instead. */
function differences(before: RuleDecision, after: RuleDecision): { before: string; after: string } {
  const otherSeries = JSON.stringify(before.runs) !== JSON.stringify(after.runs);
  const keys = ORDER.filter((key) => JSON.stringify(before[key]) !== JSON.stringify(after[key]));
  const tell = (decision: RuleDecision) =>
    [
      ...(otherSeries ? [decision.reason] : []),
      ...keys.map((key) => `${key} ${JSON.stringify(decision[key] ?? 'none').replaceAll('"', '')}`),
    ].join('; ');
  return { before: tell(before), after: tell(after) };
}

/** One rule over all studies. */
export interface RuleTally {
  readonly rule: string;
  readonly model: string;
  readonly runsBefore: number;
  readonly runsAfter: number;
  readonly gain: number;
  readonly lose: number;
  readonly change: number;
  /** Studies that are due a result of it, and of which no series would fit. */
  readonly noSeriesAfter: number;
}

/** One of the two rule sets over all studies. */
export interface SideTally {
  readonly revision: string;
  readonly rules: number;
  readonly runs: number;
  readonly runsPerDay: number;
  /** Hours of the models a day, by the mean of their last runs; models that never ran are left out and named. */
  readonly hoursPerDay: number;
  readonly unknownHours: readonly string[];
  /** Runs of models that are not active. */
  readonly waiting: number;
  /** Studies to which no rule applies. */
  readonly noRule: number;
}

export interface Rehearsal {
  readonly studies: number;
  /** Over how many days they came. */
  readonly days: number;
  /** Studies whose headers are purged: nothing can be said of them. */
  readonly purged: number;
  readonly before: SideTally;
  readonly after: SideTally;
  readonly kinds: Readonly<Record<ChangeKind, number>>;
  readonly rules: readonly RuleTally[];
  readonly changes: readonly StudyChange[];
  /** Studies that no rule would apply to. */
  readonly noRule: readonly string[];
  /** Studies on which two rules would run the same model. */
  readonly sameModel: readonly { readonly studyInstanceUid: string; readonly model: string; readonly rules: readonly string[] }[];
}

class Side {
  runs = 0;
  waiting = 0;
  noRule = 0;
  readonly byModel = new Map<string, number>();

  constructor(private readonly models: ActiveModels) {}

  /** False where no rule applies. */
  add(rules: readonly BriefRule[]): boolean {
    let applies = false;
    for (const { rule, outcome, runs } of rules) {
      if (runs.length > 0 || outcome === OUTCOME.noSeries) applies = true;
      if (runs.length === 0) continue;
      this.runs += runs.length;
      this.byModel.set(rule.model.name, (this.byModel.get(rule.model.name) ?? 0) + runs.length);
      if (!isActive(rule.model, this.models)) this.waiting += runs.length;
    }
    if (!applies) this.noRule++;
    return applies;
  }

  tally(revision: string, rules: number, days: number, runTimesMs: ReadonlyMap<string, number>): SideTally {
    const { runs, waiting, noRule } = this;
    let ms = 0;
    const unknownHours: string[] = [];
    for (const [model, count] of this.byModel) {
      const each = runTimesMs.get(model);
      if (each === undefined) unknownHours.push(model);
      else ms += each * count;
    }
    return { revision, rules, runs, runsPerDay: runs / days, hoursPerDay: ms / 3_600_000 / days, unknownHours, waiting, noRule };
  }
}

interface Surroundings {
  readonly days: number;
  readonly purged: number;
  readonly revisions: readonly [before: string, after: string];
  /** Mean duration of a run, by model. */
  readonly runTimesMs: ReadonlyMap<string, number>;
}

/** Adds up two decisions for each study. */
export class RehearsalTally {
  private studies = 0;
  private readonly before: Side;
  private readonly after: Side;
  private readonly kinds = { gain: 0, lose: 0, change: 0 };
  private readonly rules = new Map<string, { -readonly [K in keyof RuleTally]: RuleTally[K] }>();
  private readonly changes: StudyChange[] = [];
  private readonly noRule: string[] = [];
  private readonly sameModel: Rehearsal['sameModel'][number][] = [];
  private ruleCounts: readonly [number, number] = [0, 0];

  constructor(models: ActiveModels) {
    this.before = new Side(models);
    this.after = new Side(models);
  }

  add(both: BothWays): void {
    const { studyInstanceUid, before, after } = both;
    this.studies++;
    this.ruleCounts = [before.length, after.length];
    this.before.add(before);
    if (!this.after.add(after)) this.noRule.push(studyInstanceUid);
    for (const { rule, runs } of before) this.ruleOf(rule).runsBefore += runs.length;
    for (const { rule, runs, outcome } of after) {
      const tally = this.ruleOf(rule);
      tally.runsAfter += runs.length;
      if (outcome === OUTCOME.noSeries) tally.noSeriesAfter++;
    }
    this.addChanges(studyInstanceUid, changesBetween(both));
    this.sameModel.push(...sameModels(studyInstanceUid, after));
  }

  private addChanges(studyInstanceUid: string, changes: readonly RunChange[]): void {
    if (changes.length === 0) return;
    for (const { kind, rule } of changes) {
      this.kinds[kind]++;
      const tally = this.rules.get(rule);
      if (tally !== undefined) tally[kind]++;
    }
    this.changes.push({ studyInstanceUid, changes });
  }

  private ruleOf({ name, model }: Rule) {
    let tally = this.rules.get(name);
    if (tally === undefined) {
      tally = { rule: name, model: model.name, runsBefore: 0, runsAfter: 0, gain: 0, lose: 0, change: 0, noSeriesAfter: 0 };
      this.rules.set(name, tally);
    }
    return tally;
  }

  result({ days, purged, revisions, runTimesMs }: Surroundings): Rehearsal {
    return {
      studies: this.studies,
      days,
      purged,
      before: this.before.tally(revisions[0], this.ruleCounts[0], days, runTimesMs),
      after: this.after.tally(revisions[1], this.ruleCounts[1], days, runTimesMs),
      kinds: this.kinds,
      rules: [...this.rules.values()],
      changes: this.changes,
      noRule: this.noRule,
      sameModel: this.sameModel,
    };
  }
}

function sameModels(studyInstanceUid: string, rules: readonly BriefRule[]): Rehearsal['sameModel'][number][] {
  const byModel = new Map<string, string[]>();
  for (const { rule, runs } of rules)
    if (runs.length > 0) byModel.set(rule.model.name, [...(byModel.get(rule.model.name) ?? []), rule.name]);
  return [...byModel].flatMap(([model, names]) => (names.length > 1 ? [{ studyInstanceUid, model, rules: names }] : []));
}
