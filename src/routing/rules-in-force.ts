/** The rules that decide now. Files that are not valid never replace those in force. */
import { join } from 'node:path';
import type { Clock, EpochMs } from '../foundation/clock.js';
import { toAnteroomError } from '../foundation/errors.js';
import { failpoint } from '../foundation/failpoint.js';
import { formatFaults, InvalidFileError, type Fault } from '../foundation/faults.js';
import { loggerOf } from '../foundation/log.js';
import type { Db } from '../ledger/database.js';
import { filesOfRevision, lastRuleChange, recordFilesWritten, recordRuleChange, type RuleChangeRow } from '../ledger/revisions.js';
import { findRevision } from './find-revision.js';
import { emptyFolder, judgeRules } from './judge-rules.js';
import { parseRules, type LoadedRules, type RulesContext, type RulesResult } from './load.js';
import { Patience } from './patience.js';
import { lastChangeIn, readRuleFolder, type FolderTexts } from './rule-folder.js';
import { authorOf, filesThere, whatChanged } from './rule-changes.js';
import { prepareFolder, type PreparedFolder } from './write-folder.js';

const log = loggerOf('routing');

export interface RulesOptions {
  readonly db: Db;
  readonly folder: string;
  readonly context: () => RulesContext;
  readonly clock: Clock;
  /** Refuses rules whose own cases come out otherwise than they expect. */
  readonly casesMustPass: boolean;
  /** Where a rollback puts the files that it replaces. */
  readonly asideFolder: string;
}

export interface Refusal {
  readonly since: EpochMs;
  readonly faults: readonly Fault[];
  /** The faults, one a line. */
  readonly text: string;
}

export interface RollbackRequest {
  /** See `findRevision`. */
  readonly revision: string;
  readonly author: string;
  readonly reason?: string | undefined;
}

export interface RollbackOutcome {
  readonly revision: string;
  /** Files that were replaced or removed; they are in `asideFolder`. */
  readonly setAside: readonly string[];
  readonly asideFolder: string;
}

/** Holds the rules in force of one folder. Who decides takes `current` once: it never changes, what changes is which one it is. */
export class RulesInForce {
  private loaded: LoadedRules;
  private refusal: Refusal | undefined;
  private readonly patience = new Patience();

  /**
   * Puts the rules of a folder in force. Where its files are not valid, those that were in force last go on (the ledger keeps
   * them): a half-edited file must not close the door at the next start. Throws RULES_INVALID with every fault where there are none.
   */
  constructor(private readonly options: RulesOptions) {
    const last = this.lastInForce();
    if (last !== undefined) {
      this.loaded = last;
      this.look(performance.now(), stoodMs(options.folder));
      return;
    }
    const judged = this.judge(readRuleFolder(options.folder));
    if (!judged.ok) throw new InvalidFileError('RULES_INVALID', judged.faults);
    this.loaded = { ...judged.rules, rules: [], files: {} };
    this.take(judged.rules, 'start');
  }

  current(): LoadedRules {
    return this.loaded;
  }

  revision(): string {
    return this.loaded.revision;
  }

  /** The change that put the rules in force. */
  change(): RuleChangeRow {
    return lastRuleChange(this.options.db) as RuleChangeRow;
  }

  /** What is wrong with the files as they are now; undefined if they are those in force. */
  refused(): Refusal | undefined {
    return this.refusal;
  }

  /** Reads the files again and takes them at once, as a person asks for it. Where they are not valid the rules in force stay and the faults are told. */
  reload(): { revision: string; faults?: string } {
    if (this.finishRollback()) this.consider(readRuleFolder(this.options.folder), 'files');
    return { revision: this.loaded.revision, ...(this.refusal === undefined ? {} : { faults: this.refusal.text }) };
  }

  /**
   * Takes the files as they are now if they have stood so for long enough (`patience.ts`). Returns after how many ms to look again,
   * if they have not. `nowMs`: of a clock that only goes forward. `stoodMs`: how long files have stood that are seen for the first time.
   */
  look(nowMs = performance.now(), stoodMs = 0): number | undefined {
    if (!this.finishRollback()) return undefined;
    const { folder } = this.options;
    const read = readRuleFolder(folder);
    const texts: ReadonlyMap<string, string> = read.ok ? read.texts : new Map();
    const ripeAtMs = this.patience.ripeAtMs(texts, new Map(Object.entries(this.loaded.files)), nowMs, stoodMs);
    if (ripeAtMs > nowMs) return ripeAtMs - nowMs;
    this.consider(read, 'files');
    return undefined;
  }

  /**
   * Puts a revision in force again and writes its files into the folder; what is replaced there is set aside. Returns what that was.
   * Throws NOT_FOUND, USAGE, RULES_INVALID with the faults that the revision has now, RULES_FOLDER_UNWRITABLE: then nothing has changed.
   */
  rollback({ revision: written, author, reason }: RollbackRequest): RollbackOutcome {
    const { db, folder, clock } = this.options;
    const revision = findRevision(db, written);
    const files = filesOfRevision(db, revision) ?? {};
    const judged = this.judge({ ok: true, texts: new Map(Object.entries(files)) });
    if (!judged.ok) throw new InvalidFileError('RULES_INVALID', judged.faults);
    const at = clock();
    const asideFolder = this.asideFolder(at);
    const prepared = prepareFolder(folder, files, asideFolder);
    const rules = { ...judged.rules, revision };
    this.put(rules, { author, cause: 'rollback', reason, written: false }, at);
    failpoint('routing.rollback');
    this.finishRollback(prepared);
    return { revision, setAside: prepared.setAside, asideFolder };
  }

  /** The rules that the ledger says were in force last, if they are valid still. */
  private lastInForce(): LoadedRules | undefined {
    const { db, folder, context } = this.options;
    const revision = lastRuleChange(db)?.revision;
    const files = revision === undefined ? undefined : filesOfRevision(db, revision);
    if (revision === undefined || files === undefined) return undefined;
    const parsed = parseRules(new Map(Object.entries(files)), folder, { ...context(), wereInForce: true });
    return parsed.ok ? { ...parsed.rules, revision } : undefined;
  }

  /** The node was killed, or the folder went, while a rollback wrote its files: until they are there the folder says nothing. False if they are not. */
  private finishRollback(prepared?: PreparedFolder): boolean {
    const { db, folder, clock } = this.options;
    const change = lastRuleChange(db);
    if (change === undefined || change.written_at !== null || change.revision !== this.loaded.revision) return true;
    try {
      (prepared ?? prepareFolder(folder, this.loaded.files, this.asideFolder(change.at))).commit();
      recordFilesWritten(db, change.id, clock());
      return true;
    } catch (thrown) {
      const { seen } = toAnteroomError(thrown);
      this.refuse([{ file: folder, line: 0, column: 0, path: '', message: `the files of the rollback cannot be written: ${seen}` }]);
      return false;
    }
  }

  private asideFolder(at: EpochMs): string {
    return join(this.options.asideFolder, new Date(at).toISOString().replaceAll(':', '-'));
  }

  private judge(read: FolderTexts): RulesResult {
    const { folder, context, casesMustPass } = this.options;
    return read.ok ? judgeRules(read.texts, folder, context(), casesMustPass) : read;
  }

  private consider(read: FolderTexts, cause: 'start' | 'files'): void {
    if (read.ok && this.isInForce(read.texts)) return this.accept();
    if (read.ok && read.texts.size === 0 && Object.keys(this.loaded.files).length > 0)
      return this.refuse([emptyFolder(this.options.folder)]);
    const judged = this.judge(read);
    if (!judged.ok) this.refuse(judged.faults);
    else if (judged.rules.revision === this.loaded.revision) this.accept();
    else this.take(judged.rules, cause);
  }

  /** Whether they need not be judged, which takes longer. */
  private isInForce(texts: ReadonlyMap<string, string>): boolean {
    const { files } = this.loaded;
    return [...texts].every(([name, text]) => files[name] === text) && Object.keys(files).every((name) => texts.has(name));
  }

  private take(rules: LoadedRules, cause: 'start' | 'files'): void {
    const there = filesThere(whatChanged(this.loaded, rules));
    this.put(rules, { author: authorOf(this.options.folder, there), cause, written: true });
  }

  /** The row first: no study is decided by a revision that the ledger does not have. */
  private put(
    rules: LoadedRules,
    by: { author: string | undefined; cause: 'start' | 'files' | 'rollback'; reason?: string | undefined; written: boolean },
    at = this.options.clock(),
  ): void {
    const { revision, files } = rules;
    recordRuleChange(this.options.db, { revision, files, changed: whatChanged(this.loaded, rules), ...by }, at);
    this.loaded = rules;
    this.refusal = undefined;
    log.info('rules in force', { revision, kind: by.cause, count: rules.rules.length });
  }

  private accept(): void {
    if (this.refusal !== undefined) log.info('the rule files are those in force again', { revision: this.loaded.revision });
    this.refusal = undefined;
  }

  /** Says so once for the same faults, however often they are looked at. */
  private refuse(faults: readonly Fault[]): void {
    const text = formatFaults(faults);
    if (this.refusal?.text === text) return;
    const [{ file, line }] = faults;
    this.refusal = { since: this.options.clock(), faults, text };
    log.error('rules refused, those in force stay', {
      code: 'RULES_INVALID',
      revision: this.loaded.revision,
      count: faults.length,
      file,
      line,
    });
  }
}

/** For the first look: what was put there while no node ran need not wait. */
function stoodMs(folder: string): number {
  try {
    return Math.max(0, Date.now() - lastChangeIn(folder));
  } catch {
    return 0;
  }
}
