/** A study whose last slices come late, and a model that has the right answer for what is there. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { stringify } from 'yaml';
import { parseInstance } from '../../src/dicom/element/parse.js';
import { TAG } from '../../src/dicom/element/tags.js';
import { masksOfLabels, type SegmentMask } from '../../src/dicom/seg/mask.js';
import { writeSeg } from '../../src/dicom/seg/write.js';
import { lungsSeg, makeChestStudy, type ChestStudy } from './chest-study.js';
import { segInput, segmentOf, sourceOfFolder } from './seg.js';

const LATE_SLICES = 3;

/** A study of which some slices come late. */
export interface LateStudy {
  readonly study: ChestStudy;
  /** What is there at first, and what comes late. */
  readonly first: readonly string[];
  readonly late: readonly string[];
}

/** The card `lungs` with a program that gives the right answer for the slices that are there, at once and without a container. */
export function writeLateModel(folder: string): void {
  writeFileSync(join(folder, 'meta.json'), readFileSync('deploy/models/lungs/meta.json'));
  const answer = `${resolve(folder)}/$#-$(basename "$f")`;
  const copy = `set -- "$ANTEROOM_INPUT_DIR"/*.dcm; for f in "$@"; do [ ! -e "${answer}" ] || cp "${answer}" "$ANTEROOM_OUTPUT_DIR/seg.dcm"; done`;
  writeFileSync(join(folder, 'model.yaml'), stringify({ runtime: 'process', command: ['sh', '-c', copy], memoryMb: 512 }));
}

/** A study whose last slices come late, and what the model says of either. */
export function lateStudy(name: string, model: string): LateStudy {
  const study = makeChestStudy(name);
  const source = sourceOfFolder(study.folder);
  const slices = source.grid.slices - LATE_SLICES;
  const lateUids = new Set(source.slices.slice(slices).map(({ sopInstanceUid }) => sopInstanceUid));
  const isLate = (file: string) => lateUids.has(parseInstance(readFileSync(file)).dataset.uid(TAG.SOPInstanceUID) ?? '');
  const part = { ...source, grid: { ...source.grid, slices }, slices: source.slices.slice(0, slices) };
  const within = (mask: SegmentMask): SegmentMask => ({ ...mask, slices: mask.slices.filter((k) => k < slices) });
  const [right, left] = masksOfLabels(study.phantom.truth, [1, 2]).map(within);
  const segments = [segmentOf('RIGHT_LUNG', right), segmentOf('LEFT_LUNG', left)];
  const [{ sopInstanceUid }] = source.slices;
  writeFileSync(join(model, `${slices}-${sopInstanceUid}.dcm`), writeSeg(segInput(part, segments)).bytes);
  writeFileSync(join(model, `${source.grid.slices}-${sopInstanceUid}.dcm`), lungsSeg(study));
  return { study, first: study.files.filter((file) => !isLate(file)), late: study.files.filter(isLate) };
}
