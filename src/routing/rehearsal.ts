/** What other rules would make of the same studies: decisions compared study by study, and added up. Pure. */
import { isActive, OUTCOME, type ActiveModels, type Decision, type RuleDecision } from './evaluate.js';

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

const NO_SUCH_RULE = 'there is no such rule';

/** The runs that would be gained, lost or changed, by the order of the rules. */
export function changesBetween(before: Decision, after: Decision): RunChange[] {
  const earlier = new Map(before.rules.map((rule) => [rule.rule, rule]));
  const later = new Map(after.rules.map((rule) => [rule.rule, rule]));
  return [...new Set([...later.keys(), ...earlier.keys()])].flatMap((name) => changeOf(name, earlier.get(name), later.get(name)) ?? []);
}

function changeOf(rule: string, before: RuleDecision | undefined, after: RuleDecision | undefined): RunChange | undefined {
  const kind = kindOf(before, after);
  if (kind === undefined) return undefined;
  const model = (after ?? before)?.model.name ?? '';
  const [told, instead] = kind === 'change' && before && after ? differences(before, after) : [];
  return {
    kind,
    rule,
    model,
    before: told ?? (before === undefined ? NO_SUCH_RULE : `${before.outcome}: ${before.reason}`),
    after: instead ?? (after === undefined ? NO_SUCH_RULE : `${after.outcome}: ${after.reason}`),
  };
}

function kindOf(before: RuleDecision | undefined, after: RuleDecision | undefined): ChangeKind | undefined {
  const [had, has] = [before !== undefined && runsOf(before) > 0, after !== undefined && runsOf(after) > 0];
  if (!had && !has) return undefined;
  if (!had) return 'gain';
  if (!has) return 'lose';
  return ordersOf(before as RuleDecision).join() === ordersOf(after as RuleDecision).join() ? undefined : 'change';
}

/** How many runs a rule makes of a study, now or as soon as its model is active. */
export function runsOf({ runs }: RuleDecision): number {
  return runs.length;
}

/** Everything that makes a run another run, or sends its result elsewhere. */
const ORDER = {
  series: ({ runs }: RuleDecision) => runs.map(({ inputs }) => inputs.map(({ name, seriesInstanceUid }) => `${name} ${seriesInstanceUid}`)),
  model: ({ model }: RuleDecision) => model,
  workflow: ({ workflow }: RuleDecision) => workflow ?? 'default',
  settings: ({ settings }: RuleDecision) => settings,
  destinations: ({ destinations }: RuleDecision) => destinations,
  shadow: ({ shadow }: RuleDecision) => shadow,
  priority: ({ priority }: RuleDecision) => priority,
  window: ({ window }: RuleDecision) => window ?? 'none',
} as const;

function ordersOf(decision: RuleDecision): string[] {
  return Object.values(ORDER).map((part) => JSON.stringify(part(decision)));
}

/** What the run has now, and what it would have instead. */
function differences(before: RuleDecision, after: RuleDecision): [string, string] {
  const differing = Object.entries(ORDER).filter(([, part]) => JSON.stringify(part(before)) !== JSON.stringify(part(after)));
  const tell = (decision: RuleDecision) =>
    differing
      .map(([name, part]) => (name === 'series' ? decision.reason : `${name} ${JSON.stringify(part(decision)).replaceAll('"', '')}`))
      .join('; ');
  return [tell(before), tell(after)];
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

  add({ rules }: Decision): void {
    let applies = false;
    for (const rule of rules) {
      const runs = runsOf(rule);
      if (runs > 0 || rule.outcome === OUTCOME.noSeries) applies = true;
      if (runs === 0) continue;
      this.runs += runs;
      this.byModel.set(rule.model.name, (this.byModel.get(rule.model.name) ?? 0) + runs);
      if (!isActive(rule.model, this.models)) this.waiting += runs;
    }
    if (!applies) this.noRule++;
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

  add(before: Decision, after: Decision): void {
    const { studyInstanceUid } = after;
    this.studies++;
    this.ruleCounts = [before.rules.length, after.rules.length];
    this.before.add(before);
    const known = this.after.noRule;
    this.after.add(after);
    if (this.after.noRule > known) this.noRule.push(studyInstanceUid);
    for (const rule of before.rules) this.ruleOf(rule).runsBefore += runsOf(rule);
    for (const rule of after.rules) {
      const tally = this.ruleOf(rule);
      tally.runsAfter += runsOf(rule);
      if (rule.outcome === OUTCOME.noSeries) tally.noSeriesAfter++;
    }
    this.addChanges(studyInstanceUid, changesBetween(before, after));
    this.sameModel.push(...sameModels(after));
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

  private ruleOf({ rule, model }: RuleDecision) {
    let tally = this.rules.get(rule);
    if (tally === undefined) {
      tally = { rule, model: model.name, runsBefore: 0, runsAfter: 0, gain: 0, lose: 0, change: 0, noSeriesAfter: 0 };
      this.rules.set(rule, tally);
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

function sameModels({ studyInstanceUid, rules }: Decision): Rehearsal['sameModel'][number][] {
  const byModel = new Map<string, string[]>();
  for (const rule of rules) if (runsOf(rule) > 0) byModel.set(rule.model.name, [...(byModel.get(rule.model.name) ?? []), rule.rule]);
  return [...byModel].flatMap(([model, names]) => (names.length > 1 ? [{ studyInstanceUid, model, rules: names }] : []));
}
