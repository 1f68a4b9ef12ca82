/** What the gate says of one file that may become a result. */
import type { SegSource } from '../dicom/seg/input.js';
import type { Segmentation } from '../dicom/seg/segmentation.js';
import { AnteroomError, toAnteroomError } from '../foundation/errors.js';
import type { LabelMapYaml } from '../models/model-yaml.js';
import type { Candidate } from './candidates.js';
import { judgeSegmentation, regionsOf } from './gate.js';
import { readOr, type Judgement } from './judgement.js';
import { readNamedLabels, segmentationOf } from './label-map-segmentation.js';
import type { FormContext } from './passing/form.js';
import { PASSING_FORMS } from './passing/forms.js';
import { judgeObject } from './passing/judge-object.js';
import { readSegFile } from './read-outputs.js';
import { judgeReport } from './reports/judge-report.js';
import { segMakers } from './seg-result.js';
import type { GateReason, RejectedVerdict } from './verdict.js';

/**
 * Judges a DICOM-SEG, or a label map whose labels model.yaml names, against the image that it lies on; an answer that becomes a report by
 * its mapping; any other kind of object by its own form.
 * @throws AnteroomError GEOMETRY_REFUSED for an image that is no regular stack, and what is not the file's own fault
 */
export async function judgeOutput(path: string, candidate: Candidate, context: FormContext): Promise<Judgement> {
  const { kind, labelMap, report } = candidate;
  const { sources, allowEmpty } = context;
  if (labelMap !== undefined) return judgeLabelMap(path, context, labelMap);
  if (report !== undefined) return judgeReport(path, candidate.output.path, report, sources);
  const form = kind === 'report' ? undefined : PASSING_FORMS[kind];
  if (form !== undefined) return judgeObject(path, candidate, form, context);
  const seg = await readOr(() => readSegFile(path), 'a DICOM-SEG that can be read');
  if ('passed' in seg) return { verdict: seg };
  const source = await sources.referenced(seg.referencedSeries.map(({ seriesInstanceUid }) => seriesInstanceUid));
  return judged(seg, source, allowEmpty);
}

/** A label map names no image: of several, it is of the first one on whose grid it lies. What is no regular stack has none. */
async function judgeLabelMap(path: string, { sources, allowEmpty }: FormContext, { labels, on }: LabelMapYaml): Promise<Judgement> {
  const mostVoxels = await sources.mostVoxels();
  const named = await readOr(
    () => readNamedLabels(path, labels, mostVoxels),
    'a label map that can be read, with labels that model.yaml names',
  );
  if ('passed' in named) return { verdict: named };
  const irregular: string[] = [];
  let first: RejectedVerdict | undefined;
  for (const candidate of sources.candidates(on)) {
    const source = await sources.sourceOf(candidate).catch(refusalIn);
    if (typeof source === 'string') irregular.push(`${candidate.name}: ${source}`);
    else {
      const judgement = await judged(await segmentationOf(named, source), source, allowEmpty);
      if (judgement.verdict.passed) return judgement;
      first ??= judgement.verdict;
    }
  }
  if (first === undefined) throw new AnteroomError('GEOMETRY_REFUSED', irregular.join('; '));
  return { verdict: { passed: false, reasons: [...first.reasons, ...irregular.map(irregularImage)] } };
}

/** Why an image is no regular stack; any other error is thrown on. */
function refusalIn(thrown: unknown): string {
  const { code, seen } = toAnteroomError(thrown);
  if (code !== 'GEOMETRY_REFUSED') throw thrown;
  return seen;
}

function irregularImage(seen: string): GateReason {
  return { check: 'geometry', seen, expected: 'one regular stack of slices' };
}

async function judged(seg: Segmentation, source: SegSource, allowEmpty: boolean): Promise<Judgement> {
  const verdict = await judgeSegmentation(seg, source, allowEmpty);
  if (!verdict.passed) return { verdict };
  return { verdict, regions: regionsOf(verdict), ...segMakers(verdict, source) };
}
