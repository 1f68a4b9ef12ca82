/** DICOM objects with other attributes. */
import { headerOf, type Attributes } from '../../src/dicom/compose.js';
import { parseInstance } from '../../src/dicom/element/parse.js';
import { recodedHeader } from '../../src/dicom/element/recode.js';
import { TAG, tagKey, type Keyword } from '../../src/dicom/element/tags.js';
import { TRANSFER_SYNTAX } from '../../src/dicom/element/uids.js';
import { fileMeta } from '../../src/dicom/element/write.js';

/** The object with other attributes, in Implicit VR; its file meta information agrees with it. */
export function changed(file: Uint8Array, attributes: Attributes): Uint8Array {
  const { dataset } = parseInstance(file);
  const header = headerOf(attributes);
  const replaced = new Map(Object.keys(attributes).map((keyword) => [TAG[keyword as Keyword], header[tagKey(TAG[keyword as Keyword])]]));
  const meta = fileMeta({
    sopClassUid: (attributes.SOPClassUID as string | undefined) ?? dataset.uid(TAG.SOPClassUID)!,
    sopInstanceUid: (attributes.SOPInstanceUID as string | undefined) ?? dataset.uid(TAG.SOPInstanceUID)!,
    transferSyntaxUid: TRANSFER_SYNTAX.ImplicitVRLittleEndian,
  });
  return Buffer.concat([meta, ...recodedHeader(dataset, { replaced, layout: 'implicit' })]);
}
