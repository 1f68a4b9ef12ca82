"""Reads a DICOM-SEG with pydicom and numpy only, and samples it at the voxel centres of another grid: the nearest voxel counts.

Usage: seg-on-grid.py SEG LABELS_GZ AFFINE. LABELS_GZ is a gzipped raw uint8 array [i][j][k]; AFFINE, as JSON, is its 4 × 4 matrix from
indices to RAS mm; the number of a segment is its label. Prints one JSON object per segment: label, voxels of the segment, Dice.
"""
import gzip
import json
import pathlib
import sys

import numpy
import pydicom


def read_seg(path):
    """The label volume [slice][row][column], and the matrix from (column, row, slice, 1) to LPS mm."""
    seg = pydicom.dcmread(path)
    shared = seg.SharedFunctionalGroupsSequence[0]
    row, column = numpy.array([float(v) for v in shared.PlaneOrientationSequence[0].ImageOrientationPatient]).reshape(2, 3)
    normal = numpy.cross(row, column)
    spacing = [float(v) for v in shared.PixelMeasuresSequence[0].PixelSpacing]
    frames = list(seg.PerFrameFunctionalGroupsSequence)
    positions = numpy.array([[float(v) for v in f.PlanePositionSequence[0].ImagePositionPatient] for f in frames])
    heights = positions @ normal
    levels = numpy.unique(heights.round(3))
    step = numpy.diff(levels).min()
    index = ((heights - levels[0]) / step).round().astype(int)
    volume = numpy.zeros((index.max() + 1, seg.Rows, seg.Columns), numpy.uint8)
    for frame, plane, k in zip(frames, seg.pixel_array, index):
        volume[k][plane != 0] = frame.SegmentIdentificationSequence[0].ReferencedSegmentNumber
    matrix = numpy.eye(4)
    matrix[:3] = numpy.column_stack([row * spacing[1], column * spacing[0], normal * step, positions[heights.argmin()]])
    return seg, volume, matrix


def sampled(volume, matrix, affine, shape):
    to_index = numpy.linalg.inv(matrix) @ numpy.diag([-1.0, -1.0, 1.0, 1.0]) @ affine
    out = numpy.zeros(shape, numpy.uint8)
    j, k = numpy.meshgrid(numpy.arange(shape[1]), numpy.arange(shape[2]), indexing='ij')
    size = numpy.array(volume.shape[::-1])
    for i in range(shape[0]):
        at = numpy.stack([numpy.full_like(j, i), j, k, numpy.ones_like(j)]).reshape(4, -1)
        found = numpy.rint(to_index @ at)[:3].astype(int)
        inside = ((found >= 0) & (found < size[:, None])).all(axis=0)
        column, row, level = found[:, inside]
        out[i].reshape(-1)[inside] = volume[level, row, column]
    return out


def main(seg_path, labels_path, affine):
    expected = numpy.frombuffer(gzip.decompress(pathlib.Path(labels_path).read_bytes()), numpy.uint8).reshape(256, 256, 256)
    seg, volume, matrix = read_seg(seg_path)
    found = sampled(volume, matrix, numpy.array(json.loads(affine)), expected.shape)
    for segment in seg.SegmentSequence:
        number = segment.SegmentNumber
        both = int(((found == number) & (expected == number)).sum())
        each = int((found == number).sum()) + int((expected == number).sum())
        print(json.dumps({'label': str(segment.SegmentLabel), 'voxels': int((volume == number).sum()), 'dice': 2 * both / each}))


main(*sys.argv[1:])
