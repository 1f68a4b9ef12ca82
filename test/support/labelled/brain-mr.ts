/** Labelled MR studies. */
import {
  brainScout,
  CANON,
  diffusion,
  flair,
  GE,
  INVERSION,
  mr,
  PHILIPS,
  reformatted,
  scout,
  SIEMENS,
  SPIN_ECHO,
  t1,
  t2,
  thickT1,
  VENDORS,
  type MrVendor,
} from './mr.js';
import { NO_SERIES, study, type Tags, type WrittenSeries, type WrittenStudy } from './study.js';

const HEAD: Tags = { BodyPartExamined: 'HEAD', StudyDescription: 'MR Head' };
/** Taken by both rules for the brain. */
const takes = (series: string) => ({ 'brain-t1-tissue': series, 'brain-structures-shadow': series });
const NONE_FITS = takes(NO_SERIES);

/** T1-weighted series of brains, what goes for one, and what does not. */
export function brainStudies(): WrittenStudy[] {
  return [...routine(), ...names(), ...contrast(), ...notThisWeighting(), ...unfit(), ...ages(), ...enhanced(), ...notBrain()];
}

function routine(): WrittenStudy[] {
  const bodyParts: readonly Tags[] = [
    HEAD,
    { BodyPartExamined: 'BRAIN' },
    { BodyPartExamined: '', StudyDescription: 'MRT Kopf nativ' },
    { StudyDescription: 'IRM cérébrale', SpecificCharacterSet: 'ISO_IR 100' },
    { StudyDescription: 'RM cerebral' },
    { StudyDescription: 'RM encefalo' },
    { StudyDescription: 'MR hersenen' },
    { StudyDescription: 'MRT Schädel', SpecificCharacterSet: 'ISO_IR 100' },
    { StudyDescription: '頭部MRI', SpecificCharacterSet: 'ISO_IR 192' },
    { StudyDescription: 'NEURO^Brain dementia' },
  ];
  return bodyParts.map((tags, index) => {
    const vendor = VENDORS[index % 4] ?? SIEMENS;
    return study(
      `brain routine ${index + 1}`,
      'the thin T1; T2, FLAIR and diffusion are other weightings, the reformat is derived, the spin echo is 5 mm thick',
      takes('t1'),
      tags,
      scout(vendor),
      t2(vendor),
      flair(vendor),
      diffusion(vendor),
      thickT1(vendor),
      reformatted(vendor),
      t1(vendor),
    );
  });
}

/** Names under which a thin T1 goes. */
function names(): WrittenStudy[] {
  const all: readonly (readonly [MrVendor, string])[] = [
    [SIEMENS, 'MPRAGE'],
    [SIEMENS, 't1_space_sag_iso'],
    [SIEMENS, 'MPRAGE ADNI sagittal'],
    [GE, 'Ax 3D FSPGR'],
    [GE, 'Sag CUBE T1'],
    [PHILIPS, 'T1W 3D TFE SENSE'],
    [PHILIPS, '3D_T1_sag'],
    [CANON, 'FFE3D T1W'],
  ];
  return all.map(([vendor, description]) =>
    study(
      `T1 named ${description}`,
      'a T1-weighted sequence by its name',
      takes('t1'),
      HEAD,
      t2(vendor),
      t1(vendor, 't1', { SeriesDescription: description }),
    ),
  );
}

function contrast(): WrittenStudy[] {
  const agent: Tags = { ContrastBolusAgent: 'Gadovist' };
  const withGd = VENDORS.map((vendor, index) =>
    study(
      `T1 without and with gadolinium ${index + 1}`,
      'the one without contrast agent',
      takes('t1'),
      HEAD,
      t1(vendor, 't1-gd', agent),
      flair(vendor),
      t1(vendor),
    ),
  );
  const byName = ['t1_mprage_sag_KM', 'SAG T1 BRAVO +C', 'T1 3D TFE post Gd', 'T1W_3D_TFE_GADO'].map((description, index) =>
    study(
      `gadolinium told by the name ${description}`,
      'the header names no agent, the description does',
      takes('t1'),
      HEAD,
      t1(VENDORS[index] ?? SIEMENS, 't1-gd', { SeriesDescription: description }),
      t1(VENDORS[index] ?? SIEMENS),
    ),
  );
  return [
    ...withGd,
    ...byName,
    study('T1 with gadolinium alone', 'the model takes no contrast agent', NONE_FITS, HEAD, t2(SIEMENS), t1(SIEMENS, 't1-gd', agent)),
    study(
      'gadolinium as a coded agent alone',
      'the sequence of the agent says so',
      NONE_FITS,
      HEAD,
      t1(PHILIPS, 't1-gd', {
        ContrastBolusAgentSequence: [
          { CodeValue: '8369003', CodingSchemeDesignator: 'SCT', CodeMeaning: 'Gadolinium-containing contrast media' },
        ],
      }),
    ),
    study('an agent of NONE', 'the agent says that there was none', takes('t1'), HEAD, t1(GE, 't1', { ContrastBolusAgent: 'NONE' })),
  ];
}

function notThisWeighting(): WrittenStudy[] {
  const perfusion = mr(
    SIEMENS,
    'perfusion',
    20,
    5,
    { ScanningSequence: 'EP', SeriesDescription: 'ep2d_perf', RepetitionTime: 1500, EchoTime: 30 },
    { repeats: 40 },
  );
  const tof = mr(PHILIPS, 'tof', 160, 0.6, {
    ScanningSequence: 'GR',
    SeriesDescription: 'TOF_3D_multi-slab',
    RepetitionTime: 22,
    EchoTime: 3.5,
  });
  const susceptibility = mr(SIEMENS, 'swi', 80, 1.5, {
    ScanningSequence: 'GR',
    SeriesDescription: 'SWI_Images',
    RepetitionTime: 27,
    EchoTime: 20,
  });
  const thinFlair = mr(SIEMENS, 'flair3d', 176, 1, {
    ...INVERSION,
    SeriesDescription: 't2_space_dark-fluid_sag_iso',
    RepetitionTime: 5000,
    EchoTime: 387,
  });
  const functional = mr(
    SIEMENS,
    'bold',
    36,
    3,
    { ScanningSequence: 'EP', SeriesDescription: 'bold_resting', RepetitionTime: 2000, EchoTime: 30 },
    { repeats: 20 },
  );
  return [
    study('stroke without T1', 'no T1-weighted series was made', {}, HEAD, scout(GE), diffusion(GE), flair(GE), tof),
    study('only thin FLAIR', 'thin and three-dimensional, but not T1', {}, HEAD, thinFlair),
    study('only T2', 'not T1', {}, HEAD, t2(CANON)),
    study('T1 beside thin others', 'of the thin ones one is T1', takes('t1'), HEAD, tof, susceptibility, thinFlair, perfusion, t1(SIEMENS)),
    study('the scout of the brain alone', 'a scout is no T1 series, thin as it is', {}, HEAD, brainScout()),
    study('the scout of the brain beside T1', 'the scout comes first and is no T1', takes('t1'), HEAD, brainScout(), t1(SIEMENS)),
    study('functional beside T1', 'the functional series is 4D and no T1', takes('t1'), HEAD, functional, t1(SIEMENS)),
  ];
}

function unfit(): WrittenStudy[] {
  const pituitary = mr(
    SIEMENS,
    'pituitary',
    24,
    2,
    { ...SPIN_ECHO, SeriesDescription: 't1_tse_cor pituitary', RepetitionTime: 500, EchoTime: 11 },
    { plane: 'coronal' },
  );
  return [
    study('only thick T1', '5 mm; the model takes 2 mm at most', NONE_FITS, HEAD, t2(GE), thickT1(GE)),
    study(
      'T1 FLAIR of 5 mm',
      'T1-weighted as its name says, but thick',
      NONE_FITS,
      HEAD,
      thickT1(GE, { ...INVERSION, SeriesDescription: 'AX T1 FLAIR' }),
    ),
    study('only a slab of 48 mm', 'the rest of the brain is not there', NONE_FITS, HEAD, pituitary),
    study('T1 with a missing slice', 'not one regular stack', NONE_FITS, HEAD, t1(SIEMENS, 't1', {}, { missing: [88] })),
    study('T1 reformat alone', 'a reformat is no input', NONE_FITS, HEAD, reformatted(SIEMENS)),
    study(
      'T1 of 1.5 mm',
      'thin enough for tissue, too thick for structures',
      { 'brain-t1-tissue': 't1', 'brain-structures-shadow': NO_SERIES },
      HEAD,
      mr(GE, 't1', 120, 1.5, { ...GE.t1, SeriesDescription: 'AX T1 3D' }),
    ),
    study(
      'T1 of 1.5 and of 1 mm',
      'the thinner one for both',
      takes('fine'),
      HEAD,
      mr(PHILIPS, 'coarse', 120, 1.5, PHILIPS.t1),
      mr(PHILIPS, 'fine', 180, 1, PHILIPS.t1),
    ),
    study('T1 dynamic alone', '4D', NONE_FITS, HEAD, t1(SIEMENS, 'dynamic', { SeriesDescription: 't1_vibe_dyn' }, { repeats: 3 })),
    study('oblique planes', 'any plane will do', takes('t1'), HEAD, t1(PHILIPS, 't1', {}, { plane: 'coronal' })),
  ];
}

function ages(): WrittenStudy[] {
  const at = (age: string) => ({ ...HEAD, PatientAge: age });
  return [
    study('brain at 6 years', 'the models learned from adults', {}, at('006Y'), t1(SIEMENS)),
    study('brain at 8 months', 'grey and white matter look the other way round', {}, at('008M'), t1(GE)),
    study('brain at 3 days', 'as above', {}, at('003D'), t1(PHILIPS)),
    study('brain at 18 years', 'an adult', takes('t1'), at('018Y'), t1(CANON)),
    study('brain at 91 years', 'an adult', takes('t1'), at('091Y'), t1(GE)),
    study('brain without an age', 'nothing says that it is a child', takes('t1'), at(''), t1(SIEMENS)),
  ];
}

function enhanced(): WrittenStudy[] {
  const object = (name: string, weighting: string): WrittenSeries =>
    mr(
      PHILIPS,
      name,
      170,
      1,
      {
        SOPClassUID: '1.2.840.10008.5.1.4.1.1.4.1',
        ImageType: ['ORIGINAL', 'PRIMARY', weighting, 'NONE'],
        AcquisitionContrast: weighting,
        SeriesDescription: '',
      },
      { multiframe: true },
    );
  return [
    study('enhanced T1', 'AcquisitionContrast says T1', takes('t1'), HEAD, object('t2', 'T2'), object('t1', 'T1')),
    study('enhanced T2', 'AcquisitionContrast says T2', {}, HEAD, object('t2', 'T2')),
  ];
}

function notBrain(): WrittenStudy[] {
  const other = (name: string, tags: Tags, description: string): WrittenStudy =>
    study(name, 'T1-weighted, but no brain', {}, tags, t1(SIEMENS, 't1', { SeriesDescription: description }));
  return [
    other('knee', { BodyPartExamined: 'KNEE' }, 't1_tse_sag'),
    other('thoracic spine in MR', { BodyPartExamined: 'TSPINE', StudyDescription: 'MR T-Spine' }, 't1_tse_sag T1-T12'),
    other('cervical spine in German', { StudyDescription: 'MRT HWS' }, 't1_tse_sag'),
    other('liver', { BodyPartExamined: 'ABDOMEN', StudyDescription: 'MR Leber' }, 't1_vibe_fs_tra'),
    other('humeral head', { BodyPartExamined: 'SHOULDER', StudyDescription: 'MR humeral head' }, 't1_tse_cor'),
    other('breast', { BodyPartExamined: 'BREAST' }, 't1_fl3d_tra'),
    other('orbits', { BodyPartExamined: 'ORBIT', StudyDescription: 'MR Orbita' }, 't1_tse_cor'),
    other('no body part', {}, 't1_tse_sag'),
    study(
      'phantom of the American College',
      'nobody was scanned',
      {},
      { BodyPartExamined: 'HEAD', StudyDescription: 'ACR Phantom QA' },
      mr(SIEMENS, 'acr', 11, 5, { ...SPIN_ECHO, SeriesDescription: 'ACR T1', RepetitionTime: 500, EchoTime: 20 }),
    ),
  ];
}
