/** A kind of DICOM object that leaves the node as the model wrote it (DESIGN, "The way of a study", 10), but for its UIDs and its provenance. */
import type { DataSet } from '../../dicom/element/parse.js';
import type { ResultSummary } from '../result-order.js';
import type { RunSources } from '../run-sources.js';
import type { Expectations, GateReason } from '../verdict.js';

export interface PassingForm {
  /** With its article, for messages: `an RTSTRUCT`. */
  readonly name: string;
  /** True where it is the segmentation that a card promises. */
  readonly draws: boolean;
  /**
   * Judges what only this kind has: frame of reference, references, content. Patient, study and the object's own UIDs are judged before, for
   * all kinds alike. The object is judged a second time after it has been written under its new UIDs.
   * @throws AnteroomError of the kind `permanent` for an object that cannot be read, which is then the reason of its rejection
   */
  judge(dataset: DataSet, context: FormContext): Promise<FormVerdict>;
}

export interface FormContext {
  readonly sources: RunSources;
  readonly expectations: Expectations;
  /** The run's objects that become results, this one among them: their files by SOPInstanceUID. The object may refer to the others. */
  readonly siblings: ReadonlyMap<string, string>;
}

export interface FormVerdict {
  /** None where it passes. */
  readonly reasons: readonly GateReason[];
  /** True where it says that nothing was found: valid where that is allowed, and nothing is delivered. */
  readonly empty: boolean;
  readonly summary: ResultSummary;
}
