/** What a change of the rules did, and who made it. */
import { readFileSync, statSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import type { NameChanges, WhatChanged } from '../ledger/revisions.js';
import type { LoadedRules } from './load.js';

type Revision = Pick<LoadedRules, 'rules' | 'files'>;

/** The rules and files that one set has and the other has not, or has otherwise. */
export function whatChanged(before: Revision, after: Revision): WhatChanged {
  const texts = ({ rules }: Revision) => Object.fromEntries(rules.map((rule) => [rule.name, JSON.stringify(rule)]));
  return { rules: compared(texts(before), texts(after)), files: compared(before.files, after.files) };
}

/** The names of those files of a change that are there now: what it added or changed. */
export function filesThere({ files }: WhatChanged): string[] {
  return [...(files?.added ?? []), ...(files?.changed ?? [])];
}

function compared(before: Readonly<Record<string, string>>, after: Readonly<Record<string, string>>): NameChanges {
  const names = Object.keys(after);
  return {
    added: names.filter((name) => before[name] === undefined),
    removed: Object.keys(before).filter((name) => after[name] === undefined),
    changed: names.filter((name) => before[name] !== undefined && before[name] !== after[name]),
  };
}

/** The owner of the newest of these files; undefined where none of them can be looked at. An owner need not be who wrote it last. */
export function authorOf(folder: string, names: readonly string[]): string | undefined {
  const [newest] = names.flatMap((name) => statOf(join(folder, name))).sort((a, b) => b.mtimeMs - a.mtimeMs);
  return newest && userName(newest.uid);
}

function statOf(path: string): Stats[] {
  return [statSync(path, { throwIfNoEntry: false })].filter((stat) => stat !== undefined);
}

function userName(uid: number): string {
  const known = readFileSync('/etc/passwd', 'utf8').split('\n');
  return known.map((entry) => entry.split(':')).find(([, , id]) => id === String(uid))?.[0] ?? `user ${uid}`;
}
