/** The data dictionary (PS3.6) as dcmjs brings it, indexed once by keyword and by tag. */
import { dictionaryEntries } from '../dcmjs.js';

/** A tag as eight upper-case hexadecimal digits, the key of the DICOM JSON model (PS3.18 F.2.2): `00080060`. */
export function tagKey(tag: number): string {
  return tag.toString(16).toUpperCase().padStart(8, '0');
}

/** A tag as people write it, for messages: `(0008,0060) Modality`; the keyword only where the dictionary has one. */
export function tagName(tag: number): string {
  const key = tagKey(tag);
  const keyword = keywordOf(tag);
  return `(${key.slice(0, 4)},${key.slice(4)})${keyword === undefined ? '' : ` ${keyword}`}`;
}

/** The tag of a keyword (`Modality`) or of a number as text (`00080060`, `0008,0060`, `(0008,0060)`); undefined where it is neither. */
export function tagOf(keywordOrNumber: string): number | undefined {
  const hex = /^\(?([0-9a-f]{4}),?([0-9a-f]{4})\)?$/i.exec(keywordOrNumber);
  if (hex) return Number.parseInt(`${hex[1]}${hex[2]}`, 16);
  return dictionary().byKeyword.get(keywordOrNumber);
}

/** The keyword of a tag (PS3.6); undefined for private and unknown tags. Repeating groups (50xx, 60xx) are known by their first group. */
export function keywordOf(tag: number): string | undefined {
  return dictionary().byTag.get(canonicalTag(tag))?.keyword;
}

/**
 * The VR that Implicit VR data sets have for a tag (PS3.5 7.1.3, 7.8): the dictionary's, LO for private creators, UL for group
 * lengths, UN for the rest. `pixelsAreSigned` is asked where the dictionary says US or SS, which PixelRepresentation decides.
 */
export function dictionaryVr(tag: number, pixelsAreSigned: () => boolean = () => false): string {
  const element = tag & 0xffff;
  if (element === 0) return 'UL';
  if ((tag & 0x10000) !== 0) return element >= 0x10 && element <= 0xff ? 'LO' : 'UN';
  const vr = dictionary().byTag.get(canonicalTag(tag))?.vr ?? 'UN';
  if (vr === 'xs') return pixelsAreSigned() ? 'SS' : 'US';
  return vr;
}

/** How many values a tag may have (PS3.6): `1`, `2-n`, `3`; `1-n` for private tags and those that nobody knows. */
export function dictionaryVm(tag: number): string {
  return dictionary().byTag.get(canonicalTag(tag))?.vm ?? '1-n';
}

/** Every keyword that the dictionary has, for suggestions. */
export function keywords(): Iterable<string> {
  return dictionary().byKeyword.keys();
}

interface Dictionary {
  readonly byKeyword: ReadonlyMap<string, number>;
  readonly byTag: ReadonlyMap<number, { readonly keyword: string; readonly vr: string; readonly vm: string }>;
}

let built: Dictionary | undefined;

/** What dcmjs calls a choice of VRs, as Implicit VR Little Endian has it (PS3.5 A.1); `xs`, US or SS, is decided at reading. */
const VR_CHOICE: Readonly<Record<string, string>> = { ox: 'OW', lt: 'OW', up: 'UL', na: 'UN' };

function dictionary(): Dictionary {
  if (built) return built;
  const byKeyword = new Map<string, number>();
  const byTag = new Map<number, { keyword: string; vr: string; vm: string }>();
  for (const { tag, vr, vm, name } of dictionaryEntries()) {
    const number = Number.parseInt(tag.slice(1, 5) + tag.slice(6, 10), 16);
    const keyword = name.replace(/^RETIRED_/, '');
    if (!byKeyword.has(keyword)) byKeyword.set(keyword, number);
    if (!byTag.has(number)) byTag.set(number, { keyword, vr: VR_CHOICE[vr] ?? vr, vm });
  }
  built = { byKeyword, byTag };
  return built;
}

/** The first tag of a repeating group (PS3.5 7.6): (6002,0010) is known as (6000,0010). */
function canonicalTag(tag: number): number {
  const high = tag >>> 24;
  return high === 0x50 || high === 0x60 ? (tag & 0xff00ffff) >>> 0 : tag;
}
