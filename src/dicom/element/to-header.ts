/** A parsed data set as a header in the DICOM JSON model (PS3.18 annex F), without bulk values and of limited size. */
import type { Header, HeaderElement, HeaderValue, PersonName } from '../header.js';
import type { DataSet, Element } from './data-set.js';
import { parseDecimal } from './decimal.js';
import { tagKey } from './dictionary.js';
import { TAG } from './tags.js';
import { BULK_VRS, NUMBER_SIZE } from './vr.js';

export interface HeaderLimits {
  /** All sequences together may take this much as JSON; one that does not fit any more is left without its items. */
  readonly sequencesJson: number;
  /** A single value longer than this is left out (look-up tables, contour data, long reports). */
  readonly valueBytes: number;
  /** Gives bulk values a URI, by their place: the tag's key, or `key/item/key` with items counted from 0. Else they are left out. */
  readonly bulkUri?: (place: string) => string;
}

/** What a ledger can keep of every instance. */
const LIMITS: HeaderLimits = { sequencesJson: 64 * 1024, valueBytes: 8 * 1024 };

/**
 * The header of a data set. Left out altogether: bulk VRs (OB, OW, OF, OD, OL, OV, UN) and group lengths (PS3.18 F.2.2). Kept with
 * its VR but without `Value`: what is empty, and what is larger than the limits; `Infinity` lifts one of them.
 */
export function toHeader(dataset: DataSet, limits: HeaderLimits = LIMITS): Header {
  return new HeaderWriter(limits).write(dataset);
}

class HeaderWriter {
  #jsonLeft: number;
  readonly #maxValueBytes: number;
  readonly #bulkUri: HeaderLimits['bulkUri'];

  constructor(limits: HeaderLimits) {
    this.#bulkUri = limits.bulkUri;
    this.#jsonLeft = limits.sequencesJson;
    this.#maxValueBytes = limits.valueBytes;
  }

  /** `place` is what stands before the keys of this data set in the places of bulk values. */
  write(dataset: DataSet, place = ''): Header {
    const header: Record<string, HeaderElement> = {};
    for (const element of dataset.elements()) {
      const { vr } = element;
      if ((element.tag & 0xffff) === 0) continue;
      if (BULK_VRS.has(vr)) {
        const key = tagKey(element.tag);
        if (this.#bulkUri) header[key] = element.lengthBytes === 0 ? { vr } : { vr, BulkDataURI: this.#bulkUri(place + key) };
        continue;
      }
      const values =
        vr === 'SQ' ? this.#items(element, place) : element.lengthBytes > this.#maxValueBytes ? [] : valuesOf(dataset, element);
      header[tagKey(element.tag)] = values.length === 0 ? { vr } : { vr, Value: values };
    }
    return header;
  }

  /** The items, or none where they take more than what is left: a huge sequence does not cost the later ones their place. */
  #items(element: Element, place: string): readonly Header[] {
    const before = this.#jsonLeft;
    const items: Header[] = [];
    let left = before;
    for (const [n, item] of (element.items ?? []).entries()) {
      this.#jsonLeft = left;
      const header = this.write(item, `${place}${tagKey(element.tag)}/${n}/`);
      items.push(header);
      left -= JSON.stringify(header).length;
      if (left < 0) break;
    }
    this.#jsonLeft = left < 0 ? before : left;
    return left < 0 ? [] : items;
  }
}

function valuesOf(dataset: DataSet, { tag, vr, lengthBytes }: Element): readonly HeaderValue[] {
  if (tag === TAG.SpecificCharacterSet) return ['ISO_IR 192'];
  if (lengthBytes === 0) return [];
  if (vr === 'AT') return dataset.numbers(tag).map(tagKey);
  if (vr in NUMBER_SIZE) return dataset.numbers(tag).map(jsonNumber);
  const texts = dataset.texts(tag);
  if (texts.every((text) => text === '')) return [];
  if (vr === 'DS' || vr === 'IS') return texts.map(decimalOrText);
  if (vr === 'PN') return texts.map(personName);
  return texts.map((text) => (text === '' ? null : text));
}

/** JSON has no NaN and no infinities; they become text (PS3.18 F.2.3). */
function jsonNumber(value: number): HeaderValue {
  return Number.isFinite(value) ? value : String(value);
}

/** A DS or IS that is no number stays what was written: a rule can still show it. */
function decimalOrText(text: string): HeaderValue {
  if (text === '') return null;
  const number = parseDecimal(text);
  return Number.isFinite(number) ? number : text;
}

/** Component groups of a person name (PS3.5 6.2.1, PS3.18 F.2.2). */
function personName(text: string): PersonName | null {
  const [alphabetic = '', ideographic = '', phonetic = ''] = text.split('=');
  const name = {
    ...(alphabetic === '' ? {} : { Alphabetic: alphabetic }),
    ...(ideographic === '' ? {} : { Ideographic: ideographic }),
    ...(phonetic === '' ? {} : { Phonetic: phonetic }),
  };
  return Object.keys(name).length === 0 ? null : name;
}
