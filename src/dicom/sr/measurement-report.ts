/** The content tree of a TID 1500 Measurement Report (PS3.16), as an AI result has it: no person has looked at it. */
import type { Code } from '../structures/code.js';
import { CONCEPT, ENGLISH, modalityCode } from './concepts.js';
import { container, item, type ContentItem, type ContentValue, type ObjectReference } from './content-item.js';

/** A series that the report is about. */
export interface ReportedSeries {
  readonly seriesInstanceUid: string;
  readonly modality: string;
  /** All its instances: at least one. */
  readonly instances: readonly ObjectReference[];
}

/** A number, or the reason why there is none (CID 42). */
export interface Measurement {
  readonly name: Code;
  readonly unit: Code;
  readonly value: number | Code;
}

/** An answer in a code or in words. */
export interface Evaluation {
  readonly name: Code;
  readonly value: Code | string;
}

/** Where in the body, with the side. */
export interface Site {
  readonly code: Code;
  readonly laterality?: Code;
}

/** A segment that was measured. */
export interface MeasuredSegment {
  readonly reference: ObjectReference;
  /** Of the segmentation itself. */
  readonly seriesInstanceUid: string;
  /** On which it was drawn. */
  readonly sourceSeriesInstanceUid: string;
}

/** What is said of one thing: a lesion, a structure, or the whole (TID 1501; TID 1411 where it is a segment). */
export interface MeasuredGroup {
  /** For people, and to tell it from the others. */
  readonly label: string;
  readonly trackingUid: string;
  readonly finding?: Code;
  readonly sites: readonly Site[];
  readonly segment?: MeasuredSegment;
  readonly measurements: readonly Measurement[];
  readonly evaluations: readonly Evaluation[];
}

/** Who says it: a program (PS3.16 TID 1004, TID 4019). */
export interface Observer {
  readonly uid: string;
  readonly manufacturer: string;
  readonly modelName: string;
  readonly version: string;
  /** Which build of it: the digest of its image. */
  readonly digest: string;
}

export interface MeasurementReport {
  /** CID 7021, which may be extended; AI Measurement Report where it is not given. */
  readonly title?: Code;
  readonly observer: Observer;
  readonly series: readonly ReportedSeries[];
  readonly groups: readonly MeasuredGroup[];
  /** What is said of the whole, in codes or words. */
  readonly evaluations: readonly Evaluation[];
}

/** The root of the report's content tree. Groups or evaluations: at least one of either (TID 1500 rows 6 and 12). */
export function measurementReport({ title, observer, series, groups, evaluations }: MeasurementReport): ContentItem {
  return {
    concept: title ?? CONCEPT.aiMeasurementReport,
    value: { type: 'CONTAINER', continuity: 'SEPARATE', template: '1500' },
    children: [
      item('HAS CONCEPT MOD', CONCEPT.language, { type: 'CODE', code: ENGLISH }),
      ...observerContext(observer),
      item('HAS CONCEPT MOD', CONCEPT.procedureReported, { type: 'CODE', code: CONCEPT.imagingProcedure }),
      container(CONCEPT.imageLibrary, series.map(libraryGroup), '1600'),
      ...(groups.length === 0
        ? []
        : [
            container(
              CONCEPT.imagingMeasurements,
              groups.map((group) => measuredGroup(group, observer)),
            ),
          ]),
      ...(evaluations.length === 0 ? [] : [container(CONCEPT.qualitativeEvaluations, evaluations.map(evaluated))]),
    ],
  };
}

/** TID 1002 with TID 1004. */
function observerContext({ uid, manufacturer, modelName, version, digest }: Observer): ContentItem[] {
  const context = (concept: Code, value: ContentValue) => item('HAS OBS CONTEXT', concept, value);
  return [
    context(CONCEPT.observerType, { type: 'CODE', code: CONCEPT.device }),
    context(CONCEPT.deviceObserverUid, { type: 'UIDREF', uid }),
    context(CONCEPT.deviceObserverName, text(`${modelName} ${version}`)),
    context(CONCEPT.deviceObserverManufacturer, text(manufacturer)),
    context(CONCEPT.deviceObserverModelName, text(modelName)),
    context(CONCEPT.deviceObserverSerialNumber, text(digest)),
  ];
}

/** TID 1600: what was looked at, by series. Its first image stands for it: the evidence names all, and hundreds of lines would hide the numbers. */
function libraryGroup({ seriesInstanceUid, modality, instances }: ReportedSeries): ContentItem {
  return container(CONCEPT.imageLibraryGroup, [
    item('HAS ACQ CONTEXT', CONCEPT.modality, { type: 'CODE', code: modalityCode(modality) }),
    item('HAS ACQ CONTEXT', CONCEPT.seriesInstanceUid, { type: 'UIDREF', uid: seriesInstanceUid }),
    // TID 1601 asks for no name; OHIF 3.13 ends as a whole at an item without one.
    item('CONTAINS', CONCEPT.sourceOfMeasurement, { type: 'IMAGE', reference: instances[0] }),
  ]);
}

function measuredGroup(group: MeasuredGroup, { modelName, version, digest }: Observer): ContentItem {
  const { label, trackingUid, finding, sites, segment, measurements, evaluations } = group;
  const algorithm = (concept: Code, value: string) => item('HAS CONCEPT MOD', concept, text(value));
  return container(
    CONCEPT.measurementGroup,
    [
      item('HAS OBS CONTEXT', CONCEPT.trackingIdentifier, text(label)),
      item('HAS OBS CONTEXT', CONCEPT.trackingUid, { type: 'UIDREF', uid: trackingUid }),
      ...(finding === undefined ? [] : [item('CONTAINS', CONCEPT.finding, { type: 'CODE', code: finding })]),
      ...(segment === undefined ? [] : segmentReference(segment)),
      ...sites.map(findingSite),
      algorithm(CONCEPT.algorithmName, modelName),
      algorithm(CONCEPT.algorithmVersion, version),
      algorithm(CONCEPT.algorithmParameters, `image ${digest}`),
      ...measurements.map(measured),
      ...evaluations.map(evaluated),
    ],
    segment === undefined ? '1501' : '1411',
  );
}

function segmentReference({ reference, sourceSeriesInstanceUid }: MeasuredSegment): ContentItem[] {
  return [
    item('CONTAINS', CONCEPT.referencedSegment, { type: 'IMAGE', reference }),
    item('CONTAINS', CONCEPT.sourceSeriesForSegmentation, { type: 'UIDREF', uid: sourceSeriesInstanceUid }),
  ];
}

function findingSite({ code, laterality }: Site): ContentItem {
  const side = laterality === undefined ? [] : [item('HAS CONCEPT MOD', CONCEPT.laterality, { type: 'CODE', code: laterality })];
  return item('HAS CONCEPT MOD', CONCEPT.findingSite, { type: 'CODE', code }, side);
}

function measured({ name, unit, value }: Measurement): ContentItem {
  return item('CONTAINS', name, typeof value === 'number' ? { type: 'NUM', value, unit } : { type: 'NUM', qualifier: value });
}

function evaluated({ name, value }: Evaluation): ContentItem {
  return item('CONTAINS', name, typeof value === 'string' ? text(value) : { type: 'CODE', code: value });
}

function text(value: string): ContentValue {
  return { type: 'TEXT', text: value };
}
