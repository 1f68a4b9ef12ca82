/** The report of a reproducibility test: MHub's form (YAML and JSON) with fields of our own. */
import type { FolderComparison } from './compare-folders.js';
import { IMAGE_TOLERANCE } from './image-check.js';
import { LEAST_DICE } from './mask-remarks.js';
import { TOLERANCE } from './numbers.js';

/** What is known of the run; everything is told as it is given. */
export interface ReportSubject {
  readonly id: string;
  readonly name: string;
  /** `YYYY-MM-DD HH:MM:SS`. */
  readonly date: string;
  /** Our fields: digest, versions, hardware, times. */
  readonly anteroom: Readonly<Record<string, string | number | boolean | null>>;
  /** What speaks against the run itself, such as another digest than the reference was made with. */
  readonly findings?: readonly { readonly label: string; readonly description: string }[];
}

export interface Report {
  readonly id: string;
  readonly name: string;
  readonly date: string;
  readonly missing_files?: readonly string[];
  readonly extra_files?: readonly string[];
  readonly checked_files?: readonly unknown[];
  readonly summary: {
    readonly files_missing: number;
    readonly files_extra: number;
    readonly checks: Readonly<Record<string, { files: number; findings?: Record<string, number> }>>;
  };
  readonly conclusion: boolean;
  readonly anteroom: Readonly<Record<string, unknown>>;
}

/** True where nothing is missing, nothing is there in addition, and no check and nothing of the run speaks against it. */
export function reportOf(subject: ReportSubject, comparison: FolderComparison): Report {
  const { missing, extra, checked } = comparison;
  const checks: Record<string, { files: number; findings?: Record<string, number> }> = {};
  for (const { checker, findings } of checked.flatMap((file) => file.checks)) {
    const sum = (checks[checker] ??= { files: 0 });
    sum.files++;
    for (const { label } of findings) {
      sum.findings ??= {};
      sum.findings[label] = (sum.findings[label] ?? 0) + 1;
    }
  }
  const spoken = Object.values(checks).some(({ findings }) => findings !== undefined);
  const ofRun = subject.findings ?? [];
  return {
    id: subject.id,
    name: subject.name,
    date: subject.date,
    ...(missing.length > 0 ? { missing_files: missing } : {}),
    ...(extra.length > 0 ? { extra_files: extra } : {}),
    ...(checked.length > 0 ? { checked_files: checked.map(({ path, checks }) => ({ file: path.split('/').at(-1), path, checks })) } : {}),
    summary: { files_missing: missing.length, files_extra: extra.length, checks },
    conclusion: missing.length === 0 && extra.length === 0 && !spoken && ofRun.length === 0,
    anteroom: { ...subject.anteroom, findings: ofRun, tolerances: { dice: LEAST_DICE, ...TOLERANCE, imageOfLargest: IMAGE_TOLERANCE } },
  };
}
