/** A decision as text for the administrator. Shows header values of the study: for the terminal, never for logs. */
import { printable } from '../foundation/printable.js';
import { countsText, seriesLabel, valuesText, type Explained } from './condition.js';
import { OUTCOME, SERIES_INPUT, type Decision, type RuleDecision, type SeriesVerdict } from './evaluate.js';
import type { Truth } from './truth.js';

const MARKS: Readonly<Record<Truth, string>> = { true: '✓', false: '✗', missing: '?' };
const OUTCOME_MARKS: Readonly<Record<RuleDecision['outcome'], string>> = {
  [OUTCOME.applied]: '✓',
  [OUTCOME.waitingForModel]: '…',
  [OUTCOME.noSeries]: '!',
  [OUTCOME.notApplied]: '✗',
  [OUTCOME.notAsked]: '–',
  [OUTCOME.preempted]: '–',
};

/** Widest left column of an aligned block; longer clauses push their own value to the right. */
const MAX_COLUMN = 64;

/** How many series that were seen alike are named. */
const NAMED_SERIES = 8;

/**
 * First each rule in one line, then every rule with every series and every clause with the value seen: ✓ true, ✗ false,
 * ? missing. Series that a rule saw the same way are shown together.
 */
export function formatExplanation(decision: Decision): string {
  const head = [`Study ${decision.studyInstanceUid}`, `Rules revision ${decision.rulesRevision.slice(0, 12)}`];
  if (decision.ownSeries.length > 0) head.push(`Made by this node, not looked at: ${decision.ownSeries.length} series`);
  if (decision.rules.length === 0) head.push('No rules are in force.');
  const summary = decision.rules.length > 1 ? [aligned(decision.rules.map(summaryOf))] : [];
  return [head.join('\n'), ...summary, ...decision.rules.map(formatRule)].join('\n\n') + '\n';
}

/** A rule in one line: what became of it, and why. */
function summaryOf(rule: RuleDecision): Line {
  return { indent: 0, left: headingOf(rule), right: rule.reason };
}

function headingOf({ outcome, rule }: RuleDecision): string {
  return `${OUTCOME_MARKS[outcome]} ${rule}: ${outcome}`;
}

/** One rule of a decision, with every series and clause. */
export function formatRule(rule: RuleDecision): string {
  const lines: Line[] = [
    { indent: 0, left: headingOf(rule) },
    { indent: 2, left: rule.reason },
  ];
  if (rule.runs.length > 0) lines.push({ indent: 2, left: orderText(rule) });
  if (rule.study !== undefined) lines.push({ indent: 2, left: 'the study as a whole' }, ...clauseLines(rule.study, 'study', 4));
  for (const input of rule.inputs) {
    const named = rule.inputs.length > 1 || input.name !== SERIES_INPUT;
    if (named) lines.push({ indent: 2, left: `input ${input.name}` });
    for (const alike of alikeSeries(input.series)) lines.push(...seriesLines(alike, named ? 4 : 2));
  }
  return aligned(lines);
}

/** How the runs of a rule are ordered, and where their results go. */
function orderText({ priority, destinations, shadow, workflow, window }: RuleDecision): string {
  const where = shadow ? 'shadow: results are kept and never delivered' : `to ${destinations.join(', ')}`;
  const when = window && `starts between ${window.from} and ${window.to}${window.days === undefined ? '' : ` (${window.days.join(', ')})`}`;
  return [`priority ${priority}`, where, workflow && `workflow ${workflow}`, when].filter((text) => text !== undefined).join(', ');
}

interface Line {
  readonly indent: number;
  readonly left: string;
  readonly right?: string;
}

/** Series with the same account, in the order in which they first appear. */
function alikeSeries(series: readonly SeriesVerdict[]): SeriesVerdict[][] {
  const groups = new Map<string, SeriesVerdict[]>();
  for (const one of series) {
    const key = JSON.stringify([one.fate, one.when, one.where, one.loss]);
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return [...groups.values()];
}

function seriesLines(alike: readonly SeriesVerdict[], indent: number): Line[] {
  const [first] = alike;
  if (first === undefined) return [];
  const named = alike
    .slice(0, NAMED_SERIES)
    .map((one) => `${seriesLabel(one)} (${one.modality ?? 'no modality'}, ${one.instanceCount} inst.)`);
  const title = named.join(', ') + (alike.length > NAMED_SERIES ? ` and ${alike.length - NAMED_SERIES} more` : '');
  const lines: Line[] = [{ indent, left: `${title}: ${first.fate}` }, ...clauseLines(first.when, 'when', indent + 2)];
  if (first.where !== undefined) lines.push(...clauseLines(first.where, 'series.where', indent + 2));
  if (first.loss !== undefined && first.loss.path !== first.where?.path)
    lines.push({ indent: indent + 2, left: `✗ ${first.loss.path}`, right: first.loss.text });
  return lines;
}

function clauseLines(explained: Explained, title: string, indent: number): Line[] {
  const { parts, truth, text, member, group } = explained;
  const name = parts === undefined || title === '' ? text : `${title}: ${text}`;
  const own: Line = { indent, left: `${MARKS[truth]} ${member === undefined ? '' : `${member}: `}${name}`, ...rightOf(explained) };
  // What a name stands for is one condition: its members follow at once.
  const [inner] = parts ?? [];
  const below = group === 'named' && inner?.parts !== undefined ? inner.parts : (parts ?? []);
  return [own, ...below.flatMap((part) => clauseLines(part, '', indent + 2))];
}

function rightOf({ seen, counts }: Explained): { right?: string } {
  if (counts !== undefined) return { right: countsText(counts) };
  if (seen === undefined) return {};
  return { right: seen.values.length === 0 ? seen.source : valuesText(seen.values) };
}

function aligned(lines: readonly Line[]): string {
  const widths = lines.filter((line) => line.right !== undefined).map((line) => line.indent + line.left.length);
  const column = Math.min(MAX_COLUMN, Math.max(0, ...widths));
  return lines
    .map(({ indent, left, right }) => {
      const start = `${' '.repeat(indent)}${left}`;
      return printable(right === undefined ? start : `${start.padEnd(column)}   ${right}`).replaceAll('\n', '·');
    })
    .join('\n');
}
