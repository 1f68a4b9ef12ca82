"""Reads an MR series with gdcmconv, pydicom and numpy only, and samples it as the networks for the brain want it: on a grid of 256 x 256 x 256
voxels, trilinear, 0 outside; clipped at the 99.8th percentile of what is not background, uint8.

Usage: conformed.py FOLDER AFFINE OUT. AFFINE, as JSON, is the 4 x 4 matrix of the grid from indices to RAS mm; OUT becomes raw voxels [i][j][k].
"""
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy
import pydicom

SIZE = 256


def read_series(folder):
    """Values [slice][row][column], and the matrix from (column, row, slice, 1) to RAS mm."""
    slices = [unpacked(path) for path in pathlib.Path(folder).rglob('*.dcm')]
    row, column = numpy.array(slices[0].ImageOrientationPatient, float).reshape(2, 3)
    normal = numpy.cross(row, column)
    slices.sort(key=lambda one: numpy.dot(normal, numpy.array(one.ImagePositionPatient, float)))
    first, last = (numpy.array(one.ImagePositionPatient, float) for one in (slices[0], slices[-1]))
    down, across = (float(mm) for mm in slices[0].PixelSpacing)
    matrix = numpy.eye(4)
    matrix[:3] = numpy.column_stack([row * across, column * down, (last - first) / (len(slices) - 1), first])
    values = numpy.stack([one.pixel_array * float(one.get('RescaleSlope', 1)) + float(one.get('RescaleIntercept', 0)) for one in slices])
    return values, numpy.diag([-1.0, -1.0, 1.0, 1.0]) @ matrix


def unpacked(path):
    with tempfile.NamedTemporaryFile(suffix='.dcm') as raw:
        subprocess.run(['gdcmconv', '--raw', path, raw.name], check=True)
        return pydicom.dcmread(raw.name)


def trilinear(values, at):
    """Values at (column, row, slice) [3][n]."""
    padded = numpy.pad(values, 1)
    limits = numpy.array(padded.shape[::-1])[:, None] - 1
    at = numpy.clip(at + 1, 0, limits)
    low = numpy.minimum(at.astype(int), limits - 1)
    part = at - low
    total = numpy.zeros(at.shape[1])
    for corner in numpy.ndindex(2, 2, 2):
        weight = numpy.prod([part[axis] if up else 1 - part[axis] for axis, up in enumerate(corner)], axis=0)
        column, row, level = low + numpy.array(corner)[:, None]
        total += weight * padded[level, row, column]
    return total


def main(folder, affine, out):
    values, matrix = read_series(folder)
    to_index = numpy.linalg.inv(matrix) @ numpy.array(json.loads(affine))
    j, k = (axis.ravel() for axis in numpy.meshgrid(numpy.arange(SIZE), numpy.arange(SIZE), indexing='ij'))
    sampled = numpy.zeros((SIZE, SIZE * SIZE))
    for i in range(SIZE):
        sampled[i] = trilinear(values, (to_index @ numpy.stack([numpy.full_like(j, i), j, k, numpy.ones_like(j)]))[:3])
    top = numpy.percentile(sampled[sampled > sampled.min()], 99.8)
    pathlib.Path(out).write_bytes((numpy.clip(sampled / top, 0, 1) * 255).round().astype(numpy.uint8).tobytes())


main(*sys.argv[1:])
