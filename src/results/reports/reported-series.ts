/** The series that a report is about, as it names them. */
import { parseDecimal } from '../../dicom/element/decimal.js';
import { TAG, tagKey } from '../../dicom/element/tags.js';
import { firstText } from '../../dicom/header.js';
import { headerOf, type InstanceRow } from '../../ledger/instances.js';
import type { SourceInput } from '../run-sources.js';
import type { ReportContent } from './report-content.js';

/**
 * The input called `name`, which must be one of them, or all of them, with the header that patient and study are taken from. In an order of their own, whatever the
 * order in which they came: a report that is made again is the same.
 */
export function reportedSeries(inputs: readonly SourceInput[], name?: string): Pick<ReportContent, 'source' | 'series'> {
  const sorted = inputs
    .filter((input) => name === undefined || input.name === name)
    .map(({ seriesInstanceUid, instances }) => ({
      seriesInstanceUid,
      rows: inOrder(instances),
    }));
  return {
    source: headerOf(sorted[0].rows[0]),
    series: sorted.map(({ seriesInstanceUid, rows }) => ({
      seriesInstanceUid,
      modality: firstText(headerOf(rows[0]), tagKey(TAG.Modality)) ?? 'OT',
      instances: rows.map((row) => ({ sopClassUid: row.sop_class_uid, sopInstanceUid: row.sop_instance_uid })),
    })),
  };
}

/** By InstanceNumber, those that have none or the same by their UIDs. */
function inOrder(instances: readonly InstanceRow[]): InstanceRow[] {
  const numbered = instances.map((row) => {
    const number = parseDecimal(firstText(headerOf(row), tagKey(TAG.InstanceNumber)) ?? '');
    return { row, number: Number.isNaN(number) ? Infinity : number };
  });
  return numbered
    .sort((a, b) => (a.number === b.number ? (a.row.sop_instance_uid < b.row.sop_instance_uid ? -1 : 1) : a.number - b.number))
    .map(({ row }) => row);
}
