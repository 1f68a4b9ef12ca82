/** What an MR series is weighted by: from the image's own statement, from descriptions, else from its timing. Pure. */
import { TAG } from '../../dicom/element/tags.js';
import type { Header } from '../../dicom/header.js';
import { headersIn, numberIn, textsIn } from '../header-values.js';
import { quoted, type Description } from './descriptions.js';
import { distinctBy } from './distinct.js';
import { groupsOfFirstFrame } from './groups.js';
import { known, missing, type Fact } from './fact.js';
import { PhraseTable } from './phrases.js';

export const MR_WEIGHTINGS = ['t1', 't2', 't2star', 'pd', 'flair', 'dwi', 'adc'] as const;
export type MrWeighting = (typeof MR_WEIGHTINGS)[number];

const ACQUISITION_CONTRAST = 0x00089209;
const MR_IMAGE_FRAME_TYPE_SEQUENCE = 0x00189226;
const DIFFUSION_B_VALUE = 0x00189087;

/** Values of AcquisitionContrast (PS3.3 C.8.13.3.1.1) and of ImageType and FrameType, which scanners use in the same way. */
const STATED: Readonly<Record<string, MrWeighting>> = {
  T1: 't1',
  T2: 't2',
  T2_STAR: 't2star',
  PROTON_DENSITY: 'pd',
  FLUID_ATTENUATED: 'flair',
  DIFFUSION: 'dwi',
  TRACEW: 'dwi',
  ADC: 'adc',
  ADC_UNSPECIFIED: 'adc',
};

/** By the first of the sources that tells; missing where none does, or where one names several. */
export function mrWeightingFact(headers: readonly Header[], descriptions: readonly Description[], modality: string | undefined): Fact {
  if (modality?.toUpperCase() !== 'MR') return missing('only an MR has a weighting');
  return byStatement(headers) ?? byDescriptions(descriptions) ?? byBValue(headers) ?? byTiming(headers);
}

function byStatement(headers: readonly Header[]): Fact | undefined {
  const texts = [TAG.ImageType, ACQUISITION_CONTRAST].flatMap((tag) =>
    distinctBy(headers, tag).flatMap(({ header }) => [
      ...textsIn(header, tag),
      ...groupsOfFirstFrame(header)
        .flatMap((group) => headersIn(group, MR_IMAGE_FRAME_TYPE_SEQUENCE))
        .flatMap((frame) => [...textsIn(frame, TAG.FrameType), ...textsIn(frame, ACQUISITION_CONTRAST)]),
    ]),
  );
  const stated = new Set(texts.flatMap((text) => STATED[text.toUpperCase()] ?? []));
  // FLAIR and diffusion are T2-weighted too, and an ADC map is made of diffusion.
  if (SPECIAL.some((word) => stated.has(word))) stated.delete('t2');
  if (stated.has('adc')) stated.delete('dwi');
  const [only] = stated;
  if (stated.size > 1) return missing(`ImageType and AcquisitionContrast say ${[...stated].join(' and ')}`);
  return only === undefined ? undefined : known(only, 'ImageType or AcquisitionContrast');
}

function byDescriptions(descriptions: readonly Description[]): Fact | undefined {
  for (const description of descriptions) {
    if (description.name === 'StudyDescription') continue;
    const found = WORDS.find(description.text);
    const weightings = found.filter((word) => word !== 'other');
    const special = SPECIAL.find((word) => weightings.includes(word));
    const weighting = special ?? weightings[0];
    if (weighting === undefined && found.length > 0) return missing(`${quoted(description)} names no weighting of these`);
    if (weighting === undefined) continue;
    if (special === undefined && weightings.length > 1) return missing(`${quoted(description)} says ${weightings.join(' and ')}`);
    return known(weighting, quoted(description));
  }
  return undefined;
}

/** An ADC map is made of diffusion, and diffusion is acquired as T2: of several words the more special one counts. */
const SPECIAL: readonly MrWeighting[] = ['adc', 'dwi', 'flair'];

/** Words, and vendors' names of sequences, in descriptions; `other` is what has another contrast whatever its timing is. */
const WORDS = new PhraseTable<MrWeighting | 'other'>([
  [
    ['other'],
    't1 map, t1 mapping, t2 map, t2 mapping, t2star map, t2* map, t1 maps, t2 maps, map t1, map t2, eadc, e adc, exp adc, fat fraction, dwi plan, tof, mra, mrv, angio, angiography, pca, pc mra, phase contrast, asl, pcasl, bold, fmri, perf, perfusion, field map, fieldmap, mrs, spectroscopy, localizer, scout',
  ],
  [
    ['t1'],
    't1, t1w, t1wi, w t1, t1 flair, t1w flair, mprage, mp rage, bravo, fspgr, spgr, vibe, thrive, lava, starvibe, dixon t1, flash3d t1, t1 tirm, t1 fs, e thrive, t1加权, t1強調',
  ],
  [['t2'], 't2, t2w, t2wi, w t2, t2 tse, t2 fse, haste, ssfse, t2加权, t2強調, propeller t2, blade t2'],
  [['t2star'], 't2*, t2* w, t2 star, t2star, t2s, swi, swan, hemo, gre t2, t2 gre, t2 ffe, t2 fl2d, t2w ffe, medic, merge'],
  [['pd'], 'pd, pdw, pdwi, proton density, proton, rho'],
  [
    ['flair'],
    'flair, t2 flair, t2w flair, dark fluid, darkfluid, tirm dark fluid, t2 tirm dark fluid, t2 dark fluid, space flair, cube flair, vista flair',
  ],
  [
    ['dwi'],
    'dwi, diff, diffusion, dti, trace, tracew, hbv, high b value, resolve, zoomit, b0, b50, b400, b500, b600, b800, b1000, b1200, b1400, b1500, b2000, ivim, 拡散, 扩散, 弥散',
  ],
  [['adc'], 'adc, dwi adc, adc map, adc maps, apparent diffusion coefficient, apparent diffusion'],
]);

/** A b-value above 0 in any instance, in an image that is not computed (PS3.3 C.8.13.5.9). */
function byBValue(headers: readonly Header[]): Fact | undefined {
  const highest = Math.max(0, ...distinctBy(headers, DIFFUSION_B_VALUE).map(({ header }) => numberIn(header, DIFFUSION_B_VALUE) ?? 0));
  return highest > 0 ? known('dwi', `DiffusionBValue up to ${highest}`) : undefined;
}

/** From ScanningSequence and the times in milliseconds, where they leave no doubt. */
function byTiming(headers: readonly Header[]): Fact {
  const [first] = headers;
  if (first === undefined) return missing('there is no image');
  const kinds = textsIn(first, TAG.ScanningSequence).map((text) => text.toUpperCase());
  const [echoMs, repetitionMs, inversionMs] = [TAG.EchoTime, TAG.RepetitionTime, TAG.InversionTime].map((tag) => numberIn(first, tag));
  if (kinds.length === 0 || echoMs === undefined || repetitionMs === undefined)
    return missing('no description tells, and ScanningSequence, EchoTime or RepetitionTime is absent');
  const source = `ScanningSequence ${kinds.join('\\')}, EchoTime ${echoMs} ms, RepetitionTime ${repetitionMs} ms${
    inversionMs === undefined ? '' : `, InversionTime ${inversionMs} ms`
  }`;
  const weighting = weightingOf({ kinds, echoMs, repetitionMs, inversionMs: inversionMs ?? 0 });
  return weighting === undefined ? missing(`no description tells, and ${source} leaves it open`) : known(weighting, source);
}

interface Timing {
  readonly kinds: readonly string[];
  readonly echoMs: number;
  readonly repetitionMs: number;
  readonly inversionMs: number;
}

/** The usual ranges of clinical scanners at 0.06 to 3 T; between them it is left open. */
function weightingOf({ kinds, echoMs, repetitionMs, inversionMs }: Timing): MrWeighting | undefined {
  const isEcho = kinds.includes('SE');
  const isGradient = kinds.includes('GR');
  if (kinds.includes('EP') || isEcho === isGradient) return undefined;
  if (isGradient) {
    if (echoMs < 10 && (inversionMs >= 500 || repetitionMs < 30)) return 't1';
    return echoMs >= 15 && inversionMs === 0 ? 't2star' : undefined;
  }
  if (inversionMs > 0 || kinds.includes('IR')) return echoMs >= 70 && inversionMs >= 1200 ? 'flair' : undefined;
  if (echoMs <= 30) return repetitionMs <= 1000 ? 't1' : repetitionMs >= 1800 ? 'pd' : undefined;
  return echoMs >= 70 && repetitionMs >= 1800 ? 't2' : undefined;
}
