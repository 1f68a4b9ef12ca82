/** What the settings of the listeners come to: which there are, which AE titles are ours, and what holds for each of them. */
import type { DeepReadonly } from './fields.js';
import { FIRST_LISTENER, type FirstListener, type FurtherListener, type OwnAeTitle } from './listener-schema.js';

/** One listener with its name and all its AE titles, none twice. */
export interface Listener extends DeepReadonly<Omit<FirstListener, 'aeTitle' | 'aeTitles'>> {
  readonly name: string;
  /** The key that its settings stand under: `dimse` or `listeners.NAME`. */
  readonly key: string;
  readonly titles: readonly string[];
}

/** What holds for what was sent to one AE title; what is left out is as everywhere. */
export interface AeTitleNotes {
  readonly rules?: readonly string[];
  readonly settle: { readonly quietS?: number };
}

type Written = DeepReadonly<Pick<FurtherListener, 'aeTitle' | 'aeTitles'>>;
type Listening = DeepReadonly<{ dimse: FirstListener; listeners: Record<string, FurtherListener> }>;

/** All listeners, `dimse` first. */
export function listenersOf({ dimse, listeners }: Listening): Listener[] {
  const firstTitles = titlesOf(dimse);
  const further = Object.entries(listeners).map(([name, listener]): Listener => {
    const own = titlesOf(listener);
    return { ...listener, name, key: `listeners.${name}`, titles: own.length > 0 ? own : firstTitles };
  });
  return [{ ...dimse, name: FIRST_LISTENER, key: FIRST_LISTENER, titles: firstTitles }, ...further];
}

/** What holds for each AE title that the settings say something about, wherever they say it. */
export function aeTitleNotes(settings: Listening): Map<string, AeTitleNotes> {
  return new Map(describedTitles(settings).map(({ title, notes }) => [title, notes]));
}

/** Milliseconds of quiet for the AE titles that have their own. */
export function quietMsByAeTitle(settings: Listening): Map<string, number> {
  return new Map(
    [...aeTitleNotes(settings)].flatMap(([title, { settle }]) => (settle.quietS === undefined ? [] : [[title, settle.quietS * 1000]])),
  );
}

/** The rules that may be asked, for the AE titles that do not ask all. */
export function rulesByAeTitle(settings: Listening): Map<string, readonly string[]> {
  return new Map([...aeTitleNotes(settings)].flatMap(([title, { rules }]) => (rules === undefined ? [] : [[title, rules]])));
}

/** The AE titles that are described in two ways, and the keys where the second one stands: a study does not remember its listener. */
export function contradictoryTitles(settings: Listening): { title: string; path: (string | number)[] }[] {
  const first = new Map<string, string>();
  return describedTitles(settings).flatMap(({ title, path, notes }) => {
    const text = JSON.stringify([notes.rules, notes.settle]);
    const known = first.get(title) ?? text;
    first.set(title, known);
    return known === text ? [] : [{ title, path }];
  });
}

function describedTitles({ dimse, listeners }: Listening) {
  const all: [string[], Written][] = [
    [[FIRST_LISTENER], dimse],
    ...Object.entries(listeners).map(([name, one]): [string[], Written] => [['listeners', name], one]),
  ];
  return all.flatMap(([at, { aeTitles }]) =>
    aeTitles.flatMap((entry, index) => {
      if (typeof entry === 'string') return [];
      const { title, ...notes } = entry;
      return [{ title, path: [...at, 'aeTitles', index], notes }];
    }),
  );
}

function titlesOf({ aeTitle, aeTitles }: Written): string[] {
  return [...new Set([...(aeTitle === undefined ? [] : [aeTitle]), ...aeTitles.map(titleOf)])];
}

function titleOf(entry: DeepReadonly<OwnAeTitle>): string {
  return typeof entry === 'string' ? entry : entry.title;
}
