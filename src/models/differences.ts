/** In what two descriptions of a model differ: its card and its model.yaml, place by place. */
import type { ModelRow } from '../ledger/models.js';
import { modelYamlSchema } from './model-yaml.js';
import { CARD_FILE, MODEL_FILE } from './package.js';

/** A card as text, and model.yaml as JSON. */
export type ModelDescription = Pick<ModelRow, 'card' | 'package'>;

export interface ModelChange {
  /** `digest`, `structures`, or the place in the card or model.yaml. */
  readonly what: string;
  readonly before: string;
  readonly after: string;
}

/** What two descriptions of one digest say otherwise. Where image, weights and test data come from changes nothing of what runs. */
export function descriptionChanges(before: ModelDescription, after: ModelDescription): ModelChange[] {
  const changes = [
    ...differences(treeOf(before.card), treeOf(after.card), CARD_FILE),
    ...differences(whatRuns(before), whatRuns(after), MODEL_FILE),
  ];
  return changes.filter((change) => change.before !== change.after);
}

/** With the defaults of now: one that an earlier release registered does not have all of them. */
function whatRuns({ package: text }: ModelDescription): unknown {
  const yaml = { ...(JSON.parse(text || '{}') as Record<string, unknown>), organizerTargets: undefined };
  const known = modelYamlSchema.safeParse(JSON.parse(JSON.stringify(yaml)));
  return { ...(known.success ? known.data : yaml), organizerTargets: undefined, image: undefined, weights: undefined, test: undefined };
}

function treeOf(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return json;
  }
}

/** Every place of two trees that is not the same; lists of words are one place. */
export function differences(before: unknown, after: unknown, file: string): ModelChange[] {
  const [one, other] = [new Map(leavesOf(before, [])), new Map(leavesOf(after, []))];
  return [...new Set([...one.keys(), ...other.keys()])].map((path) => ({
    what: `${file} ${path}`,
    before: one.get(path) ?? 'nothing',
    after: other.get(path) ?? 'nothing',
  }));
}

function leavesOf(value: unknown, path: readonly string[]): [string, string][] {
  if (typeof value !== 'object' || value === null) return [[path.join('.'), String(value)]];
  if (Array.isArray(value) && value.every((entry) => typeof entry !== 'object')) return [[path.join('.'), value.join(', ')]];
  return Object.entries(value).flatMap(([key, inner]) => leavesOf(inner, [...path, key]));
}
