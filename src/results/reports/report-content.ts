/** What a report of ours says, and of what. */
import type { Header } from '../../dicom/header.js';
import type { Evaluation, MeasuredGroup, ReportedSeries } from '../../dicom/sr/measurement-report.js';

/** A group whose tracking UID its label gives. */
export type UntrackedGroup = Omit<MeasuredGroup, 'trackingUid'>;

export interface ReportContent {
  /** Path of the output that it is made of; absent where nothing was found. */
  readonly output?: string;
  /** Patient and study. */
  readonly source: Header;
  /** At least one. */
  readonly series: readonly ReportedSeries[];
  /** Told apart by their labels. */
  readonly groups: readonly UntrackedGroup[];
  readonly evaluations: readonly Evaluation[];
}
