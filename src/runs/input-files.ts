/** Which files a model gets, and in which folders: the chosen series and no more. */
import { TAG, tagKey } from '../dicom/element/tags.js';
import { firstText, type Header } from '../dicom/header.js';
import { SEGMENTATION_SOP_CLASSES } from '../dicom/seg/read.js';
import { SOP_CLASS } from '../dicom/element/uids.js';
import { AnteroomError } from '../foundation/errors.js';
import type { Db } from '../ledger/database.js';
import { headerOf, instancesOfVersion, type InstanceRow } from '../ledger/instances.js';
import { modelById } from '../ledger/models.js';
import { inputsOfRun, type RunRow } from '../ledger/runs.js';
import { studyOfRun } from '../ledger/studies.js';
import { placesOf } from '../models/input-layout.js';
import type { ModelYaml } from '../models/model-yaml.js';

/** A file of the archive, and the folder that it goes to. */
export interface InputFile {
  readonly instance: InstanceRow;
  /** Relative to the input folder. */
  readonly folder: string;
}

/** A series of a run, with its instances. */
interface InputSeries {
  readonly name: string;
  readonly seriesInstanceUid: string;
  readonly instances: readonly InstanceRow[];
}

/**
 * The files of a run's series, in the layout that the package of its model asks for.
 * @throws AnteroomError MODEL_INPUTS_OTHER where the rule names other inputs than the package; INPUT_UNRELATED for a segmentation that
 * is not one object of one of the images beside it: MHub's importer ends the whole run on it.
 */
export function inputFilesOf(db: Db, run: RunRow): InputFile[] {
  const inputs = inputsOfRun(db, run.id).map(({ name, series_instance_uid: seriesInstanceUid }) => ({
    name,
    seriesInstanceUid,
    instances: instancesOfVersion(db, run.version_id, seriesInstanceUid),
  }));
  const model = run.model_id === null ? undefined : modelById(db, run.model_id);
  const { layout } = (JSON.parse(model?.package ?? '{"input":{"layout":"flat"}}') as Pick<ModelYaml, 'input'>).input;
  const places = placesOf(layout, inputs, studyOfRun(db, run.id).study_instance_uid);
  if (typeof places === 'string') throw new AnteroomError('MODEL_INPUTS_OTHER', places);
  for (const input of inputs) if (isDerived(input)) demandRelated(input, inputs);
  return inputs.flatMap(({ instances }, index) => instances.map((instance) => ({ instance, folder: places[index] })));
}

/** Objects that MHub's importer adds to the image that they are of. */
const DERIVED: readonly string[] = [...SEGMENTATION_SOP_CLASSES, SOP_CLASS.RTStructureSetStorage];

function isDerived({ instances }: InputSeries): boolean {
  return instances.some(({ sop_class_uid }) => DERIVED.includes(sop_class_uid));
}

/** One object, of exactly one of the images beside it. */
function demandRelated({ name, instances }: InputSeries, inputs: readonly InputSeries[]): void {
  const [only] = instances;
  if (instances.length !== 1 || only === undefined)
    throw new AnteroomError('INPUT_UNRELATED', `input ${name} has ${instances.length} objects, expected one`);
  const images = inputs.filter((input) => !isDerived(input));
  const named = referencedSeries(headerOf(only));
  if (named.length === 1 && images.some(({ seriesInstanceUid }) => seriesInstanceUid === named[0])) return;
  const seen = named.length === 0 ? 'names no series that it is of' : `is of series ${named.join(', ')}`;
  const expected = images.map((input) => `${input.seriesInstanceUid} (input ${input.name})`).join(' or ');
  throw new AnteroomError('INPUT_UNRELATED', `input ${name} ${seen}, expected ${expected || 'an image beside it'}`);
}

/** The series that a segmentation (PS3.3 C.12.4) or a structure set (PS3.3 C.8.8.5) says that it is of, each once. */
function referencedSeries(header: Header): string[] {
  const own = itemsOf(header, TAG.ReferencedSeriesSequence);
  const ofStructures = itemsOf(header, TAG.ReferencedFrameOfReferenceSequence)
    .flatMap((item) => itemsOf(item, TAG.RTReferencedStudySequence))
    .flatMap((item) => itemsOf(item, TAG.RTReferencedSeriesSequence));
  const uids = [...own, ...ofStructures].map((item) => firstText(item, tagKey(TAG.SeriesInstanceUID)) ?? '');
  return [...new Set(uids.filter((uid) => uid !== ''))];
}

function itemsOf(header: Header, tag: number): readonly Header[] {
  return (header[tagKey(tag)]?.Value ?? []) as readonly Header[];
}
