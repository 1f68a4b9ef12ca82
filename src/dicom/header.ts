/**
 * Headers as the DICOM JSON model (PS3.18 annex F): what the ledger keeps of an instance, what rules look at,
 * and what QIDO-RS and WADO-RS metadata answer. Bulk values are left out.
 */

/** One element. A present but empty element has no `Value`; an absent one has no entry at all. */
export interface HeaderElement {
  readonly vr: string;
  /** Text decoded to Unicode; IS and DS as numbers where they are numbers, PN as `{Alphabetic, Ideographic, Phonetic}`, SQ as headers. */
  readonly Value?: readonly HeaderValue[];
  /** Where a value that is left out can be had (PS3.18 F.2.6); only in what goes out as metadata. */
  readonly BulkDataURI?: string;
}

export type HeaderValue = string | number | PersonName | Header | null;

export interface PersonName {
  readonly Alphabetic?: string;
  readonly Ideographic?: string;
  readonly Phonetic?: string;
}

/** Keys are eight upper-case hexadecimal digits, as in PS3.18 F.2.2: `"00080060"`. */
export type Header = { readonly [tag: string]: HeaderElement };

/** The first value of an element as text; undefined where it is absent, empty or not a text or number. */
export function firstText(header: Header, tag: string): string | undefined {
  const value = header[tag]?.Value?.[0];
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
}
