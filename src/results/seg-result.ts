/** A segmentation that passed the gate as the object that a result's row asks for. */
import { setImmediate } from 'node:timers/promises';
import { dicomDateTime } from '../dicom/date-time.js';
import type { SegSource } from '../dicom/seg/input.js';
import { overlapsBySlice } from '../dicom/seg/mask.js';
import type { Accepted } from './judgement.js';
import { makeSeg, type MadeSeg, type ResultJob, type SegForm } from './make-seg.js';
import { provenanceOf } from './provenance.js';
import type { MadeResult, ResultOrder, ResultSummary } from './result-order.js';
import { seriesDescriptionOf } from './series-description.js';
import type { PassedVerdict } from './verdict.js';

/** The makers of its two forms, which throw what `makeSeg` throws. Whether segments overlap is looked at once for both. */
export function segMakers(verdict: PassedVerdict, source: SegSource): Required<Pick<Accepted, 'make' | 'makeLabelMap'>> {
  let overlap: Promise<boolean> | undefined;
  const makeAs =
    (form: SegForm) =>
    async (order: ResultOrder): Promise<MadeResult> => {
      overlap ??= overlapIn(verdict, source);
      const job = { ...jobOf(verdict, source, order), segmentsOverlap: await overlap };
      const seg = await makeSeg(job, order.root, order.path, form);
      return { sizeBytes: seg.sizeBytes, sha256: seg.sha256, summary: summaryOf(verdict, seg) };
    };
  return { make: makeAs('BINARY'), makeLabelMap: makeAs('LABELMAP') };
}

/** Gives way to other work after each slice. */
async function overlapIn({ segments }: PassedVerdict, { grid }: SegSource): Promise<boolean> {
  const masks = segments.map(({ mask }) => mask);
  for (const overlap of overlapsBySlice(grid, masks)) {
    if (overlap) return true;
    await setImmediate();
  }
  return false;
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
