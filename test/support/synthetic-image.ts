/** Small images made on the spot: headers and files with chosen geometry and pixels. */
import { parseInstance, type ParsedInstance } from '../../src/dicom/element/parse.js';
import { tagKey, TAG, type Keyword } from '../../src/dicom/element/tags.js';
import { dictionaryVr } from '../../src/dicom/element/dictionary.js';
import { SOP_CLASS, TRANSFER_SYNTAX } from '../../src/dicom/element/uids.js';
import { encodeDataSet, fileMeta, type WritableElement, type WritableHeader } from '../../src/dicom/element/write.js';
import { firstText, type HeaderValue } from '../../src/dicom/header.js';

/** Values by keyword: a list, bytes, or null to leave the attribute out. */
export type Attributes = { readonly [keyword in Keyword]?: readonly HeaderValue[] | Uint8Array | null };

export function header(attributes: Attributes): WritableHeader {
  const elements: Record<string, WritableElement> = {};
  for (const [keyword, value] of Object.entries(attributes) as [Keyword, Attributes[Keyword]][]) {
    const tag = TAG[keyword];
    const vr = dictionaryVr(tag);
    if (value instanceof Uint8Array) elements[tagKey(tag)] = { vr, bytes: value };
    else if (value) elements[tagKey(tag)] = { vr, Value: value };
  }
  return elements;
}

/** A file in Explicit VR Little Endian. */
export function part10(attributes: Attributes): Uint8Array {
  const sopInstanceUid = firstText(header(attributes), tagKey(TAG.SOPInstanceUID)) ?? '1.2.3';
  const meta = fileMeta({
    sopClassUid: SOP_CLASS.CTImageStorage,
    sopInstanceUid,
    transferSyntaxUid: TRANSFER_SYNTAX.ExplicitVRLittleEndian,
  });
  return Buffer.concat([meta, encodeDataSet(header(attributes))]);
}

/** A 3 columns × 2 rows CT slice at a position; pixels count up from `firstPixel`. Attributes given replace those made here. */
export function ctSlice(position: readonly [string, string, string], attributes: Attributes = {}, firstPixel = 0): ParsedInstance {
  const pixels = Uint16Array.from({ length: 6 }, (_, n) => firstPixel + n);
  return parseInstance(
    part10({
      ImageType: ['ORIGINAL', 'PRIMARY', 'AXIAL'],
      SOPClassUID: [SOP_CLASS.CTImageStorage],
      SOPInstanceUID: [`1.2.3.${Math.abs(Math.round(Number(position.join('').replace(/\D/g, ''))))}.${firstPixel}`],
      Modality: ['CT'],
      ImagePositionPatient: position,
      ImageOrientationPatient: ['1', '0', '0', '0', '1', '0'],
      FrameOfReferenceUID: ['1.2.3.4'],
      SamplesPerPixel: [1],
      PhotometricInterpretation: ['MONOCHROME2'],
      Rows: [2],
      Columns: [3],
      PixelSpacing: ['0.5', '0.75'],
      BitsAllocated: [16],
      BitsStored: [16],
      HighBit: [15],
      PixelRepresentation: [0],
      RescaleIntercept: ['-1024'],
      RescaleSlope: ['1'],
      PixelData: new Uint8Array(pixels.buffer),
      ...attributes,
    }),
  );
}
