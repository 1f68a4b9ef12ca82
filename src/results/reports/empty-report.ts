/**
 * The answer of a model that may find nothing and has found nothing (DESIGN, "Empty is not failed"): a SEG needs a frame, so a report says it.
 * It says what the model did, and nothing that reads as a finding of its absence.
 */
import { CONCEPT } from '../../dicom/sr/concepts.js';
import { structureById } from '../../dicom/structures/table.js';
import type { SourceInput } from '../run-sources.js';
import type { ReportContent } from './report-content.js';
import { reportedSeries } from './reported-series.js';

/** Words for every structure that was looked for. */
const NONE_SEGMENTED = 'analysed, none segmented';
/** Where no output says what was looked for. */
const NOTHING_NAMED = 'Segmentation';
const WHAT_IT_MEANS =
  'The model drew nothing of what is named here, in the images named here. This says what a program did, not what the images show.';

/** What is said of these structures (ids of the table, or names of a card), which the model looked for in the run's images. */
export function emptyReport(structures: readonly string[], inputs: readonly SourceInput[]): ReportContent {
  const named = structures.length > 0 ? structures : [NOTHING_NAMED];
  const said = named.map((id) => {
    const structure = structureById(id);
    return { name: structure?.type ?? CONCEPT.comment, value: `${structure?.name ?? id}: ${NONE_SEGMENTED}` };
  });
  return { ...reportedSeries(inputs), groups: [], evaluations: [...said, { name: CONCEPT.comment, value: WHAT_IT_MEANS }] };
}
