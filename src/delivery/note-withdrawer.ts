/** Taking a result back by a rejection note of IHE IOCM, which goes the way of every result: by the destination's own sender. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { publish } from '../archive/publish.js';
import { readHead } from '../archive/read-head.js';
import { writeDurably } from '../archive/write-durably.js';
import { dicomDateTime } from '../dicom/date-time.js';
import { toHeader } from '../dicom/element/to-header.js';
import { SOP_CLASS } from '../dicom/element/uids.js';
import { writeRejectionNote } from '../dicom/rejection-note.js';
import type { Equipment } from '../dicom/equipment.js';
import { AnteroomError } from '../foundation/errors.js';
import { failpoint } from '../foundation/failpoint.js';
import { uidFromName } from '../foundation/ids.js';
import type { Parcel, Sender } from './sender.js';
import type { Outgrown, Standing, Withdrawer } from './withdrawer.js';

export interface NoteOptions {
  readonly sender: Sender;
  readonly resultsFolder: string;
  readonly equipment: Equipment;
  /** Compares what the destination holds with what was delivered; left out where it cannot be retrieved (C-STORE). */
  readonly compare?: (old: Parcel) => Promise<Standing>;
}

/** A withdrawer that sends rejection notes. */
export function createNoteWithdrawer(options: NoteOptions): Withdrawer {
  const { sender, compare } = options;
  return {
    method: 'iocm-kos',
    look: async (outgrown) => {
      if ((await sender.ask(parcelOf(options, outgrown))) === 'there')
        return { standing: 'withdrawn', receipt: `rejection note ${outgrown.note.sopInstanceUid} found by ${sender.proof}` };
      if ((await sender.ask(outgrown.old)) === 'absent')
        return {
          standing: 'withdrawn',
          receipt: `it was there no longer: ${sender.proof} does not find it, and no rejection note was sent`,
        };
      return compare === undefined ? { standing: 'ours' } : compare(outgrown.old);
    },
    withdraw: async (outgrown) => {
      const parcel = parcelOf(options, outgrown);
      const sizeBytes = await writeNote(options, outgrown, parcel);
      failpoint('withdrawal.written');
      await sender.send({ ...parcel, sizeBytes });
    },
  };
}

function parcelOf({ resultsFolder }: NoteOptions, { old, note }: Outgrown): Parcel {
  return {
    path: join(resultsFolder, `${note.sopInstanceUid}.dcm`),
    sizeBytes: 0,
    studyInstanceUid: old.studyInstanceUid,
    seriesInstanceUid: note.seriesInstanceUid,
    sopInstanceUid: note.sopInstanceUid,
    sopClassUid: SOP_CLASS.KeyObjectSelectionDocumentStorage,
  };
}

/** Writes the note, the same bytes each time, and returns its size. */
async function writeNote({ resultsFolder, equipment }: NoteOptions, outgrown: Outgrown, { path }: Parcel): Promise<number> {
  const { old, note } = outgrown;
  const { date, time } = dicomDateTime(note.createdAt);
  try {
    const bytes = writeRejectionNote({
      source: toHeader(await readHead(old.path)),
      rejected: old,
      sopInstanceUid: note.sopInstanceUid,
      seriesInstanceUid: note.seriesInstanceUid,
      seriesNumber: note.seriesNumber,
      contentDate: date,
      contentTime: time,
      equipment,
      observerUid: uidFromName(`node ${equipment.deviceSerialNumber}`),
      description: `Made from version ${outgrown.oldVersion} of the study; version ${outgrown.newVersion} has a newer result in its place.`,
    });
    const part = `${path}.part`;
    await writeDurably(part, [bytes]);
    await publish(resultsFolder, { from: part, to: `${note.sopInstanceUid}.dcm` });
    return (await stat(path)).size;
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException;
    if (thrown instanceof AnteroomError || code === undefined) throw thrown;
    throw new AnteroomError('STORE_FAILED', `a rejection note could not be written (${code})`, { cause: thrown });
  }
}
