/** What `doctor` says of the queue: what is paused, what the circuit breaker has suspended, what can never run here. */
import type { ListedModel } from '../api/views.js';
import { CATALOGUE } from '../foundation/errors.js';
import type { Attention } from '../ledger/attention.js';
import type { Finding } from './finding.js';

/** One finding each; none where nothing is held up. */
export function queueFindings({ pauses, suspendedModels }: Attention, models: readonly ListedModel[]): Finding[] {
  const tooLarge = models.filter(({ state, neverFits }) => neverFits !== null && (state === 'active' || state === 'suspended'));
  return [
    ...pauses.map((seen): Finding => ({ subject: 'pause', standing: 'warning', seen, remedy: 'Let it go on with `anteroom resume`.' })),
    ...suspendedModels.map(({ model, reason, waitingRuns }): Finding => ({
      subject: `model ${model}`,
      standing: 'wrong',
      seen: `suspended, ${waitingRuns} run(s) wait: ${reason}`,
      remedy: `Correct the model, then \`anteroom resume model ${model}\`; retry the runs that failed with \`anteroom retry --run N\`.`,
    })),
    ...tooLarge.map(({ name, neverFits }): Finding => ({
      subject: `model ${name}`,
      standing: 'wrong',
      seen: `can never run here: ${neverFits}`,
      remedy: CATALOGUE.MODEL_TOO_LARGE.remedy,
    })),
  ];
}
