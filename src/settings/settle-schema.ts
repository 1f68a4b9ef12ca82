/** The settings of `settle`: when a study counts as complete. For the whole node, and what differs for a called AE title. */
import { z } from 'zod';
import { seconds, text, type DeepReadonly } from './fields.js';

const signals = () =>
  z
    .array(z.enum(['association-released', 'expected-count', 'storage-commitment', 'required-series']))
    .refine(unique, 'names a signal twice');

const fields = {
  quietS: seconds().describe(
    'The last resort: seconds without a new instance after which a study counts as complete whatever the signals say.',
  ),
  signals: signals().describe(
    'What lets a study settle earlier: `association-released`, `expected-count`, `storage-commitment`, `required-series`; `[]` waits for `quietS`. What each proves stands in src/ARCHITECTURE.md.',
  ),
  shortQuietS: seconds().describe('Seconds without a new instance that every signal needs beside it.'),
  hintQuietS: seconds().describe(
    'The same for what is a hint only: `storage-commitment`, which may name a part of the study, and an `expected-count` that grew along with what came here.',
  ),
  incompleteS: seconds().describe(
    'The last resort where the count says that instances are missing: seconds without a new instance; never less than `quietS`.',
  ),
  countFrom: text().describe(
    'Who is asked for `expected-count`: the name of a destination (QIDO-RS for `stow`, C-FIND for `cstore`) or source.',
  ),
  countPer: z
    .enum(['study', 'series'])
    .describe(
      '`study`: all of it must be here. `series`: only the series that have begun to arrive, where we are sent a part of each study.',
    ),
};

const defaults = {
  quietS: 60,
  signals: ['association-released'],
  shortQuietS: 5,
  hintQuietS: 20,
  incompleteS: 600,
  countPer: 'study',
} as const;

/** What holds for studies that no called AE title has settings of its own for. */
export const settle = z.strictObject({
  quietS: fields.quietS.default(defaults.quietS),
  signals: fields.signals.default([...defaults.signals]),
  shortQuietS: fields.shortQuietS.default(defaults.shortQuietS),
  hintQuietS: fields.hintQuietS.default(defaults.hintQuietS),
  incompleteS: fields.incompleteS.default(defaults.incompleteS),
  countFrom: fields.countFrom.optional(),
  countPer: fields.countPer.default(defaults.countPer),
});

/** What a called AE title may say otherwise; what it leaves out is as in `settle`. */
export const settleOverride = z.strictObject(fields).partial();

export type SettlePolicy = DeepReadonly<z.output<typeof settle>>;
export type SettleOverride = DeepReadonly<z.output<typeof settleOverride>>;
export type SettleSignalName = SettlePolicy['signals'][number];

/** The policy of a called AE title. */
export function overridden(policy: SettlePolicy, override: SettleOverride = {}): SettlePolicy {
  return { ...policy, ...Object.fromEntries(Object.entries(override).filter(([, value]) => value !== undefined)) };
}

/** The shortest time without an instance after which any of these policies can let a study settle. */
export function shortestQuietMs(policies: readonly SettlePolicy[]): number {
  return (
    Math.min(...policies.map(({ quietS, signals: early, shortQuietS }) => (early.length === 0 ? quietS : Math.min(quietS, shortQuietS)))) *
    1000
  );
}

function unique(words: readonly string[]): boolean {
  return new Set(words).size === words.length;
}
