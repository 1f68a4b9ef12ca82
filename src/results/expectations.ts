/** What a registered package promises of the answer of one run. */
import type { ModelRow } from '../ledger/models.js';
import type { RunRow } from '../ledger/runs.js';
import { cardOf } from '../models/answers.js';
import { structuresOf } from '../models/card.js';
import type { ModelYaml } from '../models/model-yaml.js';

export interface Expectations {
  /** Ids of structures that must have voxels in some output; a part stands for its whole (`LEFT_LUNG` for `LUNG`). */
  readonly mustExist: readonly string[];
  /** True where finding nothing is a valid answer. */
  readonly allowEmpty: boolean;
  /** True where a report then says so. */
  readonly saysEmpty: boolean;
  /** Structures that the run looked for; none where that is not known: a card does not tell which of them another workflow than the package's draws. */
  readonly lookedFor: readonly string[];
}

/** The expectations of a run. A package that an earlier release registered does not say whether a report is wanted. */
export function expectationsOf(model: ModelRow, { workflow }: Pick<RunRow, 'workflow'>): Expectations {
  const { outputs, workflow: usual } = JSON.parse(model.package) as Pick<ModelYaml, 'workflow'> & {
    outputs: Partial<ModelYaml['outputs']>;
  };
  const { mustExist = 'card', allowEmpty = false, emptyAnswer } = outputs;
  const named = structuresOf(cardOf(model));
  return {
    // What is named one by one must be there all the same.
    mustExist: mustExist !== 'card' ? mustExist : allowEmpty ? [] : named,
    allowEmpty,
    saysEmpty: emptyAnswer === 'report',
    lookedFor: workflow === null || workflow === usual ? named : [],
  };
}
