/** Labelled PET studies. */
import { axial, CANON, GE, localizer, PHILIPS, SIEMENS, vendorAt, type CtOptions, type CtVendor } from './ct.js';
import { NO_SERIES, study, type Tags, type WrittenSeries, type WrittenStudy } from './study.js';

const TRUNK: Tags = { StudyDescription: 'PET/CT skull base to thigh' };
const takes = (ct: string, pt: string) => ({ 'petct-lesions': { ct, pt } });
const NONE_FITS = { 'petct-lesions': NO_SERIES };
const LENGTH_MM = 1020;

const tracer = (name: string): Tags => ({ RadiopharmaceuticalInformationSequence: [{ Radiopharmaceutical: name }] });

/** The slices of a PET; `corrections` as in CorrectedImage. */
function pet(name: string, tags: Tags = {}, more: Partial<WrittenSeries> = {}): WrittenSeries {
  const spacingMm = more.spacingMm ?? 3;
  return {
    name,
    slices: Math.round(LENGTH_MM / spacingMm),
    spacingMm,
    ...more,
    tags: {
      SOPClassUID: '1.2.840.10008.5.1.4.1.1.128',
      Modality: 'PT',
      ImageType: ['ORIGINAL', 'PRIMARY'],
      SliceThickness: spacingMm,
      CorrectedImage: ['NORM', 'DTIM', 'ATTN', 'SCAT', 'DECY', 'RAN'],
      SeriesType: ['WHOLE BODY', 'IMAGE'],
      Units: 'BQML',
      SeriesDescription: 'PET WB AC',
      ...tracer('Fluorodeoxyglucose'),
      ...tags,
    },
  };
}

function notCorrected(): WrittenSeries {
  return pet('nac', { CorrectedImage: ['NORM', 'DTIM', 'DECY', 'RAN'], SeriesDescription: 'PET WB NAC' });
}

/** The low-dose CT of the whole scan. */
function wholeCt(vendor: CtVendor, name = 'ct', tags: Tags = {}, more: CtOptions = {}): WrittenSeries {
  return axial(
    vendor,
    name,
    LENGTH_MM,
    { thicknessMm: 3, ...more },
    { SeriesDescription: 'CT WB 3.0', ReconstructionDiameter: 700, ...tags },
  );
}

function rotatingProjection(): WrittenSeries {
  const tags = { ImageType: ['DERIVED', 'SECONDARY', 'MIP'], SeriesDescription: 'PET MIP rotating' };
  return pet('mip', tags, { slices: 1, spacingMm: 3, repeats: 24, plane: 'coronal' });
}

function fused(): WrittenSeries {
  return {
    name: 'fused',
    flat: true,
    slices: 1,
    spacingMm: 1,
    tags: { SOPClassUID: '1.2.840.10008.5.1.4.1.1.7', Modality: 'PT', ImageType: ['DERIVED', 'SECONDARY'], SeriesDescription: 'Fused' },
  };
}

/** PET with and without its CT. */
export function petStudies(): WrittenStudy[] {
  return [...routine(), ...choices(), ...nothingTogether(), ...notThisKind()];
}

function routine(): WrittenStudy[] {
  const tracers = ['Fluorodeoxyglucose', 'FDG', 'F-18 FDG', 'Solution'];
  const descriptions = ['PET/CT skull base to thigh', 'PET-CT Tumor', 'TEP FDG corps entier', 'PET/CT Ganzkörper'];
  return tracers.map((name, index) => {
    const vendor = vendorAt(index);
    const told =
      name === 'Solution'
        ? {
            RadiopharmaceuticalInformationSequence: [
              {
                Radiopharmaceutical: name,
                RadionuclideCodeSequence: [{ CodeValue: 'C-111A1', CodingSchemeDesignator: 'SRT', CodeMeaning: '^18^Fluorine' }],
                RadiopharmaceuticalCodeSequence: [
                  { CodeValue: 'C-B1031', CodingSchemeDesignator: 'SRT', CodeMeaning: 'Fluorodeoxyglucose F^18^' },
                ],
              },
            ],
          }
        : tracer(name);
    return study(
      `PET/CT ${index + 1}`,
      'the corrected PET and the CT of the whole scan',
      takes('ct', 'pt'),
      { StudyDescription: descriptions[index] ?? '', SpecificCharacterSet: 'ISO_IR 100' },
      localizer(vendor),
      notCorrected(),
      wholeCt(vendor),
      pet('pt', told),
      rotatingProjection(),
      fused(),
    );
  });
}

function choices(): WrittenStudy[] {
  return [
    study(
      'a diagnostic CT of the chest beside the whole one',
      'thinner, with more images, of the lung kernel, and of the chest only',
      takes('ct', 'pt'),
      TRUNK,
      axial(SIEMENS, 'chest', 320, { kernel: 'lung', thicknessMm: 0.75 }, { BodyPartExamined: 'WHOLEBODY' }),
      wholeCt(SIEMENS),
      pet('pt'),
    ),
    study(
      'soft and lung kernel of the whole scan',
      'the soft one',
      takes('ct', 'pt'),
      TRUNK,
      wholeCt(GE, 'lung', {}, { kernel: 'lung' }),
      wholeCt(GE),
      pet('pt', { Manufacturer: 'GE MEDICAL SYSTEMS' }, { spacingMm: 3.27 }),
    ),
    study(
      'a second scan of the head with its own PET',
      'the trunk is the longer one',
      takes('ct', 'pt'),
      { StudyDescription: 'PET/CT whole body + head' },
      pet('head', { SeriesDescription: 'PET HEAD AC' }, { slices: 60, spacingMm: 3 }),
      axial(PHILIPS, 'head-ct', 200, { thicknessMm: 3 }),
      wholeCt(PHILIPS),
      pet('pt'),
    ),
    study(
      'a CT of another frame of reference beside the right one',
      'patient and table moved between the two',
      takes('ct', 'pt'),
      TRUNK,
      wholeCt(CANON, 'later', {}, { otherFrame: true, thicknessMm: 1.5 }),
      wholeCt(CANON),
      pet('pt'),
    ),
    study('no tracer stated', 'nothing says that it is another', takes('ct', 'pt'), TRUNK, wholeCt(GE), {
      ...pet('pt'),
      tags: { ...pet('pt').tags, RadiopharmaceuticalInformationSequence: '' },
    }),
    study(
      'PET/CT with contours and our segmentation',
      'objects about images are no images',
      takes('ct', 'pt'),
      TRUNK,
      { name: 'contours', flat: true, slices: 1, spacingMm: 1, tags: { Modality: 'RTSTRUCT' } },
      { name: 'own', flat: true, slices: 1, spacingMm: 1, tags: { Modality: 'SEG' }, ownResult: true },
      wholeCt(SIEMENS),
      pet('pt'),
    ),
    study(
      'PET/CT of a child',
      'tumours of children are read the same way; the rule names no age',
      takes('ct', 'pt'),
      { ...TRUNK, PatientAge: '009Y' },
      wholeCt(SIEMENS),
      pet('pt'),
    ),
  ];
}

function nothingTogether(): WrittenStudy[] {
  return [
    study(
      'two frames of reference',
      'nothing says how CT and PET lie to each other',
      NONE_FITS,
      TRUNK,
      wholeCt(SIEMENS, 'ct', {}, { otherFrame: true }),
      pet('pt'),
    ),
    study('no frame of reference in the CT', 'as above', NONE_FITS, TRUNK, wholeCt(GE, 'ct', { FrameOfReferenceUID: '' }), pet('pt')),
    study('PET without correction alone', 'the model needs the corrected one', NONE_FITS, TRUNK, wholeCt(PHILIPS), notCorrected()),
    study(
      'dynamic PET',
      'each place many times',
      NONE_FITS,
      TRUNK,
      wholeCt(SIEMENS),
      pet('pt', { SeriesType: ['DYNAMIC', 'IMAGE'] }, { slices: 109, repeats: 8 }),
    ),
    study('PET/CT with a missing slice', 'a hole in the PET', NONE_FITS, TRUNK, wholeCt(CANON), pet('pt', {}, { missing: [100] })),
    study('only the localizer of the CT', 'a CT was made, its images are not there', NONE_FITS, TRUNK, localizer(GE), pet('pt')),
    study(
      'a CT of the chest alone beside the PET',
      'a third of a metre of CT for a metre of PET; as a CT of the chest it is whole',
      { ...NONE_FITS, 'chest-ct-lungs': 'chest' },
      { StudyDescription: 'PET/CT' },
      axial(SIEMENS, 'chest', 330, { thicknessMm: 3 }),
      pet('pt'),
    ),
  ];
}

function notThisKind(): WrittenStudy[] {
  const mr: WrittenSeries = {
    name: 'mrac',
    slices: 200,
    spacingMm: 5,
    plane: 'coronal',
    tags: {
      SOPClassUID: '1.2.840.10008.5.1.4.1.1.4',
      Modality: 'MR',
      ImageType: ['ORIGINAL', 'PRIMARY', 'M'],
      SliceThickness: 5,
      SeriesDescription: 'MRAC Dixon',
    },
  };
  return [
    study('PET alone', 'no CT came', {}, TRUNK, pet('pt'), notCorrected()),
    study('CT of a PET/CT alone', 'no PET came; of the body part nothing is said', {}, TRUNK, wholeCt(SIEMENS)),
    study('PET/MR', 'no CT was made', {}, { StudyDescription: 'PET/MR whole body' }, mr, pet('pt')),
    study('PSMA', 'the model learned from FDG', {}, { StudyDescription: 'PSMA PET/CT' }, wholeCt(SIEMENS), pet('pt', tracer('PSMA-1007'))),
    study('DOTATATE', 'the model learned from FDG', {}, TRUNK, wholeCt(GE), pet('pt', tracer('Ga-68 DOTATATE'))),
    study(
      'brain PET/CT',
      'lesions of the trunk, not the brain',
      {},
      { BodyPartExamined: 'BRAIN', StudyDescription: 'FDG PET brain dementia' },
      axial(SIEMENS, 'ct', 250, { thicknessMm: 3 }),
      pet('pt', {}, { slices: 109, spacingMm: 2 }),
    ),
    study(
      'cardiac PET/CT',
      'lesions of the trunk, not the heart',
      {},
      { BodyPartExamined: 'HEART', StudyDescription: 'PET viability' },
      axial(GE, 'ct', 200, { thicknessMm: 3 }),
      pet('pt', {}, { slices: 47, spacingMm: 3 }),
    ),
  ];
}
