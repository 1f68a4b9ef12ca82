/** How a labelled study is written down, and the headers that it stands for. */
import { dictionaryVr, tagKey, tagOf } from '../../../src/dicom/element/tags.js';
import type { Header, HeaderElement, HeaderValue } from '../../../src/dicom/header.js';
import type { FactsInput, SeriesInput } from '../../../src/routing/facts.js';

export const RULES = ['chest-ct-lungs', 'brain-t1-tissue', 'petct-lesions', 'night-body-composition', 'brain-structures-shadow'] as const;
export type RuleName = (typeof RULES)[number];

export const NOT_APPLIED = 'not applied';
export const NO_SERIES = 'no series';

/** The name of a series, `not applied`, `no series`, or for a model with several inputs the series of each. */
export type Expectation = string | Readonly<Record<string, string>>;

type TagValue = string | number | readonly (string | number)[] | readonly Tags[];
export interface Tags {
  readonly [keyword: string]: TagValue;
}

export interface WrittenSeries {
  readonly name: string;
  readonly tags: Tags;
  readonly slices: number;
  readonly spacingMm: number;
  readonly plane?: 'axial' | 'coronal' | 'sagittal';
  /** Slices left out, counted from 0. */
  readonly missing?: readonly number[];
  /** Each position so many times, as in a perfusion or an fMRI series. */
  readonly repeats?: number;
  /** Angle of the gantry in degrees: the slices are sheared. */
  readonly tiltDegrees?: number;
  /** The last half of the slices lies coronally. */
  readonly turned?: boolean;
  /** One enhanced object with a frame for each slice. */
  readonly multiframe?: boolean;
  /** One object without any geometry: a report, a screen, a radiograph. */
  readonly flat?: boolean;
  /** A frame of reference of its own. */
  readonly otherFrame?: boolean;
  readonly ownResult?: boolean;
}

export interface WrittenStudy {
  readonly name: string;
  readonly why: string;
  readonly series: readonly WrittenSeries[];
  /** Rules that are not named do not apply. */
  readonly expected: Readonly<Partial<Record<RuleName, Expectation>>>;
}

/** A study with tags that all its series share unless they say otherwise. */
export function study(
  name: string,
  why: string,
  expected: WrittenStudy['expected'],
  shared: Tags,
  ...series: readonly WrittenSeries[]
): WrittenStudy {
  return { name, why, expected, series: series.map((one) => ({ ...one, tags: { ...shared, ...one.tags } })) };
}

/** What the node would have read from the files of the study. */
export function factsInputOf(written: WrittenStudy, number: number): FactsInput {
  return {
    studyInstanceUid: `2.25.${4_000_000 + number}`,
    callingAe: 'SCANNER',
    calledAe: 'ANTEROOM',
    series: written.series.map((series, index) => seriesInput(series, number, index + 1)),
  };
}

function seriesInput(written: WrittenSeries, studyNumber: number, seriesNumber: number): SeriesInput {
  const frame = `2.25.${4_100_000 + studyNumber}${written.otherFrame === true ? `.${seriesNumber}` : ''}`;
  const base = headerOf({
    StudyDate: '20260301',
    PatientAge: '054Y',
    SeriesNumber: seriesNumber,
    ...(written.flat === true ? {} : { FrameOfReferenceUID: frame, Rows: 256, Columns: 256 }),
    ...written.tags,
  });
  const places = written.flat === true ? [] : placesOf(written);
  const headers =
    written.flat === true
      ? [base]
      : written.multiframe === true
        ? [{ ...base, ...framesOf(written, places) }]
        : places.map((place, index) => ({ ...base, ...headerOf({ InstanceNumber: index + 1, ...place }) }));
  const uid = `2.25.${4_200_000 + studyNumber}.${seriesNumber}`;
  return {
    seriesInstanceUid: written.name,
    ...(written.ownResult === true ? { ownResult: true } : {}),
    instances: headers.map((header, index) => ({ sopInstanceUid: `${uid}.${index + 1}`, header })),
  };
}

interface Place extends Tags {
  readonly ImagePositionPatient: readonly number[];
  readonly ImageOrientationPatient: readonly number[];
}

const ORIENTATIONS = { axial: [1, 0, 0, 0, 1, 0], coronal: [1, 0, 0, 0, 0, -1], sagittal: [0, 1, 0, 0, 0, -1] } as const;
/** Along which axis slices of each plane lie one behind the other. */
const AXES = { axial: 2, coronal: 1, sagittal: 0 } as const;

function placesOf(written: WrittenSeries): Place[] {
  const plane = written.plane ?? 'axial';
  const angle = ((written.tiltDegrees ?? 0) * Math.PI) / 180;
  const orientation = angle === 0 ? ORIENTATIONS[plane] : [1, 0, 0, 0, Math.cos(angle), -Math.sin(angle)];
  return Array.from({ length: written.slices }, (_, slice) => slice)
    .filter((slice) => written.missing?.includes(slice) !== true)
    .flatMap((slice) => Array.from({ length: written.repeats ?? 1 }, () => slice))
    .map((slice) => {
      const position = [-170, -170, -400];
      position[AXES[plane]] = (position[AXES[plane]] ?? 0) + slice * written.spacingMm;
      const turned = written.turned === true && slice >= written.slices / 2;
      return { ImagePositionPatient: position, ImageOrientationPatient: turned ? ORIENTATIONS.coronal : orientation };
    });
}

/** The functional groups of an enhanced object (PS3.3 C.7.6.16): thickness shared, a position for each frame. */
function framesOf(written: WrittenSeries, places: readonly Place[]): Header {
  const thickness = written.tags.SliceThickness ?? written.spacingMm;
  return headerOf({
    NumberOfFrames: places.length,
    SharedFunctionalGroupsSequence: [
      {
        PixelMeasuresSequence: [{ SliceThickness: thickness, PixelSpacing: [0.8, 0.8] }],
        PlaneOrientationSequence: [{ ImageOrientationPatient: places[0]?.ImageOrientationPatient ?? [] }],
      },
    ],
    PerFrameFunctionalGroupsSequence: places.map((place) => ({
      PlanePositionSequence: [{ ImagePositionPatient: place.ImagePositionPatient }],
    })),
  });
}

/** An empty text stands for an element that is there without a value. */
function headerOf(tags: Tags): Header {
  return Object.fromEntries(
    Object.entries(tags).map(([keyword, value]): [string, HeaderElement] => {
      const tag = tagOf(keyword);
      if (tag === undefined) throw new Error(`no tag is called ${keyword}`);
      const values: readonly (string | number | Tags)[] =
        typeof value === 'object' && 'length' in value
          ? Array.from<string | number | Tags>(value as readonly (string | number | Tags)[])
          : [value];
      const vr = dictionaryVr(tag);
      return [tagKey(tag), values[0] === '' ? { vr } : { vr, Value: values.map(valueOf) }];
    }),
  );
}

function valueOf(value: string | number | Tags): HeaderValue {
  return typeof value === 'object' ? headerOf(value) : value;
}
