/** The rules that decide now. Files that are not valid never replace those in force. */
import { formatFaults, InvalidFileError } from '../foundation/faults.js';
import { loggerOf } from '../foundation/log.js';
import { loadRules, type LoadedRules, type RulesContext } from './load.js';

const log = loggerOf('routing');

/** Holds the rules in force of one folder. */
export class RulesInForce {
  private loaded: LoadedRules;
  private refusal: string | undefined;

  /** Loads the rules of a folder. Throws RULES_INVALID with every fault: a node does not start with rules that nobody can trust. */
  constructor(
    private readonly folder: string,
    private readonly context: () => RulesContext,
  ) {
    const result = loadRules(folder, context());
    if (!result.ok) throw new InvalidFileError('RULES_INVALID', result.faults);
    this.loaded = result.rules;
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
    if (!result.ok) {
      this.refusal = formatFaults(result.faults);
      log.error('rules refused, those in force stay', {
        code: 'RULES_INVALID',
        revision: this.loaded.revision,
        count: result.faults.length,
      });
      return { revision: this.loaded.revision, faults: this.refusal };
    }
    this.loaded = result.rules;
    this.refusal = undefined;
    log.info('rules in force', { revision: this.loaded.revision });
    return { revision: this.loaded.revision };
  }
}
