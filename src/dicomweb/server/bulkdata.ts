/** Bulk values (PS3.18 10.4.1.1.5): what metadata leaves out and gives a BulkDataURI. */
import type { Request, Response } from 'express';
import type { DataSet } from '../../dicom/element/parse.js';
import { tagKey, TAG } from '../../dicom/element/tags.js';
import { TRANSFER_SYNTAX } from '../../dicom/element/uids.js';
import { AnteroomError } from '../../foundation/errors.js';
import type { Logger } from '../../foundation/log.js';
import { acceptedFrameForm, handleFrames, isNative, sendFrames } from './frames.js';
import { PixelFile, readHead } from './pixel-file.js';
import type { ArchivePort, StoredInstance } from './port.js';
import { acceptOf, isUnchanged, levelOf } from './respond.js';
import { existing } from './wado.js';

const PIXEL_DATA = tagKey(TAG.PixelData);
const ONE_VALUE = '1';

/** `GET …/bulkdata/{place}`, where the place is a tag, or tags and items (from 0) in turn: `7FE00010`, `00880200/0/7FE00010`. */
export async function handleBulkData(request: Request, response: Response, port: ArchivePort, log: Logger): Promise<void> {
  const place = [request.params.place].flat().join('/');
  const [instance] = existing(port, levelOf(request));
  if (instance === undefined) return;
  const pixels = place === PIXEL_DATA;
  // Compressed pixels are no one value: they go frame by frame.
  if (pixels && !isNative(instance.transferSyntaxUid)) return handleFrames(request, response, port, log);
  const form = acceptedFrameForm(acceptOf(request), TRANSFER_SYNTAX.ExplicitVRLittleEndian, ONE_VALUE);
  if (isUnchanged(request, response, instance, place)) return;
  if (!pixels) return sendFrames(request, response, [valueAt((await readHead(instance.path)).dataset, place)], form, log);
  const file = await PixelFile.open(instance.path);
  try {
    await sendFrames(request, response, [wholeValue(file, instance)], form, log);
  } finally {
    await file.close();
  }
}

function wholeValue(file: PixelFile, { sopInstanceUid }: StoredInstance) {
  const { native } = file;
  if (native === undefined || file.wordsAreSwapped)
    throw new AnteroomError('NOT_ACCEPTABLE', `the pixel data of ${sopInstanceUid} is not in little endian; ask for its frames`);
  return { lengthBytes: native.lengthBytes, read: () => file.stream([native]) };
}

/** @throws AnteroomError NOT_FOUND, QUERY_INVALID */
function valueAt(dataset: DataSet, place: string) {
  if (!/^[0-9A-F]{8}(\/\d{1,6}\/[0-9A-F]{8})*$/i.test(place))
    throw new AnteroomError('QUERY_INVALID', 'the path wants a tag in eight hexadecimal digits, or tags and item numbers in turn');
  const steps = place.split('/');
  let within: DataSet | undefined = dataset;
  for (let n = 0; n + 2 < steps.length; n += 2) within = within?.items(Number.parseInt(steps[n] ?? '', 16))[Number(steps[n + 1])];
  const tag = Number.parseInt(steps.at(-1) ?? '', 16);
  const fragments = within?.fragments(tag)?.fragments;
  const bytes = fragments ? Buffer.concat(fragments) : within?.bytesOf(tag);
  if (bytes === undefined) throw new AnteroomError('NOT_FOUND', `the instance has no value at ${place}`);
  const read = async function* () {
    yield await Promise.resolve(bytes);
  };
  return { lengthBytes: bytes.byteLength, read };
}
