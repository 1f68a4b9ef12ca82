/**
 * The folder of a comparison: what it is about, each case as soon as it is scored, the models' results, and the tables and the summary of what
 * there is. Every file is written beside its place and renamed, so that a comparison that was killed goes on with the cases that are not there.
 */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { AnteroomError } from '../../foundation/errors.js';
import { makeFolders } from '../../foundation/folders.js';
import { pairsTable, resultsTable } from './tables.js';
import { summaryPage } from './summary-page.js';
import type { CaseScore } from './case-score.js';
import type { ComparedModel } from './compared-model.js';
import type { Summary } from './summarise.js';

const FILE = 'comparison.json';

/** What a comparison is about. */
export interface ComparisonSubject {
  readonly models: readonly ComparedModel[];
  /** Absolute path of the cohort file. */
  readonly cohort: string;
  /** Absolute path of the folder of truths. */
  readonly truth?: string;
}

interface Begun extends ComparisonSubject {
  readonly id: string;
  readonly begunAt: string;
}

/** One comparison on disk. */
export class ComparisonFolder {
  private constructor(
    readonly path: string,
    private readonly begun: Begun,
    /** True where an earlier command began it. */
    readonly goesOn: boolean,
  ) {}

  /** Opens the folder, or begins the comparison in it. @throws AnteroomError COMPARISON_OTHER where it holds one of other models, another cohort or another truth; FOLDER_UNUSABLE */
  static open(path: string, subject: ComparisonSubject, newId: string, at: Date): ComparisonFolder {
    makeFolders(join(path, 'cases'));
    const file = join(path, FILE);
    const found = begunIn(path);
    if (found === undefined) {
      const begun = { id: newId, begunAt: at.toISOString(), ...subject };
      writeWhole(file, `${JSON.stringify(begun, null, 2)}\n`);
      return new ComparisonFolder(path, begun, false);
    }
    const [seen, wanted] = [textOf(found), textOf(subject)];
    if (seen === wanted) return new ComparisonFolder(path, { ...found, ...subject }, true);
    throw new AnteroomError('COMPARISON_OTHER', `${file} is of ${seen}; expected ${wanted}`);
  }

  /** The name in the ledger of the comparison in a folder. @throws AnteroomError FILE_UNREADABLE where there is none */
  static idIn(path: string): string {
    const begun = begunIn(path);
    if (begun !== undefined) return begun.id;
    throw new AnteroomError('FILE_UNREADABLE', `${join(path, FILE)} is not there; expected the --out folder of a comparison`);
  }

  /** The models of the comparison in a folder; none where there is no comparison yet. */
  static modelsIn(path: string): readonly ComparedModel[] {
    return begunIn(path)?.models ?? [];
  }

  /** The comparison's name in the ledger. */
  get id(): string {
    return this.begun.id;
  }

  /** A case that was scored before. @throws AnteroomError FILE_UNREADABLE */
  scored(caseName: string): CaseScore | undefined {
    const file = this.fileOf(caseName);
    if (!existsSync(file)) return undefined;
    try {
      // An earlier release did not keep what the truth had drawn.
      return { truthDrawn: [], ...(JSON.parse(readFileSync(file, 'utf8')) as Omit<CaseScore, 'truthDrawn'>) };
    } catch (cause) {
      throw new AnteroomError('FILE_UNREADABLE', `${file} is no JSON; delete it to have the case scored again`, { cause });
    }
  }

  keep(score: CaseScore): void {
    writeWhole(this.fileOf(score.caseName), `${JSON.stringify(score, null, 1)}\n`);
  }

  /** Copies a model's results of a case into the folder; returns where they are, relative to it. Rejects with FILE_UNREADABLE where one is neither there nor kept. */
  async keepResults(caseName: string, label: string, files: readonly string[]): Promise<string[]> {
    const folder = join('results', caseName);
    makeFolders(join(this.path, folder));
    const name = fileNameOf(label);
    return Promise.all(
      files.map(async (file, index) => {
        const kept = join(folder, `${name}${files.length === 1 ? '' : `+${index + 1}`}.dcm`);
        const place = join(this.path, kept);
        // The node gives up a case that was scored before; what was kept then is the same.
        if (!(await copyWhole(file, place)) && !existsSync(place))
          throw new AnteroomError('FILE_UNREADABLE', `${file} is gone; the same command has the case run again`);
        return kept;
      }),
    );
  }

  /** Where a file of the comparison is. */
  absolute(file: string): string {
    return isAbsolute(file) ? file : join(this.path, file);
  }

  /** Writes `results.csv`, `pairs.csv`, `summary.json` and `summary.html` of the cases that there are; returns their paths. */
  summarise(cases: readonly CaseScore[], summary: Summary): string[] {
    const { id, begunAt, models, cohort } = this.begun;
    const about = { id, begunAt, cohort, models };
    const named = new Map(models.map(({ label, ...of }) => [label, of]));
    const whole = { ...about, ...summary, models: summary.models.map((one) => ({ ...one, ...named.get(one.model) })) };
    const files: [string, string][] = [
      ['results.csv', resultsTable(cases, models)],
      ...(cases.some(({ pairs }) => pairs.length > 0) ? [['pairs.csv', pairsTable(cases)] as [string, string]] : []),
      ['summary.json', `${JSON.stringify(whole, null, 2)}\n`],
      ['summary.html', summaryPage(about, cases, summary)],
    ];
    return files.map(([name, text]) => {
      const file = join(this.path, name);
      writeWhole(file, text);
      return file;
    });
  }

  private fileOf(caseName: string): string {
    return join(this.path, 'cases', `${caseName}.json`);
  }
}

function begunIn(path: string): Begun | undefined {
  const file = join(path, FILE);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Begun) : undefined;
}

function textOf({ models, cohort, truth }: ComparisonSubject): string {
  const named = models.map(({ label, digest, results }) => `${label} (${digest ?? results ?? ''})`);
  return `${named.join(', ')} on ${cohort}${truth === undefined ? '' : ` with the truth in ${truth}`}`;
}

/** Another one for each label; a plus sign is in none of them. */
function fileNameOf(label: string): string {
  return label.replaceAll(/[^\w.@-]/gu, (character) => encodeURIComponent(character));
}

/** False where the file is not there, or not any more. */
async function copyWhole(file: string, place: string): Promise<boolean> {
  try {
    await copyFile(file, `${place}.part`);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'ENOENT') throw thrown;
    return false;
  }
  renameSync(`${place}.part`, place);
  return true;
}

function writeWhole(file: string, text: string): void {
  writeFileSync(`${file}.part`, text, { flush: true });
  renameSync(`${file}.part`, file);
}
