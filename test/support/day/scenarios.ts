/** What may happen to a study in a day: the rules that concern it, what its model does, and what it must come to in the end. */
import type { StandingName } from '../../../src/accounting/standing.js';
import type { Attributes } from '../synthetic-image.js';

export interface Scenario {
  /** The StudyDescription, by which rules know it. */
  readonly name: string;
  /** Without `name` and `when`; the first is named after the scenario, the second as it with `-2` behind. */
  readonly rules: readonly Readonly<Record<string, unknown>>[];
  /** A shell line that the model carries out for these studies in the place of a right answer. */
  readonly instead?: string;
  readonly attributes?: Attributes;
  /** What comes after the study was decided: two more slices, or a slice that was there with other pixels. */
  readonly later?: 'slices' | 'conflict';
  /** What it may come to, with its reason; none where no rule concerns it. */
  readonly endsAs: readonly Ending[];
  /** So many of them at least, if it shall be seen. */
  readonly atLeast?: number;
}

export interface Ending {
  readonly standing: StandingName;
  readonly reason: RegExp;
  /** At least and at most so many of the studies must end so; any number if left out. */
  readonly count?: (studies: number) => readonly [least: number, most: number];
}

/** `good` and `tired` work; the others do what their name says. `late_comer` is registered in the evening, `nobody` never. */
export const MODELS = ['good', 'tired', 'exits', 'says_nothing', 'mixes_up', 'hangs', 'weak', 'resting'] as const;
export const LATE_MODEL = 'late_comer';
/** It fails until it is mended. */
export const WEAK_MODEL = 'weak';
export const PAUSES = [
  { kind: 'model', name: 'resting' },
  { kind: 'rule', name: 'paused-rule' },
] as const;
/** Its runs are cancelled by a person in the evening. */
export const GIVEN_UP = 'given-up';
/** So many failures in a row suspend a model. */
export const BREAKER_FAILURES = 3;
/** Models that run at the same time. */
export const SLOTS = 2;
/** Those that are under way when it is suspended fail as well. */
const FAIL = [BREAKER_FAILURES, BREAKER_FAILURES + SLOTS - 1] as const;
const PER_HOUR = 2;

const archive = ['archive'];
const good = { model: 'good', destinations: archive };
const answered = (reason: RegExp): Ending[] => [{ standing: 'answered', reason }];
const inArchive = answered(/^delivered to archive$/);
const notAnalysed = (reason: RegExp): Ending[] => [{ standing: 'not analysed', reason }];
const underWay = (reason: RegExp): Ending[] => [{ standing: 'under way', reason }];

/** An hour of the day that is not now. */
function closedWindow(): { from: string; to: string } {
  const hour = (later: number) => `${String((new Date().getHours() + later) % 24).padStart(2, '0')}:00`;
  return { from: hour(10), to: hour(11) };
}

/** All that is known to happen. */
export function scenarios(): Scenario[] {
  return [
    { name: 'plain', rules: [good], endsAs: inArchive },
    { name: 'pacs', rules: [{ ...good, destinations: ['pacs'] }], endsAs: answered(/^delivered to pacs$/) },
    { name: 'both', rules: [{ ...good, destinations: ['archive', 'pacs'] }], endsAs: answered(/^delivered to archive, pacs$/) },
    { name: 'urgent', rules: [{ ...good, priority: 'stat' }], endsAs: inArchive },
    { name: 'shadow', rules: [{ model: 'good', shadow: true }], endsAs: answered(/shadow rule/) },
    { name: 'equal-work', rules: [good, { ...good, destinations: ['pacs'] }], endsAs: answered(/^delivered to archive, pacs$/) },
    { name: 'late-slices', rules: [good], later: 'slices', endsAs: inArchive },
    { name: 'nothing', rules: [], endsAs: [] },
    {
      name: 'too-few-slices',
      rules: [{ ...good, series: { where: [{ fact: 'sliceCount', atLeast: 20 }] } }],
      endsAs: notAnalysed(/^not analysed: .*sliceCount/),
    },
    {
      name: 'unreadable-thickness',
      rules: [{ ...good, series: { where: [{ tag: 'SliceThickness', atMost: 5 }] } }],
      attributes: { SliceThickness: ['thick'] },
      endsAs: notAnalysed(/^not analysed: .*SliceThickness/),
    },
    { name: 'exit-code', rules: [{ ...good, model: 'exits' }], instead: 'exit 3', endsAs: notAnalysed(/^not analysed: .*exit code 3/) },
    { name: 'no-output', rules: [{ ...good, model: 'says_nothing' }], instead: 'exit 0', endsAs: notAnalysed(/no file in the output/) },
    { name: 'timeout', rules: [{ ...good, model: 'hangs' }], instead: 'exec sleep 60', endsAs: notAnalysed(/still at work after 1 s/) },
    {
      name: 'other-patient',
      rules: [{ ...good, model: 'mixes_up' }],
      instead: 'cp "$ANSWERS/other-patient.dcm" "$ANTEROOM_OUTPUT_DIR/"',
      endsAs: notAnalysed(/another PatientID/),
    },
    {
      name: 'no-position',
      rules: [{ ...good, model: 'mixes_up' }],
      attributes: { ImagePositionPatient: null },
      instead: 'cp "$ANSWERS/other-patient.dcm" "$ANTEROOM_OUTPUT_DIR/"',
      endsAs: notAnalysed(/^not analysed: ./),
    },
    {
      name: 'suspended-model',
      rules: [{ ...good, model: WEAK_MODEL }],
      atLeast: BREAKER_FAILURES + SLOTS,
      endsAs: [
        { standing: 'not analysed', reason: /exit code 1/, count: () => FAIL },
        { standing: 'answered', reason: /^delivered to archive$/, count: (studies) => [studies - FAIL[1], studies - FAIL[0]] },
      ],
    },
    { name: 'one-at-once', rules: [{ ...good, limits: { atOnce: 1 } }], endsAs: inArchive },
    {
      name: 'some-per-hour',
      rules: [{ ...good, limits: { perHour: PER_HOUR } }],
      atLeast: PER_HOUR + 1,
      endsAs: [
        { standing: 'answered', reason: /^delivered to archive$/, count: () => [PER_HOUR, PER_HOUR] },
        {
          standing: 'under way',
          reason: /^queued/,
          count: (studies) => [studies - PER_HOUR, studies - PER_HOUR],
        },
      ],
    },
    {
      name: 'at-night',
      rules: [{ ...good, window: closedWindow() }],
      endsAs: underWay(/^queued/),
    },
    { name: 'resting-model', rules: [{ ...good, model: 'resting' }], endsAs: inArchive },
    { name: 'paused-rule', rules: [{ ...good, model: 'tired' }], endsAs: inArchive },
    { name: 'model-comes-late', rules: [{ ...good, model: LATE_MODEL }], endsAs: inArchive },
    { name: 'unknown-model', rules: [{ ...good, model: 'nobody' }], endsAs: underWay(/waits until a version of model nobody is active/) },
    {
      name: 'other-version',
      rules: [{ ...good, model: { name: 'good', version: '9' } }],
      endsAs: underWay(/waits until version 9 of model good is active/),
    },
    { name: GIVEN_UP, rules: [{ ...good, model: 'nobody' }], endsAs: notAnalysed(/cancel/) },
    { name: 'held', rules: [good], later: 'conflict', endsAs: underWay(/^held: /) },
  ];
}

/** The names of its rules. */
export function ruleNames({ name, rules }: Scenario): string[] {
  return rules.map((_, index) => (index === 0 ? name : `${name}-${index + 1}`));
}

/** The rules of all of them. */
export function rulesOf(all: readonly Scenario[]): Record<string, unknown>[] {
  return all.flatMap((scenario) =>
    ruleNames(scenario).map((name, index) => ({
      name,
      when: { tag: 'StudyDescription', equals: scenario.name },
      ...scenario.rules[index],
    })),
  );
}
