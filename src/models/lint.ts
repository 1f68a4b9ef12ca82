/** What is wrong with a package as it lies in its folder; the image and the workflows' own faults are looked at elsewhere. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { structureById } from '../dicom/structures/table.js';
import { InvalidFileError, type Fault } from '../foundation/faults.js';
import { parseYaml, type YamlDocument } from '../foundation/yaml.js';
import { FILL_IN, unfilledPlaces } from './image-context.js';
import { CARD_FILE, MODEL_FILE, readModelPackage, type ModelPackage } from './package.js';

/** Parts of the card that a reader needs before a model is used on patients, and what to say where they are empty. */
const NEEDED = [
  { path: ['details', 'license', 'weights'], what: 'the licence of the weights' },
  { path: ['details', 'cite'], what: 'how the model is cited' },
  { path: ['info', 'use', 'text'], what: 'the intended use' },
  { path: ['info', 'limitations', 'text'], what: 'where it fails' },
] as const;

/** The package, where it can be read, and every fault of its files. */
export function lintPackage(folder: string): { readonly model?: ModelPackage; readonly faults: readonly Fault[] } {
  let model: ModelPackage;
  try {
    model = readModelPackage(folder);
  } catch (thrown) {
    if (thrown instanceof InvalidFileError) return { faults: thrown.faults };
    throw thrown;
  }
  const read = (file: string) => parseYaml(readFileSync(join(model.dir, file), 'utf8'), join(model.dir, file));
  const card = read(CARD_FILE);
  return {
    model,
    faults: [...unfilledPlaces(model), ...emptyParts(card), ...unknownStructures(card, model), ...missingWorkflow(read(MODEL_FILE), model)],
  };
}

function emptyParts(card: YamlDocument): Fault[] {
  return NEEDED.flatMap(({ path, what }) => {
    const value = path.reduce<unknown>((inner, key) => (inner as Record<string, unknown> | undefined)?.[key], card.value);
    const said = typeof value === 'string' && !/^(n\/?a|none|unknown|-)?$/i.test(value.trim());
    return said ? [] : [card.fault(path, `the card does not say ${what}`)];
  });
}

const outputs = z.looseObject({
  summary: z.looseObject({ outputs: z.array(z.looseObject({ classes: z.array(z.string()).default([]) })) }),
});

/** Structures without codes could not become segments. */
function unknownStructures(card: YamlDocument, model: ModelPackage): Fault[] {
  const parsed = outputs.safeParse(card.value);
  if (!parsed.success || model.card.outputs.every(({ type }) => type !== 'segmentation')) return [];
  return parsed.data.summary.outputs.flatMap(({ classes }, n) =>
    classes.flatMap((id, at) =>
      structureById(id) === undefined && !id.includes(FILL_IN)
        ? [card.fault(['summary', 'outputs', n, 'classes', at], `"${id}" is no structure of the table`)]
        : [],
    ),
  );
}

function missingWorkflow(document: YamlDocument, { files, model }: ModelPackage): Fault[] {
  const file = `config/${model.workflow}.yml`;
  return files.includes(file) ? [] : [document.fault(['workflow'], `there is no ${file} in the package`)];
}
