/** The models that can run now, with what their cards say of their inputs. */
import { parseYaml } from '../foundation/yaml.js';
import type { Db } from '../ledger/database.js';
import { listModels, type ModelRow } from '../ledger/models.js';
import { parseCard, type CardInput } from '../models/card.js';
import type { ActiveModel, ActiveModels } from './decision.js';

/** Inputs by the text of the card: each study version asks, and a card does not change. */
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

/** What a model takes, as its card says; undefined where the card cannot be read any more. */
export function inputsOnCard({ card, name }: Pick<ModelRow, 'card' | 'name'>): readonly CardInput[] | undefined {
  if (!inputsOfCard.has(card)) {
    const parsed = parseCard(parseYaml(card, name));
    inputsOfCard.set(card, parsed.ok ? parsed.value.inputs : undefined);
  }
  return inputsOfCard.get(card);
}
