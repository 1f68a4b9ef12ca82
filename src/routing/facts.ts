/** From the headers of a study version to what rules look at. Never throws: what cannot be read is missing, with the reason. */
import { TAG } from '../dicom/element/tags.js';
import type { Header } from '../dicom/header.js';
import { headerOf, type InstanceRow } from '../ledger/instances.js';
import type { StudyRow } from '../ledger/studies.js';
import type { FactName, SeriesFactName, StudyFactName } from './fact-names.js';
import { bodyPartFact } from './facts/body-part.js';
import { contrastFact } from './facts/contrast.js';
import { descriptionsOf } from './facts/descriptions.js';
import { known, missing, type Fact } from './facts/fact.js';
import { derivedFact, imageTypesOf, localizerFact, ownResultFact, pixelsFact, secondaryCaptureFact } from './facts/image-kind.js';
import { kernelFact } from './facts/kernels.js';
import { measureFacts } from './facts/measures.js';
import { mrWeightingFact } from './facts/mr-weighting.js';
import { numberIn, textsIn } from './header-values.js';

export type { Fact, FactValue } from './facts/fact.js';

export interface FactsInput {
  readonly studyInstanceUid: string;
  readonly callingAe?: string;
  readonly calledAe?: string;
  readonly remoteAddress?: string;
  /** When the first instance of the study arrived. */
  readonly receivedAtMs?: number;
  readonly series: readonly SeriesInput[];
}

export interface SeriesInput {
  readonly seriesInstanceUid: string;
  /** True for what this node made itself: no rule ever looks at it. */
  readonly ownResult?: boolean;
  readonly instances: readonly { readonly sopInstanceUid: string; readonly header: Header }[];
}

export interface SeriesFacts {
  readonly seriesInstanceUid: string;
  readonly seriesNumber?: number;
  readonly modality?: string;
  /** Header of the first instance in the order of InstanceNumber, then SOPInstanceUID: what clauses on tags look at. */
  readonly first: Header;
  /** Those of the series, and those of the study. */
  readonly facts: Readonly<Record<FactName, Fact>>;
  /** The headers of all instances in that order, which does not depend on how they arrived. */
  readonly instances: () => readonly Header[];
}

export interface StudyFacts {
  readonly studyInstanceUid: string;
  /** In the order of SeriesNumber, then SeriesInstanceUID; own results are left out. */
  readonly series: readonly SeriesFacts[];
  readonly ownSeries: readonly string[];
  /** What is the same for every series: what `study:` may ask. */
  readonly facts: Readonly<Record<StudyFactName, Fact>>;
}

/** What of a study's row rules may ask. */
export type OriginRow = Pick<StudyRow, 'study_instance_uid' | 'calling_ae' | 'called_ae' | 'remote_address' | 'first_received_at'>;

/** The headers in rows of the ledger as facts are made of. Throws where a row holds no header. */
export function factsInput(
  study: OriginRow,
  instances: readonly Pick<InstanceRow, 'series_instance_uid' | 'sop_instance_uid' | 'header'>[],
): FactsInput {
  const series = new Map<string, { sopInstanceUid: string; header: Header }[]>();
  for (const row of instances) {
    const list = series.get(row.series_instance_uid) ?? [];
    list.push({ sopInstanceUid: row.sop_instance_uid, header: headerOf(row) });
    series.set(row.series_instance_uid, list);
  }
  return {
    ...originOf(study),
    series: [...series].map(([seriesInstanceUid, members]) => ({ seriesInstanceUid, instances: members })),
  };
}

/** How a study came, out of its row. */
export function originOf(study: OriginRow): Omit<FactsInput, 'series'> {
  return {
    studyInstanceUid: study.study_instance_uid,
    callingAe: study.calling_ae,
    calledAe: study.called_ae,
    remoteAddress: study.remote_address,
    receivedAtMs: study.first_received_at,
  };
}

/** What rules look at. The order of series and instances in the input does not matter. */
export function studyFacts(input: FactsInput): StudyFacts {
  const others = input.series.filter((series) => series.ownResult !== true && series.instances.length > 0);
  const facts = ofWholeStudy(input, others.length);
  const series = others.map((one) => seriesFacts(one, facts)).sort(bySeriesNumber);
  const ownSeries = input.series.filter((one) => one.ownResult === true).map((one) => one.seriesInstanceUid);
  return { studyInstanceUid: input.studyInstanceUid, series, ownSeries: ownSeries.sort(), facts };
}

/** The stated order of series: SeriesNumber (those without one last), then SeriesInstanceUID. */
export function bySeriesNumber(a: SeriesFacts, b: SeriesFacts): number {
  const byNumber = (a.seriesNumber ?? Infinity) - (b.seriesNumber ?? Infinity);
  if (byNumber < 0 || byNumber > 0) return byNumber;
  return a.seriesInstanceUid < b.seriesInstanceUid ? -1 : Number(a.seriesInstanceUid > b.seriesInstanceUid);
}

function seriesFacts(series: SeriesInput, ofStudy: Readonly<Record<StudyFactName, Fact>>): SeriesFacts {
  const headers = inInstanceOrder(series);
  const first = headers[0] ?? {};
  const seriesNumber = numberIn(first, TAG.SeriesNumber);
  const [modality] = textsIn(first, TAG.Modality);
  return {
    seriesInstanceUid: series.seriesInstanceUid,
    ...(seriesNumber === undefined ? {} : { seriesNumber }),
    ...(modality === undefined ? {} : { modality }),
    first,
    facts: { ...derived(headers, first, modality), ...ofStudy },
    instances: () => headers,
  };
}

function derived(headers: readonly Header[], first: Header, modality: string | undefined): Record<SeriesFactName, Fact> {
  const descriptions = descriptionsOf(first);
  const images = imageTypesOf(headers);
  return {
    bodyPart: bodyPartFact(first, descriptions),
    contrast: contrastFact(headers, descriptions, modality),
    kernelFamily: kernelFact(headers, modality),
    mrWeighting: mrWeightingFact(headers, descriptions, modality),
    ...measureFacts(headers, first),
    isLocalizer: localizerFact(images, descriptions),
    isDerived: derivedFact(images),
    isSecondaryCapture: secondaryCaptureFact(headers, images),
    isOwnResult: ownResultFact(first),
    hasPixels: pixelsFact(headers),
  };
}

/** Facts of how the study came, and of the study as a whole; `seriesCount` counts those that are not our own. */
export function ofWholeStudy(input: Omit<FactsInput, 'series'>, seriesCount: number): Record<StudyFactName, Fact> {
  const received = (text: string | undefined, source: string) =>
    text === undefined || text.trim() === ''
      ? missing(`not received over a${source === 'association' ? 'n association' : ' connection'}`)
      : known(text.trim(), source);
  return {
    seriesCount: known(seriesCount, 'counted'),
    callingAe: received(input.callingAe, 'association'),
    calledAe: received(input.calledAe, 'association'),
    remoteAddress: received(input.remoteAddress, 'connection'),
    timeOfDay:
      input.receivedAtMs === undefined
        ? missing('it is not known when the study arrived')
        : known(timeOfDay(input.receivedAtMs), 'arrival of the first instance'),
  };
}

/** `HH:MM` in the node's local time, as rules write it. */
function timeOfDay(atMs: number): string {
  const at = new Date(atMs);
  return [at.getHours(), at.getMinutes()].map((part) => String(part).padStart(2, '0')).join(':');
}

/** The headers of a series in the order of InstanceNumber, then SOPInstanceUID. */
export function inInstanceOrder(series: SeriesInput): Header[] {
  return series.instances
    .map(({ header, sopInstanceUid }) => ({ header, sopInstanceUid, number: numberIn(header, TAG.InstanceNumber) ?? Infinity }))
    .sort((a, b) => (a.number === b.number ? (a.sopInstanceUid < b.sopInstanceUid ? -1 : 1) : a.number - b.number))
    .map(({ header }) => header);
}
