/** Named conditions: which ones a file may use, and what each stands for. */
import { suggestionFor, type Fault } from '../../foundation/faults.js';
import type { Path, YamlDocument } from '../../foundation/yaml.js';
import { factScopeFault, type Place } from './condition-schema.js';
import { partsOf, QUANTIFIERS, type Condition, type Scope } from './condition-types.js';

/** What a file defines, and the files whose names it may use. */
export interface DefiningFile {
  readonly document: YamlDocument;
  readonly include: readonly string[];
  readonly conditions: ReadonlyMap<string, Condition>;
}

/** By file; undefined for a file that is not valid, of which nothing is known. */
export type Definitions = ReadonlyMap<string, DefiningFile | undefined>;

/** Where a condition is written. */
interface Standing {
  readonly file: string;
  readonly path: Path;
  /** What it is asked of; `named` within a definition. */
  readonly place: Place;
}

interface Definition {
  readonly file: string;
  readonly name: string;
  readonly document: YamlDocument;
  readonly written: Condition;
}

/** Puts named conditions in where they are used, and collects what is wrong with names. */
export class NamedConditions {
  readonly #definitions: Definitions;
  readonly #visible = new Map<string, ReadonlyMap<string, Definition>>();
  /** What a definition stands for, with the names in it put in; by file and name. */
  readonly #resolved = new Map<string, Condition>();
  readonly #underWay: string[] = [];
  readonly #faults: Fault[] = [];

  constructor(definitions: Definitions) {
    this.#definitions = definitions;
    for (const file of definitions.keys()) {
      for (const definition of this.#namesOf(file).values()) if (definition.file === file) this.#meaning(definition);
    }
  }

  /** The condition with every `use` in it filled in. What cannot be is a fault, and stays as it is. */
  resolve(condition: Condition, standing: Standing): Condition {
    const parts = partsOf(condition);
    const inside = (inner: Condition, place: Place, ...at: Path) =>
      this.resolve(inner, { file: standing.file, path: [...standing.path, ...at], place });
    const { place } = standing;
    switch (parts.kind) {
      case 'group': {
        const members = parts.members.map((member, index) => inside(member, place, ...(parts.key === undefined ? [] : [parts.key]), index));
        if (parts.key === undefined) return members;
        return parts.key === 'all' ? { all: members } : { any: members };
      }
      case 'not':
        return { not: inside(parts.inner, place, 'not') };
      case 'quantifier': {
        const { name, bounds } = parts;
        const inner = inside(parts.inner, QUANTIFIERS[name].of, name, ...(bounds === undefined ? [] : ['where']));
        return { [name]: bounds === undefined ? inner : { where: inner, ...bounds } };
      }
      case 'use':
        return this.#filledIn(parts.name, standing);
      case 'clause':
        return condition;
    }
  }

  faults(): readonly Fault[] {
    return this.#faults;
  }

  /** Every definition as it is used, with its place. */
  all(): { readonly what: Condition; readonly document: YamlDocument; readonly path: Path }[] {
    return [...this.#definitions].flatMap(([file, known]) =>
      known === undefined
        ? []
        : [...known.conditions.keys()].flatMap((name) => {
            const what = this.#resolved.get(keyOf(file, name));
            return what === undefined ? [] : [{ what, document: known.document, path: ['conditions', name] }];
          }),
    );
  }

  #filledIn(name: string, { file, path, place }: Standing): Condition {
    const document = this.#definitions.get(file)?.document;
    const definition = this.#namesOf(file).get(name);
    if (document === undefined) return { use: name };
    const fault = (message: string, suggestion = {}) => this.#faults.push(document.fault([...path, 'use'], message, suggestion));
    if (definition === undefined) {
      const known = [...this.#namesOf(file).keys()];
      const elsewhere = [...this.#definitions].find(([, other]) => other?.conditions.has(name))?.[0];
      const hint = elsewhere === undefined ? '' : ` here; ${elsewhere} has one: include it`;
      if (!this.#seesInvalid(file, new Set())) fault(`no condition is called "${name}"${hint}`, suggestionFor(name, known));
      return { use: name };
    }
    const key = keyOf(definition.file, name);
    if (this.#underWay.includes(key)) {
      const circle = [...this.#underWay.slice(this.#underWay.indexOf(key)), key].map((one) => one.split('\0')[1]);
      fault(`goes in a circle: ${circle.join(' → ')}`);
      return { use: name };
    }
    const is = this.#meaning(definition);
    const unfit = place === 'named' ? undefined : scopeFault(is, place);
    if (unfit !== undefined) fault(`"${name}" (${placeOf(definition)}) cannot be asked here: ${unfit}`);
    return { use: name, is };
  }

  #meaning({ file, name, written }: Definition): Condition {
    const key = keyOf(file, name);
    const before = this.#resolved.get(key);
    if (before !== undefined) return before;
    this.#underWay.push(key);
    const is = this.resolve(written, { file, path: ['conditions', name], place: 'named' });
    this.#underWay.pop();
    this.#resolved.set(key, is);
    return is;
  }

  /** The names that a file may use: its own, and those of what it includes. The same name for two conditions is a fault. */
  #namesOf(file: string): ReadonlyMap<string, Definition> {
    const before = this.#visible.get(file);
    if (before !== undefined) return before;
    const names = new Map<string, Definition>();
    // Set before it is filled: includes that go in a circle, which is a fault of its own, end here.
    this.#visible.set(file, names);
    const known = this.#definitions.get(file);
    if (known === undefined) return names;
    const { document } = known;
    for (const [name, written] of known.conditions) names.set(name, { file, name, document, written });
    for (const [index, include] of known.include.entries()) {
      for (const [name, definition] of this.#namesOf(include)) {
        const other = names.get(name);
        if (other !== undefined && other.file !== definition.file) {
          const message = `brings a condition "${name}" (${placeOf(definition)}), but one of that name is there already (${placeOf(other)})`;
          this.#faults.push(document.fault(['include', index], message));
        } else names.set(name, definition);
      }
    }
    return names;
  }

  /** Whether a file that is not valid is among those whose names this one may use. */
  #seesInvalid(file: string, seen: Set<string>): boolean {
    if (seen.has(file)) return false;
    seen.add(file);
    const known = this.#definitions.get(file);
    return known === undefined || known.include.some((include) => this.#seesInvalid(include, seen));
  }
}

function keyOf(file: string, name: string): string {
  return `${file}\0${name}`;
}

function placeOf({ document, name }: Definition): string {
  const { file, line } = document.fault(['conditions', name], '', { at: 'key' });
  return `${file}:${line}`;
}

/** Why a condition cannot be asked of this; undefined where it can. */
function scopeFault(condition: Condition, place: Scope): string | undefined {
  const parts = partsOf(condition);
  switch (parts.kind) {
    case 'group':
      return parts.members.map((member) => scopeFault(member, place)).find((fault) => fault !== undefined);
    case 'not':
      return scopeFault(parts.inner, place);
    case 'use':
      return parts.inner && scopeFault(parts.inner, place);
    case 'quantifier': {
      const { of } = QUANTIFIERS[parts.name];
      const asks = of === 'instance' ? 'series' : 'study';
      return asks === place
        ? scopeFault(parts.inner, of)
        : `${parts.name} is asked of a ${asks}, not of ${place === 'instance' ? 'an' : 'a'} ${place}`;
    }
    case 'clause':
      return parts.clause.fact === undefined ? undefined : factScopeFault(parts.clause.fact, place);
  }
}
