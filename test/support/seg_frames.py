"""The frames of DICOM Segmentations as pydicom reads them: one JSON object per file on standard output."""
import hashlib
import json
import sys

import numpy
import pydicom


def group(frame, shared, name):
    own = getattr(frame, name, None)
    found = own if own else getattr(shared, name, None)
    return found[0] if found else None


def masks(dataset, pixels, frame, shared):
    if dataset.SegmentationType == 'LABELMAP':
        background = {int(s.SegmentNumber) for s in dataset.SegmentSequence
                      if s.SegmentedPropertyTypeCodeSequence[0].CodeValue == '125040'}
        background |= {0} if 0 not in {int(s.SegmentNumber) for s in dataset.SegmentSequence} else set()
        if 'PixelPaddingValue' in dataset:
            background.add(int(dataset.PixelPaddingValue))
        return [(int(value), pixels == value) for value in numpy.unique(pixels) if int(value) not in background]
    number = int(group(frame, shared, 'SegmentIdentificationSequence').ReferencedSegmentNumber)
    if dataset.SegmentationType == 'FRACTIONAL':
        return [(number, pixels >= dataset.MaximumFractionalValue / 2)]
    return [(number, pixels != 0)]


def frames_of(dataset):
    """For each frame and each segment that it shows: number of the frame, of the segment, position as written, mask."""
    pixels = dataset.pixel_array
    if int(dataset.NumberOfFrames) == 1:
        pixels = pixels[numpy.newaxis]
    shared = dataset.SharedFunctionalGroupsSequence[0]
    for index, frame in enumerate(dataset.PerFrameFunctionalGroupsSequence):
        plane = group(frame, shared, 'PlanePositionSequence')
        position = [str(v) for v in plane.ImagePositionPatient] if plane else None
        for number, mask in masks(dataset, pixels[index], frame, shared):
            yield index, number, position, mask


def digest(mask):
    return hashlib.sha256(mask.astype(numpy.uint8).tobytes()).hexdigest()


def describe(path):
    dataset = pydicom.dcmread(path)
    frames = [{'frame': index, 'segment': number, 'position': position, 'voxels': int(mask.sum()), 'sha256': digest(mask)}
              for index, number, position, mask in frames_of(dataset)]
    return {'rows': int(dataset.Rows), 'columns': int(dataset.Columns), 'frames': frames}


if __name__ == '__main__':
    for path in sys.argv[1:]:
        print(json.dumps(describe(path)))
