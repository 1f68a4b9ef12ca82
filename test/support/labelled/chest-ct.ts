/** Labelled studies of the chest. */
import {
  axial,
  CANON,
  doseReport,
  GE,
  localizer,
  mip,
  PHILIPS,
  protocolScreen,
  reformat,
  SIEMENS,
  SIEMENS_OLD,
  vendorAt,
  type CtVendor,
} from './ct.js';
import { NO_SERIES, study, type Tags, type WrittenSeries, type WrittenStudy } from './study.js';

const CHEST: Tags = { BodyPartExamined: 'CHEST', StudyDescription: 'CT Chest' };
const takes = (series: string) => ({ 'chest-ct-lungs': series });
const NONE_FITS = takes(NO_SERIES);

/** Routine scans, kernels, and stacks that are none. */
export function chestStudies(): WrittenStudy[] {
  return [...routine(), ...kernels(), ...nothingUsable(), ...geometry()];
}

/** How a site tells that it is the chest: the first three by BodyPartExamined, the others by descriptions alone. */
const NAMINGS: readonly Tags[] = [
  CHEST,
  { BodyPartExamined: 'THORAX' },
  { BodyPartExamined: 'LUNG', StudyDescription: 'Screening' },
  { BodyPartExamined: '', StudyDescription: 'CT Thorax nativ' },
  { BodyPartExamined: '', StudyDescription: 'CT Lunge low dose' },
  { StudyDescription: 'TDM thoracique sans injection' },
  { StudyDescription: 'TC de Tórax sin contraste', SpecificCharacterSet: 'ISO_IR 100' },
  { StudyDescription: 'TC torace senza mdc' },
  { StudyDescription: 'CT longen' },
  { StudyDescription: 'DT thorax', ProtocolName: 'Thorax rutin' },
  { StudyDescription: '胸部CT', SpecificCharacterSet: 'ISO_IR 192' },
  { ProtocolName: '5.2 Chest Routine' },
  { StudyDescription: 'CT LUNG SCREENING' },
];

function routine(): WrittenStudy[] {
  return NAMINGS.map((naming, index) => {
    const vendor = vendorAt(index);

    return study(
      `chest routine ${index + 1}`,
      'thin soft kernel; the lung kernel is as thin, the thick series is thick, reformats and MIP are derived',
      takes('soft-thin'),
      naming,
      localizer(vendor),
      axial(vendor, 'soft-thick', 320, { thicknessMm: 5 }),
      axial(vendor, 'lung-thin', 320, { kernel: 'lung' }),
      axial(vendor, 'soft-thin', 320),
      reformat(vendor, 'coronal'),
      mip(vendor, 300),
      doseReport(),
      protocolScreen(vendor),
    );
  });
}

function kernels(): WrittenStudy[] {
  const alone = [SIEMENS, SIEMENS_OLD, GE, PHILIPS, CANON].map((vendor, index) =>
    study(
      `only a lung kernel ${index + 1}`,
      'no soft kernel at all: the borders of the lungs are the same in the lung kernel',
      takes('lung'),
      CHEST,
      localizer(vendor),
      axial(vendor, 'lung', 320, { kernel: 'lung' }),
    ),
  );
  const thickSoft = [SIEMENS_OLD, GE, PHILIPS, CANON].map((vendor, index) =>
    study(
      `thick soft kernel beside a thin lung and bone kernel ${index + 1}`,
      'the kernel counts before the thickness',
      takes('soft'),
      CHEST,
      axial(vendor, 'lung', 320, { kernel: 'lung', thicknessMm: 1.25 }),
      axial(vendor, 'bone', 320, { kernel: 'bone', thicknessMm: 1.25 }),
      axial(vendor, 'soft', 320, { thicknessMm: 5 }),
    ),
  );
  const united: CtVendor = { ...CANON, tags: { Manufacturer: 'UIH' }, soft: 'B_SOFT_C', lung: 'B_VSHARP_C', bone: 'B_SHARP_C' };
  return [
    ...alone,
    ...thickSoft,
    study(
      'another make of scanner',
      'B_SOFT_C is its soft kernel, B_VSHARP_C the one for lungs',
      takes('soft'),
      CHEST,
      axial(united, 'lung', 320, { kernel: 'lung', thicknessMm: 1 }),
      axial(united, 'soft', 320, { thicknessMm: 2 }),
    ),
    study(
      'iterative reconstruction',
      'I31f is soft, I70f sharp',
      takes('soft'),
      CHEST,
      axial(SIEMENS, 'lung', 320, { thicknessMm: 1 }, { ConvolutionKernel: ['I70f', '3'] }),
      axial(SIEMENS, 'soft', 320, { thicknessMm: 2 }, { ConvolutionKernel: ['I31f', '3'] }),
    ),
  ];
}

function nothingUsable(): WrittenStudy[] {
  return [
    study('chest localizer alone', 'a chest CT of which only the scout came', NONE_FITS, CHEST, localizer(SIEMENS), doseReport()),
    study('chest localizer and screen', 'no axial images', NONE_FITS, CHEST, localizer(GE), protocolScreen(GE)),
    study(
      'chest reformats alone',
      'not axial, and derived',
      NONE_FITS,
      CHEST,
      localizer(GE),
      reformat(GE, 'coronal'),
      reformat(GE, 'sagittal'),
    ),
    study('chest MIP alone', 'a projection holds no densities', NONE_FITS, CHEST, localizer(CANON), mip(CANON, 300)),
    study('19 slices', 'one fewer than needed', NONE_FITS, CHEST, axial(PHILIPS, 'few', 152, { thicknessMm: 8 })),
    study('20 slices', 'as many as needed', takes('enough'), CHEST, axial(PHILIPS, 'enough', 160, { thicknessMm: 8 })),
    study('10 mm slices', 'the model takes at most 8 mm', NONE_FITS, CHEST, axial(GE, 'thick', 320, { thicknessMm: 10 })),
    study(
      'biopsy under CT',
      'short stacks around the needle',
      NONE_FITS,
      { ...CHEST, StudyDescription: 'CT guided biopsy chest' },
      localizer(SIEMENS),
      axial(SIEMENS, 'plan', 60, { thicknessMm: 5 }),
      axial(SIEMENS, 'needle-1', 15, { thicknessMm: 5 }),
      axial(SIEMENS, 'needle-2', 15, { thicknessMm: 5 }),
    ),
    study(
      'CT fluoroscopy',
      'one place, again and again',
      NONE_FITS,
      { ...CHEST, StudyDescription: 'CT Intervention Thorax' },
      axial(GE, 'fluoro', 15, { thicknessMm: 5, repeats: 20 }),
    ),
  ];
}

function geometry(): WrittenStudy[] {
  const odd: readonly (readonly [string, Partial<WrittenSeries>])[] = [
    ['a tilted gantry', { tiltDegrees: 12 }],
    ['a missing slice', { missing: [40] }],
    ['two missing slices', { missing: [17, 90] }],
    ['a 4D series', { repeats: 4 }],
    ['two orientations in one series', { turned: true }],
  ];
  const alone = odd.map(([name, shape], index) =>
    study(`chest, ${name}`, `${name}: not one regular stack`, NONE_FITS, CHEST, {
      ...axial(vendorAt(index), 'odd', 320, { thicknessMm: 2.5 }),
      ...shape,
    }),
  );
  const beside = odd.map(([name, shape], index) =>
    study(
      `chest, ${name}, and a thicker whole one`,
      'the thinner one is no regular stack, the thicker one is',
      takes('whole'),
      CHEST,
      { ...axial(vendorAt(index + 1), 'odd', 320, { thicknessMm: 2.5 }), ...shape },
      axial(vendorAt(index + 1), 'whole', 320, { thicknessMm: 5 }),
    ),
  );
  return [...alone, ...beside];
}
