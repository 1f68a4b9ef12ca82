"""What a viewer must show, by pydicom: for each CT slice the labels that a DICOM-SEG puts on it, and the Hounsfield units of some slices.

Usage: viewer-truth.py SEG CT_FILE... Prints one JSON object; label maps and pixels as SHA-256 of their bytes in row order.
"""
import hashlib
import json
import sys

import numpy
import pydicom
from seg_frames import frames_of


def digest(array):
    return hashlib.sha256(numpy.ascontiguousarray(array).tobytes()).hexdigest()


def label_maps(seg):
    sources = [str(frame.DerivationImageSequence[0].SourceImageSequence[0].ReferencedSOPInstanceUID)
               for frame in seg.PerFrameFunctionalGroupsSequence]
    maps = {}
    for index, number, _, mask in frames_of(seg):
        maps.setdefault(sources[index], numpy.zeros((seg.Rows, seg.Columns), numpy.uint8))[mask] = number
    return maps


def hounsfield(path):
    image = pydicom.dcmread(path)
    values = image.pixel_array.astype(numpy.float64) * float(image.RescaleSlope) + float(image.RescaleIntercept)
    return str(image.SOPInstanceUID), digest(values.astype('<i2'))


def main(seg_path, *ct_paths):
    seg = pydicom.dcmread(seg_path)
    maps, count = label_maps(seg), len(seg.SegmentSequence)
    print(json.dumps({
        'labels': {uid: {'counts': numpy.bincount(labels.ravel(), minlength=count + 1).tolist()[1:], 'sha256': digest(labels)}
                   for uid, labels in maps.items()},
        'mirrored': {uid: digest(labels[:, ::-1]) for uid, labels in maps.items()},
        'hounsfield': dict(hounsfield(path) for path in ct_paths),
    }))


main(*sys.argv[1:])
