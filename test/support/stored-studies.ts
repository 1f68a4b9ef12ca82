/** Studies put into a ledger without files and without a door: rows as the receiver leaves them, settled and ready to be decided. */
import { tagKey, TAG } from '../../src/dicom/element/tags.js';
import type { Header } from '../../src/dicom/header.js';
import { SOP_CLASS, TRANSFER_SYNTAX } from '../../src/dicom/element/uids.js';
import type { Db } from '../../src/ledger/database.js';
import { insertInstance } from '../../src/ledger/instances.js';
import { ensureStudy, noteArrival } from '../../src/ledger/studies.js';
import { settleStudy } from '../../src/ledger/versions.js';
import type { FactsInput } from '../../src/routing/facts.js';

/** Elements of scanners that no rule asks for, so that headers are as large as real ones: 5.5 kB with some hundred elements. */
const OF_SCANNERS: Header = Object.fromEntries(
  Array.from({ length: 75 }, (_, index) => [
    `0019${(0x1000 + index).toString(16).toUpperCase()}`,
    { vr: 'LO', Value: [`value ${index} of the scanner`] },
  ]),
);

export interface StoreOptions {
  /** When its instances came. */
  readonly at: number;
  /** Makes the UIDs of the same study in the ledger again others. */
  readonly copy?: number;
  /** Stores only the first so many instances of each series. */
  readonly most?: number;
}

/** Stores a study in one transaction and settles it; returns its version. */
export function storeStudy(db: Db, input: FactsInput, { at, copy = 0, most = Infinity }: StoreOptions): number {
  return db.transaction(() => {
    const studyInstanceUid = `${input.studyInstanceUid}.${copy}`;
    const { callingAe = 'CT', calledAe = 'ANTEROOM' } = input;
    const arrival = { studyInstanceUid, callingAe, calledAe, remoteAddress: '127.0.0.1', at };
    const study = ensureStudy(db, arrival);
    for (const [number, series] of input.series.entries()) {
      const seriesInstanceUid = `${studyInstanceUid}.${number + 1}`;
      for (const [index, { header }] of series.instances.slice(0, most).entries()) {
        const sopInstanceUid = `${seriesInstanceUid}.${index + 1}`;
        insertInstance(db, {
          study_id: study.id,
          series_instance_uid: seriesInstanceUid,
          sop_instance_uid: sopInstanceUid,
          sop_class_uid: SOP_CLASS.CTImageStorage,
          transfer_syntax_uid: TRANSFER_SYNTAX.ExplicitVRLittleEndian,
          path: sopInstanceUid,
          size_bytes: 1,
          sha256: 'x',
          patient_id: 'STORED',
          header: JSON.stringify({ ...header, ...OF_SCANNERS, [tagKey(TAG.SOPInstanceUID)]: { vr: 'UI', Value: [sopInstanceUid] } }),
          own_result: series.ownResult === true ? 1 : 0,
          received_at: at,
          calling_ae: callingAe,
          remote_address: '127.0.0.1',
          standing: 'current',
        });
      }
    }
    noteArrival(db, study, arrival, at);
    return settleStudy(db, study.id, { signal: 'quiet-time', detail: 'stored by a test' }, at) ?? 0;
  });
}
