/** What the outbox needs of a kind of destination; one file per kind beside this one. */

/** One result on its way. */
export interface Parcel {
  readonly path: string;
  readonly sizeBytes: number;
  readonly studyInstanceUid: string;
  readonly seriesInstanceUid: string;
  readonly sopInstanceUid: string;
  readonly sopClassUid: string;
}

export interface Sender {
  /** Sends the object and resolves when the destination has said that it stored it. Rejects with an AnteroomError, whose kind decides what happens next. */
  send(parcel: Parcel): Promise<void>;
  /** Asks whether the object is there. `unknown`: this destination cannot be asked; its word of Success is all there is. */
  ask(parcel: Parcel): Promise<'there' | 'absent' | 'unknown'>;
  /** How arrival is proven, for the receipt. */
  readonly proof: string;
}
