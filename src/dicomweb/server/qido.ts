/** Searches over an archive (PS3.18 10.6): which studies, series and instances match, and which of their attributes are told. */
import { dictionaryVr, tagKey, TAG } from '../../dicom/element/tags.js';
import type { Header, HeaderElement } from '../../dicom/header.js';
import { levelPath, type LevelIds } from '../ids.js';
import type { ArchivePort, StoredInstance, StoredSeries } from './port.js';
import { matches } from './qido-match.js';
import type { QidoQuery } from './qido-query.js';

export interface SearchResult {
  readonly headers: readonly Header[];
  /** More match than this server tells at once; a limit of the client's own is no cut. */
  readonly cut: boolean;
}

/** At most so many results of one search; a client that wants more asks with `offset`. */
const MAX_RESULTS = 5000;

/** PS3.18 table 10.6.3-3, and StudyDescription, which every list of studies shows. */
const STUDY_ATTRIBUTES: readonly number[] = [
  TAG.StudyDate,
  TAG.StudyTime,
  TAG.AccessionNumber,
  TAG.InstanceAvailability,
  TAG.ModalitiesInStudy,
  TAG.ReferringPhysicianName,
  TAG.StudyDescription,
  TAG.RetrieveURL,
  TAG.PatientName,
  TAG.PatientID,
  TAG.PatientBirthDate,
  TAG.PatientSex,
  TAG.StudyInstanceUID,
  TAG.StudyID,
  TAG.NumberOfStudyRelatedSeries,
  TAG.NumberOfStudyRelatedInstances,
];
/** PS3.18 table 10.6.3-4. */
const SERIES_ATTRIBUTES: readonly number[] = [
  TAG.Modality,
  TAG.SeriesDescription,
  TAG.RetrieveURL,
  TAG.StudyInstanceUID,
  TAG.SeriesInstanceUID,
  TAG.SeriesNumber,
  TAG.NumberOfSeriesRelatedInstances,
];
/** PS3.18 table 10.6.3-5. */
const INSTANCE_ATTRIBUTES: readonly number[] = [
  TAG.SOPClassUID,
  TAG.SOPInstanceUID,
  TAG.InstanceAvailability,
  TAG.RetrieveURL,
  TAG.StudyInstanceUID,
  TAG.SeriesInstanceUID,
  TAG.InstanceNumber,
];
/** Told only of instances that have them. */
const OPTIONAL_ATTRIBUTES: Readonly<Record<Level, readonly number[]>> = {
  study: [TAG.TimezoneOffsetFromUTC, TAG.IssuerOfPatientID],
  series: [
    TAG.TimezoneOffsetFromUTC,
    TAG.PerformedProcedureStepStartDate,
    TAG.PerformedProcedureStepStartTime,
    TAG.RequestAttributesSequence,
    TAG.BodyPartExamined,
  ],
  instance: [TAG.TimezoneOffsetFromUTC, TAG.Rows, TAG.Columns, TAG.BitsAllocated, TAG.NumberOfFrames],
};
/** What `includefield=all` adds of a study and of a series; of an instance it adds everything. */
const isStudyTag = (tag: number): boolean =>
  tag >>> 16 === 0x0010 || tag >>> 16 === 0x0012 || (tag >>> 16 === 0x0008 && STUDY_TAGS_OF_GROUP_8.has(tag)) || tag === TAG.StudyID;
const STUDY_TAGS_OF_GROUP_8: ReadonlySet<number> = new Set([
  TAG.IssuerOfAccessionNumberSequence,
  TAG.ProcedureCodeSequence,
  TAG.PhysiciansOfRecord,
  TAG.NameOfPhysiciansReadingStudy,
  TAG.ReferencedStudySequence,
  TAG.InstitutionName,
]);
const SERIES_TAGS: ReadonlySet<number> = new Set([
  TAG.SeriesDate,
  TAG.SeriesTime,
  TAG.SeriesDescriptionCodeSequence,
  TAG.PerformingPhysicianName,
  TAG.OperatorsName,
  TAG.ProtocolName,
  TAG.BodyPartExamined,
  TAG.PatientPosition,
  TAG.Laterality,
  TAG.FrameOfReferenceUID,
  TAG.Manufacturer,
  TAG.ManufacturerModelName,
  TAG.StationName,
  TAG.InstitutionalDepartmentName,
  TAG.ReferencedSeriesSequence,
]);

type Level = 'study' | 'series' | 'instance';

/** Searches studies. A study matches where its own attributes and those of one of its series do. */
export function searchStudies(port: ArchivePort, query: QidoQuery, baseUrl: string): SearchResult {
  return page(found(), query);
  function* found(): Generator<Header> {
    for (const study of studies(port, selectedStudies(query, {}))) {
      const computed = studyAttributes(study, baseUrl);
      const hit = study.find(({ header }) => matches({ ...header, ...computed }, query.conditions));
      if (hit !== undefined) yield selected({ ...hit.header, ...computed }, 'study', STUDY_ATTRIBUTES, query);
    }
  }
}

/** Searches series, of one study where the path names it. */
export function searchSeries(port: ArchivePort, ids: Partial<LevelIds>, query: QidoQuery, baseUrl: string): SearchResult {
  const usual = ids.studyInstanceUid === undefined ? [...STUDY_ATTRIBUTES, ...SERIES_ATTRIBUTES] : SERIES_ATTRIBUTES;
  return page(found(), query);
  function* found(): Generator<Header> {
    for (const study of studies(port, selectedStudies(query, ids))) {
      const ofStudy = studyAttributes(study, baseUrl);
      for (const series of study) {
        const header = { ...series.header, ...ofStudy, ...seriesAttributes(series, baseUrl) };
        if (isBelow(ids, series) && matches(header, query.conditions)) yield selected(header, 'series', usual, query);
      }
    }
  }
}

/** Searches instances, of one study or series where the path names them. */
export function searchInstances(port: ArchivePort, ids: Partial<LevelIds>, query: QidoQuery, baseUrl: string): SearchResult {
  const usual = [
    ...(ids.studyInstanceUid === undefined ? STUDY_ATTRIBUTES : []),
    ...(ids.seriesInstanceUid === undefined ? SERIES_ATTRIBUTES : []),
    ...INSTANCE_ATTRIBUTES,
  ];
  return page(found(), query);
  function* found(): Generator<Header> {
    for (const study of studies(port, selectedStudies(query, ids))) {
      const ofStudy = studyAttributes(study, baseUrl);
      for (const series of study) {
        if (!isBelow(ids, series)) continue;
        const above = { ...ofStudy, ...seriesAttributes(series, baseUrl) };
        for (const instance of port.instances({ studyInstanceUid: series.studyInstanceUid, seriesInstanceUid: series.seriesInstanceUid })) {
          const header = { ...instance.header, ...above, ...instanceAttributes(instance, baseUrl) };
          if (matches(header, query.conditions)) yield selected(header, 'instance', usual, query);
        }
      }
    }
  }
}

/** The attributes of a study that no instance carries. */
export function studyAttributes(series: readonly StoredSeries[], baseUrl: string): Header {
  const studyInstanceUid = series[0]?.studyInstanceUid ?? '';
  const modalities = new Set(
    series.map(({ header }) => header[tagKey(TAG.Modality)]?.Value?.[0]).filter((modality) => typeof modality === 'string'),
  );
  return headerOf([
    [TAG.ModalitiesInStudy, [...modalities]],
    [TAG.NumberOfStudyRelatedSeries, [series.length]],
    [TAG.NumberOfStudyRelatedInstances, [series.reduce((sum, { instanceCount }) => sum + instanceCount, 0)]],
    [TAG.InstanceAvailability, ['ONLINE']],
    [TAG.StudyInstanceUID, [studyInstanceUid]],
    [TAG.RetrieveURL, [baseUrl + levelPath({ studyInstanceUid })]],
  ]);
}

function seriesAttributes(series: StoredSeries, baseUrl: string): Header {
  return headerOf([
    [TAG.NumberOfSeriesRelatedInstances, [series.instanceCount]],
    [TAG.SeriesInstanceUID, [series.seriesInstanceUid]],
    [TAG.RetrieveURL, [baseUrl + levelPath({ studyInstanceUid: series.studyInstanceUid, seriesInstanceUid: series.seriesInstanceUid })]],
  ]);
}

function instanceAttributes(instance: StoredInstance, baseUrl: string): Header {
  return headerOf([
    [TAG.SOPInstanceUID, [instance.sopInstanceUid]],
    [TAG.RetrieveURL, [baseUrl + levelPath(instance)]],
  ]);
}

function headerOf(entries: readonly (readonly [tag: number, values: readonly (string | number)[]])[]): Header {
  return Object.fromEntries(
    entries.map(([tag, values]): [string, HeaderElement] => [tagKey(tag), { vr: dictionaryVr(tag), Value: values }]),
  );
}

/** The usual attributes, empty where they are not known, with those that the query matched or asked for, in ascending order. */
function selected(header: Header, level: Level, usual: readonly number[], { conditions, includeFields }: QidoQuery): Header {
  const wanted = new Map<string, HeaderElement>(usual.map((tag) => [tagKey(tag), { vr: dictionaryVr(tag) }]));
  const tellIfThere = [
    ...OPTIONAL_ATTRIBUTES[level],
    ...conditions.map(({ tags }) => tags[0] ?? 0),
    ...(includeFields === 'all' ? [] : includeFields),
  ].map(tagKey);
  for (const key of [...tellIfThere, ...(includeFields === 'all' ? keysOf(header, level) : []), ...wanted.keys()]) {
    const element = header[key];
    if (element !== undefined) wanted.set(key, element);
  }
  // The text of DICOM JSON is UTF-8, whatever the file's character set was (PS3.18 F.2).
  wanted.set(tagKey(TAG.SpecificCharacterSet), { vr: 'CS', Value: ['ISO_IR 192'] });
  return Object.fromEntries([...wanted].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function keysOf(header: Header, level: Level): string[] {
  if (level === 'instance') return Object.keys(header);
  return Object.keys(header).filter((key) => {
    const tag = Number.parseInt(key, 16);
    return isStudyTag(tag) || (level === 'series' && SERIES_TAGS.has(tag));
  });
}

/** The studies that the archive is asked for: the path's, else those that the query names, else all. */
function selectedStudies({ conditions }: QidoQuery, ids: Partial<LevelIds>): readonly string[] | undefined {
  if (ids.studyInstanceUid !== undefined) return [ids.studyInstanceUid];
  const value = conditions.find(({ tags }) => tags.length === 1 && tags[0] === TAG.StudyInstanceUID)?.value;
  return value === undefined || value === '' || value === '*' ? undefined : value.split(/[,\\]/).map((uid) => uid.trim());
}

function isBelow(ids: Partial<LevelIds>, series: StoredSeries): boolean {
  return (
    (ids.studyInstanceUid ?? series.studyInstanceUid) === series.studyInstanceUid &&
    (ids.seriesInstanceUid ?? series.seriesInstanceUid) === series.seriesInstanceUid
  );
}

/** Series that stand in a row and belong to one study. */
function* studies(port: ArchivePort, studyInstanceUids: readonly string[] | undefined): Generator<readonly StoredSeries[]> {
  let study: StoredSeries[] = [];
  for (const series of port.series(studyInstanceUids)) {
    if (study.length > 0 && study[0]?.studyInstanceUid !== series.studyInstanceUid) {
      yield study;
      study = [];
    }
    study.push(series);
  }
  if (study.length > 0) yield study;
}

function page(found: Iterable<Header>, { limit = MAX_RESULTS, offset }: QidoQuery): SearchResult {
  const headers: Header[] = [];
  const wanted = Math.min(limit, MAX_RESULTS);
  let index = 0;
  for (const header of found) {
    if (index++ < offset) continue;
    if (headers.length === wanted) return { headers, cut: limit >= MAX_RESULTS };
    headers.push(header);
  }
  return { headers, cut: false };
}
