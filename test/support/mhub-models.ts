/**
 * The facts of the thirty models in MHub's public repository: what their cards say of inputs, outputs and licences, dirty spellings
 * included. Facts only: titles and texts are ours. `writeMhubModels` lays them out as that repository does.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** An input of a card: modality, body part, contrast and non-contrast, slice thickness, format. */
type Input = readonly [modality: string, bodyPart: string, contrast: boolean, nonContrast: boolean, thickness: string, format?: string];

export interface MhubModel {
  readonly name: string;
  readonly title: string;
  readonly inputs: readonly Input[];
  readonly classes?: readonly string[];
  readonly predictions?: readonly (readonly [valueType: string, label: string])[];
  readonly code: string;
  readonly weights: string;
}

const NC = 'CC BY-NC 4.0';
const APACHE = 'Apache 2.0';
const LOBES = ['LEFT_UPPER_LUNG_LOBE', 'LEFT_LOWER_LUNG_LOBE', 'RIGHT_UPPER_LUNG_LOBE', 'RIGHT_MIDDLE_LUNG_LOBE', 'RIGHT_LOWER_LUNG_LOBE'];
const CHAMBERS = ['LEFT_ATRIUM', 'LEFT_VENTRICLE', 'RIGHT_ATRIUM', 'RIGHT_VENTRICLE'];
const CORONARIES = ['CORONARY_ARTERY_LAD', 'CORONARY_ARTERY_CFLX', 'CORONARY_ARTERY_RIGHT'];
const LEVELS = [
  'C1',
  'C2',
  'C3',
  'C4',
  'C5',
  'C6',
  'C7',
  ...Array.from({ length: 12 }, (_, n) => `T${n + 1}`),
  'L1',
  'L2',
  'L3',
  'L4',
  'L5',
];
const VERTEBRAE = LEVELS.map((level) => `VERTEBRAE_${level}`);
const DISCS = [...LEVELS, 'S1'].slice(2).map((level, n) => `VERTEBRAE_DISK_${LEVELS[n + 1]}${level}`);
const sides = (...names: string[]) => names.flatMap((name) => [`LEFT_${name}`, `RIGHT_${name}`]);
const MUSCLES = sides('GLUTEUS_MAXIMUS', 'GLUTEUS_MEDIUS', 'GLUTEUS_MINIMUS', 'AUTOCHTHONOUS_BACK_MUSCLE', 'ILIOPSOAS');
const ORGANS = ['SPLEEN', ...sides('KIDNEY'), 'GALLBLADDER', 'LIVER', 'STOMACH', 'PANCREAS', ...sides('ADRENAL_GLAND'), 'AORTA'];
const GUT = ['ESOPHAGUS', 'SMALL_INTESTINE', 'DUODENUM', 'COLON', 'URINARY_BLADDER'];
const VEINS = ['INFERIOR_VENA_CAVA', 'PORTAL_AND_SPLENIC_VEIN'];
const RIBS = Array.from({ length: 12 }, (_, n) => sides(`RIB_${n + 1}`)).flat();

const one = (
  name: string,
  title: string,
  inputs: readonly Input[],
  classes: readonly string[],
  code: string,
  weights: string,
): MhubModel => ({
  name,
  title,
  inputs,
  classes,
  code,
  weights,
});

export const MHUB_MODELS: readonly MhubModel[] = [
  one(
    'bamf_nnunet_ct_kidney',
    'CT kidney',
    [['CT', 'Kidney', false, true, '2.5mm']],
    ['KIDNEY', 'KIDNEY+NEOPLASM_MALIGNANT_PRIMARY', 'KIDNEY+CYST'],
    'MIT',
    NC,
  ),
  one('bamf_nnunet_ct_liver', 'CT liver', [['CT', 'LIVER', false, true, '2.5mm']], ['LIVER'], 'MIT', NC),
  one('bamf_nnunet_mr_liver', 'MR liver', [['MR', 'LIVER', false, true, '2.5mm']], ['LIVER'], 'MIT', NC),
  one('bamf_nnunet_mr_prostate', 'MR prostate', [['MR', 'Prostate', true, true, '2.5mm']], ['PROSTATE'], 'MIT', NC),
  one(
    'bamf_pet_ct_breast_tumor',
    'PET/CT breast tumour',
    [
      ['CT', 'BREAST', false, true, '5mm'],
      ['PT', 'BREAST', false, false, '4mm'],
    ],
    ['BREAST+FDG_AVID_TUMOR'],
    'MIT',
    NC,
  ),
  one(
    'bamf_pet_ct_lung_tumor',
    'PET/CT lung and lung tumour',
    [
      ['CT', 'Lung', false, true, '5mm'],
      ['PT', 'Lung', false, false, '4mm'],
    ],
    ['LUNG', 'LUNG+FDG_AVID_TUMOR'],
    'MIT',
    NC,
  ),
  one(
    'casust',
    'Cardiac substructures in planning CT',
    [['CT', 'Chest', false, true, '2.5mm']],
    ['HEART', ...CHAMBERS, ...CORONARIES],
    APACHE,
    APACHE,
  ),
  {
    name: 'fmcib_radiomics',
    title: 'Foundation model for imaging biomarkers of cancer',
    inputs: [
      ['CT', 'WHOLEBODY', true, true, '2.5mm'],
      ['SEG', 'WHOLEBODY', true, true, '2.5mm', 'DICOMSEG'],
    ],
    predictions: [['Feature vector', 'Features of a lesion']],
    code: 'MIT',
    weights: NC,
  },
  one(
    'gc_autopet_fpr',
    'Whole-body PET/CT tumour lesions',
    [
      ['PT', 'WHOLEBODY', false, false, '3mm'],
      ['CT', 'WHOLEBODY', true, false, '3mm'],
    ],
    ['BACKGROUND', 'NEOPLASM_MALIGNANT_PRIMARY'],
    'MIT',
    'MIT',
  ),
  {
    name: 'gc_grt123_lung_cancer',
    title: 'CT lung cancer risk',
    inputs: [['CT', 'Chest', false, true, '2.5mm']],
    predictions: [['JSON', 'Lung nodules and the probability of lung cancer']],
    code: 'MIT',
    weights: 'MIT',
  },
  one('gc_lunglobes', 'Pulmonary lobes in CT', [['CT', 'Chest', false, true, '0.75mm']], LOBES, APACHE, APACHE),
  {
    ...one(
      'gc_nnunet_pancreas',
      'Pancreatic ductal adenocarcinoma in venous-phase CT',
      [['CT', 'Abdomen', false, false, '2.5mm']],
      ['VEIN', 'ARTERY', 'PANCREAS', 'PANCREATIC_DUCT', 'BILE_DUCT'],
      APACHE,
      APACHE,
    ),
    predictions: [
      ['Likelihood map', 'Pancreatic tumour likelihood map'],
      ['Likelihood', 'Pancreatic tumour likelihood'],
    ],
  },
  {
    name: 'gc_node21_baseline',
    title: 'Nodules in chest radiographs',
    inputs: [['CR', 'Chest', false, false, '']],
    predictions: [['number', 'Boxes around lung nodules']],
    code: APACHE,
    weights: APACHE,
  },
  {
    name: 'gc_picai_baseline',
    title: 'Clinically significant prostate cancer in biparametric MR',
    inputs: [
      ['MR', 'Prostate', false, false, '0.5 x 0.5 x 3.0 mm'],
      ['MR', 'Prostate', false, false, '0.5 x 0.5 x 3.0 mm'],
      ['MR', 'Prostate', false, false, '0.5 x 0.5 x 3.0 mm'],
    ],
    predictions: [
      ['Likelihood', 'Prostate cancer likelihood'],
      ['Likelihood map', 'Prostate cancer detection map'],
    ],
    code: APACHE,
    weights: 'CC-BY-NC-SA-4.0',
  },
  {
    ...one(
      'gc_spider_baseline',
      'Lumbar spine in MR',
      [['MR', 'Spine', false, false, '2.0mm']],
      [...VERTEBRAE, ...DISCS, 'SPINAL_CANAL'],
      APACHE,
      APACHE,
    ),
    predictions: [['Raw segmentation image', 'Raw spine segmentation']],
  },
  {
    name: 'gc_stoic_baseline',
    title: 'COVID-19 and its severity in chest CT',
    inputs: [['CT', 'Chest', false, true, '2.5mm']],
    predictions: [
      ['Probability', 'Probability of COVID-19'],
      ['number', 'Probability of severe COVID-19'],
    ],
    code: 'MIT license',
    weights: 'MIT license',
  },
  {
    name: 'gc_tiger_lb2',
    title: 'Tumour infiltrating lymphocytes in breast histopathology',
    inputs: [['SM', 'Breast', false, false, '']],
    predictions: [
      ['number', 'TIL score'],
      ['Segmentation mask', 'Detections'],
    ],
    code: APACHE,
    weights: NC,
  },
  {
    name: 'gc_wsi_bgseg',
    title: 'Tissue and background in whole-slide images',
    inputs: [['SM', 'WHOLEBODY', false, false, '']],
    predictions: [['Segmentation mask', 'Tissue mask']],
    code: 'AGPL v3.0',
    weights: 'AGPL v3.0',
  },
  one('lungmask', 'Lungs and lobes in CT', [['CT', 'Chest', false, true, 'n/a']], [...sides('LUNG'), ...LOBES], APACHE, APACHE),
  one(
    'monai_prostate158',
    'Zones of the prostate in MR',
    [['MR', 'Prostate', false, true, '3 mm']],
    ['PROSTATE_TRANSITION_ZONE', 'PROSTATE_PERIPHERAL_ZONE'],
    APACHE,
    NC,
  ),
  one(
    'mrsegmentator',
    'Structures in MR and CT',
    [['MRI|CT', 'WHOLEBODY', true, true, 'n/a']],
    [...ORGANS, ...sides('LUNG', 'ILIAC_ARTERY', 'HIP', 'FEMUR'), 'HEART', ...VEINS, ...GUT, 'SPINE', 'SACRUM', ...MUSCLES],
    APACHE,
    APACHE,
  ),
  one(
    'msk_smit_lung_gtv',
    'Gross tumour volume of the lung in CT',
    [['CT', 'Chest', true, true, '5mm', 'NIFTI']],
    ['LUNG+NEOPLASM_MALIGNANT_PRIMARY'],
    'GNU General Public License',
    'GNU General Public License',
  ),
  one(
    'nnunet_liver',
    'Liver and liver tumour in CT',
    [['CT', 'Abdomen', true, false, '2.5 mm']],
    ['LIVER', 'LIVER+NEOPLASM_MALIGNANT_PRIMARY'],
    APACHE,
    NC,
  ),
  one(
    'nnunet_pancreas',
    'Pancreas and pancreatic tumour in CT',
    [['CT', 'Abdomen', true, false, '2.5 mm']],
    ['PANCREAS', 'PANCREAS+NEOPLASM_MALIGNANT_PRIMARY'],
    APACHE,
    NC,
  ),
  one('nnunet_prostate_task24', 'Whole prostate in T2 MR', [['MR', 'Prostate', false, true, '3.6 mm']], ['PROSTATE'], APACHE, NC),
  one(
    'nnunet_prostate_zonal_task05',
    'Zones of the prostate in T2 and ADC MR',
    [
      ['MR', 'Prostate', false, true, '3.6 mm'],
      ['MR', 'Prostate', false, true, '3.6 mm'],
    ],
    ['PROSTATE_PERIPHERAL_ZONE', 'PROSTATE_TRANSITION_ZONE'],
    APACHE,
    NC,
  ),
  one(
    'nnunet_segthor',
    'Thoracic organs at risk in CT',
    [['CT', 'Chest', true, true, '2.5 mm']],
    ['ESOPHAGUS', 'HEART', 'TRACHEA', 'AORTA'],
    APACHE,
    NC,
  ),
  one(
    'platipy',
    'Cardiac substructures in CT',
    [['CT', 'Chest', true, true, '2.5 mm']],
    [
      'HEART',
      'AORTA',
      ...CHAMBERS,
      ...CORONARIES,
      'PULMONARY_ARTERY',
      'SINOTRIAL_NODE',
      'TRICUSPID_VALVE',
      'PULMONARY_VALVE',
      'MITRAL_VALVE',
      'SUPERIOR_VENA_CAVA',
      'AORTIC_VALVE',
      'ATRIOVENTRICULAR_NODE',
    ],
    APACHE,
    NC,
  ),
  {
    name: 'pyradiomics',
    title: 'Radiomic features',
    inputs: [
      ['CT', 'WHOLEBODY', true, true, '2.5mm'],
      ['SEG', 'WHOLEBODY', true, true, '2.5mm', 'DICOMSEG'],
    ],
    predictions: [['Radiomic features', 'Radiomic features']],
    code: APACHE,
    weights: 'N/A',
  },
  one(
    'totalsegmentator',
    'Structures of the whole body in CT',
    [['CT', 'WHOLEBODY', true, true, '1.5 mm']],
    [
      ...[
        ...ORGANS,
        ...VEINS,
        ...LOBES,
        ...VERTEBRAE,
        ...GUT,
        'TRACHEA',
        'MYOCARDIUM',
        ...CHAMBERS,
        'PULMONARY_ARTERY',
        'BRAIN',
        'FACE',
        'SACRUM',
      ],
      ...sides('ILIAC_ARTERY', 'ILIAC_VEIN', 'HUMERUS', 'SCAPULA', 'CLAVICLE', 'FEMUR', 'HIP'),
      ...RIBS,
      ...MUSCLES,
    ],
    APACHE,
    NC,
  ),
];

/** Every class that these cards name, each once. */
export const MHUB_CLASSES: readonly string[] = [...new Set(MHUB_MODELS.flatMap(({ classes = [] }) => classes))];

/** A card in MHub's form. */
export function mhubCard({ name, title, inputs, classes, predictions = [], code, weights }: MhubModel): Record<string, unknown> {
  const section = (text: string) => ({ title: text, text: `${text} of ${title}.`, references: [], tables: [] });
  return {
    id: '',
    name,
    title,
    summary: {
      description: `${title}.`,
      inputs: inputs.map(([modality, bodypartexamined, contrast, nonContrast, slicethickness, format = 'DICOM']) => ({
        label: 'Input image',
        description: `The ${modality} scan of a patient.`,
        format,
        modality,
        bodypartexamined,
        slicethickness,
        contrast,
        'non-contrast': nonContrast,
      })),
      outputs: [
        ...(classes === undefined ? [] : [{ type: 'Segmentation', label: 'Segmentation', classes }]),
        ...predictions.map(([valueType, label]) => ({ type: 'Prediction', valueType, label })),
      ],
      model: { architecture: 'U-net', training: 'supervised', cmpapproach: '3D' },
      data: { training: { vol_samples: 100 }, evaluation: { vol_samples: 20 }, public: true, external: true },
    },
    details: {
      name: title,
      version: '1.0.0',
      devteam: 'A team',
      date: { weights: 'n/a', code: '2023', pub: '05/18/24' },
      cite: `A et al. ${title}.`,
      license: { code, weights },
    },
    info: {
      use: section('Intended use'),
      training: section('Training data'),
      evaluation: section('Evaluation data'),
      analyses: section('Analyses'),
      limitations: section('Limits'),
    },
  };
}

/** Writes the models as a clone of MHub's repository has them: `models/NAME/meta.json` below `root`. */
export function writeMhubModels(root: string, models: readonly MhubModel[] = MHUB_MODELS): void {
  for (const model of models) {
    const folder = join(root, 'models', model.name, 'config');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(root, 'models', model.name, 'meta.json'), JSON.stringify(mhubCard(model), null, 2));
    writeFileSync(join(folder, 'default.yml'), `general:\n  description: ${model.title}\n`);
  }
}
