/** A copy under UIDs of its own is another object, and the same in everything else. */
import { otherUid, withOtherUids } from '../../../src/dicom/element/other-uids.js';
import { parseInstance } from '../../../src/dicom/element/parse.js';
import { TAG } from '../../../src/dicom/element/tags.js';
import { isUid } from '../../../src/foundation/ids.js';
import { smallStudy } from '../../support/small-study.js';

const [slice] = smallStudy([1]).slices[0];
const copyOf = (name: string) => parseInstance(withOtherUids(Buffer.from(slice), name));

describe('a copy under other UIDs', () => {
  const before = parseInstance(slice);

  it('differs in the UIDs of objects and in nothing else', () => {
    const { dataset, mediaStorageSopInstanceUid, transferSyntaxUid } = copyOf('one');
    for (const tag of [TAG.StudyInstanceUID, TAG.SeriesInstanceUID, TAG.SOPInstanceUID]) {
      const [was, is] = [before.dataset.uid(tag) ?? '', dataset.uid(tag) ?? ''];
      expect({ is, length: is.length, valid: isUid(is) }).toEqual({ is: otherUid(was, 'one'), length: was.length, valid: true });
      expect(is).not.toBe(was);
    }
    expect(mediaStorageSopInstanceUid).toBe(dataset.uid(TAG.SOPInstanceUID));
    expect(transferSyntaxUid).toBe(before.transferSyntaxUid);
    for (const { tag, vr } of before.dataset.elements())
      if (vr !== 'UI' || tag === TAG.SOPClassUID) expect(dataset.bytesOf(tag)).toEqual(before.dataset.bytesOf(tag));
  });

  it('is the same for the same name, and another for another', () => {
    const uid = (name: string) => copyOf(name).dataset.uid(TAG.SOPInstanceUID);
    expect(uid('one')).toBe(uid('one'));
    expect(uid('one')).not.toBe(uid('two'));
  });

  it('is refused where a UID is too short to tell copies apart', () => {
    expect(() => otherUid('1.2.3', 'one')).toThrow(/UID 1\.2\.3 is too short to be replaced; expected at least 11 characters/);
  });
});
