/** What a workflow is made of: modules that hand items from one to the next, case by case. */
import type { z } from 'zod';
import type { Case } from './case.js';
import type { DataName } from './items.js';
import type { KitLog } from './kit-log.js';
import type { Kind, Query } from './query.js';

export { Case } from './case.js';
export type { DataName, DicomSeries, FileName, Item, Meta, Remark, Segmentation } from './items.js';

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
  /** Queries, each of which must find something; a type alone is one. */
  readonly inputs: readonly (string | Query)[];
  /** A type alone says nothing of metadata. */
  readonly outputs: readonly (DataName | Kind)[];
}

/** Finds the cases in the input. */
export abstract class ImportModule implements Declaration {
  readonly inputs = [];
  abstract readonly outputs: readonly (DataName | Kind)[];
  /** The attributes that its cases have. */
  readonly attributes: readonly string[] = ['sid'];
  abstract findCases(context: ModuleContext): Promise<Case[]>;
}

/** Works on one case at a time. */
export abstract class CaseModule implements Declaration {
  abstract readonly inputs: readonly (string | Query)[];
  abstract readonly outputs: readonly (DataName | Kind)[];
  /** Attributes of cases that it names. */
  readonly attributes?: readonly string[];
  /** The structures that it can find, where it knows them. */
  readonly structures?: readonly string[];
  /** Which structures there are after it, of those before; a module that makes some of others, or drops some, has it. */
  structuresAfter?(before: readonly string[]): readonly string[];
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
