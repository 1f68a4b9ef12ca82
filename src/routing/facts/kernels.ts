/**
 * Families of reconstruction kernels of CT, by how the vendors name them: `soft` for soft tissue and brain, `medium` between,
 * `sharp` for lung, bone and inner ear. Iterative strength is no family: `Br38f\3` is soft. What is not named here is not guessed.
 */
import { TAG } from '../../dicom/element/tags.js';
import type { Header } from '../../dicom/header.js';
import { headersIn, textsIn } from '../header-values.js';
import { distinctBy } from './distinct.js';
import { groupsOfFirstFrame } from './groups.js';
import { known, missing, type Fact } from './fact.js';

export const KERNEL_FAMILIES = ['soft', 'medium', 'sharp'] as const;
export type KernelFamily = (typeof KERNEL_FAMILIES)[number];

const CONVOLUTION_KERNEL_GROUP = 0x00189316;
const CT_RECONSTRUCTION_SEQUENCE = 0x00189314;

/** Defined terms of ConvolutionKernelGroup (PS3.3 C.8.15.3.7). */
const GROUPS: Readonly<Record<string, KernelFamily>> = { BRAIN: 'soft', SOFT_TISSUE: 'soft', LUNG: 'sharp', BONE: 'sharp' };

/** Kernels that are named by a word or a letter: GE, Philips, United Imaging, Canon's and other makers' plain words. */
const BY_NAME: readonly (readonly [family: KernelFamily, names: string])[] = [
  // GE, then Philips (A smooth, B standard; U brain; XC and C cardiac; E with sharper edges kept soft), then plain words
  [
    'soft',
    'SOFT STANDARD STND STANDARD+ A B UA UB XCA XCB CA CB SMOOTH BRAIN BODY SOFTTISSUE ABDOMEN B_SOFT_A B_SOFT_B B_SOFT_C H_SOFT_A H_SOFT_B H_SOFT_C',
  ],
  ['medium', 'DETAIL CHST CHEST C UC XCC CC BODY_SHARP B_SHARP_A B_SHARP_B H_SHARP_A H_SHARP_B'],
  [
    'sharp',
    'LUNG BONE BONEPLUS EDGE ULTRA HD_BONE HD_LUNG HD_ULTRA HDBONE HDLUNG D E L YA YB YC YD YE YL XCD CD EB EC IAC INNEREAR SHARP B_SHARP_C B_SHARP_D H_SHARP_C H_SHARP_D B_VSHARP_A B_VSHARP_B B_VSHARP_C H_VSHARP_A H_VSHARP_B H_VSHARP_C LUNG_A LUNG_B',
  ],
];

const byName = new Map(BY_NAME.flatMap(([family, names]) => names.split(' ').map((name) => [name, family] as const)));

/**
 * Siemens: body, head, iterative, dual-energy, quantitative and ultra-high kernels with a number from 10 (very smooth) to 90 (ultra
 * sharp), `B40f`, `Br38f`, `Hr59`, `I31f`, `Qr40`, `U90u`. T is the topogram's and has no family.
 */
const SIEMENS = /^([BHIJDQUS][A-Z]?)(\d\d)[A-Z]*$/;
const SIEMENS_MEDIUM_FROM = 50;
const SIEMENS_SHARP_FROM = 60;

/** Canon and Toshiba: FC and a number, the tens of which are the group. */
const CANON = /^FC(\d\d)/;
const CANON_TENS: Readonly<Record<string, KernelFamily>> = {
  // Body with and without beam hardening correction, brain with it, bone, brain without it, lung, brain, high resolution
  0: 'soft',
  1: 'soft',
  2: 'soft',
  3: 'sharp',
  4: 'soft',
  5: 'sharp',
  6: 'soft',
  8: 'sharp',
};

/** The family of one value of ConvolutionKernel; undefined where the name is not known. */
export function familyOfKernel(written: string): KernelFamily | undefined {
  const kernel = written.toUpperCase().trim();
  const named = byName.get(kernel) ?? byName.get(kernel.replace(/[\s-]/g, ''));
  if (named !== undefined) return named;
  const [, kind, number] = SIEMENS.exec(kernel) ?? [];
  if (number !== undefined) return familyOfNumber(Number(number), kind === 'BL');
  const [, canon] = CANON.exec(kernel) ?? [];
  return canon === undefined ? undefined : CANON_TENS[canon.charAt(0)];
}

/** Bl is made for the lung: from the middle on it is used as the sharp one. */
function familyOfNumber(number: number, isLung: boolean): KernelFamily {
  if (number >= SIEMENS_SHARP_FROM || (isLung && number >= SIEMENS_MEDIUM_FROM)) return 'sharp';
  return number >= SIEMENS_MEDIUM_FROM ? 'medium' : 'soft';
}

/** The family of a CT series' kernel; the first value that is known counts. Missing for a series of several families. */
export function kernelFact(headers: readonly Header[], modality: string | undefined): Fact {
  if (modality?.toUpperCase() !== 'CT') return missing('only a CT has a reconstruction kernel of a family');
  const kernels = distinctBy(headers, TAG.ConvolutionKernel).flatMap(({ header }) => kernelsOf(header));
  const families = new Set(kernels.flatMap(({ family }) => family ?? []));
  const written = [...new Set(kernels.map(({ text }) => text))].slice(0, 3).join(', ');
  const [family] = families;
  if (families.size > 1) return missing(`kernels of several families in one series: ${written}`);
  if (family !== undefined) return known(family, `ConvolutionKernel ${written}`);
  return missing(written === '' ? 'ConvolutionKernel is absent or empty' : `ConvolutionKernel ${written} is of no known family`);
}

/** The kernel of an instance as it is written, and its family; of enhanced objects that of the reconstruction (PS3.3 C.8.15.3.7). */
function kernelsOf(header: Header): { text: string; family: KernelFamily | undefined }[] {
  const holders = [header, ...groupsOfFirstFrame(header).flatMap((group) => headersIn(group, CT_RECONSTRUCTION_SEQUENCE))];
  return holders.flatMap((holder) => {
    const values = textsIn(holder, TAG.ConvolutionKernel);
    const family = values.map(familyOfKernel).find((one) => one !== undefined) ?? familyOfGroup(holder);
    return values.length === 0 && family === undefined ? [] : [{ text: values.join('\\'), family }];
  });
}

function familyOfGroup(holder: Header): KernelFamily | undefined {
  const [group] = textsIn(holder, CONVOLUTION_KERNEL_GROUP);
  return group === undefined ? undefined : GROUPS[group.toUpperCase()];
}
