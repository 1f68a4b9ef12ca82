/** A segmentation that passed the gate as the object that a result's row asks for. */
import { dicomDateTime } from '../dicom/date-time.js';
import type { SegSource } from '../dicom/seg/input.js';
import { makeSeg, type MadeSeg, type ResultJob, type SegForm } from './make-seg.js';
import { provenanceOf } from './provenance.js';
import type { MadeResult, ResultOrder, ResultSummary } from './result-order.js';
import { seriesDescriptionOf } from './series-description.js';
import type { PassedVerdict } from './verdict.js';

/** Writes the object in one of its forms. Throws what `makeSeg` throws. */
export async function makeSegResult(verdict: PassedVerdict, source: SegSource, order: ResultOrder, form: SegForm): Promise<MadeResult> {
  const seg = await makeSeg(jobOf(verdict, source, order), order.root, order.path, form);
  return { sizeBytes: seg.sizeBytes, sha256: seg.sha256, summary: summaryOf(verdict, seg) };
}

function jobOf(verdict: PassedVerdict, source: SegSource, order: ResultOrder): ResultJob {
  const { model, row } = order;
  const { date, time } = dicomDateTime(row.created_at);
  return {
    verdict,
    source,
    identity: {
      sopInstanceUid: row.sop_instance_uid,
      seriesInstanceUid: row.series_instance_uid,
      seriesNumber: row.series_number,
      contentDate: date,
      contentTime: time,
      seriesDescription: seriesDescriptionOf(model),
      trackingNamespace: `${source.seriesInstanceUid} ${model.name}`,
    },
    provenance: provenanceOf(order),
  };
}

function summaryOf(verdict: PassedVerdict, seg: MadeSeg): ResultSummary {
  return {
    frames: seg.frameCount,
    segments: verdict.segments.map(({ segment, structure, volumeMl, voxelCount }) => ({
      label: structure?.name ?? segment.label,
      structure: structure?.id,
      volumeMl: Math.round(volumeMl * 10) / 10,
      voxels: voxelCount,
    })),
    notes: [...verdict.notes, ...seg.notes.map((note) => note.text)],
  };
}
