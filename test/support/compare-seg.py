"""Compares a DICOM-SEG with the NRRD label map that a model left beside its own, voxel by voxel, with pydicom and numpy only.

Usage: compare-seg.py SEG NRRD SOURCE_FOLDER. Prints one JSON object.
"""
import gzip
import json
import pathlib
import sys

import numpy
import pydicom


def read_nrrd(path):
    head, _, body = pathlib.Path(path).read_bytes().partition(b'\n\n')
    fields = dict(line.split(': ', 1) for line in head.decode('ascii').splitlines() if ': ' in line)
    columns, rows, slices = (int(size) for size in fields['sizes'].split())
    vectors = [numpy.array([float(v) for v in text.strip('()').split(',')]) for text in fields['space directions'].split()]
    origin = numpy.array([float(v) for v in fields['space origin'].strip('()').split(',')])
    return numpy.frombuffer(gzip.decompress(body), numpy.uint8).reshape(slices, rows, columns), vectors, origin


def main(seg_path, nrrd_path, source_folder):
    labels, vectors, origin = read_nrrd(nrrd_path)
    sources = {}
    for path in pathlib.Path(source_folder).rglob('*'):
        if path.is_file():
            header = pydicom.dcmread(path, stop_before_pixels=True, force=True)
            sources[header.get('SOPInstanceUID')] = header
    seg = pydicom.dcmread(seg_path)
    pixels = seg.pixel_array
    found = numpy.zeros_like(labels)
    wrong_positions = 0
    for index, frame in enumerate(seg.PerFrameFunctionalGroupsSequence):
        position = frame.PlanePositionSequence[0].ImagePositionPatient
        source_uid = frame.DerivationImageSequence[0].SourceImageSequence[0].ReferencedSOPInstanceUID
        if [str(v) for v in position] != [str(v) for v in sources[source_uid].ImagePositionPatient]:
            wrong_positions += 1
        step = vectors[2]
        k = round(float(numpy.dot(numpy.array([float(v) for v in position]) - origin, step) / numpy.dot(step, step)))
        found[k][pixels[index] != 0] = frame.SegmentIdentificationSequence[0].ReferencedSegmentNumber
    print(json.dumps({
        'frames': len(seg.PerFrameFunctionalGroupsSequence),
        'voxels': int((found != 0).sum()),
        'differentVoxels': int((found != labels).sum()),
        'wrongPositions': wrong_positions,
        'patientId': str(seg.PatientID),
        'studyInstanceUid': str(seg.StudyInstanceUID),
        'frameOfReferenceUid': str(seg.FrameOfReferenceUID),
        'referencedSeriesUid': str(seg.ReferencedSeriesSequence[0].SeriesInstanceUID),
        'segments': [str(s.SegmentLabel) for s in seg.SegmentSequence],
    }))


main(*sys.argv[1:])
