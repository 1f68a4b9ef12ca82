/** What a comparison says of a file, in MHub's words: notes tell, findings speak against it. */

export interface Remark {
  readonly label: string;
  readonly description: string;
  /** Which part of the file: a segment, a key, a cell. */
  readonly subpath?: string;
  readonly info?: string | number;
}

/** One check of one file. */
export interface Check {
  readonly checker: string;
  readonly notes: readonly Remark[];
  readonly findings: readonly Remark[];
}

/** A picture of what differs, for people. */
export interface Picture {
  readonly title: string;
  /** PNG. */
  readonly bytes: Uint8Array;
}

/** A check with its pictures. */
export interface CheckedFile {
  readonly check: Check;
  readonly pictures: readonly Picture[];
}
