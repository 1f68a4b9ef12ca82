/**
 * May a model be used on patients here? Its licences and its status say so, or a person who answers for it. Where neither does, it runs in
 * shadow, or for destinations that are marked as research; a hospital that is a research site as a whole says so in its settings.
 */
import type { EpochMs } from '../foundation/clock.js';
import type { ErrorCode } from '../foundation/errors.js';
import { parseYamlAgain } from '../foundation/yaml.js';
import type { Db } from '../ledger/database.js';
import { permissionInForce } from '../ledger/model-permissions.js';
import { listModels, modelById, type ModelRow } from '../ledger/models.js';
import type { RunRow } from '../ledger/runs.js';
import type { Settings } from '../settings/schema.js';
import { parseCard } from './card.js';
import { usePermitted } from './licence.js';
import type { ModelYaml } from './model-yaml.js';
import { CARD_FILE } from './package.js';

/** What the settings say of use. */
export interface UseRules {
  readonly use: Settings['use'];
  readonly researchDestinations: ReadonlySet<string>;
}

/** Why something must not be done, in the words of the catalogue and in a sentence. */
export interface Refusal {
  readonly code: ErrorCode;
  readonly reason: string;
}

/** Out of the settings. */
export function useRules({ use, destinations }: Settings): UseRules {
  const research = Object.entries(destinations).filter(([, destination]) => destination.research);
  return { use, researchDestinations: new Set(research.map(([name]) => name)) };
}

/**
 * What speaks against the use of a model on patients, whoever may have allowed it; undefined where nothing does. A licence that cannot be made out
 * allows nothing: without a permission all rights are reserved.
 */
export function notClinical({ card, package: yaml }: Pick<ModelRow, 'card' | 'package'>): string | undefined {
  if (statusIn(yaml) === 'research') return 'its status is research (model.yaml)';
  const parsed = parseCard(parseYamlAgain(card, CARD_FILE));
  if (!parsed.ok) return 'its card cannot be read';
  const { code, weights } = parsed.value.license;
  const use = usePermitted({ code, weights });
  if (use === 'commercial') return undefined;
  const licences = `code "${code}", weights "${weights}"`;
  return use === 'non-commercial'
    ? `its licences allow no commercial use: ${licences}`
    : `what its licences allow is not clear: ${licences}`;
}

function statusIn(yaml: string): ModelYaml['status'] {
  return (JSON.parse(yaml || '{}') as Partial<ModelYaml>).status;
}

/** Why a model must not be used on patients at this time; undefined where it may, or where somebody allows it. */
export function useRefused(db: Db, model: ModelRow, rules: UseRules, at: EpochMs): string | undefined {
  const why = rules.use === 'research' ? undefined : notClinical(model);
  return why === undefined || permissionInForce(db, model.id, at) !== undefined ? undefined : why;
}

/** The models in use that must not be used on patients now, by name, each with the reason. */
export function refusedModels(db: Db, rules: UseRules, at: EpochMs): ReadonlyMap<string, string> {
  const active = listModels(db).filter(({ state }) => state === 'active');
  return new Map(
    active.flatMap((model) => {
      const why = useRefused(db, model, rules, at);
      return why === undefined ? [] : [[model.name, why] as const];
    }),
  );
}

/** Why results of a run's model must not go to these destinations; undefined where they may, or go nowhere. */
export function refusedUse(
  db: Db,
  { model_id: id, model_name: name }: Pick<RunRow, 'model_id' | 'model_name'>,
  destinations: readonly string[],
  rules: UseRules,
  at: EpochMs,
): Refusal | undefined {
  const others = destinations.filter((destination) => !rules.researchDestinations.has(destination));
  const model = others.length === 0 || id === null ? undefined : modelById(db, id);
  const why = model && useRefused(db, model, rules, at);
  if (why === undefined) return undefined;
  const unmarked = `${others.join(', ')} ${others.length === 1 ? 'is' : 'are'} not marked research`;
  return { code: 'USE_NOT_PERMITTED', reason: `model ${name}: ${why}; ${unmarked}` };
}
