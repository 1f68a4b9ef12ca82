/** What modules hand to each other: items with a type, metadata and a value. */
import type { ParsedInstance } from '../dicom/element/parse.js';
import type { LabelMap, Volume } from '../dicom/geometry/grid.js';

/** One DICOM series of the input. */
export interface DicomSeries {
  readonly seriesInstanceUid: string;
  /** The files that it was read from, one for each instance, in the same order. */
  readonly paths: readonly string[];
  /** In no particular order; at least one. */
  readonly instances: readonly ParsedInstance[];
  /** Decoded when it is first asked for. */
  readonly volume: () => Promise<Volume>;
}

/** What a reader must know of a structure: a word beside its name, and a sentence. */
export interface Remark {
  readonly word: 'incomplete' | 'approximation';
  readonly text: string;
}

/** A label map, and which structure (id of dicom/structures) each of its values shows. */
export interface Segmentation {
  readonly labelMap: LabelMap;
  readonly structures: readonly { readonly value: number; readonly id: string; readonly remark?: Remark }[];
  /** Structures that several values show together, over the others. */
  readonly wholes?: readonly { readonly values: readonly number[]; readonly id: string; readonly remark?: Remark }[];
}

/** The types of files, by MHub's names, with the ending that their files get. The value of such an item is the bytes of the file. */
export const FILE_ENDINGS = {
  nifti: 'nii.gz',
  nrrd: 'nrrd',
  /** What a network gave on its own grid, before anything was done to it. */
  rawnrrd: 'nrrd',
  mha: 'mha',
  dicomseg: 'seg.dcm',
  rtstruct: 'rts.dcm',
  json: 'json',
  csv: 'csv',
  txt: 'txt',
  png: 'png',
  tiff: 'tiff',
} as const;

export type FileName = keyof typeof FILE_ENDINGS;
export const FILE_NAMES = Object.keys(FILE_ENDINGS) as readonly FileName[];

/** What the value of an item is, by its type. */
export type CaseData = { readonly dicom: DicomSeries; readonly segmentation: Segmentation } & Readonly<Record<FileName, Uint8Array>>;
export type DataName = keyof CaseData;
export const DATA_NAMES: readonly DataName[] = ['dicom', 'segmentation', ...FILE_NAMES];

/** What is known of an item beside its type: `mod` (the modality, `seg` for segmentations), `roi` (ids of structures, by label value), … */
export type Meta = Readonly<Record<string, string>>;

interface ItemOf<N extends DataName> {
  readonly type: N;
  readonly value: CaseData[N];
  readonly meta: Meta;
  /** As a file of its own would be called. */
  readonly name: string;
}

export type Item<N extends DataName = DataName> = { [T in N]: ItemOf<T> }[N];

/** An item as a query could ask for it: `nifti:mod=seg:roi=LIVER`. */
export function itemText({ type, meta }: Pick<Item, 'type' | 'meta'>): string {
  return [type, ...Object.entries(meta).map(([key, value]) => `${key}=${value}`)].join(':');
}

/** What the structures of a segmentation say about it, in the order of their label values. */
export function segmentationMeta(structures: Segmentation['structures']): Meta {
  const ids = [...structures].sort((a, b) => a.value - b.value).map(({ id }) => id);
  return { mod: 'seg', roi: ids.join(',') };
}

/** What the file of an item is called where nobody named it. */
export function nameFor(type: DataName): string {
  return type === 'dicom' || type === 'segmentation' ? type : `${type}.${FILE_ENDINGS[type]}`;
}
