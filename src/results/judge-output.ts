/** What the gate says of one file that may become a result. */
import type { SegSource } from '../dicom/seg/input.js';
import type { Segmentation } from '../dicom/seg/segmentation.js';
import { toAnteroomError } from '../foundation/errors.js';
import type { LabelMapYaml } from '../models/model-yaml.js';
import { judgeSegmentation } from './gate.js';
import { readNamedLabels, segmentationOf } from './label-map-segmentation.js';
import { readSegFile } from './read-outputs.js';
import type { RunSources } from './run-sources.js';
import type { Expectations, PassedVerdict, RejectedVerdict } from './verdict.js';

/** A verdict, and the image that the output lies on where it passed. */
export type Judgement = { readonly verdict: RejectedVerdict } | { readonly verdict: PassedVerdict; readonly source: SegSource };

/**
 * Judges a DICOM-SEG, or a label map where model.yaml names its labels (`labelMap`), against the image that it lies on.
 * @throws AnteroomError GEOMETRY_REFUSED for an image that is no regular stack, and what is not the file's own fault
 */
export async function judgeOutput(
  path: string,
  sources: RunSources,
  expectations: Expectations,
  labelMap: LabelMapYaml | undefined,
): Promise<Judgement> {
  if (labelMap !== undefined) return judgeLabelMap(path, sources, expectations, labelMap);
  const seg = await readOr(() => readSegFile(path), 'a DICOM-SEG that can be read');
  if ('passed' in seg) return { verdict: seg };
  const source = await sources.referenced(seg.referencedSeries.map(({ seriesInstanceUid }) => seriesInstanceUid));
  return judged(seg, source, expectations);
}

/** A label map names no image: of several, it is of the first one on whose grid it lies. */
async function judgeLabelMap(
  path: string,
  sources: RunSources,
  expectations: Expectations,
  { labels, on }: LabelMapYaml,
): Promise<Judgement> {
  const named = await readOr(() => readNamedLabels(path, labels), 'a label map that can be read, with labels that model.yaml names');
  if ('passed' in named) return { verdict: named };
  let first: Judgement | undefined;
  for (const candidate of sources.candidates(on)) {
    const source = await sources.sourceOf(candidate);
    const judgement = judged(segmentationOf(named, source), source, expectations);
    if (judgement.verdict.passed) return judgement;
    first ??= judgement;
  }
  return first as Judgement;
}

function judged(seg: Segmentation, source: SegSource, expectations: Expectations): Judgement {
  const verdict = judgeSegmentation(seg, source, expectations);
  return verdict.passed ? { verdict, source } : { verdict };
}

/** What cannot be read is rejected as what is wrong. */
async function readOr<T>(read: () => Promise<T>, expected: string): Promise<T | RejectedVerdict> {
  try {
    return await read();
  } catch (thrown) {
    const error = toAnteroomError(thrown);
    if (error.kind !== 'permanent') throw error;
    return { passed: false, reasons: [{ check: 'format', seen: error.seen, expected }] };
  }
}
