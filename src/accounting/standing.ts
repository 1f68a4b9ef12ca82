/**
 * What has become of what a study was due: a result, a terminal reason, something that it still waits for, or nothing at all, which is a
 * defect. Pure. Texts are for people with access, as they may repeat what was decided of a header; none of them reads as "negative".
 */
import type { EpochMs } from '../foundation/clock.js';
import { CATALOGUE, type ErrorCode } from '../foundation/errors.js';
import { pauseOfRun, pauseText, type PauseRow } from '../ledger/pauses.js';
import type { AccountedStudyRow, AnswerRow, DueRow } from '../ledger/dues.js';

/**
 * - `answered`: a result is where it belongs, or the model looked and found nothing
 * - `not analysed`, `not delivered`: it ended without, for the reason given; a person may have it tried again
 * - `under way`: waits for what the reason names, and something will move it
 * - `silent`: none of these. Nobody would ever hear of it: a defect of the node
 */
export type StandingName = 'answered' | 'not analysed' | 'not delivered' | 'under way' | 'silent';

export interface Standing {
  readonly standing: StandingName;
  /** One sentence. */
  readonly reason: string;
}

/** What the pure functions need to know beside the rows. */
export interface Surroundings {
  readonly now: EpochMs;
  /** Name and version of the models that are active. */
  readonly activeModels: ReadonlyMap<string, string>;
  /** What a person has stopped for a while. */
  readonly pauses: readonly PauseRow[];
}

/** How long the node's own stages may leave something due untouched; they look every two seconds. */
export const STAGE_PATIENCE_MS = 10 * 60_000;
/** A reason is for a table; the whole text stands in `anteroom runs`. */
const LONGEST_REASON = 240;

const answered = (reason: string): Standing => ({ standing: 'answered', reason });
const underWay = (reason: string): Standing => ({ standing: 'under way', reason });
const silent = (reason: string): Standing => ({ standing: 'silent', reason });

/** Where the study as a whole stands before it is known what it is due; undefined where its newest version is decided. */
export function standingOfStudy(study: AccountedStudyRow, { now }: Surroundings): Standing | undefined {
  const late = (since: EpochMs | null): boolean => since !== null && since < now - STAGE_PATIENCE_MS;
  if (study.state === 'held') return underWay(`held: ${study.hold_reason ?? 'without a reason'}`);
  if (study.state === 'receiving') {
    if (study.settle_at === null) return silent('still receiving, and nothing is going to look whether it is complete');
    if (late(study.settle_at)) return silent('still receiving, and nothing has looked whether it is complete when that was due');
    return underWay(`still receiving${study.settle_wait === null ? '' : `: ${study.settle_wait}`}`);
  }
  if (study.version_state === 'settled')
    return late(study.settled_at) ? silent('complete, and no rule has been asked since') : underWay('complete; the rules are being asked');
  if (study.version_id === null && study.instance_count > 0) return silent('settled without a version that rules could be asked about');
  return undefined;
}

/** One rule's due: its rows (one for each run that answers it), and what the runs have given. */
export function standingOfDue(rows: readonly DueRow[], answers: readonly AnswerRow[], surroundings: Surroundings): Standing {
  const [due] = rows;
  if (due === undefined) return silent('it is not known what it was due');
  if (due.reason !== null) return { standing: 'not analysed', reason: stated('not analysed', due.reason) };
  const each = rows.map((row) => standingOfRun(row, answers, surroundings));
  const worst = each.reduce((worse, next) => (WORST_FIRST.indexOf(next.standing) < WORST_FIRST.indexOf(worse.standing) ? next : worse));
  const alike = each.filter(({ standing }) => standing === worst.standing).length;
  return each.length === alike ? worst : { ...worst, reason: `${worst.reason} (${alike} of ${each.length} runs)` };
}

/** Which standing counts where there are several. */
export const WORST_FIRST: readonly StandingName[] = ['silent', 'under way', 'not analysed', 'not delivered', 'answered'];

function standingOfRun(row: DueRow, answers: readonly AnswerRow[], surroundings: Surroundings): Standing {
  switch (row.run_state) {
    case null:
      return silent('it was due, but no run was made');
    case 'waiting':
      return whileWaiting(row, surroundings);
    case 'queued':
      return underWay(whileQueued(row, surroundings));
    case 'starting':
    case 'running':
      return underWay('the model is at work');
    case 'produced':
      return underWay(row.run_reason ?? 'its results are being made');
    case 'done':
      return whenDone(
        row,
        answers.filter(({ run_id }) => run_id === row.answering_run_id),
        surroundings,
      );
    default:
      return { standing: 'not analysed', reason: stated('not analysed', whyEnded(row)) };
  }
}

function whyEnded({ run_state, failure_code, run_reason }: DueRow): string {
  return failureText(failure_code, run_reason ?? (failure_code === null ? `its run is ${run_state ?? 'gone'}` : null));
}

function whileWaiting(
  { model_name, model_version, run_reason, run_id, answering_run_id }: DueRow,
  { activeModels }: Surroundings,
): Standing {
  if (answering_run_id !== run_id) return underWay(run_reason ?? `waits for run ${answering_run_id}, which is doing the same`);
  const active = activeModels.get(model_name);
  const isThere = active !== undefined && (model_version === null || model_version === active);
  if (isThere) return silent(`waits for model ${model_name}, which is active`);
  return underWay(run_reason ?? `waits for model ${model_name}`);
}

/** What only a person ends is named; what else a queued run waits for changes by the second, and `anteroom runs` tells it. */
function whileQueued(row: DueRow, { pauses }: Surroundings): string {
  const paused = pauseOfRun(pauses, row);
  const suspended = row.suspended_reason === null ? undefined : `model ${row.model_name} is suspended: ${row.suspended_reason}`;
  const reason = paused === undefined ? (suspended ?? row.run_reason) : pauseText(paused);
  return reason === null ? 'queued' : `queued: ${firstLine(reason)}`;
}

function whenDone({ run_reason, shadow }: DueRow, answers: readonly AnswerRow[], { pauses }: Surroundings): Standing {
  const results = answers.filter(({ result_state }) => result_state === 'passed' || result_state === 'superseded');
  if (results.length === 0) {
    // What a model found nothing in is done with that as its reason.
    return run_reason === null ? silent('its run is done, but there is no result and no reason') : answered(firstLine(run_reason));
  }
  if (shadow === 1) return answered('result kept, as its rule is a shadow rule');
  const [open] = results.filter(({ delivery_state }) => ['pending', 'sending', 'unsure'].includes(delivery_state ?? ''));
  if (open !== undefined) {
    const paused = pauses.find(({ kind, name }) => kind === 'all' || (kind === 'destination' && name === open.destination));
    return underWay(`result on its way to ${paused === undefined ? deliveryText(open) : `${open.destination}: ${pauseText(paused)}`}`);
  }
  const [failed] = results.filter(isUndelivered);
  if (failed !== undefined) return { standing: 'not delivered', reason: `analysed, but not delivered to ${deliveryText(failed)}` };
  if (results.every(({ destination }) => destination === null)) return silent('it has a result that goes nowhere');
  const destinations = new Set(results.flatMap(({ destination }) => destination ?? []));
  return answered(`delivered to ${[...destinations].sort().join(', ')}`);
}

/** What a later result has taken the place of need not arrive any more. */
function isUndelivered({ delivery_state, failure_code }: AnswerRow): boolean {
  return delivery_state === 'held' || (delivery_state === 'rejected' && failure_code !== 'OUTDATED');
}

function deliveryText({ destination, failure_code, delivery_reason }: AnswerRow): string {
  const why = failure_code === null && delivery_reason === null ? '' : `: ${failureText(failure_code, delivery_reason)}`;
  return `${destination ?? 'nowhere'}${why}`;
}

/** The catalogue's text and the first line of what was seen; the lines of a log stay in `anteroom runs`. */
function failureText(code: string | null, reason: string | null): string {
  const text = code !== null && code in CATALOGUE ? CATALOGUE[code as ErrorCode].text : undefined;
  const parts = [text, reason === null ? undefined : firstLine(reason)].filter((part) => part !== undefined && part !== '');
  return parts.map((part, index) => (index === 0 ? lowerFirst(part ?? '') : part)).join(': ') || 'no reason was written down';
}

function stated(prefix: string, reason: string): string {
  const text = firstLine(reason);
  return text.toLowerCase().startsWith(prefix) ? text : `${prefix}: ${text}`;
}

function firstLine(text: string): string {
  const [line = ''] = text.split('\n', 1);
  return line.length > LONGEST_REASON ? `${line.slice(0, LONGEST_REASON - 1)}…` : line;
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
