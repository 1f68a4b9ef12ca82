/** Searching holdings level by level, for QIDO-RS and C-FIND alike (PS3.18 10.6, PS3.4 C.6). Pure: whoever has a database offers `Holdings`. */
import { dictionaryVr, tagKey, TAG } from '../element/tags.js';
import type { Header, HeaderElement } from '../header.js';
import { matches, type Condition } from './match.js';

/** A series as searches see it. */
export interface SeriesEntry {
  readonly studyInstanceUid: string;
  readonly seriesInstanceUid: string;
  readonly instanceCount: number;
  /** The header of any one of its instances. */
  readonly header: Header;
}

export interface InstanceEntry {
  readonly studyInstanceUid: string;
  readonly seriesInstanceUid: string;
  readonly sopInstanceUid: string;
  readonly header: Header;
}

/**
 * What is known beforehand of each study that can match: one of its series has this value. Only whole values and ranges, and only
 * attributes that the instances of a series share.
 */
export interface StudyHints {
  readonly patientId?: string;
  readonly accessionNumber?: string;
  /** `YYYYMMDD`, both ends within; empty where it is open. */
  readonly studyDate?: { readonly from: string; readonly to: string };
  readonly modalities?: readonly string[];
}

/** What a search reads. */
export interface Holdings {
  /**
   * All series of these studies, or of all studies, in stable order, the series of one study in a row. Studies that the hints rule out
   * may be missing. The search matches everything itself and reads only as far as it needs to: this may be lazy.
   */
  series(studyInstanceUids?: readonly string[], hints?: StudyHints): Iterable<SeriesEntry>;
  /** All instances of a series in stable order; none where there is nothing. */
  instances(ids: { readonly studyInstanceUid: string; readonly seriesInstanceUid: string }): Iterable<InstanceEntry>;
}

/** Where to look: all of it matches where nothing is named. */
export interface Scope {
  readonly studyInstanceUids?: readonly string[];
  readonly seriesInstanceUid?: string;
}

/** What was found, by the UIDs of its level, with the attributes that no instance carries among its own. */
export interface Found {
  readonly ids: { readonly studyInstanceUid: string; readonly seriesInstanceUid?: string; readonly sopInstanceUid?: string };
  readonly header: Header;
}

/**
 * Each generator here yields `undefined` after every entry that it looked at without a match, so that a caller who shares his
 * thread with others can pause there.
 */
export type Search = Generator<Found | undefined>;

/** Searches studies. A study matches where its own attributes and those of one of its series do. */
export function* matchingStudies(holdings: Holdings, conditions: readonly Condition[], scope: Scope = {}): Search {
  for (const study of studiesOf(holdings, conditions, scope)) {
    const computed = studyAttributes(study);
    const hit = study.find(({ header }) => matches({ ...header, ...computed }, conditions));
    yield hit && { ids: { studyInstanceUid: hit.studyInstanceUid }, header: { ...hit.header, ...computed } };
  }
}

/** Searches series. */
export function* matchingSeries(holdings: Holdings, conditions: readonly Condition[], scope: Scope = {}): Search {
  for (const study of studiesOf(holdings, conditions, scope)) {
    const ofStudy = studyAttributes(study);
    for (const series of study.filter((one) => isWithin(scope, one))) {
      const { studyInstanceUid, seriesInstanceUid } = series;
      const header = { ...series.header, ...ofStudy, ...seriesAttributes(series) };
      yield matches(header, conditions) ? { ids: { studyInstanceUid, seriesInstanceUid }, header } : undefined;
    }
  }
}

/** Searches instances. */
export function* matchingInstances(holdings: Holdings, conditions: readonly Condition[], scope: Scope = {}): Search {
  for (const study of studiesOf(holdings, conditions, scope)) {
    const ofStudy = studyAttributes(study);
    for (const series of study.filter((one) => isWithin(scope, one))) {
      const above = { ...ofStudy, ...seriesAttributes(series) };
      for (const { studyInstanceUid, seriesInstanceUid, sopInstanceUid, header: own } of holdings.instances(series)) {
        const header = { ...own, ...above, ...headerOf([[TAG.SOPInstanceUID, [sopInstanceUid]]]) };
        yield matches(header, conditions) ? { ids: { studyInstanceUid, seriesInstanceUid, sopInstanceUid }, header } : undefined;
      }
    }
  }
}

/** The attributes of a study that no instance carries. */
function studyAttributes(series: readonly SeriesEntry[]): Header {
  const modalities = new Set(
    series.map(({ header }) => header[tagKey(TAG.Modality)]?.Value?.[0]).filter((modality) => typeof modality === 'string'),
  );
  return headerOf([
    [TAG.ModalitiesInStudy, [...modalities]],
    [TAG.NumberOfStudyRelatedSeries, [series.length]],
    [TAG.NumberOfStudyRelatedInstances, [series.reduce((sum, { instanceCount }) => sum + instanceCount, 0)]],
    [TAG.InstanceAvailability, ['ONLINE']],
    [TAG.StudyInstanceUID, [series[0]?.studyInstanceUid ?? '']],
  ]);
}

function seriesAttributes(series: SeriesEntry): Header {
  return headerOf([
    [TAG.NumberOfSeriesRelatedInstances, [series.instanceCount]],
    [TAG.SeriesInstanceUID, [series.seriesInstanceUid]],
  ]);
}

/** A header of these values, with the dictionary's VRs. */
export function headerOf(entries: readonly (readonly [tag: number, values: readonly (string | number)[]])[]): Header {
  return Object.fromEntries(
    entries.map(([tag, values]): [string, HeaderElement] => [tagKey(tag), { vr: dictionaryVr(tag), Value: values }]),
  );
}

/** The UIDs that conditions name for an attribute of the top level; undefined where it may be any. */
export function namedUids(conditions: readonly Condition[], tag: number): readonly string[] | undefined {
  const value = conditions.find(({ tags }) => tags.length === 1 && tags[0] === tag)?.value;
  return value === undefined || value === '' || value === '*' ? undefined : value.split(/[,\\]/).map((uid) => uid.trim());
}

/** The hints that conditions give. Pure. */
export function hintsOf(conditions: readonly Condition[]): StudyHints {
  const valueOf = (tag: number): string | undefined => {
    const value = conditions.find(({ tags }) => tags.length === 1 && tags[0] === tag)?.value;
    return value === undefined || value === '' || /[*?]/.test(value) ? undefined : value;
  };
  const [patientId, accessionNumber, date] = [TAG.PatientID, TAG.AccessionNumber, TAG.StudyDate].map(valueOf);
  const modalities = (valueOf(TAG.ModalitiesInStudy) ?? valueOf(TAG.Modality))?.split(/[,\\]/);
  const [from = '', to = from] = date?.split('-') ?? [];
  return { patientId, accessionNumber, modalities, ...(date === undefined ? {} : { studyDate: { from, to } }) };
}

function isWithin({ seriesInstanceUid }: Scope, series: SeriesEntry): boolean {
  return (seriesInstanceUid ?? series.seriesInstanceUid) === series.seriesInstanceUid;
}

/** Series that stand in a row and belong to one study. */
function* studiesOf(holdings: Holdings, conditions: readonly Condition[], { studyInstanceUids }: Scope): Generator<readonly SeriesEntry[]> {
  let study: SeriesEntry[] = [];
  for (const series of holdings.series(studyInstanceUids, hintsOf(conditions))) {
    if (study.length > 0 && study[0]?.studyInstanceUid !== series.studyInstanceUid) {
      yield study;
      study = [];
    }
    study.push(series);
  }
  if (study.length > 0) yield study;
}
