/** From what is known about an ended container or process to what that means. Pure. */
import type { RunExit } from './runtime.js';

/** Why the node itself ended a container. */
export type Intent = 'cancelled' | 'timedOut' | 'outputTooLarge' | 'scratchTooLarge' | 'outOfMemory';

/** The part of an inspected container (or process) that counts. */
export interface ContainerState {
  /** The engine's word; only `dead` means something here: an end that the engine could not finish. */
  readonly status: string;
  readonly running: boolean;
  readonly exitCode: number;
  readonly oomKilled: boolean;
  readonly error: string;
  /** Epoch ms; undefined: it was never started. */
  readonly startedAt: number | undefined;
  readonly endedAt: number | undefined;
}

/** What the watch saw besides. */
export interface WatchedFacts {
  readonly intent: Intent | undefined;
  /** The engine never reports the kernel's kills for memory, as Podman does not: a SIGKILL in sight that was not ours is taken for one. */
  readonly oomIsSilent: boolean;
  /** Last time that it was known to run, before it ended; undefined: it had ended when the watch began. */
  readonly lastSeenRunningAt: number | undefined;
  /** The engine was away after that, or went away right after the end. */
  readonly engineWasAway: boolean;
  /** Containers live on without it: an exit code from that time is the model's own. */
  readonly engineKeepsContainers: boolean;
  readonly outputTooLarge: boolean;
  readonly peakMemoryBytes: number | undefined;
}

/** 128 + SIGKILL, 128 + SIGTERM, and what Docker reports for a container whose end it did not see. */
const KILLED = 137;
const TERMINATED = 143;
const UNKNOWN_END = 255;

/** `state` undefined: the container is gone. */
export function judgeExit(state: ContainerState | undefined, facts: WatchedFacts): RunExit {
  const { intent } = facts;
  const oomKilled = intent === 'outOfMemory' || (state !== undefined && wasOutOfMemory(state, facts));
  const endedWithEngine = state === undefined ? 'the container is gone and left no exit code' : endOfEngine(state, facts, oomKilled);
  const lost = intent === undefined && endedWithEngine !== undefined;
  const detail = lost ? endedWithEngine : strangeEnd(state, intent, oomKilled);
  return {
    exitCode: lost ? undefined : state?.exitCode,
    oomKilled,
    timedOut: intent === 'timedOut',
    cancelled: intent === 'cancelled',
    outputTooLarge: intent === 'outputTooLarge' || facts.outputTooLarge,
    ...(intent === 'scratchTooLarge' ? { scratchTooLarge: true } : {}),
    lost,
    ...(state?.startedAt === undefined ? {} : { startedAt: state.startedAt }),
    ...(state?.endedAt === undefined ? {} : { endedAt: state.endedAt }),
    ...(facts.peakMemoryBytes === undefined ? {} : { peakMemoryBytes: facts.peakMemoryBytes }),
    ...(detail === undefined ? {} : { detail }),
  };
}

function wasOutOfMemory(state: ContainerState, facts: WatchedFacts): boolean {
  const killedInSight = state.exitCode === KILLED && facts.intent === undefined && facts.lastSeenRunningAt !== undefined;
  return state.oomKilled || (facts.oomIsSilent && killedInSight);
}

/** Why nothing can be said about the model: it was the engine (or the machine) that ended the container. */
function endOfEngine(state: ContainerState, facts: WatchedFacts, oomKilled: boolean): string | undefined {
  if (state.status === 'dead') return 'the engine reports the container as dead';
  if (oomKilled || state.exitCode === 0) return undefined;
  if (facts.lastSeenRunningAt === undefined) {
    return endedBySignal(state)
      ? `ended with ${state.exitCode} while nobody watched, as it does when the engine or the machine is stopped`
      : undefined;
  }
  const endedAfterContact = state.endedAt === undefined || state.endedAt >= facts.lastSeenRunningAt;
  const endedByEngine = facts.engineWasAway && endedAfterContact && (endedBySignal(state) || !facts.engineKeepsContainers);
  return endedByEngine ? `ended with ${state.exitCode} while the engine was away` : undefined;
}

/** Ended as it does when its engine or its machine is stopped, or by someone's hand. */
export function endedBySignal(state: ContainerState): boolean {
  return !state.oomKilled && [KILLED, TERMINATED, UNKNOWN_END].includes(state.exitCode);
}

function strangeEnd(state: ContainerState | undefined, intent: Intent | undefined, oomKilled: boolean): string | undefined {
  if (intent !== undefined || state === undefined) return undefined;
  if (state.error !== '') return `the engine says: ${state.error}`;
  return endedBySignal(state) && state.exitCode !== UNKNOWN_END && !oomKilled
    ? 'killed by a signal that did not come from this node'
    : undefined;
}
