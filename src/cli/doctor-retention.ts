/** What `doctor` says of keeping and forgetting: what will happen when the disk fills, before it does. */
import type { RetentionOutlook } from '../api/keeping-routes.js';
import { AnteroomError } from '../foundation/errors.js';
import type { Settings } from '../settings/schema.js';
import { failure, type Finding } from './finding.js';

const OBSTACLES: Record<keyof RetentionOutlook['obstacles'], string> = {
  state: 'not settled',
  undecided: 'not decided yet',
  runs: 'with runs under way',
  deliveries: 'with deliveries that have not arrived',
  kept: 'kept on purpose',
  age: 'too young',
  unsuccessful: 'with runs that did not succeed',
};

/** `outlook` is what the running node says, if one runs. */
export function retentionFinding(
  { retention, disk }: Pick<Settings, 'retention' | 'disk'>,
  outlook: RetentionOutlook | undefined,
): Finding {
  const { maxAgeDays, freeBelowMb } = retention;
  const rules = [
    ...(maxAgeDays === undefined ? [] : [`finished studies are purged after ${maxAgeDays} days`]),
    ...(freeBelowMb === undefined ? [] : [`the oldest finished studies are purged when less than ${freeBelowMb} MB are free`]),
  ];
  if (rules.length === 0) {
    return {
      subject: 'retention',
      standing: 'warning',
      seen: `off: no study is ever deleted; below ${disk.refuseFreeMb} MB free nothing is received${lasts(outlook, disk.refuseFreeMb)}`,
      remedy: 'Set `retention.maxAgeDays` or `retention.freeBelowMb` if the PACS keeps the studies; else watch the disk.',
    };
  }
  const short = outlook !== undefined && outlook.space !== null && outlook.freeBytes < outlook.space.belowBytes && outlook.purgeable === 0;
  return {
    subject: 'retention',
    standing: short ? 'warning' : 'ok',
    seen: `${rules.join('; ')}${state(outlook)}`,
    remedy: 'Room is wanted and no study may be purged: see what they wait for (`anteroom runs`, `deliveries`), or make room.',
  };
}

/** What the node wants to forget and cannot; none where there is nothing. */
export function undeletableFindings(outlook: RetentionOutlook | undefined): Finding[] {
  const { count, paths } = outlook?.undeletable ?? { count: 0, paths: [] };
  if (count === 0) return [];
  const more = count > paths.length ? `, and ${count - paths.length} more` : '';
  return [failure('what is to be deleted', new AnteroomError('FILES_UNDELETABLE', `${paths.join(', ')}${more}`), 'warning')];
}

function lasts(outlook: RetentionOutlook | undefined, refuseFreeMb: number): string {
  if (outlook === undefined || outlook.bytesPerDay === 0) return '';
  const days = Math.floor((outlook.freeBytes - refuseFreeMb * 1_000_000) / outlook.bytesPerDay);
  return `, at the last week's rate in ${days < 1 ? 'less than a day' : `about ${days} day(s)`}`;
}

function state(outlook: RetentionOutlook | undefined): string {
  if (outlook === undefined) return '';
  const stay = Object.entries(outlook.obstacles).map(([obstacle, count]) => `${count} ${OBSTACLES[obstacle as keyof typeof OBSTACLES]}`);
  const parts = [`${outlook.purgeable} may be purged now`, ...stay];
  return ` (${outlook.more ? 'of the oldest: ' : ''}${parts.join(', ')})`;
}
