/** CT series as scanners of several makes write them. */
import type { Tags, WrittenSeries } from './study.js';

export interface CtVendor {
  readonly tags: Tags;
  readonly axial: readonly string[];
  readonly localizer: readonly string[];
  readonly mpr: readonly string[];
  readonly mip: readonly string[];
  readonly soft: string | readonly string[];
  readonly lung: string | readonly string[];
  readonly bone: string | readonly string[];
}

export const SIEMENS: CtVendor = {
  tags: { Manufacturer: 'SIEMENS', ManufacturerModelName: 'SOMATOM Force' },
  axial: ['ORIGINAL', 'PRIMARY', 'AXIAL', 'CT_SOM5 SPI'],
  localizer: ['ORIGINAL', 'PRIMARY', 'LOCALIZER', 'CT_SOM5 TOP'],
  mpr: ['DERIVED', 'SECONDARY', 'MPR', 'CSA MPR', '', 'CSA RESAMPLED'],
  mip: ['DERIVED', 'SECONDARY', 'AXIAL', 'CT_SOM5 MIP'],
  soft: ['Br40d', '3'],
  lung: ['Bl57d', '3'],
  bone: ['Br69d', '3'],
};

/** The older kernel names of the same make. */
export const SIEMENS_OLD: CtVendor = {
  ...SIEMENS,
  tags: { Manufacturer: 'SIEMENS', ManufacturerModelName: 'Sensation 64' },
  soft: 'B30f',
  lung: 'B80f',
  bone: 'B60s',
};

export const GE: CtVendor = {
  tags: { Manufacturer: 'GE MEDICAL SYSTEMS', ManufacturerModelName: 'Revolution CT' },
  axial: ['ORIGINAL', 'PRIMARY', 'AXIAL'],
  localizer: ['ORIGINAL', 'PRIMARY', 'LOCALIZER'],
  mpr: ['DERIVED', 'SECONDARY', 'REFORMATTED', 'AVERAGE'],
  mip: ['DERIVED', 'SECONDARY', 'REFORMATTED', 'MIP'],
  soft: 'STANDARD',
  lung: 'LUNG',
  bone: 'BONEPLUS',
};

export const PHILIPS: CtVendor = {
  tags: { Manufacturer: 'Philips', ManufacturerModelName: 'iCT 256' },
  axial: ['ORIGINAL', 'PRIMARY', 'AXIAL', 'HELIX'],
  localizer: ['ORIGINAL', 'PRIMARY', 'LOCALIZER'],
  mpr: ['DERIVED', 'SECONDARY', 'MPR'],
  mip: ['DERIVED', 'SECONDARY', 'MIP'],
  soft: 'B',
  lung: 'YC',
  bone: 'YD',
};

export const CANON: CtVendor = {
  tags: { Manufacturer: 'TOSHIBA', ManufacturerModelName: 'Aquilion ONE' },
  axial: ['ORIGINAL', 'PRIMARY', 'AXIAL'],
  localizer: ['ORIGINAL', 'PRIMARY', 'LOCALIZER'],
  mpr: ['DERIVED', 'SECONDARY', 'MPR'],
  mip: ['DERIVED', 'SECONDARY', 'MPR', 'MIP'],
  soft: 'FC08',
  lung: 'FC52',
  bone: 'FC30',
};

export const CT_VENDORS: readonly CtVendor[] = [SIEMENS, GE, PHILIPS, CANON];

/** The n-th make, over and over. */
export function vendorAt(index: number): CtVendor {
  return CT_VENDORS[index % CT_VENDORS.length] ?? SIEMENS;
}

export const CT_IMAGE = '1.2.840.10008.5.1.4.1.1.2';

export interface CtOptions extends Partial<Omit<WrittenSeries, 'name' | 'tags'>> {
  readonly kernel?: 'soft' | 'lung' | 'bone';
  readonly thicknessMm?: number;
}

/** An axial series of `lengthMm`; slices touch each other unless `spacingMm` says otherwise. */
export function axial(vendor: CtVendor, name: string, lengthMm: number, options: CtOptions = {}, tags: Tags = {}): WrittenSeries {
  const { kernel = 'soft', thicknessMm = 1.5, spacingMm = thicknessMm, ...rest } = options;
  return {
    name,
    slices: Math.round(lengthMm / spacingMm),
    spacingMm,
    ...rest,
    tags: {
      ...vendor.tags,
      SOPClassUID: CT_IMAGE,
      Modality: 'CT',
      ImageType: vendor.axial,
      ConvolutionKernel: vendor[kernel],
      SliceThickness: thicknessMm,
      ReconstructionDiameter: 360,
      GantryDetectorTilt: options.tiltDegrees ?? 0,
      SeriesDescription: `${name} ${thicknessMm}mm`,
      ...tags,
    },
  };
}

/** One or two scouts; they lie coronally and sagittally. */
export function localizer(vendor: CtVendor, tags: Tags = {}): WrittenSeries {
  return {
    name: 'localizer',
    slices: 2,
    spacingMm: 1,
    plane: 'coronal',
    turned: false,
    tags: {
      ...vendor.tags,
      SOPClassUID: CT_IMAGE,
      Modality: 'CT',
      ImageType: vendor.localizer,
      SliceThickness: 0.6,
      SeriesDescription: 'Topogram 0.6',
      ...tags,
    },
  };
}

/** Thick reformats in another plane. */
export function reformat(vendor: CtVendor, plane: 'coronal' | 'sagittal', tags: Tags = {}): WrittenSeries {
  return {
    ...axial(vendor, plane, 180, { thicknessMm: 3 }, { ImageType: vendor.mpr, SeriesDescription: `${plane} MPR 3mm`, ...tags }),
    plane,
  };
}

/** Axial maximum intensity projections: a regular stack that looks like images and is none. */
export function mip(vendor: CtVendor, lengthMm: number, tags: Tags = {}): WrittenSeries {
  return axial(vendor, 'mip', lengthMm, { thicknessMm: 8, spacingMm: 1 }, { ImageType: vendor.mip, SeriesDescription: 'MIP 8mm', ...tags });
}

/** The images that watch the contrast agent arrive: one place, again and again. */
export function bolusTracking(vendor: CtVendor, description: string): WrittenSeries {
  return axial(vendor, 'tracking', 10, { thicknessMm: 10, repeats: 24 }, { SeriesDescription: description });
}

/** A radiation dose structured report. */
export function doseReport(): WrittenSeries {
  return {
    name: 'dose-report',
    flat: true,
    slices: 1,
    spacingMm: 1,
    tags: { SOPClassUID: '1.2.840.10008.5.1.4.1.1.88.67', Modality: 'SR', SeriesDescription: 'Dose Report' },
  };
}

/** The patient protocol as a screen picture, under the modality CT as several makes write it. */
export function protocolScreen(vendor: CtVendor): WrittenSeries {
  return {
    name: 'screen',
    flat: true,
    slices: 1,
    spacingMm: 1,
    tags: {
      ...vendor.tags,
      SOPClassUID: '1.2.840.10008.5.1.4.1.1.7',
      Modality: 'CT',
      ImageType: ['DERIVED', 'SECONDARY', 'OTHER'],
      SeriesDescription: 'Patient Protocol',
    },
  };
}
