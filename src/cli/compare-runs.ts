/** The runs of a comparison in the node: asked for, waited for, and found again after either side was killed. */
import { setTimeout } from 'node:timers/promises';
import type { FoundCase, StudySearch, TakenCase } from '../api/evaluation-cases.js';
import type { CaseCopy, EvaluationRunView } from '../api/evaluation-routes.js';
import type { ListedModel } from '../api/views.js';
import type { ComparedModel } from '../evaluation/comparison/compared-model.js';
import { AnteroomError } from '../foundation/errors.js';
import { hasEnded } from '../ledger/states.js';
import type { NodeClient } from './node-client.js';
import type { ReadyCase } from './compare-cases.js';

const POLL_MS = 250;
/** A node that is started again by its supervisor answers within this. */
const NODE_PATIENCE_MS = 120_000;

/** A model that the node has, under the name by which the command knows it. */
export interface NodeModel extends ComparedModel {
  readonly name: string;
  readonly digest: string;
}

/** What the node does for one comparison. */
export class ComparisonRuns {
  /** `onSilence` is called once when the node does not answer and is waited for. */
  constructor(
    private readonly client: NodeClient,
    private readonly evaluation: string,
    private readonly models: readonly NodeModel[],
    private readonly onSilence: () => void,
  ) {}

  search(query: StudySearch): Promise<FoundCase[]> {
    const models = this.models.map(({ name, digest }) => ({ name, digest }));
    return this.patiently(() => this.client.post<FoundCase[]>('/evaluations/search', { query, models }));
  }

  /** Has every model run on a case; what is there already is not made again. Returns the study in the node. */
  async ask(one: ReadyCase): Promise<string> {
    const { name: caseName, studyInstanceUid, seriesInstanceUid, images: files, toCopy } = one;
    const taken = !toCopy
      ? { studyInstanceUid, seriesInstanceUid }
      : await this.patiently(() =>
          this.client.post<TakenCase>(`${this.path}/cases`, { caseName, studyInstanceUid, seriesInstanceUid, files }),
        );
    for (const { name, digest } of this.models)
      await this.patiently(() => this.client.post(`${this.path}/runs`, { caseName, model: { name, digest }, ...taken }));
    return taken.studyInstanceUid;
  }

  /** The runs of these cases as they are now. */
  runs(caseNames: readonly string[]): Promise<EvaluationRunView[]> {
    const query = caseNames.map((name) => `case=${encodeURIComponent(name)}`).join('&');
    return this.patiently(() => this.client.get<EvaluationRunView[]>(`${this.path}/runs?${query}`));
  }

  /**
   * The runs of a case when all of them have ended, or cannot begin as their model is suspended; undefined where `isStopping` says so before. A pause is
   * waited for, as somebody ends it; a suspended model needs somebody who corrects it, and the others need not wait for that.
   */
  async ended(
    caseName: string,
    isStopping: () => boolean,
    onChange: (runs: readonly EvaluationRunView[]) => void,
  ): Promise<EvaluationRunView[] | undefined> {
    for (;;) {
      const runs = await this.runs([caseName]);
      if (runs.length === this.models.length && runs.every((run) => hasEnded(run) || run.suspended !== null)) return runs;
      if (isStopping()) return undefined;
      onChange(runs);
      await setTimeout(POLL_MS);
    }
  }

  /** Cancels what has not started, also where its model is suspended; a later command has it run. */
  pause(): Promise<unknown> {
    return this.client.post(`${this.path}/pause`);
  }

  /** Cancels everything that has not ended. */
  cancel(): Promise<unknown> {
    return this.patiently(() => this.client.post(`${this.path}/pause`, { running: true }));
  }

  /** The runs of all cases. */
  all(): Promise<EvaluationRunView[]> {
    return this.patiently(() => this.client.get<EvaluationRunView[]>(`${this.path}/runs`));
  }

  /** The copies of cases that the node has. */
  copies(): Promise<CaseCopy[]> {
    return this.patiently(() => this.client.get<CaseCopy[]>(`${this.path}/cases`));
  }

  /** The node's copy of a case is not needed any more. Resolves with whether it was deleted now; rejects where something else keeps it. */
  async forget(study: string): Promise<boolean> {
    const { forgotten } = await this.patiently(() => this.client.post<{ forgotten: boolean }>(`${this.path}/cases/${study}/forget`));
    return forgotten;
  }

  private get path(): string {
    return `/evaluations/${this.evaluation}`;
  }

  /** Everything here may be asked twice: a node that is being started again is waited for. */
  private async patiently<T>(ask: () => Promise<T>): Promise<T> {
    const deadline = Date.now() + NODE_PATIENCE_MS;
    for (let told = false; ;) {
      try {
        return await ask();
      } catch (thrown) {
        if (!(thrown instanceof AnteroomError && thrown.code === 'NODE_NOT_RUNNING') || Date.now() > deadline) throw thrown;
        if (!told) this.onSilence();
        told = true;
        await setTimeout(POLL_MS * 2);
      }
    }
  }
}

/**
 * The models that the command names as `NAME` or `NAME@VERSION`: the one in use, else the newest that is registered. One that is suspended is taken only
 * where a comparison goes on with it, `begunWith`: then its cases fail for that, and no other version takes its place.
 * @throws {AnteroomError} MODEL_UNKNOWN, MODEL_SUSPENDED, MODEL_TOO_LARGE; USAGE where two names are of one model
 */
export async function modelsOnNode(
  client: NodeClient,
  labels: readonly string[],
  begunWith: readonly ComparedModel[] = [],
): Promise<NodeModel[]> {
  const all = labels.length === 0 ? [] : await client.get<ListedModel[]>('/models');
  const models = labels.map((label) => modelNamed(label, all, begunWith));
  for (const [index, { label, name, digest }] of models.entries()) {
    const same = models.slice(0, index).find((one) => one.name === name && one.digest === digest);
    if (same !== undefined) throw new AnteroomError('USAGE', `${same.label} and ${label} are the same model; expected each model once`);
  }
  return models;
}

function modelNamed(label: string, all: readonly ListedModel[], begunWith: readonly ComparedModel[]): NodeModel {
  const [name, version] = label.split('@');
  const known = all.filter((model) => model.name === name && (version === undefined || model.version === version));
  const inState = (wanted: string) => known.find(({ state }) => state === wanted);
  const usable = known.filter(({ state }) => state !== 'retired' || version !== undefined);
  const model = inState('active') ?? inState('suspended') ?? usable[0];
  if (model === undefined) {
    const seen =
      known.length === 0
        ? `registered are ${all.map((one) => `${one.name}@${one.version}`).join(', ') || 'none'}`
        : `it is ${known[0].state}; expected one in use, or NAME@VERSION`;
    throw new AnteroomError('MODEL_UNKNOWN', `model ${label}: ${seen}`);
  }
  const goesOn = begunWith.some((begun) => begun.label === label && begun.digest === model.digest);
  if (model.state === 'suspended' && !goesOn)
    throw new AnteroomError('MODEL_SUSPENDED', `model ${label}: ${model.suspendedReason ?? 'by a person'}`);
  if (model.neverFits !== null) throw new AnteroomError('MODEL_TOO_LARGE', `model ${label}: ${model.neverFits}`);
  return { label, name, version: model.version, digest: model.digest, claims: model.structures };
}
