/** What a package promises as its answer, and what of the files that a model leaves is one. */
import { parseYamlAgain } from '../foundation/yaml.js';
import type { ModelRow } from '../ledger/models.js';
import { parseCard, structuresOf, type ModelCard } from './card.js';
import type { LabelMapYaml, ModelYaml } from './model-yaml.js';
import { CARD_FILE } from './package.js';
import type { ReportYaml } from './report-yaml.js';

export interface AnswerPromise {
  /** True where the card names structures: then nothing but a segmentation is an answer. */
  readonly segmentation: boolean;
  /** Files that become a segmentation. */
  readonly labelMaps: readonly LabelMapYaml[];
  /** Files that become a structured report. */
  readonly reports: readonly ReportYaml[];
}

/** The card of a registered model. It was checked when it was registered. */
export function cardOf(model: ModelRow): ModelCard {
  const card = parseCard(parseYamlAgain(model.card, CARD_FILE));
  if (!card.ok) throw new Error(`the registered card of ${model.name} cannot be read any more`);
  return card.value;
}

/** What a registered model promises. One whose card cannot be read promises a segmentation. */
export function promiseOf(model: ModelRow): AnswerPromise {
  const card = parseCard(parseYamlAgain(model.card, CARD_FILE));
  const segmentation = !card.ok || drawsStructures(card.value);
  // A package that an earlier release registered has none.
  const { outputs } = JSON.parse(model.package) as { outputs: Partial<ModelYaml['outputs']> };
  return { segmentation, labelMaps: outputs.labelMaps ?? [], reports: outputs.reports ?? [] };
}

/** The structures that a registered model promises; none where its card cannot be read. */
export function structuresPromised({ card }: Pick<ModelRow, 'card'>): string[] {
  const parsed = parseCard(parseYamlAgain(card, CARD_FILE));
  return parsed.ok ? structuresOf(parsed.value) : [];
}

/** What a package promises that was read just now. */
export function promiseOfPackage({ card, model }: { readonly card: ModelCard; readonly model: ModelYaml }): AnswerPromise {
  return { segmentation: drawsStructures(card), labelMaps: model.outputs.labelMaps, reports: model.outputs.reports };
}

function drawsStructures({ outputs }: ModelCard): boolean {
  return outputs.some(({ type }) => type === 'segmentation');
}

/** What model.yaml says of a file of this path, be it a label map or a report; undefined where it does not name the file. */
export function namedFile<T extends { readonly file: string }>(path: string, among: readonly T[]): T | undefined {
  const name = path.slice(path.lastIndexOf('/') + 1).toLowerCase();
  return among.find(({ file }) => asPattern(file.toLowerCase()).test(name));
}

/** What model.yaml says of a file of this path; undefined where it is no label map that it names. */
export function labelMapOf(path: string, labelMaps: readonly LabelMapYaml[]): LabelMapYaml | undefined {
  return namedFile(path, labelMaps);
}

function asPattern(file: string): RegExp {
  const parts = file.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('[^/]*')}$`);
}
