/** The models that can run now, with what their cards say of their inputs. */
import { parseYaml } from '../foundation/yaml.js';
import type { Db } from '../ledger/database.js';
import { listModels, type ModelRow } from '../ledger/models.js';
import { parseCard, type CardInput } from '../models/card.js';
import { inputsByName, type InputLayout } from '../models/input-layout.js';
import type { ModelYaml } from '../models/model-yaml.js';
import type { ActiveModel, ActiveModels } from './decision.js';

/** Inputs by the texts of the card and of the package: each study version asks, and they do not change. */
const inputsOfCard = new Map<string, readonly CardInput[] | undefined>();

/** Name, version and card of the models that can run now. A card that cannot be read any more says nothing. */
export function activeModels(db: Db): ActiveModels {
  const active = listModels(db).filter((model) => model.state === 'active');
  return new Map(active.map((model) => [model.name, activeModel(model)]));
}

function activeModel(model: ModelRow): ActiveModel {
  const { version } = model;
  const inputs = inputsOnCard(model);
  return inputs === undefined ? { version } : { version, card: { inputs } };
}

/** What a model takes, as its card says, under the names that its package has for it; undefined where the card cannot be read any more. */
export function inputsOnCard({ card, name, package: yaml }: Pick<ModelRow, 'card' | 'name' | 'package'>): readonly CardInput[] | undefined {
  const key = `${card}\0${yaml}`;
  if (!inputsOfCard.has(key)) {
    const parsed = parseCard(parseYaml(card, name));
    inputsOfCard.set(key, parsed.ok ? inputsByName(parsed.value.inputs, layoutIn(yaml)) : undefined);
  }
  return inputsOfCard.get(key);
}

function layoutIn(yaml: string): InputLayout {
  const { input } = JSON.parse(yaml) as { input?: ModelYaml['input'] };
  return input?.layout ?? 'flat';
}
