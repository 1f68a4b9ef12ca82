/** Great vessels. `ARTERY` and `VEIN` are what a model calls all that it found of one kind: no whole that named vessels are parts of. */
import { REGION, sct } from './code.js';
import { organ, pair } from './structure.js';
import type { Structure } from './structure.js';

const { chest, abdomen, pelvis, body } = REGION;

const VEIN = sct('29092000', 'Vein', 'T-48000');

export const VESSELS: readonly Structure[] = [
  organ('ARTERY', 'Artery', body, sct('51114001', 'Artery', 'T-41000'), [171, 27, 30], { synonyms: ['arteries'], chinese: ['动脉'] }),
  organ('VEIN', 'Vein', body, VEIN, [40, 40, 140], { synonyms: ['veins'], chinese: ['静脉'] }),
  organ('AORTA', 'Aorta', chest, sct('15825003', 'Aorta', 'T-42000'), [224, 60, 50], { chinese: ['主动脉'] }),
  organ('PULMONARY_ARTERY', 'Pulmonary artery', chest, sct('81040000', 'Pulmonary artery', 'T-44000'), [70, 104, 190], {
    chinese: ['肺动脉'],
  }),
  organ('SUPERIOR_VENA_CAVA', 'Superior vena cava', chest, sct('48345005', 'Superior vena cava', 'T-48610'), [56, 135, 219], {
    synonyms: ['svc'],
    chinese: ['上腔静脉'],
  }),
  organ('INFERIOR_VENA_CAVA', 'Inferior vena cava', abdomen, sct('64131007', 'Inferior vena cava', 'T-48710'), [60, 110, 200], {
    synonyms: ['ivc'],
    chinese: ['下腔静脉'],
  }),
  // Not among DICOM's own codes; a combined site of SNOMED CT, as TotalSegmentator writes it. SegDB writes any vein.
  organ('PORTAL_AND_SPLENIC_VEIN', 'Portal and splenic vein', abdomen, sct('110765007', 'Portal vein and splenic vein'), [0, 151, 206], {
    synonyms: ['portal vein and splenic vein', 'portal vein', 'splenic vein'],
    chinese: ['门静脉和脾静脉', '门静脉', '脾静脉'],
    otherTypes: [VEIN],
  }),
  organ('RENAL_VEIN', 'Renal vein', abdomen, sct('56400007', 'Renal vein', 'T-48740'), [90, 90, 220], { chinese: ['肾静脉'] }),
  ...pair({
    id: 'ILIAC_ARTERY',
    name: 'iliac artery',
    region: pelvis,
    type: sct('73634005', 'Common iliac artery', 'T-46710'),
    left: [217, 90, 48],
    right: [196, 60, 60],
    synonyms: ['common iliac artery'],
    chinese: ['髂动脉', '髂总动脉'],
  }),
  ...pair({
    id: 'ILIAC_VEIN',
    name: 'iliac vein',
    region: pelvis,
    type: sct('46027005', 'Common iliac vein', 'T-48920'),
    left: [80, 130, 190],
    right: [50, 90, 160],
    synonyms: ['common iliac vein', 'iliac vena'],
    chinese: ['髂静脉', '髂总静脉'],
  }),
];
