/** Facts in numbers: how a series is cut into slices and pixels. Pure. */
import { TAG, tagKey } from '../../dicom/element/tags.js';
import type { Header } from '../../dicom/header.js';
import type { FactName } from '../fact-names.js';
import { headersIn, numberIn, numbersIn } from '../header-values.js';
import { distinctBy } from './distinct.js';
import { groupsOfFirstFrame } from './groups.js';
import { known, missing, type Fact, type FactValue } from './fact.js';
import { describeStack } from './stack.js';

type MeasureName = Extract<
  FactName,
  | 'plane'
  | 'stack'
  | 'spacingBetweenSlicesMm'
  | 'spacingDeviationMm'
  | 'gantryTiltDegrees'
  | 'coverageMm'
  | 'sliceThicknessMm'
  | 'pixelSpacingMm'
  | 'sliceCount'
  | 'instanceCount'
  | 'isMultiFrame'
>;

/** The facts of a series whose headers are in their stated order. */
export function measureFacts(headers: readonly Header[], first: Header): Record<MeasureName, Fact> {
  const stack = describeStack(headers);
  const thickness = sliceThickness(first);
  const ofStack = (value: FactValue | undefined) => known(value, stack.source);
  const frames = headers.map(frameCount);
  const groups = headers.some((header) => header[PER_FRAME] !== undefined);
  return {
    plane: known(stack.plane, stack.plane === undefined ? stack.source : 'ImageOrientationPatient'),
    stack: known(stack.kind, stack.kindSource),
    spacingBetweenSlicesMm: ofStack(stack.spacingMm),
    spacingDeviationMm: ofStack(stack.spacingDeviationMm),
    gantryTiltDegrees: stack.tiltDegrees === undefined ? headerTilt(headers, stack.source) : ofStack(stack.tiltDegrees),
    coverageMm:
      stack.kind === 'single-slice' ? known(thickness.values[0], `a single slice; ${thickness.source}`) : ofStack(stack.coverageMm),
    sliceThicknessMm: thickness,
    pixelSpacingMm: pixelSpacing(first),
    sliceCount: known(
      frames.reduce((total, count) => total + count, 0),
      'counted',
    ),
    instanceCount: known(headers.length, 'counted'),
    isMultiFrame: known(groups || frames.some((count) => count > 1), 'NumberOfFrames'),
  };
}

const PER_FRAME = tagKey(TAG.PerFrameFunctionalGroupsSequence);

function frameCount(header: Header): number {
  const frames = numberIn(header, TAG.NumberOfFrames);
  return frames !== undefined && Number.isSafeInteger(frames) && frames > 0 ? frames : 1;
}

/** GantryDetectorTilt (PS3.3 C.8.2.1), where positions do not tell; it has a sign that positions do not need. */
function headerTilt(headers: readonly Header[], stackSource: string): Fact {
  const tilts = distinctBy(headers, TAG.GantryDetectorTilt).flatMap(({ header }) => numberIn(header, TAG.GantryDetectorTilt) ?? []);
  if (tilts.length === 0) return missing(`${stackSource}, and GantryDetectorTilt is absent or empty`);
  return known(Math.max(...tilts.map((tilt) => Math.abs(tilt))), 'GantryDetectorTilt');
}

/** SliceThickness of the first instance; of an enhanced one, that of the pixel measures (PS3.3 C.7.6.16.2.1). */
function sliceThickness(first: Header): Fact {
  const plain = numberIn(first, TAG.SliceThickness);
  if (plain !== undefined && plain > 0) return known(plain, 'SliceThickness');
  if (plain !== undefined) return missing(`SliceThickness is ${plain}, which no slice has`);
  const [value] = pixelMeasures(first).flatMap((measures) => numberIn(measures, TAG.SliceThickness) ?? []);
  return value === undefined
    ? missing(whyNoNumber(first, TAG.SliceThickness, 'SliceThickness'))
    : known(value, 'SliceThickness of the pixel measures');
}

/** PS3.3 10.7.1.3: rows, then columns. That of the detector (ImagerPixelSpacing) is of a projection, and larger than what it shows. */
function pixelSpacing(first: Header): Fact {
  const candidates = [
    { source: 'PixelSpacing', values: numbersIn(first, TAG.PixelSpacing) },
    ...pixelMeasures(first).map((measures) => ({
      source: 'PixelSpacing of the pixel measures',
      values: numbersIn(measures, TAG.PixelSpacing),
    })),
    { source: 'ImagerPixelSpacing, at the detector', values: numbersIn(first, TAG.ImagerPixelSpacing) },
  ];
  const found = candidates.find(({ values }) => values.length === 2 && values.every((value) => value > 0));
  if (found === undefined) return missing('PixelSpacing and ImagerPixelSpacing are absent or no two sizes');
  const [rowMm = 0, columnMm = 0] = found.values;
  return known(Math.max(rowMm, columnMm), rowMm === columnMm ? found.source : `${found.source}, ${rowMm} by ${columnMm} mm`);
}

function pixelMeasures(first: Header): Header[] {
  return groupsOfFirstFrame(first).flatMap((group) => headersIn(group, TAG.PixelMeasuresSequence));
}

/** Why a tag gave no number. */
function whyNoNumber(header: Header, tag: number, name: string): string {
  const values = header[tagKey(tag)]?.Value;
  if (header[tagKey(tag)] === undefined) return `${name} is absent`;
  return numbersIn(header, tag).length === 0 && Array.isArray(values) && values.length > 0 ? `${name} is not a number` : `${name} is empty`;
}
