/** What two runs were given otherwise: image, settings, input. So a result that does not come out again has its reason beside it. */
import type { Db } from '../ledger/database.js';
import { inputHashes } from '../ledger/equal-runs.js';
import { modelById } from '../ledger/models.js';
import type { RunRow } from '../ledger/runs.js';
import type { Remark } from './compare/finding.js';

/** Compares what stands in the rows of two runs; both have begun. None where the same was done. */
export function whatChanged(db: Db, before: RunRow, after: RunRow): Remark[] {
  const named = [...otherImage(db, before, after), ...otherSettings(before, after), ...otherInput(db, before, after)];
  const differs = before.input_hash !== null && after.input_hash !== null && before.input_hash !== after.input_hash;
  if (named.length > 0 || !differs) return named;
  return [{ label: 'Settings', description: 'what model.yaml tells the model is not what it was then' }];
}

function otherImage(db: Db, before: RunRow, after: RunRow): Remark[] {
  const [one, other] = [before, after].map(({ model_id: id }) => (id === null ? undefined : modelById(db, id)));
  if (one === undefined || other === undefined || one.digest === other.digest) return [];
  return [
    { label: 'Image', description: `is ${other.digest} (version ${other.version}), then it was ${one.digest} (version ${one.version})` },
  ];
}

function otherSettings(before: RunRow, after: RunRow): Remark[] {
  const told = ({ settings, workflow }: RunRow) =>
    new Map(Object.entries({ workflow: workflow ?? 'the default', ...(JSON.parse(settings) as Record<string, unknown>) }));
  const [one, other] = [told(before), told(after)];
  const text = (value: unknown) => (value === undefined ? 'not set' : JSON.stringify(value));
  return [...new Set([...one.keys(), ...other.keys()])]
    .filter((key) => text(one.get(key)) !== text(other.get(key)))
    .map((key) => ({ label: 'Settings', subpath: key, description: `is ${text(other.get(key))}, then it was ${text(one.get(key))}` }));
}

function otherInput(db: Db, before: RunRow, after: RunRow): Remark[] {
  const [one, other] = [before, after].map((run) => inputHashes(db, run).map(({ name, sha256 }) => `${name} ${sha256}`));
  const added = other.filter((instance) => !one.includes(instance)).length;
  const gone = one.filter((instance) => !other.includes(instance)).length;
  if (added + gone === 0) return [];
  return [{ label: 'Input', description: `${other.length} instances, ${added} of them others than the ${one.length} of then` }];
}
