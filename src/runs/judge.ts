/** What the end of a container means for its run. */
import { AnteroomError } from '../foundation/errors.js';
import { labelMapOf, type AnswerPromise } from '../models/answers.js';
import type { FoundOutput } from './outputs.js';
import type { RunExit } from './runtimes/runtime.js';

export type Verdict =
  { readonly outcome: 'produced' } | { readonly outcome: 'again' | 'failed' | 'cancelled'; readonly error: AnteroomError };

/**
 * The files decide, not exit code 0: MHub's engine ends with 0 when everything failed. The other way round a non-zero
 * exit code is the model's own word that it failed, and files left before that are not trusted.
 */
export function judgeExit(
  exit: RunExit,
  outputs: readonly FoundOutput[],
  limits: { timeoutMs: number; memoryMb: number; maxOutputMb: number; maxScratchMb: number },
  promise: AnswerPromise,
): Verdict {
  const failed = (error: AnteroomError): Verdict => ({ outcome: 'failed', error });
  if (exit.cancelled) return { outcome: 'cancelled', error: new AnteroomError('RUN_CANCELLED', 'cancelled by a person') };
  if (exit.lost) return { outcome: 'again', error: new AnteroomError('RUN_LOST', exit.detail ?? 'the container is gone') };
  if (exit.timedOut)
    return failed(new AnteroomError('MODEL_TIMEOUT', `still at work after ${limits.timeoutMs / 1000} s, expected to have ended by then`));
  if (exit.outputTooLarge)
    return failed(new AnteroomError('MODEL_OUTPUT_TOO_LARGE', `wrote more than ${limits.maxOutputMb} MB, expected at most that`));
  if (exit.scratchTooLarge)
    return failed(
      new AnteroomError('MODEL_SCRATCH_TOO_LARGE', `wrote more than ${limits.maxScratchMb} MB beside its output, expected at most that`),
    );
  if (exit.oomKilled) return failed(new AnteroomError('MODEL_OOM', `wanted more than ${limits.memoryMb} MB, expected at most that`));
  if (exit.exitCode !== 0)
    return failed(
      new AnteroomError('MODEL_EXITED', `exit code ${exit.exitCode ?? 'unknown'}, expected 0${exit.detail ? `; ${exit.detail}` : ''}`),
    );
  const lack = lackOf(outputs, promise);
  return lack === undefined ? { outcome: 'produced' } : failed(new AnteroomError('MODEL_NO_OUTPUT', `exit code 0, but ${lack}`));
}

/** Why what a model left is no answer, as its card and package promise one; undefined where it may be one. */
function lackOf(outputs: readonly FoundOutput[], { segmentation, labelMaps }: AnswerPromise): string | undefined {
  const files = outputs.filter(({ kind, sizeBytes }) => kind !== 'log' && sizeBytes > 0);
  if (!segmentation) return files.length > 0 ? undefined : 'no file with anything in it in the output; expected what the card promises';
  if (files.some(({ kind, path }) => kind === 'dicom' || labelMapOf(path, labelMaps) !== undefined)) return undefined;
  const others = files.length === 0 ? 'no file' : `${files.length} file(s), none of them DICOM,`;
  return `${others} in the output; expected a DICOM-SEG`;
}
