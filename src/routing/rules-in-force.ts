/** The rules that decide now. Files that are not valid never replace those in force. */
import type { Clock } from '../foundation/clock.js';
import { formatFaults, InvalidFileError, type Fault } from '../foundation/faults.js';
import { loggerOf } from '../foundation/log.js';
import type { Db } from '../ledger/database.js';
import { lastRevisionFiles, recordRevision } from '../ledger/versions.js';
import { loadRules, parseRules, type LoadedRules, type RulesContext } from './load.js';

const log = loggerOf('routing');

/** Holds the rules in force of one folder. */
export class RulesInForce {
  private loaded: LoadedRules;
  private refusal: string | undefined;

  /**
   * Puts the rules of a folder in force. Where its files are not valid, those that were in force last go on (the ledger keeps
   * them): a half-edited file must not close the door at the next start. Throws RULES_INVALID with every fault where there are none.
   */
  constructor(
    private readonly db: Db,
    private readonly folder: string,
    private readonly context: () => RulesContext,
    private readonly clock: Clock,
  ) {
    const result = loadRules(folder, context());
    if (result.ok) {
      this.loaded = result.rules;
      recordRevision(db, result.rules.revision, result.rules.files, clock());
    } else {
      this.loaded = this.lastInForce() ?? refuse(result.faults);
      this.refuse(result.faults);
    }
  }

  current(): LoadedRules {
    return this.loaded;
  }

  revision(): string {
    return this.loaded.revision;
  }

  /** What was wrong with the files when they were last looked at; undefined if they are those in force. */
  refused(): string | undefined {
    return this.refusal;
  }

  /** Reads the files again. Where they are not valid the rules in force stay and the faults are told. */
  reload(): { revision: string; faults?: string } {
    const result = loadRules(this.folder, this.context());
    if (!result.ok) return { revision: this.loaded.revision, faults: this.refuse(result.faults) };
    this.loaded = result.rules;
    this.refusal = undefined;
    recordRevision(this.db, this.loaded.revision, this.loaded.files, this.clock());
    log.info('rules in force', { revision: this.loaded.revision });
    return { revision: this.loaded.revision };
  }

  private lastInForce(): LoadedRules | undefined {
    const files = lastRevisionFiles(this.db);
    const result = files && parseRules(new Map(Object.entries(files)), this.folder, this.context());
    return result?.ok ? result.rules : undefined;
  }

  private refuse(faults: readonly Fault[]): string {
    this.refusal = formatFaults(faults);
    log.error('rules refused, those in force stay', { code: 'RULES_INVALID', revision: this.loaded.revision, count: faults.length });
    return this.refusal;
  }
}

function refuse(faults: readonly Fault[]): never {
  throw new InvalidFileError('RULES_INVALID', faults);
}
