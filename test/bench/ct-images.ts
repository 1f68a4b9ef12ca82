/** CT images of 528 KB to receive: one series of a study of its own, written once and told apart by their UIDs. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SOP_CLASS } from '../../src/dicom/element/uids.js';
import { part10 } from '../support/synthetic-image.js';

/** Rows and columns of an image; with a header of a few KB it has 528 KB. */
const SIDE = 512;
const BITS = 16;
/** What a scanner's private block and comments add to a header. */
const HEADER_FILLER_BYTES = 3_000;

/** Writes `count` images below `folder` and returns their paths. `root` (digits) makes the UIDs its own. */
export function writeCtImages(folder: string, root: string, count: number): string[] {
  const pixels = Uint8Array.from({ length: (SIDE * SIDE * BITS) / 8 }, (_, index) => index * 7);
  return Array.from({ length: count }, (_, k) => {
    const path = join(folder, `${String(k)}.dcm`);
    writeFileSync(path, ctImage(root, k, pixels));
    return path;
  });
}

function ctImage(root: string, k: number, pixels: Uint8Array): Uint8Array {
  return part10({
    SpecificCharacterSet: ['ISO_IR 192'],
    ImageType: ['ORIGINAL', 'PRIMARY', 'AXIAL'],
    SOPClassUID: [SOP_CLASS.CTImageStorage],
    SOPInstanceUID: [`1.2.3.${root}.${String(k + 1)}`],
    StudyInstanceUID: [`1.2.3.${root}`],
    SeriesInstanceUID: [`1.2.3.${root}.0`],
    StudyDate: ['20260101'],
    StudyDescription: ['CT of the chest'],
    SeriesDescription: ['Thorax 1.0 B40f'],
    Manufacturer: ['Bench'],
    PatientName: [{ Alphabetic: 'Bench^Müller' }],
    PatientID: ['BENCH'],
    Modality: ['CT'],
    BodyPartExamined: ['CHEST'],
    SliceThickness: ['1'],
    ConvolutionKernel: ['B40f'],
    InstanceNumber: [String(k + 1)],
    ImageComments: ['x'.repeat(HEADER_FILLER_BYTES)],
    FrameOfReferenceUID: [`1.2.3.${root}.9`],
    ImagePositionPatient: ['-200', '-200', String(k)],
    ImageOrientationPatient: ['1', '0', '0', '0', '1', '0'],
    PixelSpacing: ['0.78125', '0.78125'],
    SamplesPerPixel: [1],
    PhotometricInterpretation: ['MONOCHROME2'],
    Rows: [SIDE],
    Columns: [SIDE],
    BitsAllocated: [BITS],
    BitsStored: [BITS],
    HighBit: [BITS - 1],
    PixelRepresentation: [0],
    WindowCenter: ['40'],
    WindowWidth: ['400'],
    RescaleIntercept: ['-1024'],
    RescaleSlope: ['1'],
    PixelData: pixels,
  });
}
