"""Which elements of two DICOM files differ, by pydicom: a JSON list of tags. Group lengths, padding and PlanarConfiguration of grey count for nothing."""
import json
import sys

import pydicom

IGNORED = {(0xfffc, 0xfffc)}


def elements(path):
    dataset = pydicom.dcmread(path)
    # What dcmtk leaves out or adds when it decompresses is none of our business.
    return {element.tag: element for element in dataset if element.tag.element != 0 and element.tag not in IGNORED}


def same(a, b):
    if a is None or b is None:
        return False
    # An unknown VR of Implicit VR files stays unknown.
    return a.value == b.value and (a.VR == b.VR or {a.VR, b.VR} <= {'OB', 'OW', 'OB or OW', 'UN'})


first, second = elements(sys.argv[1]), elements(sys.argv[2])
print(json.dumps([str(tag) for tag in sorted(first.keys() | second.keys()) if not same(first.get(tag), second.get(tag))]))
