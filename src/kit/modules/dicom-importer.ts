/** Finds the DICOM series of the input folder. */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { DataSet, ParsedInstance } from '../../dicom/element/parse.js';
import { TAG } from '../../dicom/element/tags.js';
import { SOP_CLASS } from '../../dicom/element/uids.js';
import { SEGMENTATION_SOP_CLASSES } from '../../dicom/seg/read.js';
import { AnteroomError } from '../../foundation/errors.js';
import { Case, ImportModule } from '../module.js';
import type { ModuleContext } from '../module.js';
import type { Kind } from '../query.js';
import { attributeTag, filesUnder, metaOf, readInstance, seriesOf } from '../series.js';
import type { DicomFile } from '../series.js';

const unused = z.unknown().optional().describe("Of MHub's workflow files; without a meaning here, as nothing is copied or sorted.");

const metaValue = z.string().refine((value) => !value.startsWith('%') || attributeTag(value) !== undefined, {
  error: (issue) => `${String(issue.input)} is no attribute of DICOM, expected its keyword after the %`,
});

const settings = z.object({
  modality: z
    .union([z.string().min(1), z.array(z.string().min(1)).min(1)])
    .default('CT')
    .describe('Only series of this Modality are taken, or of one of these; `any` takes all images.'),
  skip_derived: z.boolean().default(false).describe('True leaves out localizers and reformatted images (ImageType).'),
  merge: z
    .boolean()
    .default(false)
    .describe('True: segmentations and structure sets belong to the case of the image series that they refer to.'),
  meta: z
    .record(z.string(), metaValue)
    .default({ mod: '%Modality' })
    .describe('Metadata of each series; `%Modality` is that attribute of its first file.'),
  source_dir: unused,
  import_dir: unused,
  sort_data: unused,
  import_data: unused,
});

/** Series as cases. Files that are not DICOM are left out, damaged ones refused: a slice would be missing. */
export class DicomImporter extends ImportModule {
  static readonly does = 'finds the DICOM series of the input folder, one case for each';
  static readonly settings = settings;
  readonly outputs: readonly Kind[];
  readonly #modalities: readonly string[] | 'any';

  constructor(private readonly options: z.output<typeof settings>) {
    super();
    const { modality, meta, merge } = options;
    this.#modalities = modality === 'any' ? 'any' : [modality].flat();
    const known = (value: string) => (value.startsWith('%') ? null : value);
    const mod =
      meta.mod === '%Modality' && this.#modalities !== 'any' ? this.#modalities : [meta.mod === undefined ? null : known(meta.mod)];
    const rest = Object.fromEntries(Object.entries(meta).map(([key, value]) => [key, known(value)]));
    this.outputs = [
      ...mod.map((one): Kind => ({ type: 'dicom', meta: meta.mod === undefined ? rest : { ...rest, mod: one } })),
      ...(merge ? [kindOfObject('dicomseg'), kindOfObject('rtstruct')] : []),
    ];
  }

  async findCases({ folders, log, progress }: ModuleContext): Promise<Case[]> {
    const paths = await filesUnder(folders.inputDir);
    const series = new Map<string, DicomFile[]>();
    const objects: DicomFile[] = [];
    const leftOut = new Map<string, number>();
    const leaveOut = (reason: string) => leftOut.set(reason, (leftOut.get(reason) ?? 0) + 1);
    for (const [n, path] of paths.entries()) {
      progress(n / paths.length);
      const instance = await readInstance(path);
      const reason = instance === undefined ? 'not DICOM' : this.#reasonAgainst(instance);
      const sid = instance?.dataset.uid(TAG.SeriesInstanceUID) ?? '';
      if (instance !== undefined && this.options.merge && objectType(instance) !== undefined) objects.push({ path, instance });
      else if (instance === undefined || reason !== undefined) leaveOut(reason ?? '');
      else series.set(sid, [...(series.get(sid) ?? []), { path, instance }]);
    }
    const cases = [...series].map(([sid, files]) => this.#caseOf(sid, files));
    for (const object of objects) if (!(await merge(object, cases))) leaveOut('of another series');
    const others = [...leftOut].map(([reason, count]) => `; left out ${count} × ${reason}`).join('');
    const wanted = this.#modalities === 'any' ? 'image' : this.#modalities.join(' or ');
    if (cases.length === 0) throw new AnteroomError('MODEL_INPUT_MISSING', `no ${wanted} series in ${paths.length} files${others}`);
    log('NOTICE', `${cases.length} series with ${[...series.values()].map(({ length }) => length).join(', ')} instances${others}`);
    return cases;
  }

  #caseOf(sid: string, files: readonly DicomFile[]): Case {
    const one = new Case(sid);
    one.add('dicom', seriesOf(sid, files), { meta: metaOf(this.options.meta, files[0].instance) });
    return one;
  }

  /** Why an instance is not taken; undefined where it is. */
  #reasonAgainst(instance: ParsedInstance): string | undefined {
    const { dataset } = instance;
    const modality = dataset.text(TAG.Modality) ?? 'missing';
    if (this.#modalities === 'any' ? objectType(instance) !== undefined : !this.#modalities.includes(modality))
      return `Modality ${modality}`;
    if (dataset.uid(TAG.SeriesInstanceUID) === undefined) return 'without SeriesInstanceUID';
    const types = dataset.texts(TAG.ImageType);
    return this.options.skip_derived && (types[0] === 'DERIVED' || types[2] === 'LOCALIZER') ? 'derived or localizer' : undefined;
  }
}

function kindOfObject(type: 'dicomseg' | 'rtstruct'): Kind {
  return { type, meta: { mod: MODALITIES[type] } };
}

const MODALITIES = { dicomseg: 'seg', rtstruct: 'rtstruct' } as const;

/** What belongs to an image instead of being one. */
function objectType({ dataset }: ParsedInstance): 'dicomseg' | 'rtstruct' | undefined {
  const sopClassUid = dataset.uid(TAG.SOPClassUID) ?? '';
  if (SEGMENTATION_SOP_CLASSES.includes(sopClassUid)) return 'dicomseg';
  return sopClassUid === SOP_CLASS.RTStructureSetStorage ? 'rtstruct' : undefined;
}

/** Adds an object to the case of the image that it refers to; false where there is none. */
async function merge({ path, instance }: DicomFile, cases: readonly Case[]): Promise<boolean> {
  const referenced = referencedSeries(instance.dataset);
  const type = objectType(instance);
  const one = cases.find(({ sid }) => referenced.includes(sid));
  if (one === undefined || type === undefined) return false;
  one.add(type, await readFile(path), { meta: { mod: MODALITIES[type] } });
  return true;
}

/** The series that a segmentation (PS3.3 C.8.20.2) or a structure set (C.8.8.5) refers to. */
function referencedSeries(dataset: DataSet): string[] {
  const ofStructureSet = dataset
    .items(TAG.ReferencedFrameOfReferenceSequence)
    .flatMap((frame) => frame.items(TAG.RTReferencedStudySequence))
    .flatMap((study) => study.items(TAG.RTReferencedSeriesSequence));
  return [...dataset.items(TAG.ReferencedSeriesSequence), ...ofStructureSet].map((item) => item.uid(TAG.SeriesInstanceUID) ?? '');
}
