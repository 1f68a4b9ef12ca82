/**
 * The one place where dcmjs is loaded. It is loaded through `require` because dcmjs-dimse requires its CommonJS build: an
 * `import` would bring a second copy with a log of its own. The log is turned off: it prints values of elements it does not know.
 */
import { createRequire } from 'node:module';

interface DictionaryEntry {
  /** `(GGGG,EEEE)` */
  readonly tag: string;
  /** A VR of PS3.5, or dcmjs's words for a choice: `ox` (OB or OW), `xs` (US or SS), `lt` (US, SS or OW), `up` (UL), `na`. */
  readonly vr: string;
  /** How many values: `1`, `2-n`, `3`. */
  readonly vm: string;
  /** The keyword of PS3.6; retired ones carry the prefix `RETIRED_`. */
  readonly name: string;
}

interface Dcmjs {
  readonly log: { setLevel(level: 'silent'): void };
  readonly data: {
    readonly DicomMetaDictionary: { readonly nameMap: Record<string, DictionaryEntry> };
  };
}

let loaded: Dcmjs | undefined;

/** dcmjs, silenced; loaded at the first call, because it takes some 50 ms that most processes never need. */
function dcmjs(): Dcmjs {
  if (loaded === undefined) {
    loaded = createRequire(import.meta.url)('dcmjs') as Dcmjs;
    loaded.log.setLevel('silent');
  }
  return loaded;
}

/** Silences dcmjs in this process, also for libraries that share its copy. Called once where such a library is loaded. */
export function silenceDcmjs(): void {
  dcmjs();
}

/** All entries of the data dictionary (PS3.6) that dcmjs brings. */
export function dictionaryEntries(): readonly DictionaryEntry[] {
  return Object.values(dcmjs().data.DicomMetaDictionary.nameMap);
}
