/** A place in a rule file, from which findings get their file, line and column. */
import type { Fault } from '../../foundation/faults.js';
import type { Path, YamlDocument } from '../../foundation/yaml.js';

/** One place; what stands below it is reached with `at`. */
export class Site {
  constructor(
    private readonly document: Pick<YamlDocument, 'fault'>,
    private readonly path: Path,
  ) {}

  /** What stands there under these keys. */
  at(...steps: Path): Site {
    return new Site(this.document, [...this.path, ...steps]);
  }

  fault(message: string, suggestion?: string): Fault {
    return this.document.fault(this.path, message, suggestion === undefined ? {} : { suggestion });
  }

  /** `line 12`, or `shared.yaml:12` as it is seen from a place in another file. */
  seenFrom(other: Site): string {
    const [here, there] = [this.fault(''), other.fault('')];
    return here.file === there.file ? `line ${here.line}` : `${here.file}:${here.line}`;
  }
}

/** Where named conditions are defined, by the condition that a `use` stands for. */
export type NamedSites = ReadonlyMap<object, Site>;
