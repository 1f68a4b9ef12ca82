import { judgeExit, type ContainerState, type WatchedFacts } from '../../../src/runs/runtimes/exit.js';

const ENDED: ContainerState = {
  status: 'exited',
  running: false,
  exitCode: 0,
  oomKilled: false,
  error: '',
  startedAt: 1000,
  endedAt: 9000,
};
const WATCHED: WatchedFacts = {
  intent: undefined,
  oomIsSilent: false,
  lastSeenRunningAt: 8000,
  engineWasAway: false,
  engineKeepsContainers: false,
  outputTooLarge: false,
  peakMemoryBytes: undefined,
};

describe('judgeExit', () => {
  it.each<[string, Partial<ContainerState>, Partial<WatchedFacts>, boolean]>([
    ['a plain failure', { exitCode: 1 }, {}, false],
    ['a kill under the eyes of the watch', { exitCode: 137 }, {}, false],
    ['a failure before the engine went away', { exitCode: 1, endedAt: 7000 }, { engineWasAway: true }, false],
    ['a failure while the engine was away', { exitCode: 1 }, { engineWasAway: true }, true],
    [
      'a failure while an engine was away that keeps its containers',
      { exitCode: 1 },
      { engineWasAway: true, engineKeepsContainers: true },
      false,
    ],
    ['a kill while such an engine was away', { exitCode: 137 }, { engineWasAway: true, engineKeepsContainers: true }, true],
    ['success while the engine was away', {}, { engineWasAway: true }, false],
    ['out of memory while the engine was away', { exitCode: 137, oomKilled: true }, { engineWasAway: true }, false],
    ['a failure that nobody watched', { exitCode: 1 }, { lastSeenRunningAt: undefined }, false],
    ['255, which Docker writes for what it did not see', { exitCode: 255 }, { lastSeenRunningAt: undefined }, true],
    ['a termination that nobody watched', { exitCode: 143 }, { lastSeenRunningAt: undefined }, true],
    ['our own kill', { exitCode: 137 }, { intent: 'cancelled', engineWasAway: true }, false],
    ['a dead container', { status: 'dead', exitCode: 0 }, {}, true],
  ])('%s', (_name, state, facts, lost) => {
    const exit = judgeExit({ ...ENDED, ...state }, { ...WATCHED, ...facts });
    expect(exit.lost).toBe(lost);
    expect(exit.exitCode).toBe(lost ? undefined : (state.exitCode ?? 0));
  });

  it('calls a container that is gone lost, unless we took it away', () => {
    expect(judgeExit(undefined, WATCHED)).toMatchObject({
      lost: true,
      exitCode: undefined,
      detail: 'the container is gone and left no exit code',
    });
    expect(judgeExit(undefined, { ...WATCHED, intent: 'cancelled' })).toMatchObject({ lost: false, cancelled: true });
  });

  it("takes a foreign SIGKILL for the kernel's where the engine does not report those", () => {
    expect(judgeExit({ ...ENDED, exitCode: 137 }, { ...WATCHED, oomIsSilent: true })).toMatchObject({ oomKilled: true, lost: false });
    expect(judgeExit({ ...ENDED, exitCode: 137 }, { ...WATCHED, oomIsSilent: true, lastSeenRunningAt: undefined })).toMatchObject({
      oomKilled: false,
      lost: true,
    });
    expect(judgeExit({ ...ENDED, exitCode: 137 }, { ...WATCHED, oomIsSilent: true, intent: 'timedOut' })).toMatchObject({
      oomKilled: false,
      timedOut: true,
    });
  });

  it('keeps the mark of a killed child beside exit code 0', () => {
    expect(judgeExit({ ...ENDED, oomKilled: true }, WATCHED)).toMatchObject({ exitCode: 0, oomKilled: true });
  });
});
