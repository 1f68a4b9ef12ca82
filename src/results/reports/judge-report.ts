/** What the gate says of an answer in JSON or CSV that becomes a report. */
import { AnteroomError } from '../../foundation/errors.js';
import type { ReportYaml } from '../../models/report-yaml.js';
import { readOr, type Judgement } from '../judgement.js';
import { readRegularFile } from '../read-outputs.js';
import type { RunSources } from '../run-sources.js';
import { makeReport } from './make-report.js';
import { reportedSeries } from './reported-series.js';
import { mapAnswer, readAnswer, type Answer } from './map-answer.js';

/** A table of radiomics of a hundred structures has some megabytes. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

/** Judges a file of an output folder. Throws what is not the file's own fault. */
export async function judgeReport(path: string, report: ReportYaml, sources: RunSources): Promise<Judgement> {
  const isTable = /\.csv$/i.test(report.file);
  const read = await readOr(() => readAnswerFile(path, isTable), isTable ? 'a table with a row' : 'JSON from its beginning to its end');
  if ('passed' in read) return { verdict: read };
  const { groups, evaluations, reasons } = mapAnswer(read, report);
  if (reasons.length > 0) return { verdict: { passed: false, reasons } };
  if (groups.length + evaluations.length === 0)
    return { verdict: { passed: false, reasons: [{ check: 'empty', seen: 'no value that model.yaml names', expected: 'at least one' }] } };
  const content = { ...reportedSeries(sources.inputs, report.on), groups, evaluations };
  return { verdict: { passed: true, empty: false }, make: (order) => makeReport(content, order) };
}

async function readAnswerFile(path: string, isTable: boolean): Promise<Answer> {
  const bytes = await readRegularFile(path);
  if (bytes.length > MAX_ANSWER_BYTES) throw new AnteroomError('GATE_REJECTED', `an answer of ${bytes.length} bytes`);
  const answer = readAnswer(Buffer.from(bytes).toString('utf8'), isTable);
  if (answer === undefined) throw new AnteroomError('GATE_REJECTED', isTable ? 'a table without a row' : 'no JSON, or half of it');
  return answer;
}
