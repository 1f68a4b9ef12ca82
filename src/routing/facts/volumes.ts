/** Whether images that share their positions are several complete volumes, and by what these are told apart. Pure. */
import { TAG } from '../../dicom/element/tags.js';
import type { Header } from '../../dicom/header.js';
import { headersIn, textOf, valuesOf } from '../header-values.js';
import type { Slice } from './slices.js';

export interface Volumes {
  readonly count: number;
  readonly toldApartBy: string;
}

/** The volumes of a series whose slices are given by position; undefined where the positions are not all equally often there, or nothing tells them apart. */
export function volumesOf(positions: readonly (readonly Slice[])[]): Volumes | undefined {
  const count = positions[0]?.length ?? 0;
  if (count < 2 || positions.some((slices) => slices.length !== count)) return undefined;
  const key = KEYS.find(({ read }) => positions.every((slices) => allDiffer(slices, read)));
  return key && { count, toldApartBy: key.name };
}

interface Key {
  readonly name: string;
  /** What an image has of it as text; empty where it has nothing. */
  readonly read: (slice: Slice) => string;
}

const of = (tag: number) => (header: Header) => valuesOf(header, tag).map(textOf).join('\\');
/** An element of the instance, else of the first item of a per-frame functional group. */
const either = (tag: number, group: number, inGroup: number) => (slice: Slice) => {
  const [item] = slice.frame === undefined ? [] : headersIn(slice.frame, group);
  return item === undefined ? of(tag)(slice.header) : of(inGroup)(item);
};
const plain = (tag: number) => (slice: Slice) => (slice.frame === undefined ? of(tag)(slice.header) : '');

const TRIGGER_TIME = 0x00181060;
const DIFFUSION_B_VALUE = 0x00189087;
const DIFFUSION_GRADIENT_ORIENTATION = 0x00189089;
const MR_DIFFUSION_SEQUENCE = 0x00189117;
const MR_ECHO_SEQUENCE = 0x00189114;
const EFFECTIVE_ECHO_TIME = 0x00189082;
const FRAME_ACQUISITION_DATE_TIME = 0x00189074;

/** What says most first. Numbered images of complete volumes are a 4D series too where nothing else was written. */
const KEYS: readonly Key[] = [
  { name: 'TemporalPositionIdentifier', read: either(TAG.TemporalPositionIdentifier, TAG.FrameContentSequence, TAG.TemporalPositionIndex) },
  { name: 'TriggerTime', read: plain(TRIGGER_TIME) },
  { name: 'AcquisitionDateTime', read: either(TAG.AcquisitionDateTime, TAG.FrameContentSequence, FRAME_ACQUISITION_DATE_TIME) },
  { name: 'AcquisitionTime', read: plain(TAG.AcquisitionTime) },
  { name: 'DiffusionBValue', read: either(DIFFUSION_B_VALUE, MR_DIFFUSION_SEQUENCE, DIFFUSION_B_VALUE) },
  {
    name: 'DiffusionBValue and DiffusionGradientOrientation',
    read: ({ header }) => [of(DIFFUSION_B_VALUE)(header), of(DIFFUSION_GRADIENT_ORIENTATION)(header)].join(' ').trim(),
  },
  { name: 'EchoTime', read: either(TAG.EchoTime, MR_ECHO_SEQUENCE, EFFECTIVE_ECHO_TIME) },
  { name: 'AcquisitionNumber', read: plain(TAG.AcquisitionNumber) },
  { name: 'InstanceNumber', read: plain(TAG.InstanceNumber) },
];

function allDiffer(slices: readonly Slice[], read: Key['read']): boolean {
  const seen = new Set(slices.map(read));
  return seen.size === slices.length && !seen.has('');
}
