/** What a workflow is made of: modules that hand data from one to the next, case by case. */
import type { z } from 'zod';
import type { ParsedInstance } from '../dicom/element/parse.js';
import type { LabelMap, Volume } from '../dicom/geometry/grid.js';
import { AnteroomError } from '../foundation/errors.js';
import type { KitLog } from './kit-log.js';

/** One DICOM series of the input. */
export interface DicomSeries {
  readonly seriesInstanceUid: string;
  /** In no particular order; at least one. */
  readonly instances: readonly ParsedInstance[];
  /** Decoded when it is first asked for. */
  readonly volume: () => Promise<Volume>;
}

/** A label map, and which structure (id of dicom/structures) each of its values shows. */
export interface Segmentation {
  readonly labelMap: LabelMap;
  readonly structures: readonly { readonly value: number; readonly id: string }[];
}

/** What modules make and need, by name. Files are their bytes; their names are those of MHub's file types. */
export interface CaseData {
  dicom: DicomSeries;
  segmentation: Segmentation;
  nrrd: Uint8Array;
  /** What a network gave on its own grid, before anything was done to it. */
  rawnrrd: Uint8Array;
  json: Uint8Array;
  dicomseg: Uint8Array;
}

export type DataName = keyof CaseData;

export const FILE_NAMES = ['nrrd', 'rawnrrd', 'json', 'dicomseg'] as const satisfies readonly DataName[];
export type FileName = (typeof FILE_NAMES)[number];

/** One series on its way through the workflow, as MHub's "instance". */
export class Case {
  readonly #data: Partial<CaseData> = {};

  /** @param sid the SeriesInstanceUID, which names the folder of its output */
  constructor(readonly sid: string) {}

  get<N extends DataName>(name: N): CaseData[N] {
    const value = this.#data[name];
    if (value === undefined) throw new AnteroomError('INTERNAL', `a module did not leave the ${name} that it declares`);
    return value;
  }

  set<N extends DataName>(name: N, value: CaseData[N]): void {
    this.#data[name] = value;
  }
}

/** Folders of the contract: `/app/data/input_data`, `/app/data/output_data`, `/app/models/<name>`. */
export interface Folders {
  readonly inputDir: string;
  readonly outputDir: string;
  readonly modelDir: string;
}

/** The model that the kit runs, from its card. */
export interface ModelIdentity {
  readonly name: string;
  readonly title: string;
  readonly version: string;
}

export interface ModuleContext {
  readonly folders: Folders;
  readonly model: ModelIdentity;
  readonly log: KitLog;
  /** How much of the present case is done, 0 … 1. */
  readonly progress: (fraction: number) => void;
}

/** What a module needs of each case and what it leaves there: known before anything runs. */
interface Declaration {
  readonly inputs: readonly DataName[];
  readonly outputs: readonly DataName[];
}

/** Finds the cases in the input. */
export abstract class ImportModule implements Declaration {
  readonly inputs = [];
  abstract readonly outputs: readonly DataName[];
  abstract findCases(context: ModuleContext): Promise<Case[]>;
}

/** Works on one case at a time. */
export abstract class CaseModule implements Declaration {
  abstract readonly inputs: readonly DataName[];
  abstract readonly outputs: readonly DataName[];
  /** The structures that it can find, where it knows them. */
  readonly structures?: readonly string[];
  /** Called once, before any module imports or works: what can be known to be wrong by then is thrown here. */
  prepare?(context: ModuleContext): Promise<void>;
  abstract work(one: Case, context: ModuleContext): Promise<void>;
}

export type KitModule = ImportModule | CaseModule;

/** A kind of module. Its constructor takes what its `settings` give. */
export interface ModuleClass {
  readonly does: string;
  /** Keys are written as in MHub's workflow files: `snake_case`. */
  readonly settings: z.ZodObject;
  new (settings: never): KitModule;
}
