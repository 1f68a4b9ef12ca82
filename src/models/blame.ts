/** Failures that speak against a model or its package. The others are the input's fault, a person's, or the study's. */
import type { ErrorCode } from '../foundation/errors.js';

/** Not among them: nothing found in the input, unreadable, cancelled, outdated, nor a node that died, of whatever. */
export const BLAMES_MODEL: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'MODEL_EXITED',
  'MODEL_TIMEOUT',
  'MODEL_OOM',
  'MODEL_NO_OUTPUT',
  'MODEL_OUTPUT_TOO_LARGE',
  'MODEL_SCRATCH_TOO_LARGE',
  'MODEL_INPUTS_OTHER',
  'WORKFLOW_INVALID',
  'IMAGE_MISSING',
  'CONTAINER_START_FAILED',
  'RUN_LOST',
  'GATE_REJECTED',
]);
