/** Organs of the abdomen and the pelvis. */
import { REGION, sct } from './code.js';
import { organ, pair } from './structure.js';
import type { Structure } from './structure.js';

const { abdomen, pelvis } = REGION;

const KIDNEY = sct('64033007', 'Kidney', 'T-71000');

export const ABDOMEN: readonly Structure[] = [
  organ('LIVER', 'Liver', abdomen, sct('10200004', 'Liver', 'T-62000'), [186, 92, 62], { synonyms: ['hepatic'], chinese: ['肝', '肝脏'] }),
  organ('SPLEEN', 'Spleen', abdomen, sct('78961009', 'Spleen', 'T-C3000'), [150, 90, 170], { chinese: ['脾', '脾脏'] }),
  organ('PANCREAS', 'Pancreas', abdomen, sct('15776009', 'Pancreas', 'T-65000'), [240, 190, 110], {
    synonyms: ['pancreatic'],
    chinese: ['胰', '胰腺'],
  }),
  organ('PANCREATIC_DUCT', 'Pancreatic duct', abdomen, sct('69930009', 'Pancreatic duct', 'T-65010'), [173, 100, 29], {
    parent: 'PANCREAS',
    chinese: ['胰管'],
  }),
  organ('GALLBLADDER', 'Gallbladder', abdomen, sct('28231008', 'Gallbladder', 'T-63000'), [120, 160, 80], {
    synonyms: ['gall bladder'],
    chinese: ['胆囊'],
  }),
  organ('BILE_DUCT', 'Bile duct', abdomen, sct('28273000', 'Bile duct', 'T-60610'), [90, 130, 50], {
    synonyms: ['common bile duct'],
    chinese: ['胆管', '胆总管'],
  }),
  organ('STOMACH', 'Stomach', abdomen, sct('69695003', 'Stomach', 'T-57000'), [222, 136, 110], { chinese: ['胃'] }),
  organ('SMALL_INTESTINE', 'Small intestine', abdomen, sct('30315005', 'Small intestine', 'T-58000'), [214, 176, 150], {
    synonyms: ['small bowel'],
    chinese: ['小肠'],
  }),
  organ('DUODENUM', 'Duodenum', abdomen, sct('38848004', 'Duodenum', 'T-58200'), [236, 214, 160], {
    parent: 'SMALL_INTESTINE',
    chinese: ['十二指肠'],
  }),
  organ('COLON', 'Colon', abdomen, sct('71854001', 'Colon', 'T-59300'), [176, 140, 112], { synonyms: ['large bowel'], chinese: ['结肠'] }),
  organ('KIDNEY', 'Kidney', abdomen, KIDNEY, [200, 110, 140], {
    side: 'both',
    madeOfParts: true,
    synonyms: ['kidneys', 'renal'],
    chinese: ['肾', '肾脏', '双肾'],
  }),
  ...pair({
    id: 'KIDNEY',
    name: 'kidney',
    region: abdomen,
    type: KIDNEY,
    left: [214, 126, 150],
    right: [176, 84, 116],
    parent: 'KIDNEY',
    chinese: ['肾', '肾脏'],
  }),
  ...pair({
    id: 'ADRENAL_GLAND',
    name: 'adrenal gland',
    region: abdomen,
    type: sct('23451007', 'Adrenal gland', 'T-B3000'),
    left: [244, 214, 80],
    right: [214, 182, 48],
    synonyms: ['adrenal', 'suprarenal gland'],
    chinese: ['肾上腺'],
  }),
  organ('URINARY_BLADDER', 'Urinary bladder', pelvis, sct('89837001', 'Bladder', 'T-74000'), [236, 206, 92], {
    synonyms: ['bladder'],
    chinese: ['膀胱'],
  }),
  // Models that draw its zones call all that is not the peripheral one the transition zone.
  organ('PROSTATE', 'Prostate', pelvis, sct('41216001', 'Prostate', 'T-92000'), [230, 150, 170], {
    madeOfParts: true,
    synonyms: ['prostate gland', 'whole prostate'],
    chinese: ['前列腺'],
  }),
  organ(
    'PROSTATE_PERIPHERAL_ZONE',
    'Peripheral zone of prostate',
    pelvis,
    sct('279706003', 'Peripheral zone of the prostate', 'T-D05E4'),
    [230, 120, 140],
    { parent: 'PROSTATE', synonyms: ['prostate peripheral zone', 'peripheral zone', 'pz'], chinese: ['前列腺外周带', '外周带'] },
  ),
  organ(
    'PROSTATE_TRANSITION_ZONE',
    'Transition zone of prostate',
    pelvis,
    sct('399384005', 'Transition zone of the prostate', 'T-D0823'),
    [230, 194, 140],
    {
      parent: 'PROSTATE',
      synonyms: ['prostate transition zone', 'transition zone', 'transitional zone', 'tz'],
      chinese: ['前列腺移行带', '移行带'],
    },
  ),
];
