/** A model package: a folder with the model card (`meta.json`) and how to run it (`model.yaml`). */
import { readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { AnteroomError } from '../foundation/errors.js';
import { InvalidFileError, type Fault } from '../foundation/faults.js';
import { sha256Hex } from '../foundation/ids.js';
import { parseYaml, validate, type YamlDocument } from '../foundation/yaml.js';
import { structureById } from '../dicom/structures/table.js';
import { parseCard, type ModelCard } from './card.js';
import { foldersOf } from './input-layout.js';
import { reportFaults } from './report-faults.js';
import { modelYamlSchema, type ModelYaml } from './model-yaml.js';

export const CARD_FILE = 'meta.json';
export const MODEL_FILE = 'model.yaml';

export interface ModelPackage {
  readonly card: ModelCard;
  readonly model: ModelYaml;
  /** Absolute. */
  readonly dir: string;
  /** Every file of the package, relative to `dir`, with `/`, sorted. */
  readonly files: readonly string[];
  /** SHA-256 over meta.json and model.yaml: changes when the package says something else. */
  readonly digest: string;
}

/**
 * Reads and checks a package. `modelFile` names another model.yaml of it: the same model for another runtime.
 * @throws InvalidFileError MODEL_INVALID with the faults of both files; AnteroomError FILE_UNREADABLE where the folder cannot be read.
 */
export function readModelPackage(folder: string, options: { modelFile?: string } = {}): ModelPackage {
  const { modelFile = MODEL_FILE } = options;
  const dir = resolve(folder);
  const files = filesUnder(dir);
  const faults: Fault[] = [];
  const cardText = textOf(dir, CARD_FILE, files, faults);
  const modelText = textOf(dir, modelFile, files, faults);
  const card = cardText === undefined ? undefined : collected(parseCard(parseYaml(cardText, join(dir, CARD_FILE))), faults);
  const model = modelText === undefined ? undefined : readModelYaml(parseYaml(modelText, join(dir, modelFile)), card, faults);
  if (card === undefined || model === undefined || faults.length > 0) throw new InvalidFileError('MODEL_INVALID', faults);
  return { card, model, dir, files, digest: `sha256:${sha256Hex(`${cardText}\0${modelText}`)}` };
}

function readModelYaml(document: YamlDocument, card: ModelCard | undefined, faults: Fault[]): ModelYaml | undefined {
  const model = collected(validate(withRuntime(document), modelYamlSchema), faults);
  if (model !== undefined && card !== undefined)
    faults.push(
      ...unknownStructures(document, model, card),
      ...layoutFaults(document, model, card),
      ...labelMapFaults(document, model),
      ...reportFaults(document, model.outputs, inputsOf(model)),
    );
  return model;
}

/** `runtime` may be left out where an image is named. */
function withRuntime(document: YamlDocument): YamlDocument {
  const { value } = document;
  if (typeof value !== 'object' || value === null || 'runtime' in value || !('image' in value)) return document;
  return { ...document, value: { runtime: 'docker', ...value } };
}

/** Structures that must exist, but that the card does not know, could never be found. */
function unknownStructures(document: YamlDocument, model: ModelYaml, card: ModelCard): Fault[] {
  const { mustExist } = model.outputs;
  if (mustExist === 'card') return [];
  const known = new Set(card.outputs.flatMap((output) => (output.type === 'segmentation' ? output.structures : [])));
  return mustExist.flatMap((id, index) =>
    known.has(id) ? [] : [document.fault(['outputs', 'mustExist', index], `"${id}" is not a class of any output in ${CARD_FILE}`)],
  );
}

/** A layout names as many inputs as the card; their labels there are free texts, so that they are not compared. */
function layoutFaults(document: YamlDocument, model: ModelYaml, card: ModelCard): Fault[] {
  const folders = foldersOf(model.input.layout);
  if (folders === undefined) return [];
  const names = Object.keys(folders);
  if (names.length === card.inputs.length) return [];
  const inCard = `${CARD_FILE} has ${card.inputs.length} (${card.inputs.map(({ label }) => label).join(', ')})`;
  return [document.fault(['input', 'layout'], `is for ${names.length} inputs (${names.join(', ')}), ${inCard}`)];
}

/** The names that the layout has for inputs; none where it names none. */
function inputsOf(model: ModelYaml): string[] {
  return Object.keys(foldersOf(model.input.layout) ?? {});
}

function labelMapFaults(document: YamlDocument, model: ModelYaml): Fault[] {
  const inputs = inputsOf(model);
  return model.outputs.labelMaps.flatMap(({ labels, on }, index) => {
    const at = ['outputs', 'labelMaps', index] as const;
    const unknown = Object.entries(labels).filter(([, id]) => structureById(id) === undefined);
    const faults = unknown.map(([label, id]) =>
      document.fault([...at, 'labels', label], `"${id}" is no structure that the node has codes for; see the ids of MHub's SegDB`),
    );
    if (on !== undefined && inputs.length > 0 && !inputs.includes(on))
      faults.push(document.fault([...at, 'on'], `"${on}" is no input of the layout; it has ${inputs.join(', ')}`));
    return faults;
  });
}

function collected<T>(checked: { ok: true; value: T } | { ok: false; faults: readonly Fault[] }, faults: Fault[]): T | undefined {
  if (checked.ok) return checked.value;
  faults.push(...checked.faults);
  return undefined;
}

function textOf(dir: string, name: string, files: readonly string[], faults: Fault[]): string | undefined {
  if (files.includes(name)) return readFileSync(join(dir, name), 'utf8');
  faults.push({ file: join(dir, name), line: 0, column: 0, path: '', message: 'is missing; a model package needs it' });
  return undefined;
}

function filesUnder(dir: string): string[] {
  try {
    return readdirSync(dir, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) =>
        join(entry.parentPath, entry.name)
          .slice(dir.length + 1)
          .replaceAll('\\', '/'),
      )
      .sort();
  } catch (thrown) {
    throw new AnteroomError('FILE_UNREADABLE', `${dir} (${(thrown as NodeJS.ErrnoException).code ?? 'unknown reason'})`, { cause: thrown });
  }
}
