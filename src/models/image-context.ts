/** The folder that an image is built from: card, workflows, weights, code if there is any, and a Dockerfile. */
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { InvalidFileError, type Fault } from '../foundation/faults.js';
import { CARD_FILE, MODEL_FILE, type ModelPackage } from './package.js';
import { fetchWeights, weightsOf } from './weights.js';

/** What a scaffold leaves for the author; a package that still has it is not packed. */
export const FILL_IN = 'FILL IN';

/** Samples and references of a package stay outside of the image. */
const TEST_FOLDER = 'test';

/**
 * Fills `folder` with what the image needs. Weights are the first layer: they are large and change seldom.
 * @throws InvalidFileError MODEL_INVALID for what was not filled in; AnteroomError WEIGHTS_REFUSED
 */
export async function makeImageContext(model: ModelPackage, folder: string): Promise<void> {
  const unfilled = unfilledPlaces(model);
  if (unfilled.length > 0) throw new InvalidFileError('MODEL_INVALID', unfilled);
  const weights = weightsOf(model);
  for (const one of weights) await fetchWeights(one, join(folder, 'layers/weights'));
  const others = model.files.filter(
    (file) => file !== MODEL_FILE && !file.startsWith(`${TEST_FOLDER}/`) && !weights.some((one) => one.file === file),
  );
  for (const file of others) {
    const to = join(folder, 'layers/package', file);
    mkdirSync(dirname(to), { recursive: true });
    cpSync(join(model.dir, file), to);
  }
  if (existsSync(join(model.dir, 'Dockerfile'))) cpSync(model.dir, folder, { recursive: true });
  else writeFileSync(join(folder, 'Dockerfile'), dockerfileFor(model.card.name, weights.length > 0));
}

function dockerfileFor(name: string, hasWeights: boolean): string {
  const place = `/app/models/${name}/`;
  return [
    'ARG BASE_IMAGE=anteroom/base',
    'FROM ${BASE_IMAGE}',
    ...(hasWeights ? [`COPY layers/weights ${place}`] : []),
    `COPY layers/package ${place}`,
    '',
  ].join('\n');
}

/** Every place that the author of the package has not filled in. */
export function unfilledPlaces({ dir, files }: ModelPackage): Fault[] {
  const texts = files.filter((file) => file === CARD_FILE || file === MODEL_FILE || file.startsWith('config/'));
  return texts.flatMap((file) => unfilledIn(join(dir, file)));
}

function unfilledIn(file: string): Fault[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((text, n) => {
      const column = text.indexOf(FILL_IN) + 1;
      return column === 0 ? [] : [{ file, line: n + 1, column, path: '', message: `is not filled in: ${text.trim()}` }];
    });
}
