/** Units of measurements as UCUM codes (PS3.16 section 7.2.2), with the meanings that PS3.16 gives them. */
import type { Code } from '../structures/code.js';

/** Meaning by code: those of CID 7181, 7183, 7460 to 7462 and 7456 that measurements of images have. */
const MEANINGS: Readonly<Record<string, string>> = {
  '1': 'no units',
  '%': 'Percent',
  '{ratio}': 'ratio',
  ppm: 'ppm',
  "[arb'U]": 'arbitrary unit',
  um: 'micrometer',
  mm: 'millimeter',
  cm: 'centimeter',
  um2: 'square micrometer',
  mm2: 'square millimeter',
  cm2: 'square centimeter',
  um3: 'cubic micrometer',
  mm3: 'cubic millimeter',
  cm3: 'cubic centimeter',
  dm3: 'cubic decimeter',
  ml: 'milliliter',
  g: 'gram',
  mg: 'milligram',
  kg: 'kilogram',
  'g/ml': 'gram per milliliter',
  'mg/cm3': 'mg/cm^3',
  'mg/ml': 'mg/ml',
  "[hnsf'U]": 'Hounsfield Unit',
  'g/ml{SUVbw}': 'Standardized Uptake Value body weight',
  'g/ml{SUVlbm}': 'Standardized Uptake Value lean body mass (James)',
  'cm2/ml{SUVbsa}': 'Standardized Uptake Value body surface area',
  'Bq/ml': 'Becquerels/milliliter',
  '{counts}': 'Counts',
  'mm2/s': 'mm2/s',
  'um2/s': 'um2/s',
  '10-6.mm2/s': '10-6.mm2/s',
  deg: 'Degree',
  rad: 'Radian',
  ms: 'millisecond',
  s: 'second',
  min: 'minute',
  h: 'hour',
  d: 'day',
  a: 'year',
  '/min': '/min',
  'mm/s': 'millimeter/second',
  'cm/s': 'centimeter/second',
  'ml/s': 'milliliter per second',
  'ml/min': 'milliliter per minute',
  'mm[Hg]': 'mmHg',
};

/** Spellings of people that are no UCUM code. */
const MEANT: Readonly<Record<string, string>> = {
  hu: "[hnsf'U]",
  mL: 'ml',
  cc: 'cm3',
  'mm^2': 'mm2',
  'mm^3': 'mm3',
  'cm^3': 'cm3',
  'mm²': 'mm2',
  'mm³': 'mm3',
  'cm³': 'cm3',
  percent: '%',
  probability: '1',
  none: '1',
  '': '1',
  mmhg: 'mm[Hg]',
  suv: 'g/ml{SUVbw}',
};

/** The unit of a UCUM code; a text in braces is one for whatever is counted (`{lesions}`). Undefined for what we do not know. */
export function unitOf(ucum: string): Code | undefined {
  const counted = /^\{([^{}\s]{1,14})\}$/.exec(ucum)?.[1];
  const meaning = Object.hasOwn(MEANINGS, ucum) ? MEANINGS[ucum] : counted;
  return meaning === undefined ? undefined : { value: ucum, scheme: 'UCUM', meaning };
}

/** What somebody means who writes a unit that is no UCUM code; undefined where nobody knows. */
export function unitMeant(text: string): string | undefined {
  const [exact, lower] = [text.trim(), text.trim().toLowerCase()];
  return MEANT[exact] ?? MEANT[lower] ?? Object.keys(MEANINGS).find((ucum) => ucum.toLowerCase() === lower);
}

/** Every unit that the table has, for messages. */
export const KNOWN_UNITS: readonly string[] = Object.keys(MEANINGS);
