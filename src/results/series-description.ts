/** SeriesDescription of results: all that most viewers show of them. */
import type { ModelRow } from '../ledger/models.js';
import { cardOf } from '../models/answers.js';
import { notClinical } from '../models/use-gate.js';

const MAX_LENGTH = 64;

/**
 * Title and version of the model, after RESEARCH where its licences or status do not allow to use it on patients, whoever may have allowed it
 * (LO: 64 characters). It depends on the model alone, so that the same object is made again at any time.
 */
export function seriesDescriptionOf(model: ModelRow): string {
  const { title, name, version } = cardOf(model);
  return markedForResearch(model, `${title || name} ${version}`) ?? `${title || name} ${version}`.slice(0, MAX_LENGTH);
}

/** A description with RESEARCH before it; undefined where the model needs no mark. Only ASCII is repeated: the object's character set may lack the rest. */
export function markedForResearch(model: ModelRow, description: string): string | undefined {
  if (notClinical(model) === undefined) return undefined;
  return `RESEARCH ${/^[\x20-\x7e]*$/.test(description) ? description : model.name}`.trim().slice(0, MAX_LENGTH);
}
