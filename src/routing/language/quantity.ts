/** Numbers with units in rules: `2.5 mm`, `18 years`, `20:00`. A number without a unit is in the unit of what is asked. */
import { closest } from '../../foundation/faults.js';

/** What can be converted into one another. */
type Dimension = 'length' | 'duration' | 'age' | 'angle' | 'mass' | 'voltage' | 'current' | 'charge' | 'field' | 'activity';

interface Unit {
  readonly dimension: Dimension;
  /** Of the dimension's smallest unit here. */
  readonly factor: number;
}

const DAYS_OF_YEAR = 365.25;

/** An age of `012M` is one year, as people count it; of weeks and days each is what it is. */
const UNITS: Readonly<Record<string, Unit>> = {
  um: { dimension: 'length', factor: 0.001 },
  mm: { dimension: 'length', factor: 1 },
  cm: { dimension: 'length', factor: 10 },
  m: { dimension: 'length', factor: 1000 },
  ms: { dimension: 'duration', factor: 1 },
  s: { dimension: 'duration', factor: 1000 },
  days: { dimension: 'age', factor: 1 },
  weeks: { dimension: 'age', factor: 7 },
  months: { dimension: 'age', factor: DAYS_OF_YEAR / 12 },
  years: { dimension: 'age', factor: DAYS_OF_YEAR },
  degrees: { dimension: 'angle', factor: 1 },
  g: { dimension: 'mass', factor: 1 },
  kg: { dimension: 'mass', factor: 1000 },
  kV: { dimension: 'voltage', factor: 1 },
  mA: { dimension: 'current', factor: 1 },
  mAs: { dimension: 'charge', factor: 1 },
  mT: { dimension: 'field', factor: 0.001 },
  T: { dimension: 'field', factor: 1 },
  Bq: { dimension: 'activity', factor: 1 },
  MBq: { dimension: 'activity', factor: 1e6 },
};

export type UnitName = 'mm' | 'm' | 'ms' | 's' | 'years' | 'degrees' | 'kg' | 'kV' | 'mA' | 'mAs' | 'T' | 'Bq';

/** Other spellings. */
const SPELLINGS: Readonly<Record<string, string>> = {
  µm: 'um',
  day: 'days',
  d: 'days',
  week: 'weeks',
  month: 'months',
  year: 'years',
  y: 'years',
  degree: 'degrees',
  deg: 'degrees',
  '°': 'degrees',
  sec: 's',
};

/** The units in which PS3.3 gives the value of a tag; an age is written with its own. */
const UNIT_OF_TAG: Readonly<Record<string, UnitName>> = {
  PatientAge: 'years',
  PatientSize: 'm',
  PatientWeight: 'kg',
  SliceThickness: 'mm',
  SpacingBetweenSlices: 'mm',
  PixelSpacing: 'mm',
  ImagerPixelSpacing: 'mm',
  SliceLocation: 'mm',
  ImagePositionPatient: 'mm',
  DataCollectionDiameter: 'mm',
  ReconstructionDiameter: 'mm',
  TotalCollimationWidth: 'mm',
  SingleCollimationWidth: 'mm',
  TableHeight: 'mm',
  GantryDetectorTilt: 'degrees',
  FlipAngle: 'degrees',
  KVP: 'kV',
  XRayTubeCurrent: 'mA',
  Exposure: 'mAs',
  ExposureTime: 'ms',
  RepetitionTime: 'ms',
  EchoTime: 'ms',
  InversionTime: 'ms',
  TriggerTime: 'ms',
  FrameTime: 'ms',
  MagneticFieldStrength: 'T',
  RadionuclideTotalDose: 'Bq',
  RadionuclideHalfLife: 's',
};

/** The unit of a tag's numbers; undefined where it has none, or none that is known here. */
export function unitOfTag(keyword: string): UnitName | undefined {
  return UNIT_OF_TAG[keyword];
}

/** An operand as a number in `unit`, or what is wrong with it. */
export function inUnit(operand: string | number, unit: UnitName | undefined): number | { readonly fault: string } {
  if (typeof operand === 'number') return operand;
  const [, digits, written] = /^\s*([+-]?\d+(?:\.\d+)?)\s*([^\d\s]\S*)?\s*$/.exec(operand) ?? [];
  if (digits === undefined) return { fault: `must be a number${unit === undefined ? '' : `, or one with a unit like 5 ${unit}`}` };
  if (written === undefined) return Number(digits);
  const wanted = unit === undefined ? undefined : UNITS[unit];
  if (unit === undefined || wanted === undefined) return { fault: `must be a number without unit: what is asked has none` };
  const given = UNITS[SPELLINGS[written] ?? written];
  if (given === undefined) return { fault: unknownUnit(written, wanted.dimension) };
  if (given.dimension !== wanted.dimension) return { fault: `is in ${unit}, which ${written} is not` };
  return (Number(digits) * given.factor) / wanted.factor;
}

function unknownUnit(written: string, dimension: Dimension): string {
  const fitting = Object.keys(UNITS).filter((name) => UNITS[name]?.dimension === dimension);
  const near = closest(written, fitting) ?? fitting.find((name) => name.toLowerCase() === written.toLowerCase());
  return `has no unit called "${written}"${near === undefined ? `; one of ${fitting.join(', ')}` : `; did you mean ${near}?`}`;
}

const AGE_UNITS: Readonly<Record<string, string>> = { D: 'days', W: 'weeks', M: 'months', Y: 'years' };

/** An age string (VR AS, PS3.5 6.2: `018Y`, `006M`) in years; undefined where the text is none. */
export function yearsOfAge(text: string): number | undefined {
  const [, digits, letter] = /^(\d{1,3})([DWMY])$/i.exec(text) ?? [];
  const unit = UNITS[AGE_UNITS[letter?.toUpperCase() ?? ''] ?? ''];
  return digits === undefined || unit === undefined ? undefined : (Number(digits) * unit.factor) / DAYS_OF_YEAR;
}

/** Seconds since midnight of `20:00`, `20:00:30` or a DICOM time (VR TM: `200030.5`, `2000`); undefined where the text is none. */
export function secondsOfTime(text: string): number | undefined {
  const [, hours, minutes, seconds] =
    /^([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d(?:\.\d+)?))?$/.exec(text) ??
    /^([01]\d|2[0-3])(?:([0-5]\d)(?:([0-5]\d(?:\.\d{1,6})?))?)?$/.exec(text) ??
    [];
  return hours === undefined ? undefined : Number(hours) * 3600 + Number(minutes ?? 0) * 60 + Number(seconds ?? 0);
}
