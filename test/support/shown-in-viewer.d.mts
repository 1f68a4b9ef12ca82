/** What a viewer's page holds; see shown-in-viewer.mjs. */
export interface Shown {
  /** By SOPInstanceUID of the CT slice, only slices with labels. */
  readonly labels: Readonly<Record<string, { readonly counts: readonly number[]; readonly sha256: string }>>;
  readonly hounsfield: Readonly<Record<string, string>>;
  readonly segments: readonly { readonly label: string; readonly color: readonly number[] }[];
}

export function shownInViewer(pixelUids: readonly string[]): Promise<Shown | undefined>;

export function turnToMiddle(): Promise<unknown>;
