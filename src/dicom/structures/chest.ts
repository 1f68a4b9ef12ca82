/** Lungs, airways and oesophagus. */
import { REGION, sct } from './code.js';
import { organ, pair } from './structure.js';
import type { Structure } from './structure.js';

const { chest } = REGION;

const LUNG = sct('39607008', 'Lung', 'T-28000');
const UPPER_LOBE = sct('45653009', 'Upper lobe of lung', 'T-28820');
const LOWER_LOBE = sct('90572001', 'Lower lobe of lung', 'T-28830');
const MIDDLE_LOBE = sct('72481006', 'Middle lobe of right lung', 'T-28300');

export const CHEST: readonly Structure[] = [
  organ('LUNG', 'Lung', chest, LUNG, [92, 156, 214], {
    side: 'both',
    madeOfParts: true,
    synonyms: ['lungs', 'both lungs', 'whole lung'],
    chinese: ['肺', '双肺', '肺部', '全肺'],
  }),
  ...pair({
    id: 'LUNG',
    name: 'lung',
    region: chest,
    type: LUNG,
    left: [230, 159, 70],
    right: [74, 160, 200],
    parent: 'LUNG',
    madeOfParts: true,
    chinese: ['肺'],
  }),
  organ('LEFT_UPPER_LUNG_LOBE', 'Left upper lung lobe', chest, UPPER_LOBE, [243, 186, 90], {
    side: 'left',
    parent: 'LEFT_LUNG',
    synonyms: ['lung upper lobe left', 'left upper lobe', 'left upper lobe of lung', 'lul'],
    chinese: ['左肺上叶', '左上肺叶', '左上叶'],
  }),
  organ('LEFT_LOWER_LUNG_LOBE', 'Left lower lung lobe', chest, LOWER_LOBE, [205, 121, 60], {
    side: 'left',
    parent: 'LEFT_LUNG',
    synonyms: ['lung lower lobe left', 'left lower lobe', 'left lower lobe of lung', 'lll'],
    chinese: ['左肺下叶', '左下肺叶', '左下叶'],
  }),
  organ('RIGHT_UPPER_LUNG_LOBE', 'Right upper lung lobe', chest, UPPER_LOBE, [104, 190, 222], {
    side: 'right',
    parent: 'RIGHT_LUNG',
    synonyms: ['lung upper lobe right', 'right upper lobe', 'right upper lobe of lung', 'rul'],
    chinese: ['右肺上叶', '右上肺叶', '右上叶'],
  }),
  organ('RIGHT_MIDDLE_LUNG_LOBE', 'Right middle lung lobe', chest, MIDDLE_LOBE, [120, 200, 160], {
    side: 'right',
    parent: 'RIGHT_LUNG',
    synonyms: ['lung middle lobe right', 'right middle lobe', 'middle lobe', 'middle lobe of right lung', 'rml'],
    chinese: ['右肺中叶', '右中肺叶', '中叶'],
  }),
  organ('RIGHT_LOWER_LUNG_LOBE', 'Right lower lung lobe', chest, LOWER_LOBE, [60, 122, 180], {
    side: 'right',
    parent: 'RIGHT_LUNG',
    synonyms: ['lung lower lobe right', 'right lower lobe', 'right lower lobe of lung', 'rll'],
    chinese: ['右肺下叶', '右下肺叶', '右下叶'],
  }),
  organ('TRACHEA', 'Trachea', chest, sct('44567001', 'Trachea', 'T-25000'), [170, 220, 250], {
    synonyms: ['windpipe'],
    chinese: ['气管'],
  }),
  organ('ESOPHAGUS', 'Esophagus', chest, sct('32849002', 'Esophagus', 'T-56000'), [200, 150, 120], {
    synonyms: ['oesophagus', 'gullet'],
    chinese: ['食管', '食道'],
  }),
  organ('BREAST', 'Breast', chest, sct('76752008', 'Breast', 'T-04000'), [244, 200, 190], {
    synonyms: ['breasts'],
    chinese: ['乳腺', '乳房'],
  }),
];
