/** Searches over an archive (PS3.18 10.6): which studies, series and instances match, and which of their attributes are told. */
import { setImmediate } from 'node:timers/promises';
import { dictionaryVr, tagKey, TAG } from '../../dicom/element/tags.js';
import type { Header, HeaderElement } from '../../dicom/header.js';
import { levelPath, type LevelIds } from '../ids.js';
import {
  headerOf,
  matchingInstances,
  matchingSeries,
  matchingStudies,
  namedUids,
  type Found,
  type Scope,
  type Search,
} from '../../dicom/query/levels.js';
import type { ArchivePort } from './port.js';
import type { QidoQuery } from './qido-query.js';

export interface SearchResult {
  readonly headers: readonly Header[];
  /** More match than this server tells at once; a limit of the client's own is no cut. */
  readonly cut: boolean;
}

/** At most so many results of one search; a client that wants more asks with `offset`. */
const MAX_RESULTS = 5000;

/** A search through everything must not keep other requests and the stages of the node waiting. */
const TURN_MS = 15;

/** PS3.18 table 10.6.3-3, and StudyDescription, which every list of studies shows. */
export const STUDY_ATTRIBUTES: readonly number[] = [
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
export const SERIES_ATTRIBUTES: readonly number[] = [
  TAG.Modality,
  TAG.SeriesDescription,
  TAG.RetrieveURL,
  TAG.StudyInstanceUID,
  TAG.SeriesInstanceUID,
  TAG.SeriesNumber,
  TAG.NumberOfSeriesRelatedInstances,
];
/** PS3.18 table 10.6.3-5. */
export const INSTANCE_ATTRIBUTES: readonly number[] = [
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
export function searchStudies(port: ArchivePort, query: QidoQuery, baseUrl: string): Promise<SearchResult> {
  return page(matchingStudies(port, query.conditions, scopeOf(query, {})), query, (found) =>
    selected(withUrl(found, baseUrl), 'study', STUDY_ATTRIBUTES, query),
  );
}

/** Searches series, of one study where the path names it. */
export function searchSeries(port: ArchivePort, ids: Partial<LevelIds>, query: QidoQuery, baseUrl: string): Promise<SearchResult> {
  const usual = ids.studyInstanceUid === undefined ? [...STUDY_ATTRIBUTES, ...SERIES_ATTRIBUTES] : SERIES_ATTRIBUTES;
  return page(matchingSeries(port, query.conditions, scopeOf(query, ids)), query, (found) =>
    selected(withUrl(found, baseUrl), 'series', usual, query),
  );
}

/** Searches instances, of one study or series where the path names them. */
export function searchInstances(port: ArchivePort, ids: Partial<LevelIds>, query: QidoQuery, baseUrl: string): Promise<SearchResult> {
  const usual = [
    ...(ids.studyInstanceUid === undefined ? STUDY_ATTRIBUTES : []),
    ...(ids.seriesInstanceUid === undefined ? SERIES_ATTRIBUTES : []),
    ...INSTANCE_ATTRIBUTES,
  ];
  return page(matchingInstances(port, query.conditions, scopeOf(query, ids)), query, (found) =>
    selected(withUrl(found, baseUrl), 'instance', usual, query),
  );
}

function withUrl({ ids, header }: Found, baseUrl: string): Header {
  return { ...header, ...headerOf([[TAG.RetrieveURL, [baseUrl + levelPath(ids)]]]) };
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

/** The path's study and series, else the studies that the query names, else all. */
function scopeOf({ conditions }: QidoQuery, { studyInstanceUid, seriesInstanceUid }: Partial<LevelIds>): Scope {
  return {
    studyInstanceUids: studyInstanceUid === undefined ? namedUids(conditions, TAG.StudyInstanceUID) : [studyInstanceUid],
    seriesInstanceUid,
  };
}

async function page(search: Search, { limit = MAX_RESULTS, offset }: QidoQuery, told: (found: Found) => Header): Promise<SearchResult> {
  const headers: Header[] = [];
  const wanted = Math.min(limit, MAX_RESULTS);
  let index = 0;
  let begun = performance.now();
  for (const found of search) {
    if (performance.now() - begun > TURN_MS) {
      await setImmediate();
      begun = performance.now();
    }
    if (found === undefined || index++ < offset) continue;
    if (headers.length === wanted) return { headers, cut: limit >= MAX_RESULTS };
    headers.push(told(found));
  }
  return { headers, cut: false };
}
