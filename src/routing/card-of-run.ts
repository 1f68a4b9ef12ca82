/** The model's card asked once more before a run starts: what was chosen while no model was active has not passed it. */
import type { Db } from '../ledger/database.js';
import { modelById } from '../ledger/models.js';
import { inputsOfRun, type RunRow } from '../ledger/runs.js';
import { versionAsRehearsed } from '../ledger/series-facts.js';
import type { Refusal } from '../models/use-gate.js';
import { inputsOnCard } from './active-models.js';
import { cardRefusal } from './card-gate.js';
import { seriesLabel } from './condition.js';
import { storedFacts } from './stored-facts.js';

/** Why the model that a rule's run is going to use does not take its series, in words that may hold header values; undefined where it does. */
export function refusedByCard(db: Db, run: RunRow): Refusal | undefined {
  const model = run.rule === null || run.model_id === null ? undefined : modelById(db, run.model_id);
  const inputs = model && inputsOnCard(model);
  const version = inputs && versionAsRehearsed(db, run.version_id);
  if (version === undefined || version.purged === 1) return undefined;
  const [facts] = storedFacts(db, [version]);
  for (const { name, series_instance_uid: uid } of inputsOfRun(db, run.id)) {
    const series = facts?.series.find(({ seriesInstanceUid }) => seriesInstanceUid === uid);
    const refusal = series && inputs && cardRefusal(series, name, { inputs });
    if (series !== undefined && refusal !== undefined) return { code: 'INPUT_NOT_TAKEN', reason: `${seriesLabel(series)}: ${refusal}` };
  }
  return undefined;
}
