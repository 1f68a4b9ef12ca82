/** A kind of DICOM object that leaves the node as the model wrote it (DESIGN, "The way of a study", 10), but for its UIDs and its provenance. */
import type { DataSet } from '../../dicom/element/parse.js';
import type { ResultSummary } from '../result-order.js';
import type { RunSources } from '../run-sources.js';
import type { DrawnRegion, GateReason } from '../verdict.js';

export interface PassingForm {
  /** With its article, for messages: `an RTSTRUCT`. */
  readonly name: string;
  /** True where it is the segmentation that a card promises. */
  readonly draws: boolean;
  /**
   * Judges what only this kind has: where it lies, its content. Patient, study and the object's own UIDs are judged before, its references
   * after it, for all kinds alike. The object is judged a second time after it has been written under its new UIDs.
   * @throws AnteroomError of the kind `permanent` for an object that cannot be read, which is then the reason of its rejection
   */
  judge(dataset: DataSet, context: FormContext): Promise<FormVerdict>;
}

export interface FormContext {
  readonly sources: RunSources;
  /** True where finding nothing is a valid answer. */
  readonly allowEmpty: boolean;
  /** The object may refer to the others. */
  readonly siblings: Siblings;
}

/** The run's objects that become results, the one that is judged among them, by SOPInstanceUID. */
export type Siblings = ReadonlyMap<string, Sibling>;

export interface Sibling {
  /** Of its file. */
  readonly path: string;
  readonly sopClassUid?: string | undefined;
  /** Of the result that is made of it: another one than that of a container's label map. */
  readonly resultClassUid: string;
  /** Absent where it is not its own alone: in the results it becomes several. */
  readonly seriesInstanceUid?: string | undefined;
}

export interface FormVerdict {
  /** None where it passes. */
  readonly reasons: readonly GateReason[];
  /** True where it says that nothing was found: valid where that is allowed, and nothing is delivered. */
  readonly empty: boolean;
  /** What it draws, also without a voxel; undefined where the form draws nothing. */
  readonly regions?: readonly DrawnRegion[];
  readonly summary: ResultSummary;
}
