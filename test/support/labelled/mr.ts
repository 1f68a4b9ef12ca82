/** MR series of the head as scanners of several makes write them. */
import type { Tags, WrittenSeries } from './study.js';

export interface MrVendor {
  /** SeriesDescription of `t1`. */
  readonly name: string;
  readonly tags: Tags;
  readonly imageType: readonly string[];
  readonly mpr: readonly string[];
  /** Name and sequence of the thin three-dimensional T1-weighted series. */
  readonly t1: Tags;
}

export const SIEMENS: MrVendor = {
  name: 't1_mprage_sag_p2_iso',
  tags: { Manufacturer: 'SIEMENS', ManufacturerModelName: 'Skyra' },
  imageType: ['ORIGINAL', 'PRIMARY', 'M', 'ND', 'NORM'],
  mpr: ['DERIVED', 'SECONDARY', 'MPR', 'CSA MPR', '', 'CSAPARALLEL', 'M', 'ND', 'NORM'],
  t1: {
    SeriesDescription: 't1_mprage_sag_p2_iso',
    SequenceName: '*tfl3d1_16ns',
    ScanningSequence: ['GR', 'IR'],
    RepetitionTime: 2300,
    EchoTime: 2.98,
    InversionTime: 900,
  },
};
export const GE: MrVendor = {
  name: 'SAG T1 BRAVO',
  tags: { Manufacturer: 'GE MEDICAL SYSTEMS', ManufacturerModelName: 'SIGNA Premier' },
  imageType: ['ORIGINAL', 'PRIMARY', 'OTHER'],
  mpr: ['DERIVED', 'SECONDARY', 'REFORMATTED', 'AVERAGE'],
  t1: { SeriesDescription: 'SAG T1 BRAVO', ScanningSequence: 'GR', RepetitionTime: 8.2, EchoTime: 3.2, InversionTime: 450 },
};
export const PHILIPS: MrVendor = {
  name: 'sT1W_3D_TFE',
  tags: { Manufacturer: 'Philips Medical Systems', ManufacturerModelName: 'Ingenia' },
  imageType: ['ORIGINAL', 'PRIMARY', 'M_FFE', 'M', 'FFE'],
  mpr: ['DERIVED', 'SECONDARY', 'MPR', 'M', 'FFE'],
  t1: { SeriesDescription: 'sT1W_3D_TFE', ScanningSequence: 'GR', RepetitionTime: 8.1, EchoTime: 3.7 },
};
export const CANON: MrVendor = {
  name: 'T1 3D MPRAGE sag',
  tags: { Manufacturer: 'CANON_MEC', ManufacturerModelName: 'Vantage Galan' },
  imageType: ['ORIGINAL', 'PRIMARY', 'OTHER'],
  mpr: ['DERIVED', 'SECONDARY', 'MPR'],
  t1: { SeriesDescription: 'T1 3D MPRAGE sag', ScanningSequence: ['GR', 'IR'], RepetitionTime: 6.9, EchoTime: 2.6, InversionTime: 800 },
};
export const VENDORS = [SIEMENS, GE, PHILIPS, CANON] as const;

/** A series of MR; axial unless told otherwise. */
export function mr(
  vendor: MrVendor,
  name: string,
  slices: number,
  thicknessMm: number,
  tags: Tags,
  more: Partial<WrittenSeries> = {},
): WrittenSeries {
  return {
    name,
    slices,
    spacingMm: thicknessMm,
    ...more,
    tags: {
      ...vendor.tags,
      SOPClassUID: '1.2.840.10008.5.1.4.1.1.4',
      Modality: 'MR',
      ImageType: vendor.imageType,
      SliceThickness: thicknessMm,
      MRAcquisitionType: thicknessMm <= 2 ? '3D' : '2D',
      ...tags,
    },
  };
}

/** The thin T1-weighted series of a make. */
export function t1(vendor: MrVendor, name = 't1', tags: Tags = {}, more: Partial<WrittenSeries> = {}): WrittenSeries {
  return mr(vendor, name, 176, 1, { ...vendor.t1, ...tags }, { plane: 'sagittal', ...more });
}

export const SPIN_ECHO: Tags = { ScanningSequence: 'SE' };
export const INVERSION: Tags = { ScanningSequence: ['SE', 'IR'] };

/** T2-weighted, thick. */
export function t2(vendor: MrVendor): WrittenSeries {
  return mr(vendor, 't2', 30, 5, { ...SPIN_ECHO, SeriesDescription: 't2_tse_tra_512', RepetitionTime: 5000, EchoTime: 100 });
}

/** T2 FLAIR, thick. */
export function flair(vendor: MrVendor): WrittenSeries {
  const tags = { ...INVERSION, SeriesDescription: 'AX T2 FLAIR', RepetitionTime: 9000, EchoTime: 90, InversionTime: 2500 };
  return mr(vendor, 'flair', 30, 5, tags);
}

/** Diffusion: each place three times. */
export function diffusion(vendor: MrVendor): WrittenSeries {
  const tags = { ScanningSequence: ['EP', 'SE'], SeriesDescription: 'ep2d_diff_3scan_trace', RepetitionTime: 6000, EchoTime: 90 };
  return mr(vendor, 'diffusion', 25, 5, tags, { repeats: 3 });
}

/** A T1-weighted spin echo of 5 mm. */
export function thickT1(vendor: MrVendor, tags: Tags = {}): WrittenSeries {
  return mr(vendor, 't1-thick', 30, 5, { ...SPIN_ECHO, SeriesDescription: 't1_se_tra', RepetitionTime: 550, EchoTime: 12, ...tags });
}

/** The scout in three planes. */
export function scout(vendor: MrVendor): WrittenSeries {
  const tags = {
    ScanningSequence: 'GR',
    SeriesDescription: 'localizer',
    ImageType: [...vendor.imageType.slice(0, 2), 'LOCALIZER'],
    RepetitionTime: 8,
    EchoTime: 4,
  };
  return mr(vendor, 'localizer', 4, 7, tags, { turned: true });
}

/** The scout that finds the axes of the brain: thin, three-dimensional, T1-like, and not to be measured. */
export function brainScout(): WrittenSeries {
  const tags = { ScanningSequence: 'GR', SeriesDescription: 'AAHead_Scout_64ch-head-coil', RepetitionTime: 3.15, EchoTime: 1.37 };
  return mr(SIEMENS, 'scout', 128, 1.6, tags, { plane: 'sagittal' });
}

/** A reformat of the thin T1, axial and as thin. */
export function reformatted(vendor: MrVendor): WrittenSeries {
  return mr(vendor, 'mpr', 160, 1, { ...vendor.t1, ImageType: vendor.mpr, SeriesDescription: `${vendor.name}_MPR_tra` });
}
