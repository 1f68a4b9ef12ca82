/** Labelled CT studies of the abdomen, of several regions at once, and of other parts of the body. */
import { axial, bolusTracking, CANON, doseReport, GE, localizer, mip, PHILIPS, reformat, SIEMENS, SIEMENS_OLD, vendorAt } from './ct.js';
import { NO_SERIES, study, type Tags, type WrittenStudy } from './study.js';

const ABDOMEN: Tags = { BodyPartExamined: 'ABDOMEN', StudyDescription: 'CT Abdomen' };
const night = (series: string) => ({ 'night-body-composition': series });
const both = (series: string) => ({ 'chest-ct-lungs': series, ...night(series) });

/** The abdomen, several regions in one study, and other parts of the body. */
export function bodyStudies(): WrittenStudy[] {
  return [...abdomen(), ...phases(), ...noneOfTheAbdomenFits(), ...severalRegions(), ...trauma(), ...otherParts()];
}

/** How a site tells that it is the abdomen. */
const NAMINGS: readonly Tags[] = [
  ABDOMEN,
  { BodyPartExamined: 'ABDOMENPELVIS', StudyDescription: 'CT Abdomen/Pelvis' },
  { BodyPartExamined: 'ABDPELVIS' },
  { BodyPartExamined: '', StudyDescription: 'CT Oberbauch nativ' },
  { StudyDescription: 'TDM abdomino-pelvienne' },
  { StudyDescription: 'TC abdominal sin contraste' },
  { StudyDescription: 'TC addome' },
  { StudyDescription: 'CT buik' },
  { StudyDescription: '腹部CT', SpecificCharacterSet: 'ISO_IR 192' },
  { ProtocolName: '6.1 Abdomen Routine' },
  { AnatomicRegionSequence: [{ CodeValue: '818981001', CodingSchemeDesignator: 'SCT', CodeMeaning: 'Abdomen' }] },
];

function abdomen(): WrittenStudy[] {
  return NAMINGS.map((naming, index) => {
    const vendor = vendorAt(index + 1);
    return study(
      `abdomen ${index + 1}`,
      'the thin soft kernel; bone kernel, reformats and MIP are not for densities',
      night('soft-thin'),
      naming,
      localizer(vendor),
      axial(vendor, 'soft-thick', 420, { thicknessMm: 5 }),
      axial(vendor, 'soft-thin', 420, { thicknessMm: 2 }),
      axial(vendor, 'bone-thin', 420, { kernel: 'bone', thicknessMm: 2 }),
      reformat(vendor, 'sagittal'),
      mip(vendor, 200),
      doseReport(),
    );
  });
}

function phases(): WrittenStudy[] {
  const agent = (name: string): Tags => ({ ContrastBolusAgent: name });
  return [
    study(
      'native, arterial and portal venous',
      'without contrast agent first: densities of muscle and fat are those of the native series',
      night('native'),
      ABDOMEN,
      localizer(GE),
      bolusTracking(GE, 'SmartPrep Series'),
      axial(GE, 'arterial', 420, { thicknessMm: 2.5 }, agent('Omnipaque 350')),
      axial(GE, 'portal', 420, { thicknessMm: 2.5 }, agent('Omnipaque 350')),
      axial(GE, 'native', 420, { thicknessMm: 2.5 }),
    ),
    study(
      'native thick, portal venous thin',
      'the contrast agent counts before the thickness',
      night('native'),
      { BodyPartExamined: 'LIVER', StudyDescription: 'CT Leber 3-Phasen' },
      axial(SIEMENS, 'portal', 420, { thicknessMm: 1 }, agent('Ultravist 370')),
      axial(SIEMENS, 'native', 420, { thicknessMm: 5 }, agent('NONE')),
    ),
    study(
      'portal venous alone',
      'with contrast agent where there is nothing else',
      night('portal'),
      ABDOMEN,
      axial(CANON, 'portal', 420, { thicknessMm: 2 }, agent('Iopamiron')),
    ),
    study(
      'perfusion of the liver beside the whole abdomen',
      'the perfusion is 4D',
      night('portal'),
      ABDOMEN,
      axial(SIEMENS_OLD, 'perfusion', 60, { thicknessMm: 2, repeats: 12 }, agent('Ultravist')),
      axial(SIEMENS_OLD, 'portal', 420, { thicknessMm: 3 }, agent('Ultravist')),
    ),
  ];
}

function noneOfTheAbdomenFits(): WrittenStudy[] {
  const none = night(NO_SERIES);
  return [
    study('abdomen localizer alone', 'no axial images', none, ABDOMEN, localizer(PHILIPS)),
    study('abdomen of 7 mm', 'the rule takes at most 5 mm', none, ABDOMEN, axial(SIEMENS_OLD, 'thick', 420, { thicknessMm: 7 })),
    study('abdomen of 10 mm', 'the rule takes at most 5 mm', none, ABDOMEN, axial(GE, 'thick', 420, { thicknessMm: 10 })),
    study('abdomen with a missing slice', 'densities of a volume with a hole', none, ABDOMEN, {
      ...axial(CANON, 'hole', 420, { thicknessMm: 3 }),
      missing: [70],
    }),
    study('perfusion of the liver alone', '4D', none, ABDOMEN, axial(SIEMENS, 'perfusion', 100, { thicknessMm: 3, repeats: 20 })),
    study('abdomen of a child', 'norms of body composition are of adults', {}, { ...ABDOMEN, PatientAge: '012Y' }, axial(GE, 'soft', 300)),
    study('abdomen of a baby in weeks', '040W is below a year', {}, { ...ABDOMEN, PatientAge: '040W' }, axial(GE, 'soft', 150)),
    study(
      'abdomen at 18 years',
      'an adult from the 18th birthday on',
      night('soft'),
      { ...ABDOMEN, PatientAge: '018Y' },
      axial(GE, 'soft', 400),
    ),
    study(
      'abdomen at 216 months',
      '216 months are 18 years',
      night('soft'),
      { ...ABDOMEN, PatientAge: '216M' },
      axial(GE, 'soft', 400, { thicknessMm: 2.5 }),
    ),
    study('abdomen at 17 years', 'not yet an adult', {}, { ...ABDOMEN, PatientAge: '017Y' }, axial(GE, 'soft', 400, { thicknessMm: 2.5 })),
    study(
      'abdomen without an age',
      'most patients are adults, and nothing says otherwise',
      night('soft'),
      { ...ABDOMEN, PatientAge: '' },
      axial(PHILIPS, 'soft', 400, { thicknessMm: 2 }),
    ),
  ];
}

function severalRegions(): WrittenStudy[] {
  const together: readonly Tags[] = [
    { BodyPartExamined: 'CHESTABDPELVIS', StudyDescription: 'CT CAP' },
    { BodyPartExamined: 'CHESTABDOMEN' },
    { BodyPartExamined: '', StudyDescription: 'CT Thorax-Abdomen-Becken' },
    { StudyDescription: 'CT Chest/Abdomen/Pelvis with contrast' },
    { StudyDescription: 'TDM thoraco-abdomino-pelvien' },
  ];
  const oneScan = together.map((naming, index) => {
    const vendor = vendorAt(index);
    return study(
      `chest and abdomen in one scan ${index + 1}`,
      'both are in it: lungs and body composition take the same series',
      both('soft-thin'),
      { ...naming, ContrastBolusAgent: 'Iomeron 350' },
      localizer(vendor),
      axial(vendor, 'soft-thin', 640, { thicknessMm: 2 }),
      axial(vendor, 'soft-thick', 640, { thicknessMm: 5 }),
      axial(vendor, 'lung', 320, { kernel: 'lung', thicknessMm: 1.5 }),
      reformat(vendor, 'coronal'),
    );
  });
  const apart = [SIEMENS, GE, PHILIPS, CANON].map((vendor, index) =>
    study(
      `chest and abdomen in two scans ${index + 1}`,
      'each rule takes the series of its own part',
      { 'chest-ct-lungs': 'chest', 'night-body-composition': 'abdomen' },
      { StudyDescription: 'CT Thorax und Abdomen' },
      localizer(vendor, { BodyPartExamined: 'CHEST' }),
      axial(vendor, 'abdomen', 420, { thicknessMm: 1.5 }, { BodyPartExamined: 'ABDOMEN' }),
      axial(vendor, 'chest', 320, { thicknessMm: 2 }, { BodyPartExamined: 'CHEST' }),
      axial(vendor, 'lung', 320, { kernel: 'lung', thicknessMm: 1 }, { BodyPartExamined: 'CHEST' }),
    ),
  );
  return [...oneScan, ...apart];
}

function trauma(): WrittenStudy[] {
  const spiral = [SIEMENS, GE].map((vendor, index) =>
    study(
      `trauma from head to pelvis ${index + 1}`,
      'the torso is chest and abdomen; head and neck are for neither',
      both('torso'),
      { StudyDescription: 'Polytrauma', ContrastBolusAgent: 'Ultravist' },
      localizer(vendor, { BodyPartExamined: 'HEAD' }),
      axial(vendor, 'head', 180, { thicknessMm: 1 }, { BodyPartExamined: 'HEAD', ContrastBolusAgent: '' }),
      axial(vendor, 'neck', 200, { kernel: 'bone', thicknessMm: 1 }, { BodyPartExamined: 'CSPINE' }),
      axial(vendor, 'torso', 680, { thicknessMm: 2 }, { BodyPartExamined: 'CHESTABDPELVIS' }),
      axial(vendor, 'torso-bone', 680, { kernel: 'bone', thicknessMm: 2 }, { BodyPartExamined: 'CHESTABDPELVIS' }),
      axial(vendor, 'spine', 500, { kernel: 'bone', thicknessMm: 2 }, { BodyPartExamined: 'SPINE' }),
    ),
  );
  return [
    ...spiral,
    study(
      'trauma with partial coverage',
      'of the chest came ten slices, of the abdomen all',
      { 'chest-ct-lungs': NO_SERIES, 'night-body-composition': 'abdomen' },
      { StudyDescription: 'Trauma' },
      axial(PHILIPS, 'chest', 50, { thicknessMm: 5 }, { BodyPartExamined: 'CHEST' }),
      axial(PHILIPS, 'abdomen', 420, { thicknessMm: 3 }, { BodyPartExamined: 'ABDOMEN' }),
    ),
    study(
      'a whole body scan',
      'neither model is made for the whole body',
      {},
      { BodyPartExamined: 'WHOLEBODY', StudyDescription: 'CT low dose myeloma' },
      axial(SIEMENS, 'whole', 1700, { thicknessMm: 5 }),
    ),
  ];
}

function otherParts(): WrittenStudy[] {
  const parts: readonly Tags[] = [
    { BodyPartExamined: 'HEAD', StudyDescription: 'CT Head trauma' },
    { BodyPartExamined: 'BRAIN', StudyDescription: 'CT Brain perfusion' },
    { BodyPartExamined: 'NECK', StudyDescription: 'CT Hals mit KM' },
    { BodyPartExamined: '', StudyDescription: 'CT NNH' },
    { BodyPartExamined: 'CSPINE' },
    { BodyPartExamined: 'LSPINE', StudyDescription: 'CT LWS' },
    { BodyPartExamined: 'PELVIS', StudyDescription: 'CT Becken' },
    { BodyPartExamined: 'EXTREMITY', StudyDescription: 'CT lower leg' },
    { BodyPartExamined: 'KNEE' },
    { BodyPartExamined: 'ANKLE', StudyDescription: 'CT OSG links' },
  ];
  return parts.map((tags, index) =>
    study(
      `another part of the body ${index + 1}`,
      'no rule is about it',
      {},
      tags,
      localizer(vendorAt(index)),
      axial(vendorAt(index), 'soft', 200),
      axial(vendorAt(index), 'bone', 200, { kernel: 'bone', thicknessMm: 1 }),
    ),
  );
}
