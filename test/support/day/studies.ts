/** The studies of a day, as files, and what the models leave for each of them. */
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { stringify } from 'yaml';
import type { SegSource } from '../../../src/dicom/seg/input.js';
import { writeSeg } from '../../../src/dicom/seg/write.js';
import { ellipsoid, segInput, segmentOf, sourceOfFolder } from '../seg.js';
import { smallStudy } from '../small-study.js';
import type { Attributes } from '../synthetic-image.js';
import { tempFolder } from '../temp.js';
import type { Scenario } from './scenarios.js';

const CARD = 'deploy/models/lungs/meta.json';
const SLICES = 3;
const LATE_SLICES = 2;

export interface DayStudy {
  readonly scenario: Scenario;
  readonly studyInstanceUid: string;
  readonly files: readonly string[];
  readonly laterFiles: readonly string[];
  /** How many instances the node must have of it in the end. */
  readonly instances: number;
}

/** `<number of slices>-<file name of a slice>` in this folder is what a model leaves for it, and `….sh` what it does instead. */
export function makeAnswers(): string {
  const answers = tempFolder('day-answers');
  const other = smallStudy([SLICES], attributesOf('other', 'ANOTHER'));
  writeFileSync(join(answers, 'other-patient.dcm'), answerOf(sourceOfFolder(dirname(other.files[0][0]))));
  return answers;
}

/** A study, with its answers written down. */
export function makeDayStudy(scenario: Scenario, answers: string): DayStudy {
  const attributes = { ...attributesOf(scenario.name, 'DAY'), ...scenario.attributes };
  const size = SLICES + (scenario.later === 'slices' ? LATE_SLICES : 0);
  const { studyInstanceUid, files: bySeries } = smallStudy([size], attributes);
  const [all] = bySeries;
  const [files, late] = [all.slice(0, SLICES), all.slice(SLICES)];
  const named = `${studyInstanceUid}.1.1.dcm`;
  for (const part of late.length > 0 ? [files, all] : [files]) {
    const answer = join(answers, `${part.length}-${named}`);
    if (scenario.instead !== undefined) writeFileSync(`${answer}.sh`, scenario.instead);
    else writeFileSync(answer, answerOf(sourceOfFolder(folderOf(part))));
  }
  const conflict = scenario.later === 'conflict' ? [withOtherPixels(files[0], studyInstanceUid, attributes)] : [];
  // The object that contradicts is kept beside the one that it contradicts.
  return { scenario, studyInstanceUid, files, laterFiles: [...late, ...conflict], instances: all.length };
}

function attributesOf(description: string, patientId: string): Attributes {
  return {
    StudyDescription: [description],
    PatientID: [patientId],
    FrameOfReferenceUID: ['1.2.3.4.5.6'],
    PixelSpacing: ['1', '1'],
    SliceThickness: ['1'],
    RescaleIntercept: ['0'],
    RescaleSlope: ['1'],
  };
}

function folderOf(files: readonly string[]): string {
  const folder = tempFolder('day-part');
  files.forEach((file, index) => symlinkSync(file, join(folder, `${index}.dcm`)));
  return folder;
}

/** Two lungs that are none: what counts is that they lie on the source. */
function answerOf(source: SegSource): Uint8Array {
  const at = (x: number) => ellipsoid(source.grid, [x, 0.5, 0.3], 0.2);
  return writeSeg(segInput(source, [segmentOf('RIGHT_LUNG', at(0.25)), segmentOf('LEFT_LUNG', at(0.75))])).bytes;
}

function withOtherPixels(file: string, studyInstanceUid: string, attributes: Attributes): string {
  const { files } = smallStudy([1], {
    ...attributes,
    StudyInstanceUID: [studyInstanceUid],
    SeriesInstanceUID: [`${studyInstanceUid}.1`],
    SOPInstanceUID: [`${studyInstanceUid}.1.1`],
    PixelData: new Uint8Array(16 * 16 * 2).fill(7),
  });
  if (readFileSync(file).equals(readFileSync(files[0][0]))) throw new Error('the pixels are the same');
  return files[0][0];
}

/** A package whose program leaves what lies in `answers` for its input; it fails while a file `broken` lies beside it. */
export function makeDayModel(name: string, answers: string): string {
  const folder = tempFolder('day-model');
  writeFileSync(join(folder, 'meta.json'), JSON.stringify({ ...(JSON.parse(readFileSync(CARD, 'utf8')) as object), name }));
  writeFileSync(
    join(folder, 'model.sh'),
    `[ ! -e "$ANTEROOM_MODEL_DIR/broken" ] || { echo no weights; exit 1; }
ANSWERS=${answers}
set -- "$ANTEROOM_INPUT_DIR"/*.dcm
for f in "$@"; do
  answer="$ANSWERS/$#-\${f##*/}"
  [ ! -e "$answer.sh" ] || . "$answer.sh"
  [ ! -e "$answer" ] || cp "$answer" "$ANTEROOM_OUTPUT_DIR/seg.dcm"
done
`,
  );
  const timeoutS = name === 'hangs' ? 1 : 60;
  writeFileSync(
    join(folder, 'model.yaml'),
    stringify({ runtime: 'process', command: ['sh', 'model.sh'], memoryMb: 64, cpus: 0.5, timeoutS }),
  );
  return folder;
}
