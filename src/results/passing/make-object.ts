/** Writes an object that leaves as it is: every value byte for byte, but UIDs of outputs, which become those of the results, what it says of its origin, and the mark of research. */
import { readFile } from 'node:fs/promises';
import { dicomDateTime } from '../../dicom/date-time.js';
import { parseInstance, type DataSet, type ParsedInstance } from '../../dicom/element/parse.js';
import { itemOf, recodedHeader, recodedItem, type Recoding } from '../../dicom/element/recode.js';
import { TAG } from '../../dicom/element/tags.js';
import { encodingOf, TRANSFER_SYNTAX } from '../../dicom/element/uids.js';
import { encodeDataSet, encodeImplicitDataSet, fileMeta, type Layout, type WritableElement } from '../../dicom/element/write.js';
import { contributingEquipment } from '../../dicom/equipment.js';
import { AnteroomError } from '../../foundation/errors.js';
import { contributorOf, provenanceOf } from '../provenance.js';
import type { MadeResult, ResultOrder } from '../result-order.js';
import { markedForResearch } from '../series-description.js';
import { rejectionText, type GateReason } from '../verdict.js';
import { writeResult } from '../write-result.js';
import type { FormVerdict } from './form.js';

/** What an object is written beside. */
interface Beside {
  /** SOP classes of the results, by the UIDs of the outputs that they are made of. */
  readonly classes: ReadonlyMap<string, string>;
  readonly judge: (written: ParsedInstance, uids: ReadonlyMap<string, string>) => Promise<readonly GateReason[]>;
}

/**
 * Writes the object of a row. It keeps the kind of VR that it had: a decimal string of more than 64 KB, as contours are, fits Implicit VR only.
 * @throws {AnteroomError} STORE_FAILED where the disk fails; INTERNAL where the object does not pass the gate any more.
 */
export async function makeObject(
  instance: ParsedInstance,
  { summary }: FormVerdict,
  order: ResultOrder,
  { classes, judge }: Beside,
): Promise<MadeResult> {
  const written = await writeResult(order.root, order.path, partsOf(instance, order, classes), async (partPath) => {
    const reasons = await judge(parseInstance(await readFile(partPath)), order.uids);
    if (reasons.length > 0)
      throw new AnteroomError(
        'INTERNAL',
        `the object under its own UIDs does not pass the gate: ${rejectionText({ passed: false, reasons })}`,
      );
  });
  return { ...written, summary };
}

function partsOf({ dataset, transferSyntaxUid }: ParsedInstance, order: ResultOrder, classes: Beside['classes']): Uint8Array[] {
  const layout: Layout = encodingOf(transferSyntaxUid).explicitVr ? 'explicit' : 'implicit';
  const { sop_class_uid: sopClassUid, sop_instance_uid: sopInstanceUid, series_instance_uid: seriesInstanceUid } = order.row;
  const how: Recoding = { uids: order.uids, classes, layout };
  const replaced = new Map<number, WritableElement>([
    [TAG.SOPInstanceUID, { vr: 'UI', Value: [sopInstanceUid] }],
    [TAG.SeriesInstanceUID, { vr: 'UI', Value: [seriesInstanceUid] }],
    [TAG.ContributingEquipmentSequence, { vr: 'SQ', bytes: Buffer.concat(contributors(dataset, order, how)) }],
  ]);
  const marked = markedForResearch(order.model, dataset.text(TAG.SeriesDescription) ?? '');
  if (marked !== undefined) replaced.set(TAG.SeriesDescription, { vr: 'LO', Value: [marked] });
  const written = layout === 'explicit' ? TRANSFER_SYNTAX.ExplicitVRLittleEndian : TRANSFER_SYNTAX.ImplicitVRLittleEndian;
  return [fileMeta({ sopClassUid, sopInstanceUid, transferSyntaxUid: written }), ...recodedHeader(dataset, { ...how, replaced })];
}

/** Those that the object names, and the model as this node ran it. The item has a character set of its own (PS3.5 7.5.3). */
function contributors(dataset: DataSet, order: ResultOrder, how: Recoding): Uint8Array[] {
  const { date, time } = dicomDateTime(order.row.created_at);
  const model = contributingEquipment(contributorOf(provenanceOf(order)), `${date}${time}`);
  const encoded = how.layout === 'implicit' ? encodeImplicitDataSet(model) : encodeDataSet(model);
  const own = dataset.items(TAG.ContributingEquipmentSequence).flatMap((item) => recodedItem(item, how));
  return [...own, ...itemOf([encoded])];
}
