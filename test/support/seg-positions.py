"""Where the voxels of DICOM Segmentations lie in the patient, by pydicom and the formula of PS3.3 C.7.6.2.1.1: one JSON list per file."""
import json
import sys

import numpy
import pydicom


def positions(path):
    dataset = pydicom.dcmread(path)
    pixels = dataset.pixel_array.reshape(int(dataset.NumberOfFrames), dataset.Rows, dataset.Columns)
    shared = dataset.SharedFunctionalGroupsSequence[0]

    def group(frame, name):
        return getattr(frame, name, None) or getattr(shared, name)

    found = []
    for frame, mask in zip(dataset.PerFrameFunctionalGroupsSequence, pixels):
        origin = numpy.array(group(frame, 'PlanePositionSequence')[0].ImagePositionPatient, float)
        orientation = numpy.array(group(frame, 'PlaneOrientationSequence')[0].ImageOrientationPatient, float)
        spacing = group(frame, 'PixelMeasuresSequence')[0].PixelSpacing
        rows, columns = numpy.nonzero(mask)
        found += (origin + numpy.outer(columns * float(spacing[1]), orientation[:3])
                  + numpy.outer(rows * float(spacing[0]), orientation[3:])).tolist()
    return found


for path in sys.argv[1:]:
    print(json.dumps(positions(path)))
