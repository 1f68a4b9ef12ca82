/** Bones outside of the spine, and muscles. */
import type { Rgb } from './cielab.js';
import { REGION, sct } from './code.js';
import type { KnownCode } from './code.js';
import { between, organ, pair } from './structure.js';
import type { Structure } from './structure.js';

const { chest, shoulder, hip, thigh, trunk, upperArm } = REGION;

/**
 * SNOMED CT's bone structures of the first to the twelfth rib. DICOM lists only `Rib`; SegDB and TotalSegmentator write these codes, and agree.
 */
const RIBS: readonly (readonly [value: string, ordinal: string])[] = [
  ['48535007', 'First'],
  ['78247007', 'Second'],
  ['25888004', 'Third'],
  ['25523003', 'Fourth'],
  ['15339008', 'Fifth'],
  ['59558009', 'Sixth'],
  ['24915002', 'Seventh'],
  ['5953002', 'Eighth'],
  ['22565002', 'Ninth'],
  ['77644006', 'Tenth'],
  ['58830002', 'Eleventh'],
  ['43993008', 'Twelfth'],
];

function ribs([value, ordinal]: (typeof RIBS)[number], n: number): Structure[] {
  return pair({
    id: `RIB_${n + 1}`,
    name: `rib ${n + 1}`,
    region: chest,
    type: sct(value, `${ordinal} rib`),
    left: between([244, 226, 170], [214, 160, 110], n, RIBS.length),
    right: between([206, 220, 236], [130, 150, 190], n, RIBS.length),
    parent: 'RIB',
    synonyms: [`${ordinal.toLowerCase()} rib`],
    chinese: [`第${n + 1}肋骨`, `第${n + 1}肋`],
  }).map((rib) => ({ ...rib, synonyms: [...rib.synonyms, `rib ${rib.id.startsWith('LEFT') ? 'left' : 'right'} ${n + 1}`] }));
}

/** Muscles' codes are not in DICOM's lists; SegDB and TotalSegmentator write these, and agree. */
function muscle(
  id: string,
  name: string,
  region: KnownCode,
  type: KnownCode,
  left: Rgb,
  right: Rgb,
  chinese: string,
  synonyms: string[],
): Structure[] {
  return pair({ id, name, region, type, left, right, synonyms, chinese: [chinese] });
}

export const BONES: readonly Structure[] = [
  organ('RIB', 'Rib', chest, sct('113197003', 'Rib', 'T-11300'), [232, 206, 160], {
    madeOfParts: true,
    synonyms: ['ribs', 'rib cage'],
    chinese: ['肋骨'],
  }),
  ...RIBS.flatMap(ribs),
  ...pair({
    id: 'CLAVICLE',
    name: 'clavicle',
    region: shoulder,
    type: sct('51299004', 'Clavicle', 'T-12310'),
    left: [241, 188, 38],
    right: [210, 160, 30],
    synonyms: ['clavicula', 'collar bone'],
    chinese: ['锁骨'],
  }),
  ...pair({
    id: 'SCAPULA',
    name: 'scapula',
    region: shoulder,
    type: sct('79601000', 'Scapula', 'T-12280'),
    left: [199, 204, 131],
    right: [166, 172, 100],
    synonyms: ['shoulder blade'],
    chinese: ['肩胛骨'],
  }),
  ...pair({
    id: 'HUMERUS',
    name: 'humerus',
    region: upperArm,
    type: sct('85050009', 'Humerus', 'T-12410'),
    left: [95, 229, 185],
    right: [70, 190, 150],
    chinese: ['肱骨'],
  }),
  ...pair({
    id: 'HIP',
    name: 'hip',
    region: REGION.pelvis,
    type: sct('29836001', 'Hip', 'T-D2500'),
    left: [236, 190, 150],
    right: [200, 154, 116],
    synonyms: ['hip bone', 'innominate bone'],
    chinese: ['髋骨', '髋'],
  }),
  ...pair({
    id: 'FEMUR',
    name: 'femur',
    region: thigh,
    type: sct('71341001', 'Femur', 'T-12710'),
    left: [130, 222, 207],
    right: [100, 184, 170],
    synonyms: ['thigh bone'],
    chinese: ['股骨'],
  }),
];

export const MUSCLES: readonly Structure[] = [
  ...muscle(
    'AUTOCHTHONOUS_BACK_MUSCLE',
    'autochthonous back muscle',
    trunk,
    sct('244849004', 'Deep muscle of back'),
    [192, 84, 70],
    [164, 64, 56],
    '竖脊肌',
    ['autochthon', 'deep back muscle'],
  ),
  ...muscle('ILIOPSOAS', 'iliopsoas', hip, sct('68455001', 'Iliopsoas muscle'), [206, 110, 100], [176, 90, 84], '髂腰肌', [
    'iliopsoas muscle',
  ]),
  ...muscle(
    'GLUTEUS_MAXIMUS',
    'gluteus maximus',
    hip,
    sct('181674001', 'Gluteus maximus muscle'),
    [214, 130, 116],
    [184, 104, 94],
    '臀大肌',
    ['gluteus maximus muscle'],
  ),
  ...muscle('GLUTEUS_MEDIUS', 'gluteus medius', hip, sct('78333006', 'Gluteus medius muscle'), [222, 148, 132], [196, 120, 108], '臀中肌', [
    'gluteus medius muscle',
  ]),
  ...muscle(
    'GLUTEUS_MINIMUS',
    'gluteus minimus',
    hip,
    sct('75297007', 'Gluteus minimus muscle'),
    [230, 164, 150],
    [208, 136, 124],
    '臀小肌',
    ['gluteus minimus muscle'],
  ),
];
