/** Headers and rules in few words, for the tests of routing. */
import { dictionaryVr, tagKey, tagOf } from '../../../src/dicom/element/tags.js';
import type { Header, HeaderValue } from '../../../src/dicom/header.js';
import { formatFaults } from '../../../src/foundation/faults.js';
import { studyFacts, type SeriesFacts, type SeriesInput } from '../../../src/routing/facts.js';
import { parseRules, type LoadedRules } from '../../../src/routing/load.js';

/** `null` stands for an element that is present but empty. */
export type Tags = Readonly<Record<string, HeaderValue | readonly HeaderValue[]>>;

export function header(tags: Tags): Header {
  return Object.fromEntries(
    Object.entries(tags).map(([name, value]) => {
      const tag = tagOf(name) ?? 0;
      const vr = dictionaryVr(tag);
      return [
        tagKey(tag),
        value === null ? { vr } : { vr, Value: Array.isArray(value) ? (value as HeaderValue[]) : [value as HeaderValue] },
      ];
    }),
  );
}

/** `count` axial slices, `spacingMm` apart, with these tags in each. */
export function series(seriesInstanceUid: string, tags: Tags, count = 30, spacingMm = 1): SeriesInput {
  const instances = Array.from({ length: count }, (_, k) => ({
    sopInstanceUid: `${seriesInstanceUid}.${k}`,
    header: header({
      InstanceNumber: k + 1,
      ImagePositionPatient: [0, 0, k * spacingMm],
      ImageOrientationPatient: [1, 0, 0, 0, 1, 0],
      ...tags,
    }),
  }));
  return { seriesInstanceUid, instances };
}

export function study(...all: SeriesInput[]) {
  return studyFacts({ studyInstanceUid: '1.2', callingAe: 'CT1', calledAe: 'ANTEROOM', series: all });
}

export function factsOf(tags: Tags): SeriesFacts {
  const [only] = study(series('1.2.3', tags, 1)).series;
  if (only === undefined) throw new Error('no series');
  return only;
}

export const CONTEXT = { destinations: ['archive', 'pacs'], models: new Map([['lungs', { version: '1.0.0' }]]) };

/** The rules of one file; throws its faults. */
export function rulesOf(text: string): LoadedRules {
  const loaded = parseRules(new Map([['test.yaml', text]]), '', CONTEXT);
  if (!loaded.ok) throw new Error(formatFaults(loaded.faults));
  return loaded.rules;
}

export function faultsOf(text: string, cases?: string): string[] {
  const files = new Map([['test.yaml', text], ...(cases === undefined ? [] : [['test.cases.yaml', cases] as const])]);
  const loaded = parseRules(files, '', CONTEXT);
  return loaded.ok ? [] : formatFaults(loaded.faults).split('\n');
}
