/**
 * What the node derives of a series beyond its tags: the one table of the facts that rules may name. Rules are checked against it,
 * the language's JSON Schema and `routing-rules/FACTS.md` are made from it.
 */
import { BODY_PARTS } from './facts/body-parts.js';
import { DESCRIPTIONS } from './facts/descriptions.js';
import { KERNEL_FAMILIES } from './facts/kernels.js';
import { MR_WEIGHTINGS } from './facts/mr-weighting.js';
import { PLANES, STACK_KINDS } from './facts/stack-words.js';

export type FactUnit = 'mm' | 'degrees';

export type FactKind =
  | { readonly kind: 'number'; readonly unit?: FactUnit }
  | { readonly kind: 'flag' }
  | { readonly kind: 'text' }
  /** A time of day as `HH:MM`. */
  | { readonly kind: 'time' }
  | { readonly kind: 'word'; readonly words: readonly string[] };

export interface FactDescription {
  /** What it is, for administrators. */
  readonly description: string;
  /** Where it comes from, best first. */
  readonly sources: readonly string[];
  /** The same for every series of a study: may be asked in `study:` too. */
  readonly ofStudy?: true;
}

const descriptions = `a word in ${DESCRIPTIONS.join(', ')}, in this order`;
const positions = 'ImagePositionPatient and ImageOrientationPatient, of enhanced objects from their functional groups';

export const FACTS = {
  bodyPart: {
    kind: 'word',
    words: BODY_PARTS,
    description:
      'Parts of the body that the series shows; several may hold. A part also shows the wider one that it lies in (liver: abdomen too); heart, breast, spine and whole-body stand for themselves (ask for `oneOf: [chest, whole-body]` where both are meant). Where a lower source names another part, the explanation says so.',
    sources: [
      'AnatomicRegionSequence, of enhanced objects FrameAnatomySequence (SNOMED codes of PS3.16)',
      'BodyPartExamined (terms of PS3.16 annex L and common spellings; PARTIALBODY, UNKNOWN and the like say nothing)',
      `${descriptions} (English, German, French, Spanish, Italian, Chinese, Japanese; the commonest ones in Dutch, Portuguese and the Scandinavian languages)`,
    ],
  },
  contrast: {
    kind: 'word',
    words: ['yes', 'no'],
    description:
      'Whether a contrast agent was given into the vessels. Missing where nothing tells, where the agent was given into the gut, and where a description says both (`C-/C+`).',
    sources: [
      'ContrastBolusAgentAdministered of enhanced objects',
      'ContrastBolusAgent with ContrastBolusRoute; ContrastBolusAgentSequence',
      `for CT and MR ${descriptions} (C+, C-, post contrast, nativ, w/o, KM …)`,
    ],
  },
  kernelFamily: {
    kind: 'word',
    words: KERNEL_FAMILIES,
    description:
      'Of a CT: soft for soft tissue and brain, sharp for lung, bone and inner ear, medium between. Missing for kernels that are not known and for series with several families.',
    sources: ['ConvolutionKernel by the names of Siemens, GE, Philips, Canon and United Imaging', 'ConvolutionKernelGroup'],
  },
  mrWeighting: {
    kind: 'word',
    words: MR_WEIGHTINGS,
    description: 'Of an MR: what the image is weighted by. Missing where it is left open.',
    sources: [
      'ImageType, FrameType, AcquisitionContrast',
      'a word in SeriesDescription, ProtocolName, RequestedProcedureDescription, PerformedProcedureStepDescription, in this order',
      'DiffusionBValue above 0',
      'ScanningSequence with EchoTime, RepetitionTime and InversionTime, where they leave no doubt',
    ],
  },
  plane: {
    kind: 'word',
    words: PLANES,
    description: 'The plane whose normal is within 30° of that of the images, else oblique.',
    sources: [positions],
  },
  stack: {
    kind: 'word',
    words: STACK_KINDS,
    description:
      'Whether the slices are one regular stack, or what is in the way. `4d`: several complete volumes at the same positions (times, b-values, echoes); `repeated-positions`: positions are there more than once without making complete volumes.',
    sources: [positions],
  },
  spacingBetweenSlicesMm: {
    kind: 'number',
    unit: 'mm',
    description:
      'Distance of neighbouring slices along their normal; not SpacingBetweenSlices, which scanners fill in their own ways. The mean of an even stack, the median of an uneven one.',
    sources: [positions],
  },
  spacingDeviationMm: {
    kind: 'number',
    unit: 'mm',
    description: 'How even the spacing is: by how much the distance that differs most differs from the median.',
    sources: [positions],
  },
  gantryTiltDegrees: {
    kind: 'number',
    unit: 'degrees',
    description: 'Angle between the normal of the slices and the line along which they are stacked, without a sign.',
    sources: [positions, 'GantryDetectorTilt'],
  },
  sliceThicknessMm: {
    kind: 'number',
    unit: 'mm',
    description: 'Thickness of a slice.',
    sources: ['SliceThickness', 'SliceThickness of the pixel measures of enhanced objects'],
  },
  pixelSpacingMm: {
    kind: 'number',
    unit: 'mm',
    description: 'Size of a pixel in the slice; the larger side where they differ.',
    sources: ['PixelSpacing', 'PixelSpacing of the pixel measures of enhanced objects', 'ImagerPixelSpacing'],
  },
  coverageMm: {
    kind: 'number',
    unit: 'mm',
    description: 'How much of the body the stack covers: from the first to the last position along the normal, and one spacing.',
    sources: [positions, 'of a single slice its thickness'],
  },
  sliceCount: {
    kind: 'number',
    description: 'Images: instances, and every frame of multi-frame instances.',
    sources: ['counted, with NumberOfFrames'],
  },
  instanceCount: { kind: 'number', description: 'Instances of the series in this study version.', sources: ['counted'] },
  isLocalizer: {
    kind: 'flag',
    description: 'A scout or topogram, or a series with one among its images.',
    sources: ['LOCALIZER in ImageType or FrameType', 'a word in SeriesDescription (localizer, scout, topogram, surview, survey …)'],
  },
  isDerived: { kind: 'flag', description: 'An image of the series was computed from others.', sources: ['ImageType begins with DERIVED'] },
  isSecondaryCapture: {
    kind: 'flag',
    description: 'A screen capture, a scanned sheet or a converted picture.',
    sources: ['SOPClassUID of a secondary capture', 'SCREEN SAVE, SCREENSHOT and the like in ImageType'],
  },
  isOwnResult: {
    kind: 'flag',
    description:
      'Made by an Anteroom node. What this node itself made is no part of a study version and never looked at, so it is true only of what another one made.',
    sources: ['Manufacturer in ContributingEquipmentSequence', 'Manufacturer, where there is a ContributingEquipmentSequence'],
  },
  isMultiFrame: {
    kind: 'flag',
    description: 'An instance of the series holds several images.',
    sources: ['NumberOfFrames above 1, or per-frame functional groups'],
  },
  hasPixels: {
    kind: 'flag',
    description: 'Every instance is an image; false for reports, presentation states, structure sets and the like.',
    sources: ['Rows and Columns are above 0'],
  },
  seriesCount: {
    kind: 'number',
    ofStudy: true,
    description: 'Series in this study version, of whatever kind; own results are not counted.',
    sources: ['counted'],
  },
  callingAe: { kind: 'text', ofStudy: true, description: 'AE title of the sender.', sources: ['the association that brought the study'] },
  calledAe: {
    kind: 'text',
    ofStudy: true,
    description: 'AE title that the sender called.',
    sources: ['the association that brought the study'],
  },
  remoteAddress: {
    kind: 'text',
    ofStudy: true,
    description: 'IP address of the sender.',
    sources: ['the connection that brought the study'],
  },
  timeOfDay: {
    kind: 'time',
    ofStudy: true,
    description: "When the first instance of the study arrived, in the node's local time.",
    sources: ["the node's clock"],
  },
} as const satisfies Record<string, FactKind & FactDescription>;

export type FactName = keyof typeof FACTS;
export const FACT_NAMES = Object.keys(FACTS) as [FactName, ...FactName[]];

/** Facts that are the same for every series of a study. */
export type StudyFactName = { [Name in FactName]: (typeof FACTS)[Name] extends { readonly ofStudy: true } ? Name : never }[FactName];
export type SeriesFactName = Exclude<FactName, StudyFactName>;
