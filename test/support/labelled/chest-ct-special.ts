/** Labelled studies of the chest that are not routine. */
import { axial, bolusTracking, CANON, doseReport, GE, localizer, mip, PHILIPS, SIEMENS, type CtVendor } from './ct.js';
import { NO_SERIES, study, type Tags, type WrittenSeries, type WrittenStudy } from './study.js';

const CHEST: Tags = { BodyPartExamined: 'CHEST', StudyDescription: 'CT Chest' };
const takes = (series: string) => ({ 'chest-ct-lungs': series });
const NONE_FITS = takes(NO_SERIES);

/** Scans of a special kind, what was computed from them, and objects that are about them. */
export function specialChestStudies(): WrittenStudy[] {
  return [...specialScans(), ...projectionsAndMaps(), ...derivedObjects()];
}

function specialScans(): WrittenStudy[] {
  const hrct = (vendor: CtVendor) =>
    axial(vendor, 'hrct', 300, { kernel: 'lung', thicknessMm: 1, spacingMm: 10 }, { SeriesDescription: 'HRCT 1/10' });
  const expiration = (vendor: CtVendor, description: string) =>
    axial(vendor, 'expiration', 300, { thicknessMm: 1 }, { SeriesDescription: description });
  return [
    study('HRCT of 1 mm each 10 mm alone', 'nine tenths of the lung are not there', NONE_FITS, CHEST, localizer(SIEMENS), hrct(SIEMENS)),
    study(
      'HRCT with soft kernel of 1 mm each 10 mm beside 5 mm without gaps',
      'the thinnest is not contiguous',
      takes('whole'),
      CHEST,
      axial(GE, 'hrct', 300, { thicknessMm: 1.25, spacingMm: 10 }),
      axial(GE, 'whole', 320, { thicknessMm: 5 }),
    ),
    study(
      'inspiration and expiration',
      'volumes are those of inspiration',
      takes('inspiration'),
      CHEST,
      expiration(SIEMENS, 'Thorax Expiration 1.0'),
      axial(SIEMENS, 'inspiration', 300, { thicknessMm: 1 }, { SeriesDescription: 'Thorax Inspiration 1.0' }),
    ),
    study(
      'inspiration and expiration in German, expiration thinner',
      'Exspiration is expiration',
      takes('inspiration'),
      { BodyPartExamined: '', StudyDescription: 'CT Thorax HR' },
      axial(PHILIPS, 'inspiration', 300, { thicknessMm: 2 }, { SeriesDescription: 'HR Inspir' }),
      expiration(PHILIPS, 'HR Exspiration'),
    ),
    study('expiration alone', 'only the expiration came', NONE_FITS, CHEST, localizer(CANON), expiration(CANON, 'LUNG EXP. EXPIRATION')),
    study(
      'coronary angiography filed as chest',
      'the field of view is the heart: 180 mm',
      NONE_FITS,
      { BodyPartExamined: 'CHEST', StudyDescription: 'CT Coronary Angiography', ContrastBolusAgent: 'Ultravist 370' },
      localizer(SIEMENS),
      axial(SIEMENS, 'heart', 140, { thicknessMm: 0.75 }, { ReconstructionDiameter: 180, SeriesDescription: 'CorCTA 0.75 Bv40 75%' }),
    ),
    ...[SIEMENS, GE, CANON].map((vendor, index) =>
      study(
        `pulmonary angiography ${index + 1}`,
        'contrast agent does not matter; the images that watch it arrive are no stack',
        takes('angio'),
        { BodyPartExamined: 'CHEST', StudyDescription: 'CTA pulmonary arteries', ContrastBolusAgent: 'Iomeron 400' },
        localizer(vendor),
        bolusTracking(vendor, ['Monitoring', 'SmartPrep Series', 'SureStart'][index] ?? ''),
        axial(vendor, 'angio', 300, { thicknessMm: 1 }),
        axial(vendor, 'lung', 300, { kernel: 'lung', thicknessMm: 1 }),
        mip(vendor, 280),
      ),
    ),
    study(
      'planning CT of radiotherapy with breathing phases',
      'the planning scan is the image; phases are not in inspiration, average and MIP are derived',
      takes('planning'),
      { BodyPartExamined: 'CHEST', StudyDescription: 'RT Thorax 4D' },
      axial(SIEMENS, 'planning', 400, { thicknessMm: 2 }, { SeriesDescription: 'RT Planning 2.0', ReconstructionDiameter: 650 }),
      axial(SIEMENS, 'average', 400, { thicknessMm: 2 }, { ImageType: ['DERIVED', 'SECONDARY', 'AXIAL', 'CT_SOM5 AVG'] }),
      axial(SIEMENS, 'mip', 400, { thicknessMm: 2 }, { ImageType: SIEMENS.mip }),
    ),
    study(
      'chest of a child',
      'the card of the model names no age',
      takes('soft'),
      { ...CHEST, PatientAge: '007Y' },
      axial(PHILIPS, 'soft', 210, { thicknessMm: 1 }, { ReconstructionDiameter: 220 }),
    ),
    study(
      'chest of a baby',
      'the card names no age, and 24 slices are enough',
      takes('soft'),
      { ...CHEST, PatientAge: '004M' },
      axial(CANON, 'soft', 120, { thicknessMm: 5 }, { ReconstructionDiameter: 160 }),
    ),
  ];
}

function projectionsAndMaps(): WrittenStudy[] {
  return [
    study(
      'two energies',
      'iodine map and virtual native series are computed, thinner or not',
      takes('mixed'),
      { ...CHEST, ContrastBolusAgent: 'Imeron 350' },
      axial(SIEMENS, 'iodine', 320, { thicknessMm: 1 }, { ImageType: ['DERIVED', 'SECONDARY', 'AXIAL', 'CT_SOM7 IODINE'] }),
      axial(SIEMENS, 'virtual-native', 320, { thicknessMm: 1 }, { ImageType: ['DERIVED', 'SECONDARY', 'AXIAL', 'CT_SOM7 VNC'] }),
      axial(SIEMENS, 'mixed', 320, { thicknessMm: 1.5 }, { ImageType: ['ORIGINAL', 'PRIMARY', 'AXIAL', 'CT_SOM7 SPI DUAL'] }),
    ),
    study(
      'spectral images of another make',
      'material images are derived',
      takes('plain'),
      CHEST,
      axial(GE, 'plain', 320, { thicknessMm: 2.5 }),
      axial(
        GE,
        'iodine',
        320,
        { thicknessMm: 1.25 },
        { ImageType: ['DERIVED', 'SECONDARY', 'AXIAL', 'GSI'], SeriesDescription: 'MD Iodine' },
      ),
    ),
    study(
      'axial reformat thinner than the original',
      'a reformat was computed from what is there anyway',
      takes('original'),
      CHEST,
      axial(GE, 'original', 320, { thicknessMm: 2.5 }),
      axial(GE, 'reformat', 320, { thicknessMm: 2 }, { ImageType: GE.mpr, SeriesDescription: 'AX REFORMAT' }),
    ),
    study(
      'lossy compression',
      'DERIVED for its compression alone (PRIMARY): still the image of the scanner',
      takes('lossy'),
      CHEST,
      axial(
        PHILIPS,
        'lossy',
        320,
        { thicknessMm: 2 },
        { ImageType: ['DERIVED', 'PRIMARY', 'AXIAL', 'HELIX'], LossyImageCompression: '01' },
      ),
    ),
  ];
}

function derivedObjects(): WrittenStudy[] {
  const soft = axial(GE, 'soft', 320, { thicknessMm: 1.25 });
  const object = (name: string, modality: string, sopClass: string, more: Partial<WrittenSeries> = {}): WrittenSeries => ({
    name,
    flat: true,
    slices: 1,
    spacingMm: 1,
    tags: { Modality: modality, SOPClassUID: sopClass, SeriesDescription: `${name} of lungs` },
    ...more,
  });
  return [
    study(
      'chest with our own segmentation',
      'own results trigger nothing',
      takes('soft'),
      CHEST,
      soft,
      object('own', 'SEG', '1.2.840.10008.5.1.4.1.1.66.4', { ownResult: true }),
    ),
    study(
      'chest with contours and a segmentation of others',
      'objects about images are no images',
      takes('soft'),
      CHEST,
      object('contours', 'RTSTRUCT', '1.2.840.10008.5.1.4.1.1.481.3'),
      object('seg', 'SEG', '1.2.840.10008.5.1.4.1.1.66.4'),
      soft,
    ),
    study('our segmentation alone', 'own results trigger nothing', {}, CHEST, {
      ...object('own', 'SEG', '1.2.840.10008.5.1.4.1.1.66.4'),
      ownResult: true,
    }),
    study('our overlay pictures alone', 'own results trigger nothing, under whatever modality', {}, CHEST, {
      ...soft,
      name: 'overlay',
      ownResult: true,
    }),
    study('segmentation of the lungs alone', 'no CT images', {}, CHEST, object('seg', 'SEG', '1.2.840.10008.5.1.4.1.1.66.4')),
    study('dose report of a chest CT alone', 'no CT images', {}, CHEST, doseReport()),
    study(
      'one enhanced multi-frame object',
      'its frames are the slices',
      takes('enhanced'),
      { ...CHEST, Manufacturer: 'Philips' },
      {
        ...axial(
          PHILIPS,
          'enhanced',
          320,
          { thicknessMm: 2 },
          { SOPClassUID: '1.2.840.10008.5.1.4.1.1.2.1', ImageType: ['ORIGINAL', 'PRIMARY', 'VOLUME', 'NONE'] },
        ),
        multiframe: true,
      },
    ),
    study('a legacy converted multi-frame object', 'its frames are the slices', takes('legacy'), CHEST, {
      ...axial(
        GE,
        'legacy',
        300,
        { thicknessMm: 2.5 },
        { SOPClassUID: '1.2.840.10008.5.1.4.1.1.2.2', ImageType: ['ORIGINAL', 'PRIMARY', 'AXIAL', 'NONE'] },
      ),
      multiframe: true,
    }),
    study('an enhanced object of 12 frames', 'frames are counted, and they are too few', NONE_FITS, CHEST, {
      ...axial(
        PHILIPS,
        'enhanced',
        60,
        { thicknessMm: 5 },
        { SOPClassUID: '1.2.840.10008.5.1.4.1.1.2.1', ImageType: ['ORIGINAL', 'PRIMARY', 'VOLUME', 'NONE'] },
      ),
      multiframe: true,
    }),
  ];
}
