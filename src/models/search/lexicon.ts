/** Words of a search and what they mean: structures from the table in both languages, groups of them, and the words of models' cards. */
import { STRUCTURES, isAbnormality } from '../../dicom/structures/table.js';
import type { LicenceUse } from '../licence.js';
import { keyOf, unitsOf } from './units.js';

export type Meaning =
  | { readonly kind: 'structure'; readonly ids: readonly string[]; readonly finding: boolean }
  | { readonly kind: 'modality'; readonly codes: readonly string[] }
  | { readonly kind: 'body part'; readonly parts: readonly string[] }
  | { readonly kind: 'output'; readonly output: 'segmentation' | 'prediction' }
  | { readonly kind: 'contrast'; readonly contrast: 'required' | 'without' }
  | { readonly kind: 'licence'; readonly use: LicenceUse }
  | { readonly kind: 'gpu'; readonly gpu: 'none' | 'required' }
  | { readonly kind: 'tested'; readonly tested: boolean }
  | { readonly kind: 'installed'; readonly installed: boolean }
  | { readonly kind: 'filler' }
  | { readonly kind: 'joint'; readonly joint: 'and' | 'or' };

/** Longest phrase of the lexicon, in units. */
export const LONGEST_PHRASE = 10;

const idsLike = (pattern: RegExp) => STRUCTURES.map(({ id }) => id).filter((id) => pattern.test(id));

/** Words for several structures at once, one row for each group. */
const GROUPS: readonly (readonly [words: string, ids: readonly string[]])[] = [
  ['lobe, lung lobe, pulmonary lobe, lobes of the lung, 肺叶', idsLike(/LUNG_LOBE$/)],
  ['upper lobe, upper lung lobe, 上叶, 肺上叶', idsLike(/UPPER_LUNG_LOBE$/)],
  ['lower lobe, lower lung lobe, 下叶, 肺下叶', idsLike(/LOWER_LUNG_LOBE$/)],
  ['pulmonary', ['LUNG']],
  ['airway, 气道', ['TRACHEA']],
  ['vertebra, vertebrae, vertebral body, vertebral bodies, 椎体, 椎骨', idsLike(/^VERTEBRAE_[CTL]\d/)],
  ['cervical vertebra, cervical vertebrae, cervical spine, 颈椎', idsLike(/^VERTEBRAE_C\d/)],
  ['thoracic vertebra, thoracic vertebrae, thoracic spine, 胸椎', idsLike(/^VERTEBRAE_T\d/)],
  ['lumbar vertebra, lumbar vertebrae, lumbar spine, 腰椎', idsLike(/^VERTEBRAE_L\d/)],
  ['intervertebral disc, intervertebral disk, disc, disk, 椎间盘', idsLike(/^VERTEBRAE_DISK/)],
  ['muscle, 肌肉', idsLike(/GLUTEUS|BACK_MUSCLE|ILIOPSOAS|MYOCARDIUM/)],
  ['gluteal muscle, gluteus, glutei, 臀肌', idsLike(/GLUTEUS/)],
  ['back muscle, 背肌', idsLike(/BACK_MUSCLE/)],
  ['bone, skeleton, 骨, 骨骼', ['SPINE', 'RIB', ...idsLike(/_(CLAVICLE|SCAPULA|HUMERUS|HIP|FEMUR)$/)]],
  ['heart chamber, cardiac chamber, chamber, 心腔', idsLike(/^(LEFT|RIGHT)_(ATRIUM|VENTRICLE)$/)],
  ['cardiac ventricle, heart ventricle, 心室', idsLike(/^(LEFT|RIGHT)_VENTRICLE$/)],
  ['heart valve, cardiac valve, valve, 瓣膜, 心脏瓣膜', idsLike(/_VALVE$/)],
  ['cardiac substructure, heart substructure, 心脏亚结构', idsLike(/^(LEFT|RIGHT)_(ATRIUM|VENTRICLE)$|_VALVE$|^CORONARY/)],
  ['vena cava, 腔静脉', idsLike(/VENA_CAVA$/)],
  ['intestine, bowel, 肠, 肠道', ['SMALL_INTESTINE', 'COLON']],
  ['prostate zone, zonal, zone of the prostate, prostatic zone, 前列腺分区', idsLike(/^PROSTATE_.*ZONE$/)],
  [
    'tumor, tumour, cancer, carcinoma, adenocarcinoma, malignancy, gtv, gross tumor volume, gross tumour volume, 肿瘤, 癌, 癌症',
    ['NEOPLASM'],
  ],
  ['lesion, 病灶, 病变', ['NEOPLASM', 'NODULE', 'MASS', 'CYST']],
];

const codes = (...list: string[]): Meaning => ({ kind: 'modality', codes: list });
const part = (...parts: string[]): Meaning => ({ kind: 'body part', parts });

/** Everything else that has a meaning. */
const WORDS: readonly (readonly [words: string, meaning: Meaning])[] = [
  ['ct, cts, computed tomography, ct scan, 计算机断层', codes('CT')],
  ['mr, mri, magnetic resonance, magnetic resonance imaging, 磁共振, 核磁, 核磁共振', codes('MR')],
  ['pet, pt, positron emission tomography, 正电子', codes('PT')],
  ['x ray, xray, radiograph, radiography, cxr, x光, 平片, x线', codes('CR', 'DX')],
  ['胸片', codes('CR', 'DX')],
  ['pathology, histopathology, whole slide, whole slide image, slide, wsi, microscopy, 病理, 切片, 病理切片', codes('SM')],
  ['ultrasound, 超声', codes('US')],
  ['chest, thorax, thoracic, 胸部, 胸', part('CHEST', 'THORAX', 'LUNG', 'HEART')],
  ['abdomen, abdominal, 腹部, 腹', part('ABDOMEN', 'LIVER', 'KIDNEY', 'PANCREAS', 'SPLEEN')],
  ['pelvis, pelvic, 盆腔, 骨盆', part('PELVIS', 'PROSTATE')],
  ['head, 头部, 头', part('HEAD', 'BRAIN')],
  ['whole body, wholebody, total body, 全身', part('WHOLEBODY')],
  [
    'segment, segments, segmenting, segmented, segmentation, contour, contouring, delineate, delineation, outline, mask, 分割, 勾画',
    { kind: 'output', output: 'segmentation' },
  ],
  [
    'predict, predicts, prediction, detect, detects, detection, classify, classification, score, risk, probability, likelihood, 预测, 检测, 分类, 风险, 评分, 概率',
    { kind: 'output', output: 'prediction' },
  ],
  ['non contrast, noncontrast, without contrast, no contrast, unenhanced, plain, 平扫, 非增强', { kind: 'contrast', contrast: 'without' }],
  [
    'with contrast, contrast, contrast enhanced, enhanced, venous phase, portal venous, portal venous phase, 增强',
    { kind: 'contrast', contrast: 'required' },
  ],
  ['commercial, commercially, commercial use, for commercial use, 商用, 商业, 可商用, 商业用途', { kind: 'licence', use: 'commercial' }],
  ['non commercial, noncommercial, research only, non commercial use, 非商用, 非商业', { kind: 'licence', use: 'non-commercial' }],
  ['without gpu, without a gpu, no gpu, cpu, cpu only, on cpu, 无gpu, 不需要gpu, 无需gpu', { kind: 'gpu', gpu: 'none' }],
  ['gpu, with gpu, with a gpu', { kind: 'gpu', gpu: 'required' }],
  ['tested, 已测试, 测试过', { kind: 'tested', tested: true }],
  ['untested, not tested, 未测试', { kind: 'tested', tested: false }],
  ['installed, 已安装', { kind: 'installed', installed: true }],
  ['not installed, installable, 未安装', { kind: 'installed', installed: false }],
  ['or, 或, 或者', { kind: 'joint', joint: 'or' }],
  ['and, plus, 和, 与, 及, 以及', { kind: 'joint', joint: 'and' }],
];

const FILLERS =
  'model, models, that, which, what, the, a, an, of, in, on, for, from, with, to, find, search, show, me, can, could, i, we, you, use, used, uses, need, ' +
  'want, is, are, it, its, scan, scans, image, images, imaging, series, study, studies, automatic, automatically, give, gives, do, does, my, our, any, all, ' +
  'by, at, into, be, has, have, there, structure, structures, organ, organs, ai, algorithm, network, please, free, licence, license, slice, slices, thick, ' +
  '的, 模型, 能, 能够, 可以, 可, 哪些, 哪个, 有, 用于, 在, 上, 图像, 影像, 扫描, 我, 要, 找, 想, 支持, 自动, 什么, 做, 把, 给, 出, 请, 器官, 结构, 进行, 对, 中, 个, 是, 里, 用, 为, 被';

const keyed = (words: string) => words.split(', ').map((word) => keyOf(unitsOf(word)));

function structureWords(): [string, Meaning][] {
  const own = STRUCTURES.flatMap((structure): [string, Meaning][] => {
    const meaning: Meaning = { kind: 'structure', ids: [structure.id], finding: isAbnormality(structure) };
    return [structure.id, structure.name, ...structure.synonyms, ...structure.chinese].map((name) => [keyOf(unitsOf(name)), meaning]);
  });
  return [...sidelessWords(), ...own];
}

/** `hip` means both, where the table has the two sides only. */
function sidelessWords(): [string, Meaning][] {
  const ids = new Map<string, string[]>();
  for (const { id, name, synonyms, chinese } of STRUCTURES.filter((structure) => /^(LEFT|RIGHT)_/.test(structure.id))) {
    const names = [name, ...synonyms].filter((one) => /\b(left|right)\b/i.test(one)).map((one) => one.replace(/\b(left|right)\b/i, ''));
    const withoutSide = chinese.filter((one) => /^[左右]/.test(one)).map((one) => one.slice(1));
    for (const key of new Set([...names, ...withoutSide].map((one) => keyOf(unitsOf(one))))) ids.set(key, [...(ids.get(key) ?? []), id]);
  }
  return [...ids].map(([key, list]) => [key, { kind: 'structure', ids: list, finding: false }]);
}

/** Later entries win: a group's word is what a person means by it. */
export const LEXICON: ReadonlyMap<string, Meaning> = new Map<string, Meaning>([
  ...keyed(FILLERS).map((key): [string, Meaning] => [key, { kind: 'filler' }]),
  ...structureWords(),
  ...GROUPS.flatMap(([words, ids]) =>
    keyed(words).map((key): [string, Meaning] => [key, { kind: 'structure', ids, finding: ids.includes('NEOPLASM') }]),
  ),
  ...WORDS.flatMap(([words, meaning]) => keyed(words).map((key): [string, Meaning] => [key, meaning])),
]);
