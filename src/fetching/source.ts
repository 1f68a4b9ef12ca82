/** Where studies can be asked for and pulled from; one file per kind beside this one. */

/** What is asked for: one of UID, accession number, or patient with a range of dates (`20260101-20260131`, PS3.4 C.2.2.2.5). */
export interface StudyQuery {
  readonly studyInstanceUid?: string;
  readonly accessionNumber?: string;
  readonly patientId?: string;
  readonly studyDate?: string;
}

/** A study that a source has. */
export interface FoundStudy {
  readonly studyInstanceUid: string;
  readonly patientId?: string;
  readonly patientName?: string;
  readonly studyDate?: string;
  readonly accessionNumber?: string;
  readonly description?: string;
  readonly modalities?: string;
  readonly instances?: number;
}

export interface InstanceName {
  readonly studyInstanceUid: string;
  readonly seriesInstanceUid: string;
  readonly sopInstanceUid: string;
}

export interface FetchSource {
  /** Studies that match. Rejects with an AnteroomError. */
  find(query: StudyQuery): Promise<FoundStudy[]>;
  /** The instances that it lists of a study. */
  list(studyInstanceUid: string): Promise<InstanceName[]>;
  /** Has these come into the archive, through one of the node's doors; `onPulled` after each one that it knows of. What it does not send is no error here. */
  pull(missing: readonly InstanceName[], onPulled: () => void): Promise<void>;
  readonly maxMatches: number;
  readonly attempts: number;
}
