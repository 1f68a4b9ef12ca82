/** What a condition is asked of: an instance, a series, or a study as a whole. */
import type { Header } from '../../dicom/header.js';
import type { Truth } from '../truth.js';
import type { Fact, SeriesFacts, StudyFacts } from '../facts.js';
import type { FactName, StudyFactName } from '../fact-names.js';
import { seriesLabel, type Explained, type SeenValue } from './explained.js';

export interface Subject {
  /** Whose tags are looked at: one data set, or of a study the first of each series. */
  readonly headers: readonly Header[];
  /** What was found at paths that were asked before: many rules ask for the same few tags. */
  readonly found?: Map<string, readonly SeenValue[]>;
  fact(name: FactName): Fact;
  /** What quantifiers ask, in the stated order; none where there are none of that kind. */
  members(kind: MemberKind): readonly Member[];
}

export type MemberKind = 'instance' | 'series';

export interface Member {
  readonly label: string;
  readonly subject: Subject;
}

/** A condition made ready for being asked. */
export interface Question {
  /** In words, without what was seen. */
  readonly wording: string;
  /** The answer alone: cheap, and no part is asked that cannot change it. */
  readonly truth: (subject: Subject) => Truth;
  /** The answer with an account of every part, also of those that the first already decides. */
  readonly explain: (subject: Subject) => Explained;
}

const ofSeries = new WeakMap<SeriesFacts, Subject>();
const ofStudy = new WeakMap<StudyFacts, Subject>();

/** A series: the tags of its first instance, its facts, its instances. */
export function seriesSubject(series: SeriesFacts): Subject {
  return remembered(ofSeries, series, () => {
    let instances: readonly Member[] | undefined;
    const listed = () =>
      (instances ??= series.instances().map((header, index) => ({ label: `instance ${index + 1}`, subject: instance(header) })));
    return {
      headers: [series.first],
      found: new Map<string, readonly SeenValue[]>(),
      fact: (name) => series.facts[name],
      members: (kind) => (kind === 'instance' ? listed() : []),
    };
  });
}

/** A study: the distinct values over its series, the facts that hold for all of it, its series. */
export function studySubject(study: StudyFacts): Subject {
  return remembered(ofStudy, study, () => {
    const members = study.series.map((series) => ({ label: seriesLabel(series), subject: seriesSubject(series) }));
    return {
      headers: study.series.map((series) => series.first),
      found: new Map<string, readonly SeenValue[]>(),
      fact: (name) => (name in study.facts ? study.facts[name as StudyFactName] : OF_SERIES),
      members: (kind) => (kind === 'series' ? members : []),
    };
  });
}

const OF_SERIES: Fact = { values: [], source: 'this is known of a series, not of the study' };
const NO_FACT: Fact = { values: [], source: 'an instance has no facts, only tags' };

function instance(header: Header): Subject {
  return { headers: [header], fact: () => NO_FACT, members: () => [] };
}

function remembered<K extends object, V>(known: WeakMap<K, V>, key: K, make: () => V): V {
  const before = known.get(key);
  if (before !== undefined) return before;
  const made = make();
  known.set(key, made);
  return made;
}
