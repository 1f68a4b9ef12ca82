/** The reproducibility test of a model: its outputs now against those that it is known to leave. */
import { randomUUID } from 'node:crypto';
import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { AnteroomError } from '../foundation/errors.js';
import { compareFolders } from './compare/compare-folders.js';
import { reportOf, type Report, type ReportSubject } from './compare/report.js';
import { writeReport } from './compare/write-report.js';

/** What a reference was made with; kept beside its folder. */
export interface MadeBy {
  readonly model: string;
  readonly digest: string;
  readonly workflow: string;
}

export interface TestOutcome {
  readonly report: Report;
  readonly files: readonly string[];
}

/**
 * Compares the outputs of one run with a reference and writes the report. Another digest than the reference was made with is a finding.
 * @param name of the report's files
 * @throws {AnteroomError} FILE_UNREADABLE where a folder is not there.
 */
export async function testOutputs(options: {
  readonly outputDir: string;
  readonly referenceDir: string;
  readonly reportDir: string;
  readonly name: string;
  readonly madeBy: MadeBy;
  /** Of the run: hardware, times. */
  readonly facts: ReportSubject['anteroom'];
  readonly at: Date;
}): Promise<TestOutcome> {
  const { outputDir, referenceDir, reportDir, name, madeBy, facts, at } = options;
  const comparison = await compareFolders(referenceDir, outputDir);
  const subject: ReportSubject = {
    id: randomUUID(),
    name: `${madeBy.model} ${name}`,
    date: at.toISOString().slice(0, 19).replace('T', ' '),
    anteroom: { ...madeBy, ...facts },
    findings: otherDigest(referenceDir, madeBy),
  };
  const report = reportOf(subject, comparison);
  return { report, files: writeReport(reportDir, name, report, comparison) };
}

/** What speaks against a run, in one line: files and findings by their names. */
export function whatFailed({ missing_files: missing = [], extra_files: extra = [], summary, anteroom }: Report): string {
  const ofRun = (anteroom.findings as ReportSubject['findings']) ?? [];
  const checks = Object.values(summary.checks).flatMap(({ findings = {} }) => Object.entries(findings));
  return [
    ...ofRun.map(({ label, description }) => `${label} ${description}`),
    ...missing.map((path) => `missing file ${path}`),
    ...extra.map((path) => `extra file ${path}`),
    ...checks.map(([label, count]) => (count === 1 ? label : `${label} (${count} times)`)),
  ].join('; ');
}

function otherDigest(referenceDir: string, { digest }: MadeBy): ReportSubject['findings'] {
  const path = madeByPath(referenceDir);
  if (!existsSync(path)) return [];
  const expected = (JSON.parse(readFileSync(path, 'utf8')) as Partial<MadeBy>).digest;
  return expected === digest
    ? []
    : [{ label: 'Digest', description: `is ${digest}, the reference was made with ${expected ?? 'none that is known'}` }];
}

/** Keeps outputs as a new reference, with what they were made with. Throws USAGE where there is one already. */
export function recordReference(outputDir: string, referenceDir: string, madeBy: MadeBy): void {
  if (existsSync(referenceDir))
    throw new AnteroomError('USAGE', `${referenceDir} is there already; expected no reference where one is recorded: move it aside first`);
  cpSync(outputDir, referenceDir, { recursive: true });
  writeFileSync(madeByPath(referenceDir), `${JSON.stringify(madeBy, null, 2)}\n`);
}

function madeByPath(referenceDir: string): string {
  return `${referenceDir.replace(/\/+$/, '')}.made-by.json`;
}
