/** What kind of object a series holds: localizer, derived, captured, made by a node like this one, an image at all. Pure. */
import { TAG } from '../../dicom/element/tags.js';
import { STORAGE_SOP_CLASS } from '../../dicom/element/storage-sop-classes.js';
import { NODE_MANUFACTURER } from '../../foundation/version.js';
import type { Header } from '../../dicom/header.js';
import { headersIn, numberIn, textsIn } from '../header-values.js';
import { quoted, type Description } from './descriptions.js';
import { distinctBy } from './distinct.js';
import { groupsOf } from './groups.js';
import { known, missing, type Fact } from './fact.js';
import { PhraseTable } from './phrases.js';

/** The values of ImageType of each distinct kind in the series, in capitals; with those of the frames of enhanced objects. */
export interface ImageTypes {
  readonly types: readonly (readonly string[])[];
  /** Instances without one. */
  readonly unknown: number;
  readonly instances: number;
}

/** Reads ImageType once for all facts that come from it. */
export function imageTypesOf(headers: readonly Header[]): ImageTypes {
  let unknown = 0;
  const types = distinctBy(headers, TAG.ImageType).flatMap(({ header, count }) => {
    const values = textsIn(header, TAG.ImageType, { keepEmpty: true }).map((text) => text.toUpperCase());
    if (values.length === 0) unknown += count;
    const frames = groupsOf(header).flatMap((group) => [
      ...headersIn(group, TAG.MRImageFrameTypeSequence),
      ...headersIn(group, TAG.CTImageFrameTypeSequence),
    ]);
    const frameTypes = new Set(frames.map((frame) => textsIn(frame, TAG.FrameType, { keepEmpty: true }).join('\\').toUpperCase()));
    return [values, ...[...frameTypes].filter((type) => type !== '').map((type) => type.split('\\'))].filter((one) => one.length > 0);
  });
  return { types, unknown, instances: headers.length };
}

/** True if ImageType says so of any instance: a localizer among the slices spoils the series. Else the description of the series may say it. */
export function localizerFact(images: ImageTypes, descriptions: readonly Description[]): Fact {
  const byType = byImageType(images, (values) => values.includes('LOCALIZER'));
  if (byType.values[0] === true) return byType;
  const said = descriptions.find(({ name, text }) => name === 'SeriesDescription' && LOCALIZER_WORDS.find(text).length > 0);
  return said === undefined ? byType : known(true, quoted(said));
}

const LOCALIZER_WORDS = new PhraseTable<'localizer'>([
  [
    ['localizer'],
    'localizer, localizers, localiser, loc, 3 plane loc, 3 pl loc, scout, topogram, topogramm, topo, surview, survey, scanogram, scano, scoutview, scout view, three plane, tri plane, ubersicht, reperage, localizador, 定位像, 定位, 位置決め',
  ],
]);

/** True if ImageType says so of any instance. */
export function derivedFact(images: ImageTypes): Fact {
  return byImageType(images, (values) => values[0] === 'DERIVED');
}

function byImageType({ types, unknown, instances }: ImageTypes, holds: (values: readonly string[]) => boolean): Fact {
  const found = types.find(holds);
  if (found !== undefined) return known(true, `ImageType ${found.join('\\')}`);
  return unknown === 0 ? known(false, 'ImageType') : missing(`ImageType is absent in ${unknown} of ${instances} instances`);
}

const SECONDARY_CAPTURE: readonly string[] = [
  STORAGE_SOP_CLASS.SecondaryCaptureImageStorage,
  STORAGE_SOP_CLASS.MultiFrameSingleBitSecondaryCaptureImageStorage,
  STORAGE_SOP_CLASS.MultiFrameGrayscaleByteSecondaryCaptureImageStorage,
  STORAGE_SOP_CLASS.MultiFrameGrayscaleWordSecondaryCaptureImageStorage,
  STORAGE_SOP_CLASS.MultiFrameTrueColorSecondaryCaptureImageStorage,
];
const CAPTURED = /^(SCREEN ?SAVE|SCREEN ?SHOT|SCREEN ?CAPTURE|CAPTURE|SECONDARY ?CAPTURE)$/;

/** True if any instance is one. */
export function secondaryCaptureFact(headers: readonly Header[], images: ImageTypes): Fact {
  const classes = distinctBy(headers, TAG.SOPClassUID).flatMap(({ header }) => textsIn(header, TAG.SOPClassUID).slice(0, 1));
  if (classes.some((uid) => SECONDARY_CAPTURE.includes(uid))) return known(true, 'SOPClassUID');
  const captured = images.types.flat().find((value) => CAPTURED.test(value));
  if (captured !== undefined) return known(true, `ImageType ${captured}`);
  return classes.length === 0 ? missing('SOPClassUID is absent') : known(false, 'SOPClassUID');
}

/** Of what another node like this one made: its results name the node as their maker and the model as what contributed (IHE AIR). */
export function ownResultFact(first: Header): Fact {
  const contributors = headersIn(first, TAG.ContributingEquipmentSequence);
  const byNode = (holder: Header) => textsIn(holder, TAG.Manufacturer).includes(NODE_MANUFACTURER);
  if (contributors.some(byNode)) return known(true, 'Manufacturer in ContributingEquipmentSequence');
  if (contributors.length > 0 && byNode(first)) return known(true, 'Manufacturer, and a ContributingEquipmentSequence');
  return known(false, 'Manufacturer, ContributingEquipmentSequence');
}

/** Every instance has rows and columns. */
export function pixelsFact(headers: readonly Header[]): Fact {
  const without = headers.filter((header) => !((numberIn(header, TAG.Rows) ?? 0) > 0 && (numberIn(header, TAG.Columns) ?? 0) > 0)).length;
  return without === 0
    ? known(true, 'Rows, Columns')
    : known(false, `Rows or Columns is absent in ${without} of ${headers.length} instances`);
}
