/** One frame of a stored instance as a JPEG or PNG. */
import { encode as encodePng } from 'fast-png';
import { frameValues } from '../../dicom/codec/pixels.js';
import { encodeJpeg } from '../../dicom/codec/wasm-codecs.js';
import { TAG } from '../../dicom/element/tags.js';
import { imagePicture, segmentationPicture } from '../../dicom/render/frame-picture.js';
import { scaledToFit, type Picture } from '../../dicom/render/picture.js';
import { unpackBits } from '../../dicom/seg/bits.js';
import { SEGMENTATION_SOP_CLASSES } from '../../dicom/seg/read.js';
import { AnteroomError } from '../../foundation/errors.js';
import { collected, storedFrame } from './frame-bytes.js';
import type { PixelFile } from './pixel-file.js';
import type { RenderedQuery } from './rendered-query.js';

export type PictureType = 'image/jpeg' | 'image/png';

/**
 * Draws a frame (from 1).
 * @throws AnteroomError PIXELS_UNSUPPORTED, NOT_FOUND
 */
export async function renderFrame(file: PixelFile, frame: number, query: RenderedQuery, type: PictureType): Promise<Uint8Array> {
  const whole = await frameToPicture(file, frame, query);
  const { viewport } = query;
  const picture = viewport ? scaledToFit(whole, viewport.width, viewport.height, viewport.region) : whole;
  return type === 'image/jpeg' ? encodeJpeg(picture, query.quality) : encodePng({ ...picture, depth: 8 });
}

async function frameToPicture(file: PixelFile, frame: number, { window }: RenderedQuery): Promise<Picture> {
  const { dataset } = file;
  const bytes = await collected(await storedFrame(file, frame));
  const segmentation = SEGMENTATION_SOP_CLASSES.includes(dataset.uid(TAG.SOPClassUID) ?? '');
  if (dataset.number(TAG.BitsAllocated) === 1) {
    if (!segmentation) throw new AnteroomError('PIXELS_UNSUPPORTED', 'one-bit pixels are drawn of segmentations only');
    const shape = { rows: dataset.number(TAG.Rows) ?? 0, columns: dataset.number(TAG.Columns) ?? 0 };
    return segmentationPicture(dataset, frame, unpackBits(bytes, 0, shape.rows * shape.columns), shape);
  }
  const decoder = await frameValues(file.head);
  const values = decoder.decode(bytes);
  return segmentation ? segmentationPicture(dataset, frame, values, decoder) : imagePicture(dataset, frame, values, decoder, window);
}
