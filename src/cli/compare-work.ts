/** The cases of a comparison, one after the other: asked for in the node, waited for, scored and kept. */
import type { EvaluationRunView } from '../api/evaluation-routes.js';
import type { CaseScore } from '../evaluation/comparison/case-score.js';
import type { ComparedModel } from '../evaluation/comparison/compared-model.js';
import type { ComparisonFolder } from '../evaluation/comparison/comparison-folder.js';
import type { ReadyFiles } from '../evaluation/comparison/ready-files.js';
import { scoreCase, type ModelResult } from '../evaluation/comparison/score-case.js';
import { AnteroomError, mayPass, toAnteroomError } from '../foundation/errors.js';
import { namedCase, readyCase, truthOf, type PlannedCase, type ReadyCase } from './compare-cases.js';
import type { ComparisonProgress } from './compare-progress.js';
import type { ComparisonRuns } from './compare-runs.js';
import { NodeRefusal } from './node-client.js';

/** So many cases are in the node's queue at once: it does not run dry while one is scored, and no disk has to hold a whole cohort twice. */
const CASES_AHEAD = 4;

export interface WorkParts {
  readonly folder: ComparisonFolder;
  readonly progress: ComparisonProgress;
  readonly models: readonly ComparedModel[];
  /** Results that are ready, by the label of their model. */
  readonly results: ReadonlyMap<string, ReadyFiles>;
  readonly truths: ReadyFiles | undefined;
  /** Where models are to be run. */
  readonly runs?: ComparisonRuns;
}

/** A case that has been asked for, or why it could not be. */
interface Asked {
  readonly planned: PlannedCase;
  readonly ready: ReadyCase;
  /** The study that the models run on, where they do. */
  readonly study?: string;
  readonly failure?: ModelResult['failure'];
}

/** Carries out one comparison. */
export class ComparisonWork {
  private stopping = false;
  /** A model was suspended: its runs wait in the node and must not begin when nobody asks for them. */
  private sawSuspended = false;

  constructor(private readonly parts: WorkParts) {}

  get isStopping(): boolean {
    return this.stopping;
  }

  /** Nothing more is begun; what has not started in the node is cancelled. */
  stop(): void {
    this.stopping = true;
  }

  /** The scores of all cases in the order of the cohort; of those that there are where it was stopped. */
  async carryOut(planned: readonly PlannedCase[]): Promise<CaseScore[]> {
    const { progress, runs } = this.parts;
    const scores = this.scoredBefore(planned);
    await this.forgetCopies(scores);
    const waiting = planned.filter(({ name }) => !scores.has(name));
    progress.begin(planned.length, scores.size);
    const asked: Promise<Asked>[] = [];
    try {
      while (!this.stopping && waiting.length + asked.length > 0) {
        while (asked.length < CASES_AHEAD && waiting.length > 0) asked.push(this.askAfter(asked.at(-1), waiting.shift() as PlannedCase));
        const score = await this.finish(await (asked.shift() as Promise<Asked>));
        if (score !== undefined) scores.set(score.caseName, score);
      }
    } finally {
      await Promise.allSettled(asked);
      // A node that is gone has nothing to cancel; what it still has waiting is found again.
      if (this.stopping || this.sawSuspended) await runs?.pause().catch(() => undefined);
    }
    if (!this.stopping) await this.forgetCopies(scores);
    return planned.flatMap(({ name }) => scores.get(name) ?? []);
  }

  /** Of cases that no command asks for again, also where an earlier one was killed or the case could not be run after it was copied. */
  private async forgetCopies(scores: ReadonlyMap<string, CaseScore>): Promise<void> {
    const { runs, progress } = this.parts;
    const copies = (await runs?.copies()) ?? [];
    for (const { caseName, studyInstanceUid } of copies) {
      const score = scores.get(caseName);
      if (score === undefined || !this.isFinal(score)) continue;
      await runs?.forget(studyInstanceUid).catch((thrown: unknown) => progress.copyStays(caseName, toAnteroomError(thrown).seen));
    }
  }

  /** False where a person or time may remove what a model failed of: then the next command tries it again. Results that are ready cost nothing alone. */
  private isFinal({ models }: CaseScore): boolean {
    const { results, runs } = this.parts;
    const tried = models.filter(({ model }) => runs === undefined || !results.has(model));
    return !tried.some(({ failure }) => failure !== undefined && mayPass(failure.code));
  }

  /** Of an earlier command. @throws AnteroomError COMPARISON_OTHER where the cohort says something else of a case now */
  private scoredBefore(planned: readonly PlannedCase[]): Map<string, CaseScore> {
    const { folder } = this.parts;
    const scores = new Map<string, CaseScore>();
    for (const { name, source } of planned) {
      const score = folder.scored(name);
      if (score === undefined || !this.isFinal(score)) continue;
      if (score.source !== source)
        throw new AnteroomError('COMPARISON_OTHER', `case ${name} in ${folder.path} is of ${score.source}; the cohort says ${source} now`);
      scores.set(name, score);
    }
    return scores;
  }

  /** One case is copied after the other: the models are at work on the first while the next is. */
  private async askAfter(before: Promise<Asked> | undefined, planned: PlannedCase): Promise<Asked> {
    const { runs } = this.parts;
    await before;
    if (this.stopping) return { planned, ready: namedCase(planned) };
    let ready: ReadyCase | undefined;
    try {
      ready = await readyCase(planned, runs && ((query) => runs.search(query)));
      return { planned, ready, ...(runs === undefined ? {} : { study: await runs.ask(ready) }) };
    } catch (thrown) {
      // Its truth is looked for all the same: what failed stays in n.
      return { planned, ready: ready ?? namedCase(planned), failure: failureOf(thrown) };
    }
  }

  /** Waits for a case and scores it; undefined where the command is stopped before its runs have ended. */
  private async finish({ planned, ready, study, failure }: Asked): Promise<CaseScore | undefined> {
    const { folder, progress, runs, truths } = this.parts;
    const { name, source } = planned;
    const ended =
      study === undefined
        ? []
        : await runs?.ended(
            name,
            () => this.stopping,
            (now) => progress.show(name, now),
          );
    if (ended === undefined) return undefined;
    const score = await scoreCase({
      caseName: name,
      source,
      patientId: ready.patientId,
      studyInstanceUid: ready.studyInstanceUid,
      images: ready.images,
      truth: await truthOf(planned, ready, truths),
      models: await Promise.all(this.parts.models.map((model) => this.resultOf(model, name, ready, ended, failure))),
    });
    folder.keep(score);
    progress.caseEnded(score);
    if (ready.toCopy) await this.forgetCopies(new Map([[name, score]]));
    return score;
  }

  private async resultOf(
    { label, digest, claims = [] }: ComparedModel,
    caseName: string,
    ready: ReadyCase,
    ended: readonly EvaluationRunView[],
    failure: ModelResult['failure'],
  ): Promise<ModelResult> {
    const { folder, results } = this.parts;
    const nothing = { model: label, runTimeMs: null, peakMemoryBytes: null, files: [], paths: [] };
    const readyFiles = results.get(label);
    if (readyFiles !== undefined) {
      const paths = await readyFiles.of({ caseName, ...ready });
      if (paths.length > 0) return { ...nothing, files: paths, paths };
      return { ...nothing, failure: { code: 'NOT_FOUND', reason: 'the folder has no result of this case' } };
    }
    if (failure !== undefined) return { ...nothing, failure };
    const run = ended.find((one) => one.model === label.split('@')[0] && one.digest === digest);
    if (run === undefined) return { ...nothing, failure: { code: 'INTERNAL', reason: 'the node knows of no run' } };
    const { state, failureCode, reason, suspended, runTimeMs, peakMemoryBytes } = run;
    if (suspended !== null) {
      this.sawSuspended = true;
      return { ...nothing, failure: { code: 'MODEL_SUSPENDED', reason: suspended } };
    }
    const files = await folder.keepResults(caseName, label, run.files);
    const ofRun = { model: label, claims, runTimeMs, peakMemoryBytes, files, paths: files.map((file) => folder.absolute(file)) };
    return state === 'done' ? ofRun : { ...ofRun, failure: { code: failureCode ?? state, reason: reason ?? '' } };
  }
}

/** These would speak against all cases. */
const ENDING: readonly string[] = ['NODE_NOT_RUNNING', 'INTERNAL', 'DISK_LOW'];

/** What speaks against the case is told with it; what would speak against all of them ends the command. */
function failureOf(thrown: unknown): NonNullable<ModelResult['failure']> {
  const { code, reason } = thrown instanceof NodeRefusal ? { code: thrown.code ?? 'INTERNAL', reason: thrown.message } : reasonOf(thrown);
  if (ENDING.includes(code)) throw thrown;
  return { code, reason };
}

function reasonOf(thrown: unknown): { readonly code: string; readonly reason: string } {
  const { code, seen } = toAnteroomError(thrown);
  return { code, reason: seen };
}
