/** What the gate says of an answer in JSON or CSV that becomes a report. */
import { AnteroomError } from '../../foundation/errors.js';
import type { ReportYaml } from '../../models/report-yaml.js';
import { readOr, type Judgement } from '../judgement.js';
import { readRegularFile } from '../read-outputs.js';
import type { RunSources } from '../run-sources.js';
import { makeReport } from './make-report.js';
import { reportedSeries } from './reported-series.js';
import { isTable, mapAnswer, readAnswer, type Answer } from './map-answer.js';

/** A table of radiomics of a hundred structures has some megabytes; read, an answer takes some times as much memory. */
const MAX_ANSWER_BYTES = 16 * 1024 * 1024;

/** Judges a file of an output folder, `output` being its path there. Throws what is not the file's own fault. */
export async function judgeReport(path: string, output: string, report: ReportYaml, sources: RunSources): Promise<Judgement> {
  const inputs = sources.inputs.map(({ name }) => name);
  if (report.on !== undefined && !inputs.includes(report.on)) {
    const seen = `no input ${report.on}, which the report is on by model.yaml`;
    return { verdict: { passed: false, reasons: [{ check: 'reference', seen, expected: `one of ${inputs.join(', ')}` }] } };
  }
  const expected = isTable(report) ? 'a table with a header, and as many cells in each row' : 'JSON from its beginning to its end';
  const read = await readOr(() => readAnswerFile(path, report), expected);
  if ('passed' in read) return { verdict: read };
  const { groups, evaluations, reasons } = mapAnswer(read, report);
  if (reasons.length > 0) return { verdict: { passed: false, reasons } };
  if (groups.length + evaluations.length === 0)
    return { verdict: { passed: false, reasons: [{ check: 'empty', seen: 'no value that model.yaml names', expected: 'at least one' }] } };
  const content = { output, ...reportedSeries(sources.inputs, report.on), groups, evaluations };
  return { verdict: { passed: true, empty: false }, make: (order) => makeReport(content, order) };
}

async function readAnswerFile(path: string, report: ReportYaml): Promise<Answer> {
  const bytes = await readRegularFile(path, MAX_ANSWER_BYTES);
  const answer = readAnswer(Buffer.from(bytes).toString('utf8'), report);
  if (answer === undefined) throw new AnteroomError('GATE_REJECTED', 'no JSON, or half of it');
  return answer;
}
