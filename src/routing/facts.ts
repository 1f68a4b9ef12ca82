/** From the headers of a study version to what rules look at. Never throws: what cannot be read is missing, with the reason. */
import { TAG, tagKey } from '../dicom/element/tags.js';
import type { Header } from '../dicom/header.js';
import { headerOf, type InstanceRow } from '../ledger/instances.js';
import type { StudyRow } from '../ledger/studies.js';
import type { FactName } from './fact-names.js';
import { headersIn, numberIn, numbersIn, textsIn } from './header-values.js';
import { describeStack, type StackFacts } from './stack-facts.js';

export interface FactsInput {
  readonly studyInstanceUid: string;
  readonly callingAe?: string;
  readonly calledAe?: string;
  readonly series: readonly SeriesInput[];
}

export interface SeriesInput {
  readonly seriesInstanceUid: string;
  /** True for what this node made itself: no rule ever looks at it. */
  readonly ownResult?: boolean;
  readonly instances: readonly { readonly sopInstanceUid: string; readonly header: Header }[];
}

export type FactValue = string | number | boolean;

/**
 * What was derived and where it comes from. Without values it is missing, and the source says why; of several values each one
 * holds (a chest and abdomen CT shows both).
 */
export interface Fact {
  readonly values: readonly FactValue[];
  readonly source: string;
}

export interface SeriesFacts {
  readonly seriesInstanceUid: string;
  readonly seriesNumber?: number;
  readonly modality?: string;
  /** Header of the first instance in the order of InstanceNumber, then SOPInstanceUID: what clauses on tags look at. */
  readonly first: Header;
  readonly facts: Readonly<Record<FactName, Fact>>;
  /** The headers of all instances in that order, which does not depend on how they arrived. */
  readonly instances: () => readonly Header[];
}

export interface StudyFacts {
  readonly studyInstanceUid: string;
  /** In the order of SeriesNumber, then SeriesInstanceUID; own results are left out. */
  readonly series: readonly SeriesFacts[];
  readonly ownSeries: readonly string[];
}

/** The headers in rows of the ledger as facts are made of. Throws where a row holds no header. */
export function factsInput(
  study: Pick<StudyRow, 'study_instance_uid' | 'calling_ae' | 'called_ae'>,
  instances: readonly Pick<InstanceRow, 'series_instance_uid' | 'sop_instance_uid' | 'header'>[],
): FactsInput {
  const series = new Map<string, { sopInstanceUid: string; header: Header }[]>();
  for (const row of instances) {
    const list = series.get(row.series_instance_uid) ?? [];
    list.push({ sopInstanceUid: row.sop_instance_uid, header: headerOf(row) });
    series.set(row.series_instance_uid, list);
  }
  return {
    studyInstanceUid: study.study_instance_uid,
    callingAe: study.calling_ae,
    calledAe: study.called_ae,
    series: [...series].map(([seriesInstanceUid, members]) => ({ seriesInstanceUid, instances: members })),
  };
}

/** What rules look at. The order of series and instances in the input does not matter. */
export function studyFacts(input: FactsInput): StudyFacts {
  const others = input.series.filter((series) => series.ownResult !== true && series.instances.length > 0);
  const series = others.map((one) => seriesFacts(one, input)).sort(bySeriesNumber);
  const ownSeries = input.series.filter((one) => one.ownResult === true).map((one) => one.seriesInstanceUid);
  return { studyInstanceUid: input.studyInstanceUid, series, ownSeries: ownSeries.sort() };
}

/** The stated order of series: SeriesNumber (those without one last), then SeriesInstanceUID. */
export function bySeriesNumber(a: SeriesFacts, b: SeriesFacts): number {
  const byNumber = (a.seriesNumber ?? Infinity) - (b.seriesNumber ?? Infinity);
  if (byNumber < 0 || byNumber > 0) return byNumber;
  return a.seriesInstanceUid < b.seriesInstanceUid ? -1 : Number(a.seriesInstanceUid > b.seriesInstanceUid);
}

function seriesFacts(series: SeriesInput, input: FactsInput): SeriesFacts {
  const headers = inInstanceOrder(series);
  const first = headers[0] ?? {};
  const seriesNumber = numberIn(first, TAG.SeriesNumber);
  const [modality] = textsIn(first, TAG.Modality);
  const stack = describeStack(headers);
  return {
    seriesInstanceUid: series.seriesInstanceUid,
    ...(seriesNumber === undefined ? {} : { seriesNumber }),
    ...(modality === undefined ? {} : { modality }),
    first,
    facts: {
      instanceCount: known(headers.length, 'counted'),
      sliceCount: known(sum(headers.map(frameCount)), 'counted'),
      sliceThicknessMm: sliceThickness(first),
      ...geometryFacts(stack),
      isLocalizer: imageTypeFact(headers, (values) => values.includes('LOCALIZER')),
      isDerived: imageTypeFact(headers, (values) => values[0] === 'DERIVED'),
      contrast: contrast(headers),
      callingAe: aeFact(input.callingAe),
      calledAe: aeFact(input.calledAe),
    },
    instances: () => headers,
  };
}

/** A fact that is known, or missing where there is no value; the source then says why. */
function known(value: FactValue | undefined, source: string): Fact {
  return { values: value === undefined ? [] : [value], source };
}

function missing(source: string): Fact {
  return { values: [], source };
}

function inInstanceOrder(series: SeriesInput): Header[] {
  return series.instances
    .map(({ header, sopInstanceUid }) => ({ header, sopInstanceUid, number: numberIn(header, TAG.InstanceNumber) ?? Infinity }))
    .sort((a, b) => (a.number === b.number ? (a.sopInstanceUid < b.sopInstanceUid ? -1 : 1) : a.number - b.number))
    .map(({ header }) => header);
}

function geometryFacts(stack: StackFacts): Record<'spacingBetweenSlicesMm' | 'plane' | 'stack', Fact> {
  const fact = (value: FactValue | undefined) => known(value, stack.source);
  return { spacingBetweenSlicesMm: fact(stack.spacingMm), plane: fact(stack.plane), stack: fact(stack.kind) };
}

function frameCount(header: Header): number {
  const frames = numberIn(header, TAG.NumberOfFrames);
  return frames !== undefined && Number.isInteger(frames) && frames > 0 ? frames : 1;
}

/** SliceThickness of the first instance; of an enhanced one, that of the pixel measures (PS3.3 C.7.6.16.2.1). */
function sliceThickness(first: Header): Fact {
  const plain = numberIn(first, TAG.SliceThickness);
  if (plain !== undefined && plain > 0) return known(plain, 'SliceThickness');
  if (plain !== undefined) return missing(`SliceThickness is ${plain}, which no slice has`);
  const groups = [
    ...headersIn(first, TAG.SharedFunctionalGroupsSequence),
    ...headersIn(first, TAG.PerFrameFunctionalGroupsSequence).slice(0, 1),
  ];
  for (const group of groups) {
    const [value] = headersIn(group, TAG.PixelMeasuresSequence).flatMap((measures) => numberIn(measures, TAG.SliceThickness) ?? []);
    if (value !== undefined) return known(value, 'SliceThickness of the pixel measures');
  }
  return missing(why(first, TAG.SliceThickness, 'SliceThickness'));
}

/** True if it holds of any instance: a localizer among the slices spoils the series. */
function imageTypeFact(headers: readonly Header[], holds: (values: readonly string[]) => boolean): Fact {
  const types = headers.map((header) => textsIn(header, TAG.ImageType, { keepEmpty: true }).map((text) => text.toUpperCase()));
  if (types.some(holds)) return known(true, 'ImageType');
  const unknown = types.filter((values) => values.length === 0).length;
  return unknown === 0 ? known(false, 'ImageType') : missing(`ImageType is absent in ${unknown} of ${headers.length} instances`);
}

const NO_AGENT = /^(no|none|n|without|w\/o|n\/a|not applied|0)$/i;

/** Only what the header says of the agent (PS3.3 C.7.6.4); descriptions are not consulted. */
function contrast(headers: readonly Header[]): Fact {
  const agents = headers.flatMap((header) => textsIn(header, TAG.ContrastBolusAgent).slice(0, 1));
  if (agents.some((agent) => !NO_AGENT.test(agent))) return known('yes', 'ContrastBolusAgent');
  if (headers.some((header) => headersIn(header, CONTRAST_BOLUS_AGENT_SEQUENCE).length > 0))
    return known('yes', 'ContrastBolusAgentSequence');
  if (agents.length > 0) return known('no', 'ContrastBolusAgent');
  return missing('ContrastBolusAgent is absent or empty');
}

const CONTRAST_BOLUS_AGENT_SEQUENCE = 0x00180012;

function aeFact(title: string | undefined): Fact {
  return title === undefined || title.trim() === '' ? missing('not received over an association') : known(title.trim(), 'association');
}

/** Why a tag gave no number. */
function why(header: Header, tag: number, name: string): string {
  const values = header[tagKey(tag)]?.Value;
  if (header[tagKey(tag)] === undefined) return `${name} is absent`;
  return numbersIn(header, tag).length === 0 && Array.isArray(values) && values.length > 0 ? `${name} is not a number` : `${name} is empty`;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
