/** From outputs to results: every run that has produced something passes the gate or is rejected with the reasons. */
import { join } from 'node:path';
import type { Clock } from '../foundation/clock.js';
import { AnteroomError, toAnteroomError } from '../foundation/errors.js';
import { failpoint } from '../foundation/failpoint.js';
import { loggerOf } from '../foundation/log.js';
import type { Equipment } from '../dicom/equipment.js';
import { SOP_CLASS } from '../dicom/element/uids.js';
import { REPORT_SOP_CLASS } from '../dicom/sr/write.js';
import type { Db } from '../ledger/database.js';
import { instancesOfVersion } from '../ledger/instances.js';
import { beginMaking, endMaking } from '../ledger/makings.js';
import { modelById, type ModelRow } from '../ledger/models.js';
import { ensureResult, outputsOfAttempt, resultsOfStudy, type OutputRow, type ResultRow } from '../ledger/results.js';
import { destinationsOfRun, inputsOfRun, lastAttempt, recordDelay, runsInState, type AttemptRow, type RunRow } from '../ledger/runs.js';
import { versionById, type VersionRow } from '../ledger/versions.js';
import { promiseOf } from '../models/answers.js';
import { judgeAnswer, unfoundIn, type Unfound } from './answer.js';
import { candidatesOf, demandPromised, resultClassOf, resultUidsByOutput, siblingsAmong } from './candidates.js';
import { keep, pass, reject, rejectAll, type Answer, type Entered, type Judged } from './endings.js';
import { expectationsOf } from './expectations.js';
import { newUids, type ResultUids } from './identity.js';
import { judgeOutput } from './judge-output.js';
import { answersAmong, demandWhole } from './kept-outputs.js';
import { labelMapsOf, type Wanted } from './label-maps.js';
import { obstacleTo, type Obstacle } from './obstacle.js';
import { emptyReport } from './reports/empty-report.js';
import { makeReport } from './reports/make-report.js';
import { RunSources, type SourceInput } from './run-sources.js';

const log = loggerOf('results');

/** Our series come after those of the scanner. */
const FIRST_SERIES_NUMBER = 9001;

/** Once may be a power cut, and a second time too. */
const MAX_MAKINGS = 3;

const GOES_AS_BINARY = 'a segmentation has no label map and goes as BINARY';

export interface ResultsOptions {
  readonly db: Db;
  readonly clock: Clock;
  readonly archiveFolder: string;
  readonly resultsFolder: string;
  /** The output folder of an attempt. */
  readonly outputFolderOf: (runId: number, attempt: number) => string;
  /** This node, as its objects name it. */
  readonly equipment: Equipment;
  readonly nodeId: string;
  /** Those that take segmentations as label maps. */
  readonly labelMapDestinations: ReadonlySet<string>;
}

/**
 * Makes the results of every run in `produced`, or of fewer when the node is stopping: a stop that takes long is cut short by a kill, and a making with it.
 * Those that were begun in vain come last: what the node does not survive holds no other up. Returns how many runs left that state.
 */
export async function makeDueResults(options: ResultsOptions, isStopping: () => boolean): Promise<number> {
  let ended = 0;
  const due = runsInState(options.db, 'produced').sort((a, b) => a.makings - b.makings);
  for (const run of due) {
    if (isStopping()) break;
    const obstacle = obstacleTo(options.db, run);
    if (obstacle?.waits === true) {
      recordDelay(options.db, run.id, { code: null, reason: obstacle.reason });
      continue;
    }
    beginMaking(options.db, run.id);
    try {
      if (await resultsEnd(options, run, obstacle)) ended++;
    } finally {
      endMaking(options.db, run.id);
    }
  }
  return ended;
}

/** Returns false where the run stays as it is. */
async function resultsEnd(options: ResultsOptions, run: RunRow, obstacle: Obstacle | undefined): Promise<boolean> {
  try {
    if (obstacle !== undefined) throw new AnteroomError('OUTDATED', obstacle.reason);
    demandSurvivable(run);
    return await makeResultsOf(options, run);
  } catch (thrown) {
    const error = toAnteroomError(thrown);
    log[error.code === 'INTERNAL' ? 'error' : 'warn']('results could not be made', {
      run: run.id,
      code: error.code,
      kind: error.kind,
      seen: error.seen,
      stack: error.code === 'INTERNAL' ? error.stack : undefined,
    });
    // What is transient (a full disk) is tried again with the next look; everything else would fail the same way again.
    if (error.kind === 'transient') {
      recordDelay(options.db, run.id, { code: error.code, reason: error.seen });
      return false;
    }
    reject(options, run, error.kind === 'permanent' ? 'rejected' : 'failed', error.code, error.seen);
    return true;
  }
}

/** What the node has not survived again and again is not begun once more. Throws RESULTS_DEADLY. */
function demandSurvivable({ makings }: RunRow): void {
  if (makings >= MAX_MAKINGS)
    throw new AnteroomError(
      'RESULTS_DEADLY',
      `making its results was begun ${makings} times and never came to an end, expected an end each time`,
    );
}

/** What is known of a run whose results are made. */
interface Produced {
  readonly run: RunRow;
  readonly model: ModelRow;
  readonly outputs: readonly OutputRow[];
  /** Where the outputs lie. */
  readonly folder: string;
}

/** Returns false where the run did not leave its state after all. */
async function makeResultsOf(options: ResultsOptions, run: RunRow): Promise<boolean> {
  const { db, archiveFolder, outputFolderOf } = options;
  const attempt = lastAttempt(db, run.id) as AttemptRow;
  const version = versionById(db, run.version_id) as VersionRow;
  const model = modelById(db, run.model_id ?? 0) as ModelRow;
  const inputs = inputsOfRun(db, run.id).map(({ name, series_instance_uid: seriesInstanceUid }) => ({
    name,
    seriesInstanceUid,
    instances: instancesOfVersion(db, version.id, seriesInstanceUid),
  }));
  const produced = { run, model, outputs: outputsOfAttempt(db, attempt.id), folder: outputFolderOf(run.id, attempt.number) };
  const promise = promiseOf(model);
  const candidates = await candidatesOf(produced.folder, produced.outputs, promise);
  demandPromised(candidates, promise);
  if (candidates.length === 0) return keep(options, run, await answersOf(produced));
  const instances = inputs.flatMap((input) => input.instances);
  const entered = candidates.map((candidate) => {
    const uids = newUids(db, options.nodeId, { run, model, instances, output: candidate.output });
    return { ...candidate, row: ensureRow(options, run, version, candidate.output, resultClassOf(candidate), uids) };
  });
  const sources = new RunSources(archiveFolder, inputs);
  const resultUids = resultUidsByOutput(entered, await sources.foreignUids());
  const { mustExist, allowEmpty, saysEmpty, lookedFor } = expectationsOf(model, run);
  const context = { sources, allowEmpty, siblings: siblingsAmong(candidates, produced.folder, resultUids) };
  const judged: Judged[] = [];
  for (const candidate of entered)
    judged.push({ ...candidate, ...(await judgeOutput(join(produced.folder, candidate.output.path), candidate, context)) });
  const passed = judged.filter((one): one is Entered => one.verdict.passed);
  const together = passed.length === judged.length ? judgeAnswer(passed, { mustExist, resultUids }) : [];
  if (passed.length < judged.length || together.length > 0) {
    rejectAll(options, run, judged, together);
    return true;
  }
  const unfound = saysEmpty ? unfoundIn(passed, lookedFor) : undefined;
  const reports = unfound === undefined ? [] : [reportOf(options, unfound, { run, model, version, inputs })];
  const wanted: Wanted[] = [...passed.filter((one) => !one.verdict.empty), ...reports];
  if (destinationsOfRun(run).some((destination) => options.labelMapDestinations.has(destination))) {
    const rowOf = ({ output, row }: Pick<Entered, 'output' | 'row'>) => {
      const uids = newUids(db, options.nodeId, { run, model, instances, output, part: 'label map' });
      return ensureRow(options, run, version, output, SOP_CLASS.LabelMapSegmentationStorage, uids, row.id);
    };
    wanted.push(...labelMapsOf(passed, rowOf));
  }
  const written = await write(options, produced, wanted, resultUids);
  return pass(options, run, { ...written, judged: passed, unfound });
}

/** The report that nothing was found, as an object of the output that says so. */
function reportOf(
  options: ResultsOptions,
  { says: { output }, structures }: Unfound,
  {
    run,
    model,
    version,
    inputs,
  }: Pick<Produced, 'run' | 'model'> & { readonly version: VersionRow; readonly inputs: readonly SourceInput[] },
): Wanted {
  const instances = inputs.flatMap((input) => input.instances);
  const uids = newUids(options.db, options.nodeId, { run, model, instances, output, part: 'report' });
  const content = emptyReport(structures, inputs);
  return { row: ensureRow(options, run, version, output, REPORT_SOP_CLASS, uids), make: (order) => makeReport(content, order) };
}

/** What a model has left that draws nothing, whole. */
async function answersOf({ outputs, folder }: Produced): Promise<readonly OutputRow[]> {
  const answers = answersAmong(outputs);
  await demandWhole(folder, answers);
  return answers;
}

/** The result's row with its UIDs: it exists before the object does. */
function ensureRow(
  { db, clock }: ResultsOptions,
  run: RunRow,
  version: VersionRow,
  output: OutputRow,
  sopClassUid: string,
  uids: ResultUids,
  formOf: number | null = null,
): ResultRow {
  return ensureResult(
    db,
    {
      run_id: run.id,
      output_id: output.id,
      sop_class_uid: sopClassUid,
      sop_instance_uid: uids.sopInstanceUid,
      series_instance_uid: uids.seriesInstanceUid,
      series_number: FIRST_SERIES_NUMBER + resultsOfStudy(db, version.study_id).length,
      form_of: formOf,
    },
    clock(),
  );
}

/** Writes the results, and what is `refused`: the forms that a result does not have after all, and why. */
async function write(
  { resultsFolder: root, equipment }: ResultsOptions,
  { run, model }: Produced,
  wanted: readonly Wanted[],
  uids: ReadonlyMap<string, string>,
): Promise<Pick<Answer, 'made' | 'refused'>> {
  const made: Answer['made'][number][] = [];
  const refused: Answer['refused'][number][] = [];
  for (const { row, make } of wanted) {
    const path = `${row.sop_instance_uid}.dcm`;
    try {
      made.push({ row, path, result: await make({ run, model, row, equipment, uids, root, path }) });
    } catch (thrown) {
      const { code, kind, seen, stack } = toAnteroomError(thrown);
      if (row.form_of === null || kind === 'transient') throw thrown;
      // A fault of ours in one form does not keep the other from where it is waited for.
      if (code === 'GATE_REJECTED') log.info(GOES_AS_BINARY, { run: run.id, seen });
      else log.error(GOES_AS_BINARY, { run: run.id, code, seen, stack });
      refused.push({ row, reason: seen });
    }
  }
  failpoint('results.written');
  return { made, refused };
}
