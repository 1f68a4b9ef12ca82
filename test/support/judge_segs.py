"""Judges every SEG that a node has as a result, with nothing of ours: the ledger by sqlite3, objects by pydicom, BINARY by dciodvfy.

Usage: judge_segs.py DATA_FOLDER [--damaged]. Prints one JSON object: how many were judged, in how many the voxels were compared with the output
that they were made of, and the faults, each with its SEG. A file that is not as its row says is at fault; with --damaged (the test has damaged
files) such files are left out.
"""
import collections
import hashlib
import json
import pathlib
import sqlite3
import subprocess
import sys

import pydicom
from seg_frames import digest, frames_of

BINARY, LABELMAP = '1.2.840.10008.5.1.4.1.1.66.4', '1.2.840.10008.5.1.4.1.1.66.7'
EXPLICIT, DEFLATED = '1.2.840.10008.1.2.1', '1.2.840.10008.1.2.1.99'
FORMS = {BINARY: ('BINARY', EXPLICIT), LABELMAP: ('LABELMAP', DEFLATED)}

RESULTS = f"""
SELECT x.*, r.rule, r.rules_revision, r.version_id, m.name, m.version, m.digest, s.study_instance_uid, o.path AS output,
       r.id || '/' || a.number || '/out' AS folder
FROM results x JOIN runs r ON r.id = x.run_id JOIN models m ON m.id = r.model_id JOIN versions v ON v.id = r.version_id
JOIN studies s ON s.id = v.study_id LEFT JOIN outputs o ON o.id = x.output_id LEFT JOIN attempts a ON a.id = o.attempt_id
WHERE x.path IS NOT NULL AND x.purged_at IS NULL AND x.sop_class_uid IN ('{BINARY}', '{LABELMAP}')"""

INSTANCES = """
SELECT i.sop_instance_uid, i.path, json_extract(i.header, '$."00282110".Value[0]') AS lossy FROM instances i
JOIN version_instances n ON n.instance_id = i.id WHERE n.version_id = ? AND i.series_instance_uid = ? AND i.purged_at IS NULL"""

OF_SOURCE = ('PatientID', 'PatientName', 'PatientBirthDate', 'PatientSex', 'IssuerOfPatientID', 'StudyInstanceUID', 'StudyID', 'StudyDate',
             'AccessionNumber', 'IssuerOfAccessionNumberSequence', 'FrameOfReferenceUID')


def uid_from_name(name):
    """As foundation/ids.ts says it: the first 128 bits of the SHA-256, marked as a version 8 UUID."""
    text = hashlib.sha256(name.encode()).hexdigest()[:32]
    return f'2.25.{int(text[:12] + "8" + text[13:16] + "a" + text[17:], 16)}'


class Judge:
    """The faults of one SEG."""

    def __init__(self, seg):
        self.seg, self.faults = seg, []

    def same(self, what, seen, expected):
        if seen != expected:
            self.faults.append(f'{what} is {seen!r}, expected {expected!r}')

    def has(self, what, text, part):
        if part not in str(text):
            self.faults.append(f'{what} is {str(text)!r}, expected that it names {part!r}')

    def there(self, what, value):
        if value in (None, '', []):
            self.faults.append(f'{what} is missing')


def judge_identity(judge, row):
    seg = judge.seg
    kind, syntax = FORMS[row['sop_class_uid']]
    for name, expected in (('SOPClassUID', row['sop_class_uid']), ('SOPInstanceUID', row['sop_instance_uid']), ('Modality', 'SEG'),
                           ('SeriesInstanceUID', row['series_instance_uid']), ('SeriesNumber', row['series_number']),
                           ('SegmentationType', kind), ('SpecificCharacterSet', 'ISO_IR 192'), ('Manufacturer', 'Anteroom')):
        judge.same(name, seg.get(name), expected)
    judge.same('transfer syntax', str(seg.file_meta.TransferSyntaxUID), syntax)
    for name in ('ManufacturerModelName', 'SoftwareVersions', 'DeviceSerialNumber', 'ContentDate', 'ContentTime'):
        judge.there(name, seg.get(name))
    description = seg.get('SeriesDescription', '')
    if not description.startswith('RESEARCH') and len(description) < 64:
        judge.has('SeriesDescription', description, row['version'])


def judge_provenance(judge, row):
    """IHE AIR: what the object says of the model, its image and the rule."""
    (model,) = judge.seg.get('ContributingEquipmentSequence', [pydicom.Dataset()])
    judge.there('PurposeOfReferenceCodeSequence', model.get('PurposeOfReferenceCodeSequence'))
    for name, expected in (('ManufacturerModelName', row['name']), ('SoftwareVersions', row['version']),
                           ('DeviceUID', uid_from_name(row['digest']))):
        judge.same(f'{name} of the contributing equipment', model.get(name), expected)
    judge.there('ContributionDateTime', model.get('ContributionDateTime'))
    rule, revision = row['rule'] or 'by hand', row['rules_revision'] or 'none'
    for part in (row['digest'], f'rule {rule}', f'revision {revision}'):
        judge.has('ContributionDescription', model.get('ContributionDescription'), part)


def judge_segments(judge, row):
    segments = judge.seg.SegmentSequence
    judge.same('the numbers of the segments', [s.SegmentNumber for s in segments], list(range(1, len(segments) + 1)))
    tracking = [s.get('TrackingUID') for s in segments]
    judge.same('how many tracking UIDs differ', len(set(tracking)), len(segments))
    for segment in segments:
        of = f'of segment {segment.SegmentNumber}'
        for name in ('SegmentLabel', 'SegmentedPropertyCategoryCodeSequence', 'SegmentedPropertyTypeCodeSequence', 'TrackingID', 'TrackingUID'):
            judge.there(f'{name} {of}', segment.get(name))
        judge.same(f'RecommendedDisplayCIELabValue {of}', len(segment.get('RecommendedDisplayCIELabValue', [])), 3)
        judge.same(f'SegmentAlgorithmType {of}', segment.get('SegmentAlgorithmType'), 'AUTOMATIC')
        judge.same(f'SegmentAlgorithmName {of}', segment.get('SegmentAlgorithmName'), row['name'])
        (algorithm,) = segment.get('SegmentationAlgorithmIdentificationSequence', [pydicom.Dataset()])
        judge.there(f'AlgorithmFamilyCodeSequence {of}', algorithm.get('AlgorithmFamilyCodeSequence'))
        judge.same(f'AlgorithmName {of}', algorithm.get('AlgorithmName'), row['name'])
        judge.same(f'AlgorithmVersion {of}', algorithm.get('AlgorithmVersion'), row['version'])
        judge.has(f'AlgorithmParameters {of}', algorithm.get('AlgorithmParameters'), row['digest'])


def judge_source(judge, row, ledger, archive):
    """Patient, study and places are those of the images, as the files say it."""
    seg = judge.seg
    (series,) = seg.ReferencedSeriesSequence
    images = {uid: (path, lossy) for uid, path, lossy in ledger.execute(INSTANCES, (row['version_id'], series.SeriesInstanceUID))}
    judge.same('StudyInstanceUID', seg.StudyInstanceUID, row['study_instance_uid'])
    if not images:
        return
    judge.same('the referenced instances', {i.ReferencedSOPInstanceUID for i in series.ReferencedInstanceSequence}, set(images))
    judge.same('LossyImageCompression', seg.get('LossyImageCompression'), '01' if any(lossy == '01' for _, lossy in images.values()) else '00')
    frames = seg.PerFrameFunctionalGroupsSequence
    for frame in {0: frames[0], len(frames) // 2: frames[len(frames) // 2], len(frames) - 1: frames[-1]}.values():
        uid = frame.DerivationImageSequence[0].SourceImageSequence[0].ReferencedSOPInstanceUID
        if uid not in images:
            judge.faults.append(f'a frame is of {uid}, which is no image of the series')
            continue
        image = pydicom.dcmread(archive / images[uid][0], stop_before_pixels=True, force=True)
        for name in OF_SOURCE:
            judge.same(name, seg.get(name) or None, image.get(name) or None)
        if 'ImagePositionPatient' in image:
            written, own = ([str(v).strip() for v in one.ImagePositionPatient] for one in (image, frame.PlanePositionSequence[0]))
            if not all(map(same_place, own, written)):
                judge.faults.append(f'the position of a frame on {uid} is {own}, expected {written}')


def same_place(own, written):
    """As written in the image, unless that is longer than DS allows: then the same number to a nanometre."""
    return own == written if len(written) <= 16 else abs(float(own) - float(written)) < 1e-6


def voxels_of(dataset):
    """For each segment that has a voxel, in order: the masks by position; and whether two of them share a voxel."""
    places, overlap = {}, False
    by_segment = collections.defaultdict(dict)
    for _, number, position, mask in frames_of(dataset):
        if not mask.any():
            continue
        key = position and tuple(round(float(v), 2) + 0.0 for v in position)
        by_segment[number][key] = digest(mask)
        overlap = overlap or (key in places and bool((places[key] & mask).any()))
        places[key] = places[key] | mask if key in places else mask
    return [by_segment[number] for number in sorted(by_segment)], overlap


def answer_of(row, data):
    """The SEG of the model that a result was made of; None where it is gone, or no SEG."""
    path = row['output'] and data / 'runs' / row['folder'] / row['output']
    try:
        return pydicom.dcmread(path) if path and path.is_file() else None
    except pydicom.errors.InvalidDicomError:
        return None


def judge_voxels(judge, answer):
    """The same masks at the same places as in the answer of the model. False where there is none to compare with."""
    voxels, overlap = voxels_of(judge.seg)
    judge.same('SegmentsOverlap', judge.seg.get('SegmentsOverlap'), 'YES' if overlap else 'NO')
    if answer is None:
        return False
    plane = answer.get('SharedFunctionalGroupsSequence', [pydicom.Dataset()])[0].get('PlaneOrientationSequence')
    own = judge.seg.SharedFunctionalGroupsSequence[0].PlaneOrientationSequence
    if not plane or list(map(float, plane[0].ImageOrientationPatient)) != list(map(float, own[0].ImageOrientationPatient)):
        return False
    expected, _ = voxels_of(answer)
    if voxels != expected:
        judge.faults.append('its voxels are not those of the output that it was made of')
    return True


def dciodvfy_errors(path):
    told = subprocess.run(['dciodvfy', path], capture_output=True, encoding='utf8', errors='replace', check=False).stderr
    return sorted({line for line in told.splitlines() if line.startswith('Error')})


def kind_of(dataset):
    """What a look at one object tells of another: all elements and values, but the pixels and what differs from run to run (names, times, texts)."""
    return tuple((elem.tag, elem.VR, value_of(elem)) for elem in dataset if elem.keyword != 'PixelData')


def value_of(elem):
    if elem.VR == 'SQ':
        return tuple(map(kind_of, elem.value))
    if elem.VR in ('UI', 'DA', 'TM', 'DT', 'PN', 'LO', 'SH', 'ST', 'LT', 'UT', 'UC'):
        return elem.VM
    return str(elem.value)


def key_of(dataset):
    return dataset and hashlib.sha256(repr(kind_of(dataset)).encode() + dataset.get('PixelData', b'')).digest()


def main(data, damaged):
    ledger = sqlite3.connect(data / 'ledger.sqlite')
    ledger.row_factory = sqlite3.Row
    judged, compared, faults, seen = 0, 0, [], {}
    for row in ledger.execute(RESULTS).fetchall():
        path = data / 'results' / row['path']
        name = f'{row["path"]} ({row["name"]}, rule {row["rule"]})'
        if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != row['sha256']:
            faults += [] if damaged else [{'seg': name, 'fault': 'its file is missing, or not of the SHA-256 in its row'}]
            continue
        judge = Judge(pydicom.dcmread(path))
        judge_identity(judge, row)
        judge_provenance(judge, row)
        judge_segments(judge, row)
        judge_source(judge, row, ledger, data / 'archive')
        answer = answer_of(row, data)
        # A hundred runs on images with the same pixels and places have the same voxels: what takes time is looked at once.
        key = (key_of(judge.seg), key_of(answer))
        if key not in seen:
            seen[key] = judge_voxels(judge, answer)
            if row['sop_class_uid'] == BINARY:
                judge.faults += dciodvfy_errors(path)
        compared += seen[key]
        judged += 1
        faults += [{'seg': name, 'fault': fault} for fault in dict.fromkeys(judge.faults)]
    print(json.dumps({'judged': judged, 'compared': compared, 'faults': faults}))


if __name__ == '__main__':
    main(pathlib.Path(sys.argv[1]), '--damaged' in sys.argv[2:])
