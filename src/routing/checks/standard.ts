/**
 * Clauses that only a header which breaks the standard answers with true: what a VR cannot hold (PS3.5 6.2), terms that DICOM does
 * not have. Warnings, because there are such headers.
 */
import { closest, type Fault } from '../../foundation/faults.js';
import { operatorsOf, RANGE_OPERATORS, type Clause, type Operand } from '../language/operators.js';
import { aboutOf } from './clauses-together.js';
import { lettersNeededBy } from './pattern-letters.js';
import type { Site } from './site.js';

interface TextVr {
  readonly name: string;
  readonly most: number;
  /** What every character is, where that is restricted; upper and lower case do not matter to rules. */
  readonly characters?: { readonly allowed: RegExp; readonly words: string };
}

const DIGITS_AND_DOTS = { allowed: /^[0-9.]*$/, words: 'digits and dots' };

const TEXT_VRS: Readonly<Record<string, TextVr>> = {
  AE: { name: 'an AE title', most: 16 },
  CS: { name: 'a code string', most: 16, characters: { allowed: /^[A-Z0-9 _]*$/i, words: 'letters, digits, spaces and "_"' } },
  DA: { name: 'a date', most: 8, characters: { allowed: /^[0-9]*$/, words: 'digits like 20240131' } },
  LO: { name: 'a long string', most: 64 },
  PN: { name: 'a name', most: 64 },
  SH: { name: 'a short string', most: 16 },
  UI: { name: 'a UID', most: 64, characters: DIGITS_AND_DOTS },
};

/** PS3.3 C.7.3.1.1.1, with retired terms. */
const MODALITIES = (
  'ANN AR ASMT AU BDUS BI BMD CFM CR CT CTPROTOCOL DG DMS DOC DX ECG EEG EMG EOG EPS ES FID GM HC HD IO IOL IVOCT IVUS KER KO LEN LS M3D ' +
  'MG MR NM OAM OCT OP OPM OPT OPTBSV OPTENF OPV OSS OT PA PLAN POS PR PT PX REG RESP RF RG RTDOSE RTIMAGE RTINTENT RTPLAN RTRAD RTRECORD ' +
  'RTSEGANN RTSTRUCT RWV SEG SM SMR SR SRF STAIN TEXTUREMAP TG US VA XA XAPROTOCOL XC AS CD CF CP CS DD DF DM DS EC FA FS LP MA MS OPR ST VF'
).split(' ');

/** What people call them. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  MRI: 'MR',
  NMR: 'MR',
  CAT: 'CT',
  PET: 'PT',
  PETCT: 'PT',
  SPECT: 'NM',
  XRAY: 'DX',
  'X-RAY': 'DX',
  DR: 'DX',
  MAMMO: 'MG',
  ULTRASOUND: 'US',
};

/** Why a clause on a tag is true of no header that keeps to the standard. */
export function standardWarnings({ clause, site }: { readonly clause: Clause; readonly site: Site }): Fault[] {
  const [operator] = operatorsOf(clause);
  const path = aboutOf(clause)?.path;
  const vr = TEXT_VRS[path?.vr ?? ''];
  if (operator === undefined || path === undefined || vr === undefined) return [];
  const at = site.at(operator);
  if (RANGE_OPERATORS.includes(operator) && path.vr !== 'DA' && path.vr !== 'SH' && path.vr !== 'LO')
    return [at.fault(`${path.text} is ${vr.name}: it is never a number`)];
  if (operator === 'matches') return misfit(lettersNeededBy(clause.matches ?? ''), path.text, vr, at);
  if (operator === 'contains') return misfit(clause.contains ?? '', path.text, vr, at);
  const named: readonly Operand[] = clause.equals === undefined ? (clause.oneOf ?? []) : [clause.equals];
  return named.flatMap((one, index) => {
    const place = clause.equals === undefined ? at.at(index) : at;
    const text = String(one).trim();
    return path.text === 'Modality' || path.keyword === 'Modality' ? unknownModality(text, place) : misfit(text, path.text, vr, place);
  });
}

function unknownModality(text: string, at: Site): Fault[] {
  const word = text.toUpperCase();
  if (MODALITIES.includes(word)) return [];
  return [at.fault(`DICOM has no modality ${text}`, OTHER_NAMES[word] ?? closest(word, MODALITIES))];
}

function misfit(text: string, tag: string, { name, most, characters }: TextVr, at: Site): Fault[] {
  const odd = characters && Array.from(text).find((letter) => !characters.allowed.test(letter));
  if (odd !== undefined) return [at.fault(`${tag} is ${name}: it has ${characters?.words ?? ''} only, never "${odd}"`)];
  const { length } = Array.from(text);
  return length > most ? [at.fault(`${tag} is ${name}: it has at most ${most} characters, this has ${length}`)] : [];
}
