/** What the settings of the listeners come to: which there are, which AE titles are ours, and what holds for each of them. */
import { ARCHIVE_DESTINATION } from './destination-schema.js';
import type { DeepReadonly } from './fields.js';
import { FIRST_LISTENER, type FirstListener, type FurtherListener, type OwnAeTitle } from './listener-schema.js';
import { overridden, type SettleOverride, type SettlePolicy } from './settle-schema.js';

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
  readonly settle: SettleOverride;
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

/** When a study counts as complete, for the AE titles that have settings of their own for it. */
export function settlePolicies(settings: Listening & { readonly settle: SettlePolicy }): Map<string, SettlePolicy> {
  return new Map([...aeTitleNotes(settings)].map(([title, { settle }]) => [title, overridden(settings.settle, settle)]));
}

/** What is wrong with how the expected count is asked for, and where that stands. */
export function settlingFaults(settings: Listening & { settle: SettlePolicy; destinations: object; sources: object }) {
  const askable = [settings.destinations, settings.sources].flatMap(Object.keys).filter((name) => name !== ARCHIVE_DESTINATION);
  const written = [
    { path: ['settle', 'countFrom'], policy: settings.settle },
    ...describedTitles(settings)
      .filter(({ notes: { settle } }) => settle.countFrom !== undefined || settle.signals !== undefined)
      .map(({ path, notes }) => ({ path: [...path, 'settle', 'countFrom'], policy: overridden(settings.settle, notes.settle) })),
  ];
  return written.flatMap(({ path, policy: { countFrom, signals } }) => {
    if (countFrom === undefined)
      return signals.includes('expected-count')
        ? [{ path, message: 'must name a destination or source, as signals has expected-count' }]
        : [];
    return askable.includes(countFrom) ? [] : [{ path, message: `no destination or source is called "${countFrom}"` }];
  });
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
