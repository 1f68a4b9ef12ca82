/** What the withdrawals need of a way of taking a result back; one file per way beside this one. */
import { createReadStream } from 'node:fs';
import { AnteroomError } from '../foundation/errors.js';
import { dataSetDigest } from '../dicom/element/data-set-digest.js';
import type { Parcel } from './sender.js';

/** A result that is at a destination and that another one has replaced there. */
export interface Outgrown {
  readonly old: Parcel;
  /** Of the study versions that the two were made from. */
  readonly oldVersion: number;
  readonly newVersion: number;
  /** Names for a rejection note, and its date (epoch ms). */
  readonly note: {
    readonly sopInstanceUid: string;
    readonly seriesInstanceUid: string;
    readonly seriesNumber: number;
    readonly createdAt: number;
  };
}

/** What a destination has of it: nothing any more (`withdrawn`), what was delivered, or something that somebody has changed. */
export type Standing =
  | { readonly standing: 'withdrawn'; readonly receipt: string }
  | { readonly standing: 'ours' }
  | { readonly standing: 'changed'; readonly seen: string };

export interface Withdrawer {
  readonly method: 'delete' | 'iocm-kos';
  /** Asks the destination. Rejects with an AnteroomError where it cannot be asked. */
  look(outgrown: Outgrown): Promise<Standing>;
  /** Takes it back; doing it twice is doing it once. Whether it worked, `look` shows. Rejects with an AnteroomError, whose kind decides what happens next. */
  withdraw(outgrown: Outgrown): Promise<void>;
}

/** SHA-256 of the data set as it was delivered. @throws AnteroomError FILE_UNREADABLE */
export async function ourDigest({ path, sopInstanceUid }: Parcel): Promise<string> {
  try {
    return await dataSetDigest(createReadStream(path));
  } catch (thrown) {
    if (thrown instanceof AnteroomError) throw thrown;
    const code = (thrown as NodeJS.ErrnoException).code ?? 'read error';
    throw new AnteroomError('FILE_UNREADABLE', `the file of result ${sopInstanceUid} (${code}), with which the destination's is compared`, {
      cause: thrown,
    });
  }
}

/** The verdict on what a destination holds, by its data set. */
export async function compared(theirs: string, old: Parcel): Promise<Standing> {
  const ours = await ourDigest(old);
  if (theirs === ours) return { standing: 'ours' };
  return {
    standing: 'changed',
    seen: `its data set has SHA-256 ${theirs.slice(0, 12)}…, that of the one delivered is ${ours.slice(0, 12)}…`,
  };
}
